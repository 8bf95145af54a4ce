//! Slows down who guesses: by account and by the address of their browser, with delays that double.
//!
//! Every try is charged before its password is looked at, so that many at once gain nothing, and a right one takes the
//! charge back. Nothing of this is kept: a restart of the switch forgives everybody.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use hashbrown::DefaultHashBuilder;
use std::hash::BuildHasher;

use crate::wallet::{Secret, WalletId};

/// Keys at the same time. When there are so many, those are forgotten that are not delayed; while all are, who is not among
/// them waits.
const KEYS_MAX: usize = 200_000;
/// Looking for those that can be forgotten is looking at all of them.
const SWEPT_EVERY: Duration = Duration::from_secs(10);
/// No delay is longer.
const DELAY_MAX: Duration = Duration::from_secs(15 * 60);

/// How many tries are free, and how fast they come back.
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

/// See the head of this file. Shared by all workers.
#[derive(Debug)]
pub struct Throttle {
    settings: ThrottleSettings,
    tries: DashMap<Key, Tries>,
    keys_max: usize,
    swept: Mutex<Option<Instant>>,
    /// Addresses are known by a hash that nobody can compute who does not have this process's memory.
    hasher: DefaultHashBuilder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Account(WalletId),
    Address(u64),
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    count: u32,
    last: Instant,
}

impl Throttle {
    /// Nobody has tried anything yet.
    pub fn new(settings: ThrottleSettings) -> Self {
        Self {
            settings,
            tries: DashMap::new(),
            keys_max: KEYS_MAX,
            swept: Mutex::new(None),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Charges a try for an account from an address. Where it comes too early: after how long it may come again.
    pub fn charge(
        &self,
        account: Option<WalletId>,
        address: Option<&Secret>,
        now: Instant,
    ) -> Result<(), Duration> {
        let keys = self.keys(account, address);
        let wait = keys.iter().flatten().map(|key| self.wait(key, now)).max();
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        if self.tries.len() >= self.keys_max {
            let is_new = |key: &Key| !self.tries.contains_key(key);
            if keys.iter().flatten().any(is_new) && !self.makes_room(now) {
                return Err(SWEPT_EVERY);
            }
        }
        for key in keys.into_iter().flatten() {
            let mut tries = self.tries.entry(key).or_insert(Tries {
                count: 0,
                last: now,
            });
            tries.count = self.still_counted(&key, *tries, now).saturating_add(1);
            tries.last = now;
        }
        Ok(())
    }

    /// The try was right: the account's are forgotten, and this one of the address's.
    pub fn forgive(&self, account: WalletId, address: Option<&Secret>) {
        for key in self.keys(Some(account), address).into_iter().flatten() {
            if let Some(mut tries) = self.tries.get_mut(&key) {
                tries.count = match key {
                    Key::Account(_) => 0,
                    Key::Address(_) => tries.count.saturating_sub(1),
                };
            }
        }
    }

    /// The try was not looked at.
    pub fn take_back(&self, account: WalletId, address: Option<&Secret>) {
        for key in self.keys(Some(account), address).into_iter().flatten() {
            if let Some(mut tries) = self.tries.get_mut(&key) {
                tries.count = tries.count.saturating_sub(1);
            }
        }
    }

    /// Forgets who is not delayed. Whether there is room then.
    fn makes_room(&self, now: Instant) -> bool {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        let due = swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEPT_EVERY);
        if due {
            *swept = Some(now);
            self.tries
                .retain(|key, tries| !self.delay(key, *tries, now).is_zero());
        }
        self.tries.len() < self.keys_max
    }

    fn keys(&self, account: Option<WalletId>, address: Option<&Secret>) -> [Option<Key>; 2] {
        let address = address.map(|address| self.hasher.hash_one(address.expose()));
        [account.map(Key::Account), address.map(Key::Address)]
    }

    fn wait(&self, key: &Key, now: Instant) -> Duration {
        let tries = self.tries.get(key).map(|tries| *tries);
        tries.map_or(Duration::ZERO, |tries| self.delay(key, tries, now))
    }

    fn delay(&self, key: &Key, tries: Tries, now: Instant) -> Duration {
        let free = match key {
            Key::Account(_) => self.settings.account_tries,
            Key::Address(_) => self.settings.address_tries,
        };
        let count = self.still_counted(key, tries, now);
        let Some(over) = count.checked_sub(free) else {
            return Duration::ZERO;
        };
        let delay = Duration::from_secs(1u64 << over.min(20)).min(DELAY_MAX);
        (tries.last + delay).saturating_duration_since(now)
    }

    fn still_counted(&self, key: &Key, tries: Tries, now: Instant) -> u32 {
        let quiet = now.saturating_duration_since(tries.last).as_secs();
        let forgotten = quiet / self.comes_back_after(key).as_secs();
        tries
            .count
            .saturating_sub(forgotten.min(u64::from(u32::MAX)) as u32)
    }

    /// After how long one try is forgotten.
    fn comes_back_after(&self, key: &Key) -> Duration {
        match key {
            Key::Account(_) => Duration::from_secs(20 * 60),
            Key::Address(_) => Duration::from_secs(60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes())
    }

    #[test]
    fn delays_grow_until_the_right_password_comes() {
        let throttle = Throttle::new(ThrottleSettings::default());
        let (account, mut now) = (WalletId(1), Instant::now());
        let mut waits = Vec::new();
        for _ in 0..8 {
            match throttle.charge(Some(account), None, now) {
                Ok(()) => waits.push(0),
                Err(wait) => {
                    waits.push(wait.as_secs());
                    now += wait;
                    throttle.charge(Some(account), None, now).unwrap();
                }
            }
        }
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16]);
        throttle.forgive(account, None);
        assert_eq!(throttle.charge(Some(account), None, now), Ok(()));
    }

    #[test]
    fn no_delay_is_longer_than_a_quarter_of_an_hour_and_time_forgets() {
        let throttle = Throttle::new(ThrottleSettings::default());
        let (account, mut now) = (WalletId(1), Instant::now());
        for _ in 0..40 {
            if let Err(wait) = throttle.charge(Some(account), None, now) {
                assert!(wait <= DELAY_MAX, "{wait:?}");
                now += wait;
            }
        }
        now += Duration::from_secs(24 * 60 * 60);
        for _ in 0..3 {
            assert_eq!(throttle.charge(Some(account), None, now), Ok(()));
        }
    }

    #[test]
    fn a_try_that_was_not_looked_at_is_none() {
        let throttle = Throttle::new(ThrottleSettings::default());
        let (address, now) = (secret("192.0.2.1"), Instant::now());
        for _ in 0..100 {
            let charged = throttle.charge(Some(WalletId(1)), Some(&address), now);
            assert_eq!(charged, Ok(()));
            throttle.take_back(WalletId(1), Some(&address));
        }
    }

    #[test]
    fn crowds_are_forgotten_and_who_is_delayed_is_not() {
        let mut throttle = Throttle::new(ThrottleSettings::default());
        throttle.keys_max = 8;
        let mut now = Instant::now();
        let guessed = Some(WalletId(1_000));
        for _ in 0..6 {
            while let Err(wait) = throttle.charge(guessed, None, now) {
                now += wait;
            }
        }
        for account in 0..7 {
            assert_eq!(throttle.charge(Some(WalletId(account)), None, now), Ok(()));
        }
        // One too many: there is room again, but not for who guesses.
        assert_eq!(throttle.charge(Some(WalletId(7)), None, now), Ok(()));
        assert!(throttle.tries.len() <= 8);
        assert!(throttle.charge(guessed, None, now).is_err());
        // And it is not looked for again at once.
        for account in 8..14 {
            assert_eq!(throttle.charge(Some(WalletId(account)), None, now), Ok(()));
        }
        let refused = throttle.charge(Some(WalletId(14)), None, now);
        assert_eq!(refused, Err(SWEPT_EVERY));
        assert_eq!(throttle.charge(Some(WalletId(8)), None, now), Ok(()));
        now += SWEPT_EVERY;
        assert_eq!(throttle.charge(Some(WalletId(14)), None, now), Ok(()));
    }

    #[test]
    fn an_address_that_tries_many_accounts_is_slowed_down_too() {
        let settings = ThrottleSettings {
            account_tries: 3,
            address_tries: 5,
        };
        let throttle = Throttle::new(settings);
        let (address, now) = (secret("192.0.2.1"), Instant::now());
        for account in 0..5 {
            let charged = throttle.charge(Some(WalletId(account)), Some(&address), now);
            assert_eq!(charged, Ok(()));
        }
        assert!(
            throttle
                .charge(Some(WalletId(9)), Some(&address), now)
                .is_err()
        );
        let other = secret("192.0.2.2");
        assert_eq!(
            throttle.charge(Some(WalletId(9)), Some(&other), now),
            Ok(())
        );
    }
}
