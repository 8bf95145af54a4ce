//! The double entry: which money an event moves, and between which accounts.

use arrayvec::ArrayVec;
use tessera_protocol::Amount;

use super::{Account, Before, Broken, Event};
use crate::Class;
use crate::Reference;
use crate::transaction::{Kind, Status, Transaction};

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

/// The money that `event` moves, read off the state before it.
pub(crate) fn postings(before: &impl Before, event: &Event) -> Result<Postings, Broken> {
    let available = Account::Available(before.id());
    let held = Account::Held(before.id());
    let mut postings = Postings::new();
    match event {
        Event::Provisioned { balance, .. } => {
            credit(before, &mut postings, Account::Funding, *balance);
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
            take(before, &mut postings, opening.amount, to);
        }
        Event::Completed {
            original: Some(original),
            debit,
            from_hold,
            closes,
            ..
        } => {
            let authorization = before.known(*original)?;
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
                credit(before, &mut postings, held, left);
            }
        }
        Event::Expired { reference } => {
            let authorization = before.known(*reference)?;
            let hold = authorization.hold().ok_or(Broken::OutOfTurn(*reference))?;
            credit(before, &mut postings, held, hold.held);
        }
        Event::Approved { reference } | Event::StoodIn { reference } => {
            let transaction = before.pending(*reference)?;
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
                Kind::Load => credit(before, &mut postings, Account::Funding, amount),
                Kind::Refund => credit(before, &mut postings, payable, amount),
                Kind::Completion
                | Kind::Reversal
                | Kind::CardIssue
                | Kind::Retirement
                | Kind::Administration => return Err(Broken::OutOfTurn(*reference)),
            }
        }
        Event::Released { reference, .. } => {
            let transaction = before.pending(*reference)?;
            match (transaction.kind, transaction.hold()) {
                (Kind::Purchase | Kind::Payout, _) => {
                    credit(before, &mut postings, held, transaction.standing);
                }
                (_, Some(hold)) => credit(before, &mut postings, held, hold.held),
                _ => {}
            }
        }
        Event::Reversed {
            original,
            asked,
            standing,
            ..
        } => {
            let transaction = before.known(*original)?;
            let amount = transaction.standing.checked_sub(*standing);
            let amount = amount
                .filter(|_| *standing == transaction.stands_after(*asked))
                .ok_or(Broken::OutOfTurn(*original))?;
            match transaction.hold() {
                Some(hold) => {
                    let stays = standing.saturating_sub(transaction.more().used);
                    let free = hold.held.saturating_sub(stays);
                    credit(before, &mut postings, held, free);
                }
                None => reversal(before, &mut postings, transaction, *original, amount)?,
            }
        }
        Event::ReversedFurther {
            original,
            stood,
            standing,
            ..
        } => {
            let transaction = before.known(*original)?;
            let follows = *stood == transaction.standing
                && *standing == transaction.stands_at(transaction.more().used);
            let amount = stood.checked_sub(*standing).filter(|_| follows);
            let amount = amount.ok_or(Broken::OutOfTurn(*original))?;
            reversal(before, &mut postings, transaction, *original, amount)?;
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
    before: &impl Before,
    postings: &mut Postings,
    transaction: &Transaction,
    original: Reference,
    amount: Amount,
) -> Result<(), Broken> {
    let payable = Account::Payable(transaction.institution);
    match (transaction.kind, transaction.status) {
        (Kind::Purchase, Status::Pending) => {
            credit(before, postings, Account::Held(before.id()), amount);
        }
        (Kind::Purchase | Kind::Completion, Status::Approved) => {
            credit(before, postings, payable, amount);
        }
        // Nothing has come yet.
        (Kind::Refund, Status::Pending) => {}
        // The money may be spent: what is not there any more is owed.
        (Kind::Refund, Status::Approved) => take(before, postings, amount, payable),
        _ => return Err(Broken::OutOfTurn(original)),
    }
    Ok(())
}

/// Money that must move, whether it is there or not: what is not there is owed.
fn take(before: &impl Before, postings: &mut Postings, amount: Amount, to: Account) {
    let there = before.available().of(amount);
    let missing = amount.saturating_sub(there);
    postings.push(Posting {
        from: Account::Available(before.id()),
        to,
        amount: there,
    });
    if !missing.is_zero() {
        postings.push(Posting {
            from: Account::Receivable(before.id()),
            to,
            amount: missing,
        });
    }
}

/// Money can be spent from now on; what the payer owes is taken out of it.
fn credit(before: &impl Before, postings: &mut Postings, from: Account, amount: Amount) {
    let available = Account::Available(before.id());
    postings.push(Posting {
        from,
        to: available,
        amount,
    });
    if !before.owed().is_zero() {
        postings.push(Posting {
            from: available,
            to: Account::Receivable(before.id()),
            amount: before.owed().of(amount),
        });
    }
}
