//! What has become of a request or an order, for the party that sent it (0600/310).
//!
//! Nothing is changed or journaled by it, and nothing is said about who pays: amounts, codes, and what names the request.

use tessera_kit::clock::Timestamp;
use tessera_protocol::{OriginalData, ResponseCode, State, StatusAmounts, StatusReport};

use super::find::find_at;
use crate::transaction::{HoldState, Kind, Status, Transaction};
use crate::{Class, OrderState, Reference, StatusQuery, Wallet};

impl Wallet {
    /// The purchase that pays, or has paid, the order that the query is about, if it names no request; the order is at hand.
    pub fn payment_of(&self, query: &StatusQuery) -> Option<Reference> {
        let order = self.order(&query.order().filter(|_| query.named.is_none())?)?;
        match order.state {
            OrderState::Paying(reference) | OrderState::Paid(reference) => Some(reference),
            OrderState::Open | OrderState::Cancelled => None,
        }
    }

    /// The request that the query is about, if this wallet has it and the party sent it.
    pub fn asked_about(&self, query: &StatusQuery, now: Timestamp) -> Option<&Transaction> {
        let found = match &query.named {
            Some(named) => {
                let asks_for_money = |kind| {
                    matches!(
                        kind,
                        Kind::Purchase | Kind::Authorization | Kind::Completion | Kind::Refund
                    )
                };
                find_at(self, now, named, asks_for_money).ok()?
            }
            None => self.transactions.by_reference(self.payment_of(query)?)?,
        };
        (found.institution == query.institution).then_some(found)
    }

    /// What has become of what the query is about; `None` where nothing is known of it here.
    pub fn status_of(&self, query: &StatusQuery, now: Timestamp) -> Option<StatusReport> {
        if let Some(found) = self.asked_about(query, now) {
            return Some(self.report_on(found));
        }
        let order = self.order(&query.order().filter(|_| query.named.is_none())?)?;
        let state = match order.state {
            OrderState::Open if order.expires_at < now => State::Expired,
            OrderState::Open => State::Agreed,
            OrderState::Cancelled => State::Cancelled,
            // Another party's purchase, or one that is forgotten.
            OrderState::Paying(_) | OrderState::Paid(_) => return None,
        };
        Some(StatusReport {
            state,
            code: None,
            approval: None,
            currency: order.currency,
            amount: order.amount,
            amounts: None,
            retrieval: None,
            original: None,
            reason: None,
        })
    }

    fn report_on(&self, found: &Transaction) -> StatusReport {
        let decided = found.status != Status::Pending;
        let approved = found.status == Status::Approved;
        let code = match found.more().granted {
            Some(_) if approved => ResponseCode::PARTLY_APPROVED,
            _ => found.code,
        };
        StatusReport {
            state: state_of(found),
            code: decided.then_some(code),
            approval: (approved && found.host_trace.is_some()).then(|| found.approval()),
            currency: found.currency,
            amount: found.amount,
            amounts: approved.then(|| self.amounts_of(found)),
            retrieval: Some(found.retrieval),
            original: Some(OriginalData {
                mti: class_of(found.kind).request(),
                trace: found.trace,
                transmission: found.transmission,
                institution: found.institution,
                forwarding: None,
            }),
            reason: None,
        }
    }

    fn amounts_of(&self, found: &Transaction) -> StatusAmounts {
        let (approved, more) = (found.granted(), found.more());
        let (reversed, refunded, completed) = match found.kind {
            // What is free because nothing more will be completed was not taken back.
            Kind::Authorization => {
                let left = more.asked.map(|asked| asked.max(more.used));
                let reversed = left.map(|left| approved.saturating_sub(left));
                (reversed.unwrap_or_default(), None, Some(more.used))
            }
            Kind::Purchase
            | Kind::Completion
            | Kind::Reversal
            | Kind::Load
            | Kind::CardIssue
            | Kind::Refund
            | Kind::Payout
            | Kind::Retirement
            | Kind::Administration => {
                let under_way = self.transactions.iter().filter(|other| {
                    other.kind == Kind::Refund
                        && other.status == Status::Pending
                        && other.more().original == Some(found.reference)
                });
                let refunded = under_way.fold(more.used, |used, refund| {
                    used.saturating_sub(refund.standing)
                });
                (
                    approved.saturating_sub(found.standing),
                    Some(refunded),
                    None,
                )
            }
        };
        StatusAmounts {
            approved,
            reversed,
            refunded: refunded.unwrap_or_default(),
            completed: completed.unwrap_or_default(),
        }
    }
}

fn state_of(found: &Transaction) -> State {
    let has_expired = || {
        let hold = found.hold();
        hold.is_some_and(|hold| hold.state == HoldState::Expired) && found.more().asked.is_none()
    };
    match found.status {
        Status::Pending => State::Deciding,
        Status::Declined => State::Declined,
        Status::Approved if !found.standing.is_zero() || found.more().unmatched => State::Approved,
        Status::Approved if has_expired() => State::Expired,
        Status::Approved => State::Reversed,
    }
}

fn class_of(kind: Kind) -> Class {
    match kind {
        Kind::Authorization => Class::Authorization,
        Kind::Purchase | Kind::Completion | Kind::Refund => Class::Financial,
        Kind::Reversal => Class::Reversal,
        Kind::Load | Kind::CardIssue | Kind::Payout | Kind::Retirement | Kind::Administration => {
            Class::Administrative
        }
    }
}
