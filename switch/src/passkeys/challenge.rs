//! What passkeys sign: random, of this process, for one purpose, for a few minutes, and good once.
//!
//! ```text
//! ┌──────────────┬───────────┬──────────────────────────────────────────┐
//! │ good until 8 │ random 16 │ HMAC-SHA-256 of both and the purpose, 24 │
//! └──────────────┴───────────┴──────────────────────────────────────────┘
//! ```
//!
//! Nothing is kept of a challenge before a passkey has answered it: to ask for many costs no memory.

use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;
use rand::TryRng;
use rand::rngs::SysRng;
use ring::hmac;
use subtle::ConstantTimeEq as _;
use tessera_kit::clock::Timestamp;
use tessera_ledger::{DuplicateKey, Rule};

/// Milliseconds for which a challenge is good: as long as a payer may look for their key.
const VALID_FOR: u64 = 5 * 60 * 1_000;
/// Answered challenges that are still good. While there are as many, no further answer is taken.
const ANSWERED_MAX: usize = 100_000;

const UNTIL: usize = 8;
const RANDOM: usize = 16;
const SIGNED: usize = UNTIL + RANDOM;
pub(super) const LENGTH: usize = SIGNED + 24;

/// See the head of this file.
pub(super) type Challenge = [u8; LENGTH];

/// What a challenge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To open a session.
    SignIn,
    /// To confirm what the session with this digest asks.
    Confirm([u8; 32]),
    /// To add a passkey over the session with this digest.
    Add([u8; 32]),
}

/// Makes them, and knows which were answered.
pub(super) struct Challenges {
    key: hmac::Key,
    /// By their random part: until when they would be good, and the request that has shown the answer.
    answered: Mutex<HashMap<[u8; RANDOM], (Timestamp, DuplicateKey)>>,
    answered_max: usize,
}

impl Challenges {
    /// `None` where the system has no random numbers.
    pub(super) fn new() -> Option<Self> {
        let mut key = zeroize::Zeroizing::new([0; 32]);
        SysRng.try_fill_bytes(&mut *key).ok()?;
        Some(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &*key),
            answered: Mutex::default(),
            answered_max: ANSWERED_MAX,
        })
    }

    pub(super) fn make(&self, purpose: &Purpose, now: Timestamp) -> Option<Challenge> {
        let mut challenge = [0; LENGTH];
        let until = now.plus(VALID_FOR).milliseconds();
        challenge[..UNTIL].copy_from_slice(&until.to_be_bytes());
        SysRng.try_fill_bytes(&mut challenge[UNTIL..SIGNED]).ok()?;
        let tag = self.tag(&challenge[..SIGNED], purpose);
        challenge[SIGNED..].copy_from_slice(&tag.as_ref()[..LENGTH - SIGNED]);
        Some(challenge)
    }

    /// Whether it was made here for this purpose, a moment ago.
    pub(super) fn is_good(&self, challenge: &Challenge, purpose: &Purpose, now: Timestamp) -> bool {
        let (signed, tag) = challenge.split_at(SIGNED);
        let expected = self.tag(signed, purpose);
        bool::from(expected.as_ref()[..tag.len()].ct_eq(tag)) && now < until(challenge)
    }

    /// From now on it was answered. Whether the same request has said so before.
    ///
    /// # Errors
    /// Where another request has.
    pub(super) fn take(
        &self,
        challenge: &Challenge,
        key: &DuplicateKey,
        now: Timestamp,
    ) -> Result<bool, Rule> {
        let random = std::array::from_fn(|at| challenge[UNTIL + at]);
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, by)) = answered.get(&random) {
            return (by == key).then_some(true).ok_or(Rule::PasskeyTooLate);
        }
        if answered.len() >= self.answered_max {
            answered.retain(|_, (until, _)| now < *until);
        }
        if answered.len() >= self.answered_max {
            return Err(Rule::PasswordsBusy);
        }
        answered.insert(random, (until(challenge), *key));
        Ok(false)
    }

    fn tag(&self, signed: &[u8], purpose: &Purpose) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(signed);
        match purpose {
            Purpose::SignIn => context.update(&[1]),
            Purpose::Confirm(session) => {
                context.update(&[2]);
                context.update(session);
            }
            Purpose::Add(session) => {
                context.update(&[3]);
                context.update(session);
            }
        }
        context.sign()
    }
}

fn until(challenge: &Challenge) -> Timestamp {
    let until = std::array::from_fn(|at| challenge[at]);
    Timestamp::from_milliseconds(u64::from_be_bytes(until))
}

impl std::fmt::Debug for Challenges {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Challenges(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_milliseconds(1_795_000_000_000);

    fn key(byte: u8) -> DuplicateKey {
        DuplicateKey([byte; 16])
    }

    #[test]
    fn a_challenge_is_good_for_its_purpose_its_time_and_its_process() {
        let challenges = Challenges::new().unwrap();
        let purposes = [
            Purpose::SignIn,
            Purpose::Confirm([1; 32]),
            Purpose::Confirm([2; 32]),
            Purpose::Add([1; 32]),
        ];
        for purpose in &purposes {
            let made = challenges.make(purpose, NOW).unwrap();
            assert_ne!(made, challenges.make(purpose, NOW).unwrap());
            for other in &purposes {
                assert_eq!(challenges.is_good(&made, other, NOW), other == purpose);
            }
            assert!(challenges.is_good(&made, purpose, NOW.plus(VALID_FOR - 1)));
            assert!(!challenges.is_good(&made, purpose, NOW.plus(VALID_FOR)));
            let another = Challenges::new().unwrap();
            assert!(!another.is_good(&made, purpose, NOW));
            for bit in 0..LENGTH * 8 {
                let mut changed = made;
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(!challenges.is_good(&changed, purpose, NOW), "bit {bit}");
            }
        }
    }

    #[test]
    fn a_challenge_is_answered_once_but_for_repeats_of_the_request() {
        let challenges = Challenges::new().unwrap();
        let made = challenges.make(&Purpose::SignIn, NOW).unwrap();
        assert_eq!(challenges.take(&made, &key(1), NOW), Ok(false));
        assert_eq!(challenges.take(&made, &key(1), NOW), Ok(true));
        let refused = challenges.take(&made, &key(2), NOW);
        assert_eq!(refused, Err(Rule::PasskeyTooLate));
    }

    #[test]
    fn answered_challenges_take_bounded_memory() {
        let challenges = Challenges {
            answered_max: 2,
            ..Challenges::new().unwrap()
        };
        let take = |now| {
            let made = challenges.make(&Purpose::SignIn, now).unwrap();
            challenges.take(&made, &key(1), now)
        };
        assert_eq!([take(NOW), take(NOW)], [Ok(false), Ok(false)]);
        assert_eq!(take(NOW), Err(Rule::PasswordsBusy));
        // They make space when they are over.
        assert_eq!(take(NOW.plus(VALID_FOR)), Ok(false));
    }
}
