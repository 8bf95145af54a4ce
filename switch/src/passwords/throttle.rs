//! Rate limit of password guesses and new accounts: per account and per address of the payer's browser, with delays that double.
//!
//! A try takes a place before its password is checked, so that requests in parallel gain nothing over requests one after another,
//! and gives the place back with what came of it. Only a wrong password and a new account add to a count; a right password, and a
//! repeat of a request that was counted, add nothing. All of it is in memory: a restart of the switch forgets every count.

use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hashbrown::{DefaultHashBuilder, HashMap};

use super::attempt::Digest;
use tessera_ledger::{Secret, WalletId};

/// Accounts and addresses with a count. At this number those without a delay are dropped; while all have one, a new
/// account or address waits.
const KEYS_MAX: usize = 200_000;
/// Dropping entries reads all of them: not more often than this.
const SWEPT_EVERY: Duration = Duration::from_secs(10);
/// No delay is longer.
const DELAY_MAX: Duration = Duration::from_secs(15 * 60);
/// What an address waits that has as many tries under way as it may.
const ADDRESS_IS_BUSY: Duration = Duration::from_secs(1);

/// How many tries are free.
#[derive(Debug, Clone, Copy)]
pub struct ThrottleSettings {
    /// Wrong passwords for one account before delays begin.
    pub account_tries: u32,
    /// Wrong passwords, and new accounts, from one address before delays begin.
    pub address_tries: u32,
}

impl Default for ThrottleSettings {
    fn default() -> Self {
        Self {
            account_tries: 3,
            address_tries: 30,
        }
    }
}

/// A try, as far as the rate limit must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Try {
    keys: [Option<Key>; 2],
    digest: Digest,
}

/// Whether a password may be checked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Yes; [`Throttle::settle`] must follow.
    Check,
    /// The same request with the same password was the account's last wrong one: it is wrong, and no further try.
    KnownWrong,
    /// As many tries of the account are under way as it may have: again when one of them is settled.
    Wait,
    /// Not before this time has passed.
    TooEarly(Duration),
}

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// The password is right.
    Right,
    /// The password is wrong, or an account was asked for.
    Counts,
    /// The password was not checked.
    NotChecked,
}

/// See the head of this file. Shared by all workers.
#[derive(Debug)]
pub struct Throttle {
    settings: ThrottleSettings,
    state: Mutex<State>,
    keys_max: usize,
    /// Addresses are kept as a hash that nobody can compute without this process's memory.
    hasher: DefaultHashBuilder,
}

#[derive(Debug, Default)]
struct State {
    counts: HashMap<Key, Count>,
    swept: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Account(WalletId),
    Address(u64),
}

#[derive(Debug, Clone, Copy)]
struct Count {
    counted: u32,
    /// When the last try was counted.
    last: Instant,
    /// The last try that was counted.
    of: Option<Digest>,
    /// Tries whose password is being checked.
    under_way: u32,
}

impl Throttle {
    /// Without any count.
    pub fn new(settings: ThrottleSettings) -> Self {
        Self {
            settings,
            state: Mutex::default(),
            keys_max: KEYS_MAX,
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// A try for an account (none where one is to be made) from an address.
    pub(super) fn try_of(
        &self,
        account: Option<WalletId>,
        address: Option<&Secret>,
        digest: Digest,
    ) -> Try {
        let address = address.map(|address| self.hasher.hash_one(address.expose()));
        Try {
            keys: [account.map(Key::Account), address.map(Key::Address)],
            digest,
        }
    }

    /// A try with a passkey from an address: wrong passwords from there do not count for it, nor the other way round.
    pub(super) fn try_of_passkey(&self, address: Option<&Secret>, digest: Digest) -> Try {
        let address = address.map(|address| self.hasher.hash_one(("passkey", address.expose())));
        Try {
            keys: [None, address.map(Key::Address)],
            digest,
        }
    }

    /// Takes a place for a try, where there is one.
    pub(super) fn reserve(&self, one: &Try, now: Instant) -> Verdict {
        let mut state = self.lock();
        let [account, address] = one.keys;
        let counts = |key: Option<Key>| key.and_then(|key| Some((key, *state.counts.get(&key)?)));
        let (account, address) = (counts(account), counts(address));
        if account.is_some_and(|(_, count)| count.of == Some(one.digest)) {
            return Verdict::KnownWrong;
        }
        let known = [account, address].into_iter().flatten();
        let wait = known.map(|(key, count)| self.delay(key, count, now)).max();
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Verdict::TooEarly(wait);
        }
        let is_full = |(key, count)| self.is_full(key, count, now);
        if address.is_some_and(is_full) {
            return Verdict::TooEarly(ADDRESS_IS_BUSY);
        }
        if account.is_some_and(is_full) {
            return Verdict::Wait;
        }
        if !self.has_space(&mut state, one, now) {
            return Verdict::TooEarly(SWEPT_EVERY);
        }
        for key in one.keys.into_iter().flatten() {
            let count = state.counts.entry(key).or_insert(Count {
                counted: 0,
                last: now,
                of: None,
                under_way: 0,
            });
            count.under_way += 1;
        }
        Verdict::Check
    }

    /// Gives a place back that [`Throttle::reserve`] took.
    pub(super) fn settle(&self, one: &Try, settled: Settled, now: Instant) {
        let mut state = self.lock();
        for key in one.keys.into_iter().flatten() {
            let Some(count) = state.counts.get_mut(&key) else {
                continue;
            };
            count.under_way = count.under_way.saturating_sub(1);
            match (settled, key) {
                (Settled::Right, Key::Account(_)) => {
                    count.counted = 0;
                    count.of = None;
                }
                // A repeat of what was counted.
                (Settled::Counts, _) if count.of == Some(one.digest) => {}
                (Settled::Counts, _) => {
                    count.counted = still_counted(key, *count, now).saturating_add(1);
                    count.last = now;
                    count.of = Some(one.digest);
                }
                (Settled::Right, Key::Address(_)) | (Settled::NotChecked, _) => {}
            }
        }
    }

    /// Whether new keys fit, after those without a delay were dropped.
    fn has_space(&self, state: &mut State, one: &Try, now: Instant) -> bool {
        let is_new = |key: Key| !state.counts.contains_key(&key);
        if state.counts.len() < self.keys_max || !one.keys.into_iter().flatten().any(is_new) {
            return true;
        }
        let since = state
            .swept
            .map(|swept| now.saturating_duration_since(swept));
        if since.is_none_or(|since| since >= SWEPT_EVERY) {
            state.swept = Some(now);
            state.counts.retain(|key, count| {
                count.under_way > 0 || !self.delay(*key, *count, now).is_zero()
            });
        }
        state.counts.len() < self.keys_max
    }

    /// Whether as many tries are under way as may be: what is left of the free ones, and one at a time after that.
    fn is_full(&self, key: Key, count: Count, now: Instant) -> bool {
        let left = self
            .free(key)
            .saturating_sub(still_counted(key, count, now));
        count.under_way >= left.max(1)
    }

    fn delay(&self, key: Key, count: Count, now: Instant) -> Duration {
        let counted = still_counted(key, count, now);
        let Some(over) = counted.checked_sub(self.free(key)) else {
            return Duration::ZERO;
        };
        let delay = Duration::from_secs(1u64 << over.min(20)).min(DELAY_MAX);
        (count.last + delay).saturating_duration_since(now)
    }

    fn free(&self, key: Key) -> u32 {
        match key {
            Key::Account(_) => self.settings.account_tries,
            Key::Address(_) => self.settings.address_tries,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn still_counted(key: Key, count: Count, now: Instant) -> u32 {
    let forgotten_each = match key {
        Key::Account(_) => Duration::from_secs(20 * 60),
        Key::Address(_) => Duration::from_secs(60),
    };
    let quiet = now.saturating_duration_since(count.last).as_secs();
    let forgotten = u32::try_from(quiet / forgotten_each.as_secs()).unwrap_or(u32::MAX);
    count.counted.saturating_sub(forgotten)
}

#[cfg(test)]
#[path = "throttle_tests.rs"]
mod tests;
