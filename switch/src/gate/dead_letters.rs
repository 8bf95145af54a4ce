//! Advices that the financial system has refused too often, until an operator resends or drops them.
//!
//! Wallets report them, also after a restart; the wallets store them. What never happens here: it is decided.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use super::Unread;
use tessera_host::CardUpdate;
use tessera_kit::clock::Timestamp;
use tessera_ledger::{GivenUp, Owed, Reference, WalletId};

/// What a dead letter is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LetterId {
    /// The transaction that it is about: they are in the order of their time.
    pub reference: Reference,
    /// Whose.
    pub wallet: WalletId,
    /// The kind of the advice.
    pub owed: Owed,
}

/// The advice that was not acknowledged.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// Since when, and with what answer.
    pub given_up: GivenUp,
    /// How it is written.
    pub draft: Draft,
}

/// From what a letter is written.
#[derive(Debug, Clone)]
pub enum Draft {
    /// Read off the journal.
    Unread(Unread),
    /// A card is asked for.
    Card(CardUpdate),
}

/// Bounded by what the wallets keep open.
#[derive(Debug, Default)]
pub struct DeadLetters(Mutex<BTreeMap<LetterId, DeadLetter>>);

impl DeadLetters {
    /// It was given up.
    pub fn add(&self, id: LetterId, letter: DeadLetter) {
        self.letters().insert(id, letter);
    }

    /// It is resent, or dropped.
    pub fn remove(&self, id: LetterId) {
        self.letters().remove(&id);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.letters().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the host last refused the one that it has refused longest ago.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.letters()
            .values()
            .map(|letter| letter.given_up.at)
            .min()
    }

    /// The oldest, at most so many.
    pub fn list(&self, most: usize) -> Vec<(LetterId, GivenUp)> {
        let letters = self.letters();
        let first = letters.iter().take(most);
        first.map(|(id, letter)| (*id, letter.given_up)).collect()
    }

    /// This one.
    pub fn find(&self, id: LetterId) -> Option<DeadLetter> {
        self.letters().get(&id).cloned()
    }

    fn letters(&self) -> std::sync::MutexGuard<'_, BTreeMap<LetterId, DeadLetter>> {
        // Each change is one call: there is no half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.owed {
            Owed::Undo => "undo",
            Owed::Posting => "post",
            Owed::Card => "card",
        };
        write!(out, "{:x}.{:x}.{what}", self.wallet.0, self.reference.0)
    }
}

impl FromStr for LetterId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        let mut number = || {
            let digits = parts.next()?;
            u64::from_str_radix(digits, 16).ok()
        };
        let (wallet, reference) = (number().ok_or(())?, number().ok_or(())?);
        let owed = match (parts.next(), parts.next()) {
            (Some("undo"), None) => Owed::Undo,
            (Some("post"), None) => Owed::Posting,
            (Some("card"), None) => Owed::Card,
            _ => return Err(()),
        };
        Ok(Self {
            reference: Reference(reference),
            wallet: WalletId(wallet),
            owed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        for owed in [Owed::Undo, Owed::Posting, Owed::Card] {
            let id = LetterId {
                reference: Reference(u64::MAX >> 3),
                wallet: WalletId(7),
                owed,
            };
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for wrong in ["", "7", "7.1", "7.1.undo.", "x.1.undo", "7.1.redo"] {
            assert_eq!(wrong.parse::<LetterId>(), Err(()), "{wrong}");
        }
    }
}
