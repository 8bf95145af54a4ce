//! What an operator has decided about a wallet, or about all of them.

mod undelivered;
mod words;

use tessera_kit::clock::Timestamp;
use tessera_kit::record::Sequence;
use tessera_protocol::{CheckValue, Institution, WrappedKey};

use super::{
    About, Block, Blocks, Day, Days, Merchant, Opening, Owed, Payer, Reference, Rule, Subject,
};
use crate::controls::Controls;

pub use undelivered::{AccountAct, ConsoleAccount, Outbox, Undelivered};

/// An operator's decision, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directed {
    /// What was decided.
    pub directive: Directive,
    /// Who decided it.
    pub by: Box<str>,
    /// Why.
    pub reason: Box<str>,
}

impl Directed {
    /// Which transaction it is about.
    pub fn about(&self) -> About<'_> {
        match self.directive {
            Directive::Retry(reference, _) | Directive::Drop(reference, _) => {
                About::Reference(reference)
            }
            Directive::Block(_)
            | Directive::Unblock(_)
            | Directive::Control(..)
            | Directive::BeginDay(..)
            | Directive::ChangeKey(_)
            | Directive::AcceptReferences(_)
            | Directive::Import(_)
            | Directive::Undelivered(_)
            | Directive::ConsoleAccount(_) => About::None,
        }
    }

    /// The transaction that it is about, also where it changes nothing of it.
    pub fn concerns(&self) -> Option<Reference> {
        match &self.directive {
            Directive::Retry(reference, _) | Directive::Drop(reference, _) => Some(*reference),
            Directive::Undelivered(undelivered) => undelivered.reference,
            Directive::Block(_)
            | Directive::Unblock(_)
            | Directive::Control(..)
            | Directive::BeginDay(..)
            | Directive::ChangeKey(_)
            | Directive::AcceptReferences(_)
            | Directive::Import(_)
            | Directive::ConsoleAccount(_) => None,
        }
    }
}

/// What an operator can decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directive {
    /// Nothing more is bought with this.
    Block(Subject),
    /// It may be again.
    Unblock(Subject),
    /// The wallet may spend only there; or its card with this serial number.
    Control(Option<u32>, Controls),
    /// From this moment on, it is this settlement date; said to the wallet of the operator.
    BeginDay(Timestamp, Day),
    /// A party's messages are sealed with another key; said to the wallet of the operator.
    ChangeKey(KeyChange),
    /// The host gets a refused advice again.
    Retry(Reference, Owed),
    /// The advice is dropped.
    Drop(Reference, Owed),
    /// References in the journal fall or repeat, and the audit passed nevertheless; a command to the operator wallet.
    AcceptReferences(Irregular),
    /// What this list of the financial system has booked, named by its SHA-256, is imported into the wallets that lack it; a
    /// command to the operator wallet.
    Import([u8; 32]),
    /// Messages that were given up are sent again, or dropped.
    Undelivered(Undelivered),
    /// An account of the operators' console was changed; in the operator wallet.
    ConsoleAccount(ConsoleAccount),
}

/// References that do not rise, in a journal whose switch went by a clock that was set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Irregular {
    /// Wallets that have some.
    pub wallets: u64,
    /// References below one that the wallet had before.
    pub fallen: u64,
    /// References that the wallet had before.
    pub repeated: u64,
    /// Journal sequence of the last of them; `None` where there is none.
    pub last_sequence: Option<Sequence>,
}

/// Another MAC key of a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyChange {
    /// Whose.
    pub institution: Institution,
    /// The check value of the key in its profile: with another one there, the change does not count.
    pub profile: CheckValue,
    /// The new key, under the party's key-encrypting key.
    pub wrapped: WrappedKey,
}

/// The MAC keys of a party that has changed that of its profile. None of them stands here in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedKey {
    /// The newest change.
    pub newest: KeyChange,
    /// When it was made.
    pub since: Timestamp,
    /// The key before it; `None` for that of the profile.
    pub before: Option<WrappedKey>,
}

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Supervision {
    /// What is blocked.
    pub blocks: Blocks,
    /// Where may be spent: of the wallet, or of its card with this serial number.
    pub controls: Vec<(Option<u32>, Controls)>,
    /// When settlement dates begin; of the operator's wallet alone.
    pub days: Days,
    /// The parties that have changed their keys; of the operator's wallet alone.
    pub keys: Vec<ChangedKey>,
}

impl Supervision {
    /// Whether there is nothing that it could forbid.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
            && self.controls.is_empty()
            && self.days.newest().is_none()
            && self.keys.is_empty()
    }

    /// The keys of a party whose profile has a key with this check value, where it has changed that.
    pub fn key_of(&self, institution: Institution, profile: CheckValue) -> Option<&ChangedKey> {
        self.keys
            .iter()
            .find(|key| key.newest.institution == institution && key.newest.profile == profile)
    }

    /// The control of the wallet, or of its card with this serial number where it named that, which this falls foul of.
    pub fn refuse(&self, serial: u32, opening: &Opening) -> Option<Rule> {
        let Merchant {
            category,
            country,
            condition,
            ..
        } = opening.merchant;
        let named = matches!(opening.payer, Payer::Card(..)).then_some(serial);
        let held_to = self
            .controls
            .iter()
            .filter(|(card, _)| card.is_none() || *card == named);
        held_to
            .map(|(_, controls)| controls)
            .find_map(|controls| controls.refuse(category, country, condition))
    }

    /// The controls of the wallet, or of one of its cards.
    pub fn controls(&self, serial: Option<u32>) -> Option<&Controls> {
        let mut controls = self.controls.iter();
        let (_, found) = controls.find(|(card, _)| *card == serial)?;
        Some(found)
    }

    pub(super) fn apply(&mut self, directed: &Directed, at: Timestamp) {
        match &directed.directive {
            Directive::Block(subject) => {
                self.blocks.add(Block {
                    subject: *subject,
                    since: at,
                    by: directed.by.clone(),
                    reason: directed.reason.clone(),
                });
            }
            Directive::Unblock(subject) => self.blocks.remove(*subject),
            Directive::Control(serial, controls) => {
                self.controls.retain(|(card, _)| card != serial);
                if *controls != Controls::default() {
                    self.controls.push((*serial, controls.clone()));
                }
            }
            Directive::BeginDay(begins, day) => self.days.begin(*begins, *day),
            Directive::ChangeKey(change) => {
                let known = self.key_of(change.institution, change.profile);
                let changed = ChangedKey {
                    newest: *change,
                    since: at,
                    before: known.map(|known| known.newest.wrapped),
                };
                self.keys
                    .retain(|key| key.newest.institution != change.institution);
                self.keys.push(changed);
            }
            Directive::Retry(..)
            | Directive::Drop(..)
            | Directive::AcceptReferences(_)
            | Directive::Import(_)
            | Directive::Undelivered(_)
            | Directive::ConsoleAccount(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(code: u64) -> Institution {
        Institution::new(code).expect("a code")
    }

    #[test]
    fn the_key_before_the_newest_is_known_and_none_before_that() {
        let mut supervision = Supervision::default();
        let mut change = |profile: u8, key: u8, at: u64| {
            let directive = Directive::ChangeKey(KeyChange {
                institution: party(7),
                profile: [profile; 3],
                wrapped: [key; 24],
            });
            let (by, reason) = ("party".into(), "0800/101".into());
            supervision.apply(
                &Directed {
                    directive,
                    by,
                    reason,
                },
                Timestamp::from_milliseconds(at),
            );
            let known = supervision.key_of(party(7), [profile; 3]).copied().unwrap();
            (
                known.newest.wrapped[0],
                known.since.milliseconds(),
                known.before.map(|key| key[0]),
            )
        };
        assert_eq!(change(1, 10, 100), (10, 100, None));
        assert_eq!(change(1, 11, 200), (11, 200, Some(10)));
        assert_eq!(change(1, 12, 300), (12, 300, Some(11)));
        // The profile has another key since: it is the one before.
        assert_eq!(change(2, 13, 400), (13, 400, None));
        assert_eq!(supervision.keys.len(), 1);
        assert_eq!(supervision.key_of(party(7), [1; 3]), None);
        assert_eq!(supervision.key_of(party(8), [2; 3]), None);
    }
}
