//! Groups a wallet's events into the transactions that a payer sees. Pure functions: rows in, transactions out.
//!
//! ```text
//! order_announced(order, text)                                what was bought, for the purchase of that order
//! held(R) ── approved(R) | released(R, code)                  a purchase
//! authorized(R) ── approved(R) | released(R, code)            a purchase that is taken later
//!         └─ completed(C, original=R, amount) | completed_in_part(C, original=R, amount)
//!         └─ expired(R)                                       what was not taken is free
//! advised(R)                                                  a purchase that was decided elsewhere
//! refund_requested(F, original=R) ── approved(F) | released(F)    a refund, when it is approved
//! reversed(V, original=R or C or F, amount left)              a reversal: undone, wholly or in part
//! declined(R, code)                                           a purchase that never held anything
//! load_requested(R) ── approved(R) | released(R, code)        money in, when it is approved
//! payout_requested(R) ── approved(R) | released(R, code)      money out, held until then
//! provisioned                                                 money to begin with
//! frozen(R)                                                   the payer does not recognise it
//! ```
//!
//! What a transaction has changed of the balance is what its events have: the difference of what was available before an event
//! and before the next one. A purchase says what was refunded and reversed of it, but the money moves in entries of their own.

use std::collections::{HashMap, VecDeque};

use tessera_protocol::leased::{EventKind, HistoryRow, Purpose};

/// What a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Paid to a mall.
    Purchase,
    /// A mall gives money back.
    Refund,
    /// A mall has undone something.
    Reversal,
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

/// What has happened to a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// What.
    pub what: StepKind,
    /// How much, in minor units: of a reversal what was left.
    pub amount: u64,
    /// The entry that says more; empty where there is none.
    pub reference: String,
}

/// What can happen to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// It was asked for.
    Asked,
    /// The financial system approved, or nobody had to be asked.
    Approved,
    /// It came to nothing.
    Declined,
    /// The mall took what was set aside, or a part of it.
    Taken,
    /// What was set aside is free.
    Freed,
    /// The mall undid it down to the amount.
    Reversed,
    /// The mall wanted to give money back.
    RefundAsked,
    /// The money came back.
    Refunded,
    /// It did not.
    RefundFailed,
    /// The payer does not recognise it.
    Disputed,
}

/// What a payer calls a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The time of its first event, in milliseconds since 1970.
    pub at: u64,
    /// What it is.
    pub kind: Kind,
    /// The switch's own reference; empty where it has none.
    pub reference: String,
    /// The party's reference (field 37); empty where no party asked.
    pub retrieval: String,
    /// The entry that it gives back or undoes; empty where there is none.
    pub original: String,
    /// The requested amount, in minor units; of a reversal what it gave back or took back.
    pub amount: u64,
    /// What is left of it after reversals, in minor units; of one that is taken later, what is taken or set aside.
    pub standing: u64,
    /// What has been taken of one that is taken later, in minor units; none for others.
    pub taken: Option<u64>,
    /// What the mall has given back, in minor units.
    pub refunded: u64,
    /// What the mall is about to give back, in minor units.
    pub refund_waiting: u64,
    /// What it has changed of the available balance so far, in minor units.
    pub moved: i64,
    /// The balance behind it in a statement, in minor units: what is available, less what all newer entries have changed.
    pub balance: i64,
    /// What has become of it.
    pub outcome: Outcome,
    /// The rule that declined it, as tag 09 of field 48 names it; empty where none did.
    pub reason: String,
    /// Card acceptor id of the mall.
    pub acceptor: String,
    /// The merchant's name and location (field 43); empty where the mall did not say it.
    pub place: String,
    /// Last four digits of the card number; empty where it was an order.
    pub card: String,
    /// Identifies the order; empty for a purchase by card.
    pub order: String,
    /// What was bought, or the masked source.
    pub text: String,
    /// What has happened to it, oldest first.
    pub steps: Vec<Step>,
}

impl Transaction {
    fn of(row: &HistoryRow, kind: Kind, outcome: Outcome) -> Self {
        let request = row.request.as_ref();
        let said = |part: fn(&tessera_protocol::leased::RequestRow) -> &String| {
            request.map(part).cloned().unwrap_or_default()
        };
        let mut transaction = Self {
            at: row.at,
            kind,
            reference: row.reference.clone(),
            retrieval: said(|request| &request.retrieval),
            original: row.original.clone(),
            amount: row.amount,
            standing: row.amount,
            taken: None,
            refunded: 0,
            refund_waiting: 0,
            moved: 0,
            balance: 0,
            outcome,
            reason: said(|request| &request.reason),
            acceptor: row.acceptor.clone(),
            place: said(|request| &request.place),
            card: row.card.clone(),
            order: row.order.clone(),
            text: row.text.clone(),
            steps: Vec::new(),
        };
        transaction.step(row, StepKind::Asked);
        match transaction.outcome {
            Outcome::Waiting => {}
            Outcome::Done => transaction.step(row, StepKind::Approved),
            Outcome::Failed(_) => transaction.step(row, StepKind::Declined),
        }
        transaction
    }

    fn step(&mut self, row: &HistoryRow, what: StepKind) {
        let own = row.reference == self.reference;
        self.steps.push(Step {
            at: row.at,
            what,
            amount: row.amount,
            reference: if own {
                String::new()
            } else {
                row.reference.clone()
            },
        });
    }

    /// What has happened to it, newest first.
    fn follow(&mut self, later: Vec<Seen>) {
        let mut refunds = HashMap::new();
        for Seen { row, moved } in later.into_iter().rev() {
            self.moved += moved;
            let step = match row.kind {
                EventKind::Frozen => StepKind::Disputed,
                EventKind::Reversed => {
                    self.standing = row.amount.min(self.standing);
                    StepKind::Reversed
                }
                EventKind::Completed => {
                    self.standing = self.take(row.amount);
                    StepKind::Taken
                }
                EventKind::CompletedInPart => {
                    let taken = self.take(row.amount);
                    self.standing = self.standing.max(taken);
                    StepKind::Taken
                }
                EventKind::Expired => {
                    self.standing = self.taken.unwrap_or(0);
                    StepKind::Freed
                }
                EventKind::RefundRequested => {
                    refunds.insert(row.reference.clone(), row.amount);
                    self.refund_waiting += row.amount;
                    StepKind::RefundAsked
                }
                _ => match refunds.remove(&row.reference) {
                    Some(amount) => {
                        self.refund_waiting = self.refund_waiting.saturating_sub(amount);
                        let row = HistoryRow { amount, ..row };
                        if row.kind == EventKind::Approved {
                            self.refunded += amount;
                            self.step(&row, StepKind::Refunded);
                        } else {
                            self.step(&row, StepKind::RefundFailed);
                        }
                        continue;
                    }
                    None if self.outcome == Outcome::Waiting => match row.kind {
                        EventKind::Approved => {
                            self.outcome = Outcome::Done;
                            StepKind::Approved
                        }
                        _ => {
                            self.outcome = Outcome::Failed(row.code.clone());
                            StepKind::Declined
                        }
                    },
                    None => continue,
                },
            };
            self.step(&row, step);
        }
        self.steps.sort_by_key(|step| step.at);
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

    /// Whether the mall has undone all of it.
    pub fn is_undone(&self) -> bool {
        self.kind == Kind::Purchase && self.standing == 0 && self.amount > 0
    }

    /// When the payer reported it, in milliseconds since 1970.
    pub fn disputed_at(&self) -> Option<u64> {
        let found = self
            .steps
            .iter()
            .find(|step| step.what == StepKind::Disputed);
        found.map(|step| step.at)
    }
}

/// An event, and what it has changed of the available balance.
#[derive(Debug, Clone)]
struct Seen {
    row: HistoryRow,
    moved: i64,
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
    /// Available after the next event to be read.
    after: Option<u64>,
    /// The balance behind the next transaction to leave.
    balance: i64,
    /// What happened to transactions whose beginning is yet to come, by reference; newest first.
    later: HashMap<String, Vec<Seen>>,
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

    /// What is available after the newest event, in minor units; before any event is added.
    pub fn begin_with(&mut self, available: u64) {
        self.after = Some(available);
        self.balance = available.cast_signed();
    }

    /// The next event, older than those before it.
    pub fn add(&mut self, row: HistoryRow) {
        self.read += 1;
        let after = self.after.replace(row.available).unwrap_or(row.available);
        let moved = after.cast_signed() - row.available.cast_signed();
        let seen = Seen { row, moved };
        match seen.row.kind {
            EventKind::OrderAnnounced => self.announced(&seen.row),
            EventKind::Held => self.begin(seen, Kind::Purchase, Outcome::Waiting),
            EventKind::Advised => self.begin(seen, Kind::Purchase, Outcome::Done),
            EventKind::Authorized if seen.row.code.is_empty() => {
                self.begin(seen, Kind::Purchase, Outcome::Waiting);
            }
            EventKind::Authorized => self.begin(seen, Kind::Purchase, Outcome::Done),
            EventKind::Completed | EventKind::CompletedInPart => self.completed(seen),
            EventKind::Declined if self.is_declined_purchase(&seen.row) => {
                let code = seen.row.code.clone();
                self.begin(seen, Kind::Purchase, Outcome::Failed(code));
            }
            EventKind::LoadRequested => self.begin(seen, Kind::Load, Outcome::Waiting),
            EventKind::PayoutRequested => self.begin(seen, Kind::Payout, Outcome::Waiting),
            EventKind::Provisioned => self.begin(seen, Kind::Start, Outcome::Done),
            EventKind::Approved | EventKind::Released | EventKind::Expired => {
                let reference = seen.row.reference.clone();
                self.later.entry(reference).or_default().push(seen);
            }
            // The payer does not recognise a transaction.
            EventKind::Frozen if !seen.row.reference.is_empty() => {
                let reference = seen.row.reference.clone();
                self.later.entry(reference).or_default().push(seen);
            }
            EventKind::Reversed => self.reversed(seen),
            EventKind::RefundRequested => self.refund(seen),
            _ => {}
        }
    }

    /// Whether the payer's money was refused to a mall: not what a mall may not give back or undo, nor a purchase that was charged
    /// before, nor a mere look at the card.
    fn is_declined_purchase(&self, row: &HistoryRow) -> bool {
        let pays = |purpose| purpose == Purpose::Payment;
        row.institution != self.ours
            && row.code != DUPLICATE
            && row.amount > 0
            && row
                .request
                .as_ref()
                .is_none_or(|request| pays(request.purpose))
    }

    /// The newest transaction that is complete and has not left yet; `whole` where there are no more events.
    pub fn next(&mut self, whole: bool) -> Option<Transaction> {
        let read = self.read;
        let newest = self
            .begun
            .pop_front_if(|begun| whole || begun.waits_until <= read)?;
        let mut transaction = newest.transaction;
        transaction.balance = self.balance;
        self.balance -= transaction.moved;
        Some(transaction)
    }

    fn begin(&mut self, seen: Seen, kind: Kind, outcome: Outcome) {
        let Seen { row, moved } = seen;
        let mut transaction = Transaction::of(&row, kind, outcome);
        transaction.moved = moved;
        if row.kind == EventKind::Authorized {
            transaction.taken = Some(0);
        }
        if let Some(later) = self.later.remove(&row.reference) {
            transaction.follow(later);
        }
        self.push(transaction);
    }

    fn push(&mut self, transaction: Transaction) {
        let waits = transaction.text.is_empty() && !transaction.order.is_empty();
        let waits_until = self.read + if waits { ANNOUNCED_WITHIN } else { 0 };
        self.begun.push_back(Begun {
            transaction,
            waits_until,
        });
    }

    /// A reversal is an entry, and a part of what has become of its original.
    fn reversed(&mut self, seen: Seen) {
        let Seen { row, moved } = seen;
        let mut entry = Transaction::of(&row, Kind::Reversal, Outcome::Done);
        entry.amount = moved.unsigned_abs();
        entry.standing = entry.amount;
        entry.moved = moved;
        for step in &mut entry.steps {
            step.amount = entry.amount;
        }
        // What was bought is said by the original.
        entry.order.clear();
        self.push(entry);
        let original = row.original.clone();
        let seen = Seen { row, moved: 0 };
        self.later.entry(original).or_default().push(seen);
    }

    /// A refund is an entry, and a part of what has become of its purchase.
    fn refund(&mut self, mut seen: Seen) {
        // What was bought is said by the purchase.
        seen.row.order.clear();
        let mut of_purchase = Vec::new();
        let mut row = seen.row.clone();
        for later in self.later.get(&row.reference).into_iter().flatten() {
            match later.row.kind {
                EventKind::Approved | EventKind::Released => of_purchase.push(later.row.clone()),
                // The mall took it back.
                EventKind::Reversed => row.amount = row.amount.min(later.row.amount),
                _ => {}
            }
        }
        of_purchase.push(row);
        let later = self.later.entry(seen.row.original.clone()).or_default();
        later.extend(of_purchase.into_iter().map(|row| Seen { row, moved: 0 }));
        self.begin(seen, Kind::Refund, Outcome::Waiting);
    }

    /// What has become of a completion is part of what has become of its authorization.
    fn completed(&mut self, seen: Seen) {
        let later = self.later.remove(&seen.row.reference).unwrap_or_default();
        let of_original = self.later.entry(seen.row.original.clone()).or_default();
        let Seen { mut row, moved } = seen;
        for about in later {
            match about.row.kind {
                EventKind::Reversed => row.amount = row.amount.min(about.row.amount),
                _ => of_original.push(about),
            }
        }
        of_original.push(Seen { row, moved });
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

/// Field 39 of what was there, or was done, before.
const DUPLICATE: &str = "94";

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
