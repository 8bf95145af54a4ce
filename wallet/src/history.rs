//! Groups a wallet's events into the transactions that a payer sees. Pure functions: rows in, transactions out.
//!
//! ```text
//! order_announced(order, text)                                what was bought, for the purchase of that order
//! held(R) ── approved(R) | released(R, code)                  a purchase
//!         └─ reversed(original=R, amount left)                undone, wholly or in part
//!         └─ refund_requested(F, original=R) ── approved(F) | released(F)
//! authorized(R) ── approved(R) | released(R, code)            a purchase that is taken later
//!         └─ completed(C, original=R, amount) | completed_in_part(C, original=R, amount)
//!         │       └─ reversed(original=C, amount left)        taken back
//!         └─ expired(R)                                       what was not taken is free
//! advised(R)                                                  a purchase that was decided elsewhere
//! declined(R, code)                                           a purchase that never held anything
//! load_requested(R) ── approved(R) | released(R, code)        money in, when it is approved
//! payout_requested(R) ── approved(R) | released(R, code)      money out, held until then
//! provisioned                                                 money to begin with
//! ```

use std::collections::{HashMap, VecDeque};

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

/// The state of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The financial system has not answered.
    Waiting,
    /// The financial system has approved.
    Done,
    /// The financial system or the switch has declined, with this field 39.
    Failed(String),
}

/// What a payer calls a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The time of its first event, in milliseconds since 1970.
    pub at: u64,
    /// What it is.
    pub kind: Kind,
    /// The retrieval reference (field 37).
    pub reference: String,
    /// The requested amount, in minor units.
    pub amount: u64,
    /// What is left of it after reversals, in minor units; of one that is taken later, what is taken or set aside.
    pub standing: u64,
    /// What has been taken of one that is taken later, in minor units; none for others.
    pub taken: Option<u64>,
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
    /// Identifies the order; empty for a purchase by card.
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
            taken: None,
            refunded: 0,
            refund_waiting: 0,
            outcome,
            acceptor: row.acceptor.clone(),
            card: row.card.clone(),
            order: row.order.clone(),
            text: row.text.clone(),
        }
    }

    /// What has happened to it, newest first.
    fn follow(&mut self, later: &[HistoryRow]) {
        let mut refunds = HashMap::new();
        for row in later.iter().rev() {
            match row.kind {
                EventKind::Reversed => self.standing = row.amount.min(self.standing),
                EventKind::Completed => {
                    let taken = self.take(row.amount);
                    self.standing = taken;
                }
                EventKind::CompletedInPart => {
                    let taken = self.take(row.amount);
                    self.standing = self.standing.max(taken);
                }
                EventKind::Expired => self.standing = self.taken.unwrap_or(0),
                EventKind::RefundRequested => {
                    refunds.insert(&row.reference, row.amount);
                    self.refund_waiting += row.amount;
                }
                _ => match refunds.remove(&row.reference) {
                    Some(amount) => {
                        self.refund_waiting = self.refund_waiting.saturating_sub(amount);
                        if row.kind == EventKind::Approved {
                            self.refunded += amount;
                        }
                    }
                    None if self.outcome == Outcome::Waiting => {
                        self.outcome = match row.kind {
                            EventKind::Approved => Outcome::Done,
                            _ => Outcome::Failed(row.code.clone()),
                        };
                    }
                    None => {}
                },
            }
        }
    }

    /// So much more is taken of what was set aside. All that is.
    fn take(&mut self, amount: u64) -> u64 {
        let taken = self.taken.unwrap_or(0).saturating_add(amount);
        self.taken = Some(taken);
        taken
    }

    /// What is set aside and may still be taken, in minor units.
    pub fn set_aside(&self) -> u64 {
        let taken = self.taken.unwrap_or(self.standing);
        self.standing.saturating_sub(taken)
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

/// Transactions out of events that are read newest first. So what has become of a transaction is known when its beginning is
/// read, and it leaves as soon as what was bought is known as well. What happened to a transaction whose beginning is never read
/// is left out.
#[derive(Default)]
pub struct Assembly {
    /// The institution of the wallet server, whose refused operations are no purchases.
    ours: u64,
    /// How many events were read.
    read: usize,
    /// What happened to transactions whose beginning is yet to come, by reference; newest first.
    later: HashMap<String, Vec<HistoryRow>>,
    /// Transactions whose first event was read, newest first.
    begun: VecDeque<Begun>,
}

/// A transaction on its way out.
struct Begun {
    transaction: Transaction,
    /// It waits for the announcement of its order until so many events were read.
    waits_until: usize,
}

/// An order is announced shortly before it is bought: with so many more events read, it was not.
const ANNOUNCED_WITHIN: usize = 64;

impl Assembly {
    /// `ours` is the institution of the wallet server.
    pub fn new(ours: u64) -> Self {
        Self {
            ours,
            ..Self::default()
        }
    }

    /// The next event, older than those before it.
    pub fn add(&mut self, row: HistoryRow) {
        self.read += 1;
        match row.kind {
            EventKind::OrderAnnounced => self.announced(&row),
            EventKind::Held => self.begin(&row, Kind::Purchase, Outcome::Waiting),
            EventKind::Advised => self.begin(&row, Kind::Purchase, Outcome::Done),
            EventKind::Authorized if row.code.is_empty() => {
                self.begin(&row, Kind::Purchase, Outcome::Waiting);
            }
            EventKind::Authorized => self.begin(&row, Kind::Purchase, Outcome::Done),
            EventKind::Completed | EventKind::CompletedInPart => self.completed(row),
            EventKind::Declined if row.institution != self.ours && row.original.is_empty() => {
                self.begin(&row, Kind::Purchase, Outcome::Failed(row.code.clone()));
            }
            EventKind::LoadRequested => self.begin(&row, Kind::Load, Outcome::Waiting),
            EventKind::PayoutRequested => self.begin(&row, Kind::Payout, Outcome::Waiting),
            EventKind::Provisioned => self.begin(&row, Kind::Start, Outcome::Done),
            EventKind::Approved | EventKind::Released | EventKind::Expired => {
                let reference = row.reference.clone();
                self.later.entry(reference).or_default().push(row);
            }
            EventKind::Reversed => {
                let original = row.original.clone();
                self.later.entry(original).or_default().push(row);
            }
            EventKind::RefundRequested => {
                let outcome = self.later.remove(&row.reference).unwrap_or_default();
                let of_original = self.later.entry(row.original.clone()).or_default();
                of_original.extend(outcome);
                of_original.push(row);
            }
            _ => {}
        }
    }

    /// The newest transaction that is complete and has not left yet; `whole` where there are no more events.
    pub fn next(&mut self, whole: bool) -> Option<Transaction> {
        let read = self.read;
        let newest = self
            .begun
            .pop_front_if(|begun| whole || begun.waits_until <= read)?;
        Some(newest.transaction)
    }

    fn begin(&mut self, row: &HistoryRow, kind: Kind, outcome: Outcome) {
        let mut transaction = Transaction::of(row, kind, outcome);
        if row.kind == EventKind::Authorized {
            transaction.taken = Some(0);
        }
        if let Some(later) = self.later.remove(&row.reference) {
            transaction.follow(&later);
        }
        let waits = transaction.text.is_empty() && !transaction.order.is_empty();
        let waits_until = self.read + if waits { ANNOUNCED_WITHIN } else { 0 };
        self.begun.push_back(Begun {
            transaction,
            waits_until,
        });
    }

    /// What has become of a completion is part of what has become of its authorization.
    fn completed(&mut self, mut row: HistoryRow) {
        let later = self.later.remove(&row.reference).unwrap_or_default();
        let of_original = self.later.entry(row.original.clone()).or_default();
        for about in later {
            match about.kind {
                EventKind::Reversed => row.amount = row.amount.min(about.amount),
                _ => of_original.push(about),
            }
        }
        of_original.push(row);
    }

    fn announced(&mut self, row: &HistoryRow) {
        let read = self.read;
        let waiting = self
            .begun
            .iter_mut()
            .filter(|begun| begun.waits_until > read && begun.transaction.order == row.order);
        for begun in waiting {
            begun.transaction.text.clone_from(&row.text);
            begun.waits_until = read;
        }
    }
}

/// The transactions of events that were all read, newest first.
pub fn assemble(newest_first: &[HistoryRow], ours: u64) -> Vec<Transaction> {
    let mut assembly = Assembly::new(ours);
    for row in newest_first {
        assembly.add(row.clone());
    }
    std::iter::from_fn(|| assembly.next(true)).collect()
}

#[cfg(test)]
mod tests;
