//! The double entry: which money an event moves, and between which accounts.

use arrayvec::ArrayVec;
use tessera_protocol::{Amount, Institution};

use crate::Class;
use crate::transaction::{Kind, Status, Transaction};
use crate::{Balance, Broken, Event, Reference, Wallet, WalletId};

/// Accounts of the double entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// What the payer can spend.
    Available(WalletId),
    /// What is set aside.
    Held(WalletId),
    /// What the switch owes a party.
    Payable(Option<Institution>),
    /// Where loaded money comes from.
    Funding,
    /// What the payer owes: refunds that were taken back when their money had been spent.
    Receivable(WalletId),
}

/// Money moved from one account to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Debited.
    pub from: Account,
    /// Credited.
    pub to: Account,
    /// How much.
    pub amount: Amount,
}

/// All that one event moves: what was paid back on account of a [`Receivable`](Account::Receivable) is a second
/// posting.
pub type Postings = ArrayVec<Posting, 4>;

impl Wallet {
    /// The money that `event` moves, read off the state before it.
    pub fn postings(&self, event: &Event) -> Result<Postings, Broken> {
        let available = Account::Available(self.id);
        let held = Account::Held(self.id);
        let mut postings = Postings::new();
        match event {
            Event::Provisioned { balance, .. } => {
                self.credit(&mut postings, Account::Funding, *balance);
            }
            Event::Held {
                opening, granted, ..
            } => postings.push(Posting {
                from: available,
                to: held,
                amount: granted.unwrap_or(opening.amount),
            }),
            Event::PayoutRequested { opening, .. } => postings.push(Posting {
                from: available,
                to: held,
                amount: opening.amount,
            }),
            // It was decided elsewhere: what is not there is owed.
            Event::Advised { opening, .. } => {
                let to = match opening.class {
                    Class::Authorization => held,
                    Class::Financial | Class::Reversal | Class::Administrative => {
                        Account::Payable(opening.institution)
                    }
                };
                self.take(&mut postings, opening.amount, to);
            }
            Event::Completed {
                original: Some(original),
                debit,
                from_hold,
                closes,
                ..
            } => {
                let authorization = self.known(*original)?;
                let hold = authorization.hold().ok_or(Broken::OutOfTurn(*original))?;
                let payable = Account::Payable(authorization.institution);
                let past_hold = debit.checked_sub(*from_hold);
                let past_hold = past_hold.ok_or(Broken::OutOfTurn(*original))?;
                let left = hold.held.checked_sub(*from_hold);
                let left = left.ok_or(Broken::Overdrawn(held))?;
                for (from, amount) in [(held, *from_hold), (available, past_hold)] {
                    if !amount.is_zero() {
                        postings.push(Posting {
                            from,
                            to: payable,
                            amount,
                        });
                    }
                }
                if *closes && !left.is_zero() {
                    self.credit(&mut postings, held, left);
                }
            }
            Event::Expired { reference } => {
                let authorization = self.known(*reference)?;
                let hold = authorization.hold().ok_or(Broken::OutOfTurn(*reference))?;
                self.credit(&mut postings, held, hold.held);
            }
            Event::Approved { reference } | Event::StoodIn { reference } => {
                let transaction = self.pending(*reference)?;
                let amount = transaction.standing;
                let payable = Account::Payable(transaction.institution);
                match transaction.kind {
                    Kind::Purchase => postings.push(Posting {
                        from: held,
                        to: payable,
                        amount,
                    }),
                    // It stays set aside until it is completed.
                    Kind::Authorization => {}
                    Kind::Payout => postings.push(Posting {
                        from: held,
                        to: Account::Funding,
                        amount,
                    }),
                    Kind::Load => self.credit(&mut postings, Account::Funding, amount),
                    Kind::Refund => self.credit(&mut postings, payable, amount),
                    Kind::Completion
                    | Kind::Reversal
                    | Kind::CardIssue
                    | Kind::Retirement
                    | Kind::Administration => return Err(Broken::OutOfTurn(*reference)),
                }
            }
            Event::Released { reference, .. } => {
                let transaction = self.pending(*reference)?;
                match (transaction.kind, transaction.hold()) {
                    (Kind::Purchase | Kind::Payout, _) => {
                        self.credit(&mut postings, held, transaction.standing);
                    }
                    (_, Some(hold)) => self.credit(&mut postings, held, hold.held),
                    _ => {}
                }
            }
            Event::Reversed {
                original,
                asked,
                standing,
                ..
            } => {
                let transaction = self.known(*original)?;
                let amount = transaction.standing.checked_sub(*standing);
                let amount = amount
                    .filter(|_| *standing == transaction.stands_after(*asked))
                    .ok_or(Broken::OutOfTurn(*original))?;
                match transaction.hold() {
                    Some(hold) => {
                        let stays = standing.saturating_sub(transaction.more().used);
                        let free = hold.held.saturating_sub(stays);
                        self.credit(&mut postings, held, free);
                    }
                    None => self.reversal(&mut postings, transaction, *original, amount)?,
                }
            }
            Event::ReversedFurther {
                original,
                stood,
                standing,
                ..
            } => {
                let transaction = self.known(*original)?;
                let follows = *stood == transaction.standing
                    && *standing == transaction.stands_at(transaction.more().used);
                let amount = stood.checked_sub(*standing).filter(|_| follows);
                let amount = amount.ok_or(Broken::OutOfTurn(*original))?;
                self.reversal(&mut postings, transaction, *original, amount)?;
            }
            Event::Opened(_)
            | Event::CardRequested { .. }
            | Event::CardIssued { .. }
            | Event::CardRetired { .. }
            | Event::LoadRequested { .. }
            | Event::RefundRequested { .. }
            | Event::Completed { .. }
            | Event::PostingAcknowledged { .. }
            | Event::Declined { .. }
            | Event::ReversalNoted { .. }
            | Event::AdviceAcknowledged { .. }
            | Event::Repeated { .. }
            | Event::OrderAnnounced { .. }
            | Event::OrderCancelled { .. }
            | Event::Account { .. }
            | Event::Closed { .. }
            | Event::GivenUp { .. }
            | Event::Directed(_)
            | Event::Reconciled(_)
            | Event::CardLate { .. } => {}
        }
        Ok(postings)
    }

    fn reversal(
        &self,
        postings: &mut Postings,
        transaction: &Transaction,
        original: Reference,
        amount: Amount,
    ) -> Result<(), Broken> {
        let payable = Account::Payable(transaction.institution);
        match (transaction.kind, transaction.status) {
            (Kind::Purchase, Status::Pending) => {
                self.credit(postings, Account::Held(self.id), amount);
            }
            (Kind::Purchase | Kind::Completion, Status::Approved) => {
                self.credit(postings, payable, amount);
            }
            // Nothing has come yet.
            (Kind::Refund, Status::Pending) => {}
            // The money may be spent: what is not there any more is owed.
            (Kind::Refund, Status::Approved) => self.take(postings, amount, payable),
            _ => return Err(Broken::OutOfTurn(original)),
        }
        Ok(())
    }

    /// Money that must move, whether it is there or not: what is not there is owed.
    fn take(&self, postings: &mut Postings, amount: Amount, to: Account) {
        let there = self.available.of(amount);
        let missing = amount.saturating_sub(there);
        postings.push(Posting {
            from: Account::Available(self.id),
            to,
            amount: there,
        });
        if !missing.is_zero() {
            postings.push(Posting {
                from: Account::Receivable(self.id),
                to,
                amount: missing,
            });
        }
    }

    /// Money can be spent from now on; what the payer owes is taken out of it.
    fn credit(&self, postings: &mut Postings, from: Account, amount: Amount) {
        let available = Account::Available(self.id);
        postings.push(Posting {
            from,
            to: available,
            amount,
        });
        if !self.owed.is_zero() {
            postings.push(Posting {
                from: available,
                to: Account::Receivable(self.id),
                amount: self.owed.of(amount),
            });
        }
    }

    /// What all accounts of the wallet come to, minor units: below zero where its payer owes more than there is.
    pub(crate) fn worth(&self) -> i128 {
        let [available, held, owed] =
            [self.available, self.held, self.owed].map(|balance| i128::from(balance.value()));
        available + held - owed
    }

    /// Makes the event's postings true; nothing is changed where one can't be. What they bring into the wallet from
    /// others' accounts, less what they take out of it.
    pub(crate) fn post(&mut self, event: &Event) -> Result<i128, Broken> {
        let (mut available, mut held, mut owed) = (self.available, self.held, self.owed);
        let mut moved = 0;
        for Posting { from, to, amount } in self.postings(event)? {
            moved += i128::from(amount.value())
                * (i128::from(from.is_anothers()) - i128::from(to.is_anothers()));
            match from {
                Account::Available(_) => available = less(available, amount, from)?,
                Account::Held(_) => held = less(held, amount, from)?,
                Account::Receivable(_) => owed = more(owed, amount, from)?,
                Account::Payable(_) | Account::Funding => {}
            }
            match to {
                Account::Available(_) => available = more(available, amount, to)?,
                Account::Held(_) => held = more(held, amount, to)?,
                Account::Receivable(_) => owed = less(owed, amount, to)?,
                Account::Payable(_) | Account::Funding => {}
            }
        }
        (self.available, self.held, self.owed) = (available, held, owed);
        Ok(moved)
    }
}

impl Account {
    /// Whether it belongs to no wallet.
    fn is_anothers(self) -> bool {
        match self {
            Self::Payable(_) | Self::Funding => true,
            Self::Available(_) | Self::Held(_) | Self::Receivable(_) => false,
        }
    }
}

fn less(balance: Balance, amount: Amount, of: Account) -> Result<Balance, Broken> {
    balance.minus(amount).ok_or(Broken::Overdrawn(of))
}

fn more(balance: Balance, amount: Amount, of: Account) -> Result<Balance, Broken> {
    balance.plus(amount).ok_or(Broken::Overdrawn(of))
}
