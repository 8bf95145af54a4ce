//! From a wallet's events to what a payer calls a transaction. Pure: rows come in, transactions leave.
//!
//! ```text
//! order_announced(order, text)                                what was bought, for the purchase of that order
//! held(R) ── approved(R) | released(R, code)                  a purchase
//!         └─ reversed(original=R, amount left)                undone, wholly or in part
//!         └─ refund_requested(F, original=R) ── approved(F) | released(F)
//! declined(R, code)                                           a purchase that never held anything
//! load_requested(R) ── approved(R) | released(R, code)        money in, when it is approved
//! payout_requested(R) ── approved(R) | released(R, code)      money out, held until then
//! provisioned                                                 money to begin with
//! ```

use std::collections::HashMap;

use tessera_protocol::leased::{EventKind, HistoryRow};

/// What a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Paid to a mall.
    Purchase,
    /// Money in, from a source.
    Load,
    /// Money back to a source.
    Payout,
    /// Money to begin with, for development.
    Start,
}

/// What has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The financial system has not answered.
    Waiting,
    /// It approved.
    Done,
    /// It did not, or the switch refused: field 39.
    Failed(String),
}

/// What a payer calls a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Milliseconds since 1970, of its beginning.
    pub at: u64,
    /// What it is.
    pub kind: Kind,
    /// Retrieval reference.
    pub reference: String,
    /// What was asked for, in minor units.
    pub amount: u64,
    /// What is left of it after reversals, in minor units.
    pub standing: u64,
    /// What the mall has given back, in minor units.
    pub refunded: u64,
    /// What the mall is about to give back, in minor units.
    pub refund_waiting: u64,
    /// What has become of it.
    pub outcome: Outcome,
    /// Card acceptor id of the mall.
    pub acceptor: String,
    /// Last four digits of the card number; empty where it was an order.
    pub card: String,
    /// What tells its order from others; empty where it was a card.
    pub order: String,
    /// What was bought, or the masked source.
    pub text: String,
}

impl Transaction {
    fn of(row: &HistoryRow, kind: Kind, outcome: Outcome) -> Self {
        Self {
            at: row.at,
            kind,
            reference: row.reference.clone(),
            amount: row.amount,
            standing: row.amount,
            refunded: 0,
            refund_waiting: 0,
            outcome,
            acceptor: row.acceptor.clone(),
            card: row.card.clone(),
            order: row.order.clone(),
            text: row.text.clone(),
        }
    }

    /// What it has done to the available balance so far, in minor units.
    pub fn moved(&self) -> i64 {
        let standing = self.standing as i64;
        match (self.kind, &self.outcome) {
            (_, Outcome::Failed(_)) => 0,
            (Kind::Purchase, _) => self.refunded as i64 - standing,
            (Kind::Payout, _) => -standing,
            (Kind::Load | Kind::Start, Outcome::Done) => standing,
            (Kind::Load | Kind::Start, Outcome::Waiting) => 0,
        }
    }

    /// Whether the mall has undone all of it.
    pub fn is_undone(&self) -> bool {
        self.kind == Kind::Purchase && self.standing == 0 && self.amount > 0
    }
}

/// Transactions out of events. Rows come newest first, as the switch tells them; so do the transactions leave. What happened to a
/// transaction whose beginning is not among the rows is left out. `ours` is the institution of the wallet server, whose
/// refused operations are no purchases.
pub fn assemble(rows: &[HistoryRow], ours: u64) -> Vec<Transaction> {
    let mut book = Book {
        ours,
        ..Book::default()
    };
    for row in rows.iter().rev() {
        book.add(row);
    }
    book.transactions.reverse();
    book.transactions
}

/// A refund on its way.
struct Refund {
    purchase: usize,
    amount: u64,
}

#[derive(Default)]
struct Book {
    ours: u64,
    transactions: Vec<Transaction>,
    by_reference: HashMap<String, usize>,
    refunds: HashMap<String, Refund>,
    /// What was bought, by order.
    bought: HashMap<String, String>,
}

impl Book {
    fn add(&mut self, row: &HistoryRow) {
        match row.kind {
            EventKind::OrderAnnounced => {
                self.bought.insert(row.order.clone(), row.text.clone());
            }
            EventKind::Held => self.open(row, Kind::Purchase, Outcome::Waiting),
            EventKind::Declined if row.institution != self.ours && row.original.is_empty() => {
                self.open(row, Kind::Purchase, Outcome::Failed(row.code.clone()));
            }
            EventKind::LoadRequested => self.open(row, Kind::Load, Outcome::Waiting),
            EventKind::PayoutRequested => self.open(row, Kind::Payout, Outcome::Waiting),
            EventKind::Provisioned => self.open(row, Kind::Start, Outcome::Done),
            EventKind::Approved => self.settle(&row.reference, Outcome::Done),
            EventKind::Released => {
                self.settle(&row.reference, Outcome::Failed(row.code.clone()));
            }
            EventKind::Reversed => {
                if let Some(purchase) = self.find(&row.original) {
                    purchase.standing = row.amount.min(purchase.standing);
                }
            }
            EventKind::RefundRequested => self.open_refund(row),
            _ => {}
        }
    }

    fn open(&mut self, row: &HistoryRow, kind: Kind, outcome: Outcome) {
        let mut transaction = Transaction::of(row, kind, outcome);
        if transaction.text.is_empty()
            && let Some(text) = self.bought.get(&row.order)
        {
            transaction.text.clone_from(text);
        }
        if !row.reference.is_empty() {
            self.by_reference
                .insert(row.reference.clone(), self.transactions.len());
        }
        self.transactions.push(transaction);
    }

    fn open_refund(&mut self, row: &HistoryRow) {
        let Some(&purchase) = self.by_reference.get(&row.original) else {
            return;
        };
        let amount = row.amount;
        self.refunds
            .insert(row.reference.clone(), Refund { purchase, amount });
        self.transactions[purchase].refund_waiting += amount;
    }

    fn settle(&mut self, reference: &str, outcome: Outcome) {
        if let Some(refund) = self.refunds.remove(reference) {
            let purchase = &mut self.transactions[refund.purchase];
            purchase.refund_waiting = purchase.refund_waiting.saturating_sub(refund.amount);
            if outcome == Outcome::Done {
                purchase.refunded += refund.amount;
            }
        } else if let Some(transaction) = self.find(reference)
            && transaction.outcome == Outcome::Waiting
        {
            transaction.outcome = outcome;
        }
    }

    fn find(&mut self, reference: &str) -> Option<&mut Transaction> {
        let place = *self.by_reference.get(reference)?;
        self.transactions.get_mut(place)
    }
}

#[cfg(test)]
mod tests;
