//! Slows down those who try tokens. A token can't be guessed; this keeps the log and the processor for others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many wrong tokens in a row of one address cost nothing.
const FREE: u32 = 3;
/// The pause after the next one; it doubles each time.
const PAUSE_MIN: Duration = Duration::from_secs(2);
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// Without a try for so long, an address is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);
/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 10_000;

/// The wrong tokens of each address.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<IpAddr, Tries>>);

#[derive(Debug, Clone, Copy)]
struct Tries {
    wrong: u32,
    last: Instant,
}

impl Tries {
    fn pause(self) -> Duration {
        match self.wrong.checked_sub(FREE + 1) {
            None => Duration::ZERO,
            Some(doubled) => PAUSE_MIN
                .saturating_mul(1 << doubled.min(20))
                .min(PAUSE_MAX),
        }
    }
}

impl Attempts {
    /// How long this address has to wait before its next try.
    pub fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = tries.get(&address)?;
        let left = of.pause().checked_sub(now.duration_since(of.last))?;
        (!left.is_zero()).then_some(left)
    }

    /// A token of this address was wrong.
    pub fn was_wrong(&self, address: IpAddr, now: Instant) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= ADDRESSES_MAX {
            tries.retain(|_, of| now.duration_since(of.last) < FORGOTTEN_AFTER);
        }
        // A crowd of addresses is not remembered: each of them has as many tries as it has addresses anyway.
        if tries.len() >= ADDRESSES_MAX && !tries.contains_key(&address) {
            return;
        }
        let of = tries.entry(address).or_insert(Tries {
            wrong: 0,
            last: now,
        });
        if now.duration_since(of.last) >= FORGOTTEN_AFTER {
            of.wrong = 0;
        }
        *of = Tries {
            wrong: of.wrong.saturating_add(1),
            last: now,
        };
    }

    /// A token of this address was right.
    pub fn was_right(&self, address: IpAddr) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tries.remove(&address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_a_right_token_ends_them() {
        let attempts = Attempts::default();
        let (one, other) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let mut now = Instant::now();
        for _ in 0..FREE {
            attempts.was_wrong(one, now);
            assert_eq!(attempts.wait(one, now), None);
        }
        let mut pauses = Vec::new();
        for _ in 0..12 {
            attempts.was_wrong(one, now);
            let wait = attempts.wait(one, now).unwrap();
            pauses.push(wait.as_secs());
            assert_eq!(attempts.wait(other, now), None);
            now += wait;
            assert_eq!(attempts.wait(one, now), None);
        }
        assert_eq!(pauses[..4], [2, 4, 8, 16]);
        assert_eq!(pauses[11], 900);
        attempts.was_right(one);
        attempts.was_wrong(one, now);
        assert_eq!(attempts.wait(one, now), None);
    }

    #[test]
    fn an_address_is_forgotten_after_an_hour() {
        let attempts = Attempts::default();
        let (one, now) = ([127, 0, 0, 1].into(), Instant::now());
        for _ in 0..9 {
            attempts.was_wrong(one, now);
        }
        let later = now + FORGOTTEN_AFTER;
        attempts.was_wrong(one, later);
        assert_eq!(attempts.wait(one, later), None);
    }
}
