//! A wallet: what it holds, and how its events follow one another.

use tessera_protocol::{Amount, Currency, OrderKey};

use super::event::Before;
use super::original::{DAY, PayerTag, UnseenOriginal};
use super::spending::Spending;
use super::transaction::Transaction;
use super::{
    Balance, Broken, Card, Cards, Entry, Order, Orders, Payer, PayersAccount, Reference, Subject,
    Supervision, Transactions, WalletId,
};
use tessera_kit::clock::{self, Timestamp};
use tessera_kit::invariant;
use tessera_kit::record::{Position, Sequence};

/// The payer's account.
#[derive(Debug, Clone, PartialEq)]
pub struct Wallet {
    /// Its number.
    pub id: WalletId,
    /// Its only currency; `None` until it is opened.
    pub currency: Option<Currency>,
    /// What can be spent.
    pub available: Balance,
    /// What is set aside.
    pub held: Balance,
    /// What the payer owes: refunds that were taken back when their money had been spent.
    pub owed: Balance,
    /// Its card numbers.
    pub cards: Cards,
    /// What it has spent lately.
    pub spending: Spending,
    /// The payer's account; none for a wallet that the wallet server itself speaks for.
    pub account: Option<Box<PayersAccount>>,
    /// What an operator has decided about it; none where that is nothing.
    pub supervision: Option<Box<Supervision>>,
    /// What was asked of it, as long as it must be remembered.
    pub transactions: Transactions,
    /// Orders that its payer agreed to pay.
    pub orders: Orders,
    /// Reversals of originals that were never seen.
    pub remembered: Vec<UnseenOriginal>,
    /// Journal position of its last event; `None` before the first.
    pub last_position: Option<Position>,
    /// Journal sequence of its last event; `None` before the first.
    pub last_sequence: Option<Sequence>,
}

impl Before for Wallet {
    fn id(&self) -> WalletId {
        self.id
    }

    fn available(&self) -> Balance {
        self.available
    }

    fn owed(&self) -> Balance {
        self.owed
    }

    fn transaction(&self, reference: Reference) -> Option<&Transaction> {
        self.transactions.by_reference(reference)
    }
}

impl Wallet {
    /// A wallet to which nothing has happened.
    pub fn new(id: WalletId) -> Self {
        Self {
            id,
            currency: None,
            available: Balance::ZERO,
            held: Balance::ZERO,
            owed: Balance::ZERO,
            cards: Cards::default(),
            spending: Spending::default(),
            account: None,
            supervision: None,
            transactions: Transactions::default(),
            orders: Orders::default(),
            remembered: Vec::new(),
            last_position: None,
            last_sequence: None,
        }
    }

    /// What the payer owns: available and held.
    pub fn ledger(&self) -> Balance {
        Balance(self.available.value().saturating_add(self.held.value()))
    }

    /// Whether it may take so much more: what one message can carry is the most that a payer may have.
    pub fn may_take(&self, amount: Amount) -> bool {
        let sum = self.ledger().plus(amount);
        sum.is_some_and(|sum| sum <= Balance::from(Amount::MAX))
    }

    /// Whether something about it is still to be settled.
    pub fn is_open(&self) -> bool {
        let ends = self.has_ended() && self.cards.known_to_host().next().is_some();
        ends || self.transactions.iter().any(Transaction::is_open)
    }

    /// When the first of its holds expires.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        let open = self.transactions.iter().filter(|found| found.holds());
        open.filter_map(|found| found.hold().map(|hold| hold.expires_at))
            .min()
    }

    /// Whether the operator has blocked it.
    pub fn is_blocked(&self) -> bool {
        let decided = self.supervision.as_deref();
        decided.is_some_and(|decided| decided.blocks.hold(Subject::Wallet))
    }

    /// The representative card, if it expires within so many milliseconds from now and was not issued within as many before.
    pub fn expiring(&self, now: Timestamp, within: u64) -> Option<&Card> {
        let ends = |card: &&Card| clock::year_month(now.plus(within)) > card.expiry;
        let is_new = |card: &Card| card.issued_by.given_at().plus(within) > now;
        let card = self.cards.representative().filter(|_| within != 0);
        card.filter(ends)
            .filter(|card| !is_new(card) && !self.has_ended())
    }

    /// Whether its payer has ended it.
    pub fn has_ended(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.closed)
    }

    /// The order of this key, if it is at hand.
    pub fn order(&self, key: &OrderKey) -> Option<&Order> {
        self.orders.get(key)
    }

    /// Lets go of what is closed and can be read again, as its position is durable; `now` in milliseconds
    /// since 1970.
    pub fn settle(&mut self, is_durable: impl Fn(Position) -> bool, now: Timestamp) {
        self.transactions.settle(&is_durable);
        let transactions = &self.transactions;
        let at_hand = |reference| transactions.by_reference(reference).is_some();
        self.orders.settle(is_durable, now, at_hand);
    }

    /// Applies an event that stands at `position` with `sequence` in the journal.
    ///
    /// # Errors
    /// Where it does not fit. The wallet may have changed in part then, and must not be used any more.
    pub fn apply(
        &mut self,
        entry: &Entry,
        position: Position,
        sequence: Sequence,
    ) -> Result<(), Broken> {
        invariant!(
            Some(sequence) > self.last_sequence && Some(position) > self.last_position,
            "sequences and positions of a wallet's events rise",
            Some(self.id.0),
            Some(sequence)
        );
        self.transactions.mean(entry.event.about());
        let applied = self.apply_to_meant(entry, position, sequence);
        self.transactions.mean_any();
        applied
    }

    fn apply_to_meant(
        &mut self,
        entry: &Entry,
        position: Position,
        sequence: Sequence,
    ) -> Result<(), Broken> {
        let event = &entry.event;
        let said = (entry.available, entry.held, entry.owed);
        if said != (self.available, self.held, self.owed) {
            return Err(Broken::OtherBalance {
                said: entry.available.value(),
                has: self.available.value(),
            });
        }
        let before = self.worth();
        let moved = self.post(event)?;
        self.change_by(entry, position)?;
        if let Some(opened) = Transaction::opened_by(event, position) {
            self.transactions.push(opened);
        }
        invariant!(
            self.worth() == before + moved,
            "after an event the accounts of its wallet come to its postings",
            Some(self.id.0),
            Some(sequence)
        );
        self.last_position = Some(position);
        self.last_sequence = Some(sequence);
        Ok(())
    }

    /// Forgets what is closed and began longer than `kept` ago (milliseconds), and reversals of unseen originals that are
    /// older than they are remembered.
    pub fn forget_older(&mut self, now: Timestamp, kept: u64) {
        let kept_from = now.saturating_sub(kept);
        self.transactions.forget_before(kept_from);
        let unseen_from = now.saturating_sub(DAY);
        self.remembered.retain(|unseen| unseen.at >= unseen_from);
        self.orders.forget_before(kept_from);
    }
}

impl Payer {
    /// Distinguishes two ways to name the payer.
    pub fn tag(&self) -> PayerTag {
        PayerTag(match self {
            Self::Card(card, _) => u64::from(card.serial),
            Self::Order(key) => key.head(),
            Self::Wallet => 0,
        })
    }
}
