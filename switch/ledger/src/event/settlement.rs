//! What an event adds to the totals of a party: what was debited and credited for it, and taken back of that.
//!
//! Debits are purchases and completions, credits are refunds. Loads and payouts are nobody's but the financial system's.
//! Per party, debits less credits, each less what was taken back, are what the switch owes it.

use std::fmt;

use arrayvec::ArrayVec;
use tessera_kit::clock::Timestamp;
use tessera_protocol::{Amount, Institution, Totals};

use super::{Before, Broken, Event};
use crate::Class;
use crate::Reference;
use crate::transaction::{Kind, Status, Transaction};

/// The side of an item: debit, credit or a reversal of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Fields 76 and 88.
    Debit,
    /// Fields 77 and 89.
    DebitReversal,
    /// Fields 74 and 86.
    Credit,
    /// Fields 75 and 87.
    CreditReversal,
}

/// One item of a party's totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Field 32; none for loads and payouts.
    pub institution: Option<Institution>,
    /// On which side.
    pub side: Side,
    /// How much.
    pub amount: Amount,
    /// Whether it counts as one, or only its amount does, because it goes on with one that was counted.
    pub counts: bool,
    /// When it was asked for: what settlement date it belongs to.
    pub at: Timestamp,
    /// What was asked for.
    pub about: Reference,
}

/// What one event adds at most: something, and what of it was taken back before it came.
pub type Items = ArrayVec<Item, 2>;

impl Side {
    /// What takes it back.
    fn reversal(self) -> Self {
        match self {
            Self::Debit | Self::DebitReversal => Self::DebitReversal,
            Self::Credit | Self::CreditReversal => Self::CreditReversal,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Debit => "debit",
            Self::DebitReversal => "debit_reversal",
            Self::Credit => "credit",
            Self::CreditReversal => "credit_reversal",
        })
    }
}

impl Item {
    /// Adds it.
    pub fn add_to(&self, totals: &mut Totals) {
        let (count, amount) = match self.side {
            Side::Debit => (&mut totals.debits, &mut totals.debit_amount),
            Side::DebitReversal => (
                &mut totals.debit_reversals,
                &mut totals.debit_reversal_amount,
            ),
            Side::Credit => (&mut totals.credits, &mut totals.credit_amount),
            Side::CreditReversal => (
                &mut totals.credit_reversals,
                &mut totals.credit_reversal_amount,
            ),
        };
        *count += u64::from(self.counts);
        *amount = amount.saturating_add(self.amount.value());
    }
}

/// What `event` adds to totals, read off the state before it.
///
/// # Errors
/// Where it does not fit the wallet.
pub(crate) fn settles(before: &impl Before, event: &Event) -> Result<Items, Broken> {
    let mut items = Items::new();
    match event {
        Event::Approved { reference } | Event::StoodIn { reference } => {
            let transaction = before.pending(*reference)?;
            if let Some(side) = side_of(transaction.kind) {
                let item = Item {
                    institution: party_of(transaction),
                    side,
                    amount: transaction.granted(),
                    counts: true,
                    at: reference.given_at(),
                    about: *reference,
                };
                let undone = item.amount.saturating_sub(transaction.standing);
                items.push(item);
                if !undone.is_zero() {
                    items.push(Item {
                        side: side.reversal(),
                        amount: undone,
                        ..item
                    });
                }
            }
        }
        Event::Advised { opening, .. } if opening.class != Class::Authorization => {
            items.push(Item {
                institution: opening.institution,
                side: Side::Debit,
                amount: opening.amount,
                counts: true,
                at: opening.reference.given_at(),
                about: opening.reference,
            })
        }
        Event::Completed {
            opening,
            original,
            debit,
            ..
        } if !debit.is_zero() => items.push(Item {
            institution: original
                .map_or(Err(Broken::OutOfTurn(opening.reference)), |original| {
                    before.known(original)
                })?
                .institution,
            side: Side::Debit,
            amount: *debit,
            counts: true,
            at: opening.reference.given_at(),
            about: opening.reference,
        }),
        Event::Reversed {
            opening,
            original,
            standing,
            ..
        } => {
            let transaction = before.known(*original)?;
            let undone = transaction.standing.saturating_sub(*standing);
            items.extend(
                taken_back(transaction, undone, opening.reference.given_at()).map(|item| Item {
                    about: opening.reference,
                    ..item
                }),
            );
        }
        Event::ReversedFurther {
            original,
            stood,
            standing,
            at,
        } => {
            let undone = stood.saturating_sub(*standing);
            items.extend(
                taken_back(before.known(*original)?, undone, *at).map(|item| Item {
                    counts: false,
                    ..item
                }),
            );
        }
        Event::Opened(_)
        | Event::Provisioned { .. }
        | Event::CardRequested { .. }
        | Event::CardIssued { .. }
        | Event::CardRetired { .. }
        | Event::LoadRequested { .. }
        | Event::PayoutRequested { .. }
        | Event::RefundRequested { .. }
        | Event::Held { .. }
        | Event::Advised { .. }
        | Event::Completed { .. }
        | Event::Expired { .. }
        | Event::PostingAcknowledged { .. }
        | Event::Released { .. }
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
    Ok(items)
}

fn side_of(kind: Kind) -> Option<Side> {
    match kind {
        Kind::Purchase | Kind::Completion | Kind::Payout => Some(Side::Debit),
        Kind::Refund | Kind::Load => Some(Side::Credit),
        Kind::Authorization
        | Kind::Reversal
        | Kind::CardIssue
        | Kind::Retirement
        | Kind::Administration => None,
    }
}

/// The wallet server asks for loads and payouts, which is no party.
fn party_of(transaction: &Transaction) -> Option<Institution> {
    match transaction.kind {
        Kind::Load | Kind::Payout => None,
        Kind::Purchase
        | Kind::Authorization
        | Kind::Completion
        | Kind::Reversal
        | Kind::CardIssue
        | Kind::Refund
        | Kind::Retirement
        | Kind::Administration => transaction.institution,
    }
}

/// So much of what was counted is taken back. What is still being decided is counted when it has been.
fn taken_back(transaction: &Transaction, undone: Amount, at: Timestamp) -> Option<Item> {
    let side = side_of(transaction.kind)?.reversal();
    let counted = transaction.status == Status::Approved && !undone.is_zero();
    counted.then_some(Item {
        institution: party_of(transaction),
        side,
        amount: undone,
        counts: true,
        at,
        about: transaction.reference,
    })
}
