//! Which advice is sent when: pure, with the time handed in.
//!
//! ```text
//! every wallet with open advices is in exactly one place:
//!   ready ──▶ in flight ──▶ gone, or ready again with its next advice
//!     ▲           └──▶ waiting (by due time) ──┐
//!     └────────────────────────────────────────┘
//! ```
//! Memory is bounded by the open items of the journal, about 200 bytes each: nothing is in here that a
//! wallet has not written there first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Instant;

use hashbrown::HashMap;
use tessera_protocol::{HostRequestKind, HostVerdict, ResponseCode};

use super::message::HostMessage;
use tessera_ledger::{AdviceSubject, Reference, WalletId};

/// One advice.
#[derive(Debug)]
pub(super) struct Advised {
    pub reference: Reference,
    pub message: HostMessage,
    /// How often it may have reached the financial system from here.
    pub attempts: u32,
    /// How often it has been answered that it may not be now.
    refusals: u32,
    number: u64,
}

#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Never an empty queue. The first of each is the one that is ready, waiting or in flight.
    wallets: HashMap<WalletId, VecDeque<Advised>>,
    ready: VecDeque<WalletId>,
    waiting: BinaryHeap<Reverse<(Instant, WalletId)>>,
    in_flight: usize,
    ages: Ages,
}

impl Schedule {
    /// `false` where the wallet has asked for the same already, as one does that has been away and read its journal.
    pub(super) fn enqueue(
        &mut self,
        wallet: WalletId,
        reference: Reference,
        message: HostMessage,
        now: Instant,
    ) -> bool {
        let queue = self.wallets.entry(wallet).or_default();
        let subject = message.subject();
        let same = |advised: &Advised| {
            advised.reference == reference && advised.message.subject() == subject
        };
        if queue.iter().any(same) {
            return false;
        }
        if queue.is_empty() {
            self.ready.push_back(wallet);
        }
        queue.push_back(Advised {
            reference,
            message,
            attempts: 0,
            refusals: 0,
            number: self.ages.begin(now),
        });
        true
    }

    /// The next advice to send, from now on in flight, as long as fewer than `max` are.
    pub(super) fn take(&mut self, max: usize) -> Option<(WalletId, &Advised)> {
        if self.in_flight >= max {
            return None;
        }
        let wallet = self.ready.pop_front()?;
        let advised = self.wallets.get(&wallet)?.front()?;
        self.in_flight += 1;
        Some((wallet, advised))
    }

    /// Whether this answer to the wallet's first one acknowledges nothing, and decides nothing. An answer without a card to a
    /// request for one is such, whatever it says.
    pub(super) fn is_refused(&self, wallet: WalletId, code: [u8; 2]) -> bool {
        let first = self.wallets.get(&wallet).and_then(VecDeque::front);
        let kind = first.and_then(|advised| advised.message.kind());
        kind.is_some_and(|kind| match kind.verdict(ResponseCode::new(code)) {
            HostVerdict::Approved => kind == HostRequestKind::CardIssue,
            HostVerdict::Declined(_) => false,
            HostVerdict::Undo(_) | HostVerdict::Again => true,
        })
    }

    /// It was acknowledged, or is given up: the wallet's next one is ready. The advice that ended.
    pub(super) fn settle(&mut self, wallet: WalletId) -> Option<AdviceSubject> {
        self.in_flight -= 1;
        let queue = self.wallets.get_mut(&wallet)?;
        let done = queue.pop_front();
        if let Some(done) = &done {
            self.ages.end(done.number);
        }
        if queue.is_empty() {
            self.wallets.remove(&wallet);
        } else {
            self.ready.push_back(wallet);
        }
        done.map(|done| done.message.subject())
    }

    /// It may have been sent and was not acknowledged. How often that has happened.
    pub(super) fn count_attempt(&mut self, wallet: WalletId) -> u32 {
        let first = self.wallets.get_mut(&wallet).and_then(VecDeque::front_mut);
        first.map_or(0, |advised| {
            advised.attempts += 1;
            advised.attempts
        })
    }

    /// It was refused. How often that has happened.
    pub(super) fn count_refusal(&mut self, wallet: WalletId) -> u32 {
        let first = self.wallets.get_mut(&wallet).and_then(VecDeque::front_mut);
        first.map_or(0, |advised| {
            advised.refusals += 1;
            advised.refusals
        })
    }

    /// It comes again at `due`.
    pub(super) fn wait(&mut self, wallet: WalletId, due: Instant) {
        self.in_flight -= 1;
        self.waiting.push(Reverse((due, wallet)));
    }

    /// Moves what is due to the ready ones.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some(&Reverse((due, wallet))) = self.waiting.peek() {
            if due > now {
                return;
            }
            self.waiting.pop();
            self.ready.push_back(wallet);
        }
    }

    /// Everything is due at once, in the order in which it would have been.
    pub(super) fn wake_all(&mut self) {
        while let Some(Reverse((_, wallet))) = self.waiting.pop() {
            self.ready.push_back(wallet);
        }
    }

    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.waiting.peek().map(|&Reverse((due, _))| due)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn len(&self) -> usize {
        self.ages.open
    }

    /// When the oldest of them came.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.ages.since.front().copied().flatten()
    }
}

/// When each open advice came, by number; those at the front that are done have been dropped.
#[derive(Debug, Default)]
struct Ages {
    since: VecDeque<Option<Instant>>,
    first: u64,
    open: usize,
}

impl Ages {
    fn begin(&mut self, now: Instant) -> u64 {
        self.since.push_back(Some(now));
        self.open += 1;
        self.first + self.since.len() as u64 - 1
    }

    fn end(&mut self, number: u64) {
        self.since[(number - self.first) as usize] = None;
        self.open -= 1;
        while let Some(None) = self.since.front() {
            self.since.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::message::CardUpdate;
    use super::*;

    const ISSUE: HostMessage = HostMessage::Card {
        update: CardUpdate::Issue,
        repeat: false,
    };

    fn taken(schedule: &mut Schedule, max: usize) -> Option<(u64, u64)> {
        let (wallet, advised) = schedule.take(max)?;
        Some((wallet.0, advised.reference.0))
    }

    #[test]
    fn keeps_the_order_of_a_wallet_and_the_bound_of_all() {
        let now = Instant::now();
        let mut schedule = Schedule::default();
        for (wallet, reference) in [(1, 11), (1, 12), (2, 21), (3, 31)] {
            assert!(schedule.enqueue(WalletId(wallet), Reference(reference), ISSUE, now));
        }
        assert!(!schedule.enqueue(WalletId(1), Reference(12), ISSUE, now));
        assert_eq!(taken(&mut schedule, 2), Some((1, 11)));
        assert_eq!(taken(&mut schedule, 2), Some((2, 21)));
        assert_eq!(taken(&mut schedule, 2), None);
        schedule.settle(WalletId(1));
        assert_eq!(taken(&mut schedule, 9), Some((3, 31)));
        assert_eq!(taken(&mut schedule, 9), Some((1, 12)));
        for wallet in [1, 2, 3] {
            schedule.settle(WalletId(wallet));
        }
        assert_eq!((schedule.len(), schedule.in_flight()), (0, 0));
        assert_eq!(schedule.oldest(), None);
        assert!(schedule.wallets.is_empty());
    }

    #[test]
    fn sends_again_when_due_and_all_at_once_when_a_line_is_back() {
        let now = Instant::now();
        let later = |seconds| now + Duration::from_secs(seconds);
        let mut schedule = Schedule::default();
        for wallet in [1, 2] {
            schedule.enqueue(WalletId(wallet), Reference(wallet), ISSUE, later(wallet));
            assert!(schedule.take(9).is_some());
            assert_eq!(schedule.count_attempt(WalletId(wallet)), 1);
            schedule.wait(WalletId(wallet), later(30 - wallet * 10));
        }
        assert_eq!(schedule.next_due(), Some(later(10)));
        schedule.wake(later(9));
        assert_eq!(taken(&mut schedule, 9), None);
        schedule.wake(later(10));
        assert_eq!(taken(&mut schedule, 9), Some((2, 2)));
        schedule.wake_all();
        assert_eq!(taken(&mut schedule, 9), Some((1, 1)));
        assert_eq!(schedule.oldest(), Some(later(1)));
        schedule.settle(WalletId(1));
        assert_eq!(schedule.oldest(), Some(later(2)));
    }
}
