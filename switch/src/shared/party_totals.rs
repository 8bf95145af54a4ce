//! The totals of each party and settlement date, as the workers bring them about.
//!
//! In come items, from the worker whose wallet has just journaled them; out go sums. The store keeps them with the
//! wallets that they come from, so that a crash neither loses nor doubles one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use tessera_protocol::{Institution, Totals};

use tessera_ledger::{Day, Item};

/// Sums by institution and date.
type Sums = HashMap<(Option<Institution>, Day), Totals>;

/// Bounded by the parties, and by the dates since the switch was started.
#[derive(Debug)]
pub struct PartyTotals {
    /// What the store had at the start.
    before: Sums,
    /// What each worker has added since.
    since: Box<[Mutex<Sums>]>,
}

impl PartyTotals {
    /// With what the store has, for so many workers.
    pub fn new(
        before: impl IntoIterator<Item = (Option<Institution>, Day, Totals)>,
        workers: usize,
    ) -> Self {
        let rows = before.into_iter();
        Self {
            before: rows
                .map(|(party, day, sums)| ((party, day), sums))
                .collect(),
            since: (0..workers).map(|_| Mutex::default()).collect(),
        }
    }

    /// Adds an item of this date.
    pub fn add(&self, worker: usize, item: &Item, day: Day) {
        let mut sums = lock(&self.since[worker]);
        item.add_to(sums.entry((item.institution, day)).or_default());
    }

    /// All that was added so far for a party.
    pub fn of(&self, institution: Option<Institution>, day: Day) -> Totals {
        let key = (institution, day);
        let mut totals = self.before.get(&key).copied().unwrap_or_default();
        for sums in &self.since {
            if let Some(more) = lock(sums).get(&key) {
                totals.add(more);
            }
        }
        totals.net = totals.net_of_amounts();
        totals
    }

    /// All that was added so far for all of them, and for no party.
    pub fn of_all(&self, day: Day) -> Totals {
        let mut totals = Totals::default();
        let mut add = |sums: &Sums| {
            let of_day = sums.iter().filter(|((_, found), _)| *found == day);
            of_day.for_each(|(_, more)| totals.add(more));
        };
        add(&self.before);
        self.since.iter().for_each(|sums| add(&lock(sums)));
        totals.net = totals.net_of_amounts();
        totals
    }
}

fn lock(sums: &Mutex<Sums>) -> MutexGuard<'_, Sums> {
    // Each change is one addition after the other: none of them can be left half done.
    sums.lock().unwrap_or_else(PoisonError::into_inner)
}
