//! The cards: which exist, which may pay, what each has spent.

use hashbrown::{HashMap, HashSet};
use tessera_protocol::{CardNumber, ResponseCode};

use super::request::{CardOperation, PostingKind};

/// Digits of a card number.
const LENGTH: usize = 16;
/// The first six digits of the development cards.
const DEVELOPMENT: u64 = 990_000;
/// The first six digits of the cards that are issued here.
const ISSUED: u64 = 990_100;
/// Nine digits of serial number and the check digit.
const BELOW_PREFIX: u64 = 10_000_000_000;

/// What a card has moved, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::host) struct Account {
    /// Purchases and completions, less refunds and what was undone.
    pub(in crate::host) net: i64,
    /// Loads, less payouts and what was undone of either.
    pub(in crate::host) loaded: i64,
}

/// All cards.
#[derive(Default)]
pub(in crate::host) struct Accounts {
    moved: HashMap<u64, Account>,
    issued: u64,
    cancelled: HashSet<u64>,
    /// Each dead number with the one in its place, which may be dead as well.
    replaced: HashMap<u64, u64>,
}

impl Accounts {
    /// Why the card may not pay, if it may not.
    pub(super) fn refusal(&self, card: u64) -> Option<ResponseCode> {
        // A card that has paid is known; cancelled ones are few.
        if !self.moved.contains_key(&card) && !self.exists(card) {
            return Some(ResponseCode::NO_SUCH_CARD);
        }
        if self.is_replaced(card) {
            return Some(ResponseCode::NO_SUCH_CARD);
        }
        self.is_cancelled(card)
            .then_some(ResponseCode::NOT_PERMITTED_TO_CARD)
    }

    /// Whether the number was ever one, dead or not.
    pub(super) fn existed(&self, card: u64) -> bool {
        self.moved.contains_key(&card) || self.exists(card)
    }

    /// Whether the two numbers are, or became, one card.
    pub(super) fn are_one(&self, one: u64, other: u64) -> bool {
        one == other || self.current(one) == self.current(other)
    }

    /// Whether the number is one no longer.
    pub(super) fn is_dead(&self, card: u64) -> bool {
        self.is_replaced(card) || self.is_cancelled(card)
    }

    fn is_cancelled(&self, card: u64) -> bool {
        !self.cancelled.is_empty() && self.cancelled.contains(&card)
    }

    fn is_replaced(&self, card: u64) -> bool {
        !self.replaced.is_empty() && self.replaced.contains_key(&card)
    }

    /// The number that carries what this one has moved.
    pub(super) fn current(&self, card: u64) -> u64 {
        let mut current = card;
        if !self.replaced.is_empty() {
            // A number is replaced once, by one that was not there before: there is an end.
            while let Some(&next) = self.replaced.get(&current) {
                current = next;
            }
        }
        current
    }

    /// The number that the next card gets.
    pub(super) fn next_card(&self) -> u64 {
        numbered(ISSUED, self.issued + 1)
    }

    pub(super) fn post(&mut self, kind: PostingKind, card: u64, amount: u64) {
        let card = self.current(card);
        self.moved
            .entry(card)
            .or_default()
            .add(kind, signed(amount));
    }

    pub(super) fn undo(&mut self, kind: PostingKind, card: u64, amount: u64) {
        let card = self.current(card);
        self.moved
            .entry(card)
            .or_default()
            .add(kind, -signed(amount));
    }

    pub(super) fn apply(&mut self, operation: CardOperation, card: u64, former: u64) {
        match operation {
            CardOperation::Issue => self.issued += 1,
            CardOperation::Replace => {
                self.issued += 1;
                if let Some(account) = self.moved.remove(&former) {
                    self.moved.insert(card, account);
                }
                self.replaced.insert(former, card);
            }
            CardOperation::Cancel => {
                self.cancelled.insert(card);
            }
        }
    }

    /// What a card, or the number before it, has moved.
    #[cfg(test)]
    pub(super) fn of(&self, card: u64) -> Account {
        let moved = self.moved.get(&self.current(card));
        moved.copied().unwrap_or_default()
    }

    /// The development cards that have moved money, by serial number.
    pub(in crate::host) fn development(&self) -> Vec<(u64, Account)> {
        let mut accounts: Vec<_> = self
            .moved
            .iter()
            .filter(|&(&card, _)| card / BELOW_PREFIX == DEVELOPMENT)
            .map(|(&card, &account)| (card % BELOW_PREFIX / 10, account))
            .collect();
        accounts.sort_unstable_by_key(|&(serial, _)| serial);
        accounts
    }

    fn exists(&self, card: u64) -> bool {
        let serial = card % BELOW_PREFIX / 10;
        match card / BELOW_PREFIX {
            DEVELOPMENT => serial > 0 && CardNumber::development(serial).expose() == card,
            ISSUED => (1..=self.issued).contains(&serial) && numbered(ISSUED, serial) == card,
            _ => false,
        }
    }
}

impl Account {
    fn add(&mut self, kind: PostingKind, amount: i64) {
        match kind {
            PostingKind::Purchase | PostingKind::Completion => self.net += amount,
            PostingKind::Refund => self.net -= amount,
            PostingKind::Load => self.loaded += amount,
            PostingKind::Payout => self.loaded -= amount,
            // Set aside, not moved.
            PostingKind::Authorization | PostingKind::AuthorizationAdvice => (),
        }
    }
}

/// The card of a serial number: the one digit at the end with which the check succeeds.
fn numbered(prefix: u64, serial: u64) -> u64 {
    let first = prefix * BELOW_PREFIX + serial * 10;
    (first..first + 10)
        .find(|&digits| CardNumber::new(digits, LENGTH).is_some_and(|card| card.luhn_valid()))
        // One of ten digits always fits.
        .unwrap_or(first)
}

/// Amounts have twelve digits, far below the sign.
pub(super) fn signed(amount: u64) -> i64 {
    amount as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_development_cards_and_those_it_issued() {
        let mut accounts = Accounts::default();
        let refused = Some(ResponseCode::NO_SUCH_CARD);
        let development = CardNumber::development(7).expose();
        assert_eq!(accounts.refusal(development), None);
        assert_eq!(accounts.refusal(development + 1), refused);
        assert_eq!(
            accounts.refusal(CardNumber::development(0).expose()),
            refused
        );
        assert_eq!(accounts.refusal(4_111_111_111_111_111), refused);
        let card = accounts.next_card();
        assert_eq!(accounts.refusal(card), refused);
        accounts.apply(CardOperation::Issue, card, 0);
        assert_eq!(accounts.refusal(card), None);
        assert_eq!(card / BELOW_PREFIX, ISSUED);
        assert_ne!(accounts.next_card(), card);
        accounts.apply(CardOperation::Cancel, card, card);
        let cancelled = Some(ResponseCode::NOT_PERMITTED_TO_CARD);
        assert_eq!(accounts.refusal(card), cancelled);
    }
}
