//! What an operator has decided about a wallet, or about all of them.

use tessera_protocol::{CardNumber, CheckValue, WrappedKey};

use super::{About, Day, Days, Merchant, Opening, Payer, Reference};
use crate::controls::Controls;

/// An operator's decision, as the journal keeps it.
#[derive(Debug, Clone, PartialEq)]
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
            _ => About::None,
        }
    }
}

/// What an operator can decide.
#[derive(Debug, Clone, PartialEq)]
pub enum Directive {
    /// Nothing more is bought with this.
    Block(Subject),
    /// It may be again.
    Unblock(Subject),
    /// The wallet may spend only there; or its card with this serial number.
    Control(Option<u32>, Controls),
    /// From this moment on, milliseconds since 1970, it is this settlement date; said to the wallet of the operator.
    BeginDay(u64, Day),
    /// A party's messages are sealed with another key; said to the wallet of the operator.
    ChangeKey(KeyChange),
    /// The host is told again what it has refused to hear.
    Retry(Reference, Owed),
    /// The host is never told.
    Drop(Reference, Owed),
}

/// Another MAC key of a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyChange {
    /// Whose.
    pub institution: u64,
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
    /// When it was made, milliseconds since 1970.
    pub since: u64,
    /// The key before it; `None` for that of the profile.
    pub before: Option<WrappedKey>,
}

/// What can be blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The wallet that it is said to.
    Wallet,
    /// The cards of a range; said to the wallet of the operator.
    Cards(CardRange),
    /// A merchant, by its card acceptor (field 42), whoever speaks for it; said to the wallet of the operator.
    Merchant([u8; 15]),
}

/// Cards by how their numbers begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardRange {
    /// The lowest number, as nineteen digits.
    first: u64,
    /// The highest.
    last: u64,
}

/// What the host was to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owed {
    /// To undo something.
    Undo,
    /// That something was decided without it.
    Posting,
    /// That a card number is no more; or which card it has issued.
    Card,
}

/// Something that is blocked.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// What.
    pub subject: Subject,
    /// Since when, milliseconds since 1970.
    pub since: u64,
    /// Who decided it.
    pub by: Box<str>,
    /// Why.
    pub reason: Box<str>,
}

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Supervision {
    /// What is blocked.
    pub blocks: Vec<Block>,
    /// Where may be spent: of the wallet, or of its card with this serial number.
    pub controls: Vec<(Option<u32>, Controls)>,
    /// When settlement dates begin; of the operator's wallet alone.
    pub days: Days,
    /// The parties that have changed their keys; of the operator's wallet alone.
    pub keys: Vec<ChangedKey>,
}

impl CardRange {
    /// From the first digits of the lowest and of the highest number, at most nineteen each.
    pub fn new(first: &str, last: &str) -> Option<Self> {
        let filled = |digits: &str, filler: &str| {
            let whole = (1..=LONGEST).contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_digit());
            let missing = LONGEST.checked_sub(digits.len()).filter(|_| whole)?;
            format!("{digits}{}", filler.repeat(missing)).parse().ok()
        };
        let (first, last) = (filled(first, "0")?, filled(last, "9")?);
        (first <= last).then_some(Self { first, last })
    }

    /// Of the numbers in between, nineteen digits each.
    pub fn bounds(&self) -> (u64, u64) {
        (self.first, self.last)
    }

    pub(super) fn between(first: u64, last: u64) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    fn holds(&self, card: &CardNumber) -> bool {
        let missing = LONGEST.saturating_sub(card.length()) as u32;
        let digits = card.expose().saturating_mul(10_u64.pow(missing));
        (self.first..=self.last).contains(&digits)
    }
}

/// Digits of the longest card number (ISO/IEC 7812).
const LONGEST: usize = 19;

impl Supervision {
    /// Whether there is nothing that it could forbid.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
            && self.controls.is_empty()
            && self.days.newest().is_none()
            && self.keys.is_empty()
    }

    /// The keys of a party whose profile has a key with this check value, where it has changed that.
    pub fn key_of(&self, institution: u64, profile: CheckValue) -> Option<&ChangedKey> {
        self.keys
            .iter()
            .find(|key| key.newest.institution == institution && key.newest.profile == profile)
    }

    /// Whether just this is blocked.
    pub fn blocks(&self, subject: Subject) -> bool {
        self.blocks.iter().any(|block| block.subject == subject)
    }

    /// Whether a card falls into a range that is blocked.
    pub fn blocks_card(&self, card: &CardNumber) -> bool {
        self.blocks.iter().any(|block| match block.subject {
            Subject::Cards(range) => range.holds(card),
            _ => false,
        })
    }

    /// Whether the request is of a merchant that is blocked.
    pub fn blocks_merchant_of(&self, opening: &Opening) -> bool {
        self.blocks(Subject::Merchant(opening.acceptor))
    }

    /// The control of the wallet, or of its card with this serial number where it named that, which this falls foul of.
    pub fn refuse(&self, serial: u32, opening: &Opening) -> Option<&'static str> {
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

    pub(super) fn apply(&mut self, directed: &Directed, at: u64) {
        match &directed.directive {
            Directive::Block(subject) => {
                self.blocks.retain(|block| block.subject != *subject);
                self.blocks.push(Block {
                    subject: *subject,
                    since: at,
                    by: directed.by.clone(),
                    reason: directed.reason.clone(),
                });
            }
            Directive::Unblock(subject) => self.blocks.retain(|block| block.subject != *subject),
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
            Directive::Retry(..) | Directive::Drop(..) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_before_the_newest_is_known_and_none_before_that() {
        let mut supervision = Supervision::default();
        let mut change = |profile: u8, key: u8, at: u64| {
            let directive = Directive::ChangeKey(KeyChange {
                institution: 7,
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
                at,
            );
            let known = supervision.key_of(7, [profile; 3]).copied().unwrap();
            (
                known.newest.wrapped[0],
                known.since,
                known.before.map(|key| key[0]),
            )
        };
        assert_eq!(change(1, 10, 100), (10, 100, None));
        assert_eq!(change(1, 11, 200), (11, 200, Some(10)));
        assert_eq!(change(1, 12, 300), (12, 300, Some(11)));
        // The profile has another key since: it is the one before.
        assert_eq!(change(2, 13, 400), (13, 400, None));
        assert_eq!(supervision.keys.len(), 1);
        assert_eq!(supervision.key_of(7, [1; 3]), None);
        assert_eq!(supervision.key_of(8, [2; 3]), None);
    }

    #[test]
    fn a_range_holds_the_cards_that_begin_so() {
        let range = CardRange::new("990000", "990002").unwrap();
        let card = |digits: &str| CardNumber::from_digits(digits).unwrap();
        for inside in ["9900000000000018", "9900029999999999", "99000012"] {
            assert!(range.holds(&card(inside)), "{inside}");
        }
        for outside in ["9900030000000000", "9899999999999999", "0990000000000018"] {
            assert!(!range.holds(&card(outside)), "{outside}");
        }
        let one = CardRange::new("9900000000000018", "9900000000000018").unwrap();
        assert!(one.holds(&card("9900000000000018")) && !one.holds(&card("9900000000000026")));
        for (first, last) in [("2", "1"), ("", "1"), ("1", "x"), ("1", &"1".repeat(20))] {
            assert_eq!(CardRange::new(first, last), None);
        }
    }
}
