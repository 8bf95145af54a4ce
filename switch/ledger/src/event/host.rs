//! What the host is asked for, or notified of, by the transaction that an event opens.

use tessera_protocol::{Amount, Stan};

use super::Event;
use crate::CardName;
use crate::Opening;
use crate::Reference;

/// The request to the host about a transaction that moves money.
#[derive(Debug, Clone, Copy)]
pub struct ToHost<'a> {
    /// The request.
    pub opening: &'a Opening,
    /// What it is to the host.
    pub purpose: HostPurpose,
    /// Our trace number towards the host (field 11); `None` where an advice notifies it, which has another one each time.
    pub trace: Option<Stan>,
    /// The card that the host is shown.
    pub card: CardName,
    /// YYMM.
    pub expiry: u16,
    /// What the host is asked for, or notified of.
    pub amount: Amount,
    /// The purchase of a refund.
    pub original: Option<Reference>,
}

/// What a transaction is to the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostPurpose {
    /// It approves a purchase or an authorization.
    Payment,
    /// It approves a refund.
    Refund,
    /// It takes money from the payer's source.
    Load,
    /// It gives money to the payer's source.
    Payout,
    /// A purchase or an authorization was decided elsewhere.
    Advice,
    /// An authorization was completed.
    Completion,
}

impl Event {
    /// The request to the host about the transaction that this event opens; `None` where that moves no money there.
    pub fn to_host(&self) -> Option<ToHost<'_>> {
        let asked =
            |opening, purpose, host_trace: &Stan, card: &CardName, expiry: &u16, amount| ToHost {
                opening,
                purpose,
                trace: Some(*host_trace),
                card: *card,
                expiry: *expiry,
                amount,
                original: None,
            };
        let notified = |opening, purpose, card: &CardName, expiry: &u16, amount| ToHost {
            opening,
            purpose,
            trace: None,
            card: *card,
            expiry: *expiry,
            amount,
            original: None,
        };
        match self {
            Self::Held {
                opening,
                host_trace,
                card,
                expiry,
                granted,
                expires_at: _,
            } => {
                let amount = granted.unwrap_or(opening.amount);
                Some(asked(
                    opening,
                    HostPurpose::Payment,
                    host_trace,
                    card,
                    expiry,
                    amount,
                ))
            }
            Self::RefundRequested {
                opening,
                original,
                early: _,
                host_trace,
                card,
                expiry,
            } => Some(ToHost {
                original: *original,
                ..asked(
                    opening,
                    HostPurpose::Refund,
                    host_trace,
                    card,
                    expiry,
                    opening.amount,
                )
            }),
            Self::LoadRequested {
                opening,
                host_trace,
                card,
                expiry,
                source: _,
                by_itself: _,
            } => Some(asked(
                opening,
                HostPurpose::Load,
                host_trace,
                card,
                expiry,
                opening.amount,
            )),
            Self::PayoutRequested {
                opening,
                host_trace,
                card,
                expiry,
                source: _,
            } => Some(asked(
                opening,
                HostPurpose::Payout,
                host_trace,
                card,
                expiry,
                opening.amount,
            )),
            Self::Advised {
                opening,
                card,
                expiry,
                expires_at: _,
            } => Some(notified(
                opening,
                HostPurpose::Advice,
                card,
                expiry,
                opening.amount,
            )),
            Self::Completed {
                opening,
                card,
                expiry,
                debit,
                ..
            } => Some(notified(
                opening,
                HostPurpose::Completion,
                card,
                expiry,
                *debit,
            )),
            Self::Opened(_)
            | Self::Provisioned { .. }
            | Self::CardRequested { .. }
            | Self::CardIssued { .. }
            | Self::CardRetired { .. }
            | Self::Expired { .. }
            | Self::StoodIn { .. }
            | Self::PostingAcknowledged { .. }
            | Self::Approved { .. }
            | Self::Released { .. }
            | Self::Declined { .. }
            | Self::Reversed { .. }
            | Self::ReversedFurther { .. }
            | Self::ReversalNoted { .. }
            | Self::AdviceAcknowledged { .. }
            | Self::Repeated { .. }
            | Self::OrderAnnounced { .. }
            | Self::OrderCancelled { .. }
            | Self::Account { .. }
            | Self::Closed { .. }
            | Self::GivenUp { .. }
            | Self::Directed(_)
            | Self::Reconciled(_)
            | Self::CardLate { .. } => None,
        }
    }
}
