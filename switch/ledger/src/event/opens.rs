//! The transaction that an event opens.

use tessera_kit::clock::Timestamp;
use tessera_kit::record::Position;
use tessera_protocol::{Amount, ResponseCode, Stan};

use super::{Event, NotedOriginal};
use crate::Class;
use crate::Opening;
use crate::transaction::{Advice, Hold, HoldState, Kind, More, NO_MORE, Status, Transaction};

impl Transaction {
    /// What `event`, which stands at `position`, opens, as it is just then; `None` where it opens nothing.
    pub fn opened_by(event: &Event, position: Position) -> Option<Self> {
        let opening = event.opening()?;
        // An authorization sets money aside as a purchase does, and keeps it so.
        let paying = match opening.class {
            Class::Authorization => Kind::Authorization,
            Class::Financial | Class::Reversal | Class::Administrative => Kind::Purchase,
        };
        let (kind, status, code, host_trace) = match event {
            Event::CardRequested { host_trace, .. } => pending(Kind::CardIssue, *host_trace),
            Event::LoadRequested { host_trace, .. } => pending(Kind::Load, *host_trace),
            Event::PayoutRequested { host_trace, .. } => pending(Kind::Payout, *host_trace),
            Event::RefundRequested { host_trace, .. } => pending(Kind::Refund, *host_trace),
            Event::CardRetired { .. } => closed(Kind::Retirement, ResponseCode::APPROVED),
            Event::Account { change, .. } => closed(Kind::Administration, change.code()),
            Event::Held { host_trace, .. } => pending(paying, *host_trace),
            Event::Advised { .. } => closed(paying, ResponseCode::APPROVED),
            Event::Completed { .. } => closed(Kind::Completion, ResponseCode::APPROVED),
            Event::Declined { code, .. } if opening.class == Class::Administrative => {
                closed(Kind::Administration, *code)
            }
            Event::Declined { code, .. } if opening.credits() => closed(Kind::Refund, *code),
            Event::Declined { code, .. } => closed(paying, *code),
            Event::Reversed { .. } => closed(Kind::Reversal, ResponseCode::APPROVED),
            Event::ReversalNoted { code, .. } => closed(Kind::Reversal, *code),
            Event::Opened(_)
            | Event::Provisioned { .. }
            | Event::CardIssued { .. }
            | Event::Expired { .. }
            | Event::StoodIn { .. }
            | Event::PostingAcknowledged { .. }
            | Event::Approved { .. }
            | Event::Released { .. }
            | Event::ReversedFurther { .. }
            | Event::AdviceAcknowledged { .. }
            | Event::Repeated { .. }
            | Event::OrderAnnounced { .. }
            | Event::OrderCancelled { .. }
            | Event::Closed { .. }
            | Event::GivenUp { .. }
            | Event::Directed(_)
            | Event::Reconciled(_)
            | Event::CardLate { .. } => closed(Kind::Administration, ResponseCode::APPROVED),
        };
        let more = More::of(event, kind, status);
        Some(Self {
            kind,
            status,
            code,
            host_trace,
            standing: match (status, event) {
                (Status::Declined, _) => Amount::ZERO,
                (_, Event::Completed { debit, .. }) => *debit,
                (_, Event::Held { granted, .. }) => granted.unwrap_or(opening.amount),
                _ => opening.amount,
            },
            more: (more != *NO_MORE).then(|| Box::new(more)),
            advice: match kind {
                Kind::Retirement => Advice::Open,
                Kind::Purchase
                | Kind::Authorization
                | Kind::Completion
                | Kind::Reversal
                | Kind::Load
                | Kind::CardIssue
                | Kind::Refund
                | Kind::Payout
                | Kind::Administration => Advice::None,
            },
            ..Self::of(opening, position)
        })
    }

    fn of(opening: &Opening, position: Position) -> Self {
        Self {
            key: opening.key,
            reference: opening.reference,
            position,
            institution: opening.institution,
            amount: opening.amount,
            standing: opening.amount,
            payer: opening.payer.tag(),
            transmission: opening.transmission,
            trace: opening.trace,
            local: opening.local(),
            terminal: opening.terminal_tag(),
            acceptor: opening.acceptor_tag(),
            retrieval: opening.retrieval,
            host_trace: None,
            currency: opening.currency,
            code: ResponseCode::APPROVED,
            kind: Kind::Administration,
            status: Status::Pending,
            advice: Advice::None,
            more: None,
        }
    }
}

impl More {
    fn of(event: &Event, kind: Kind, status: Status) -> Self {
        match event {
            Event::RefundRequested {
                original, early, ..
            } => Self {
                original: *original,
                early: *early,
                ..Self::default()
            },
            Event::Held {
                opening,
                granted,
                expires_at,
                ..
            } => Self {
                granted: *granted,
                hold: (kind == Kind::Authorization).then(|| Hold {
                    state: HoldState::Open,
                    held: granted.unwrap_or(opening.amount),
                    most: granted.unwrap_or(opening.amount),
                    expires_at: expires_at.unwrap_or(Timestamp::EPOCH),
                }),
                ..Self::default()
            },
            Event::Advised {
                opening,
                expires_at,
                ..
            } if status == Status::Approved => Self {
                hold: (kind == Kind::Authorization).then_some(Hold {
                    state: HoldState::Open,
                    held: opening.amount,
                    most: opening.amount,
                    expires_at: expires_at.unwrap_or(Timestamp::EPOCH),
                }),
                posting: Advice::Open,
                ..Self::default()
            },
            Event::ReversalNoted { original, .. } => Self {
                unmatched: match original {
                    NotedOriginal::Found => false,
                    NotedOriginal::Unseen(unseen) => !unseen.was_waiting,
                    NotedOriginal::Several => true,
                },
                ..Self::default()
            },
            Event::Completed {
                original,
                debit,
                unmatched,
                ..
            } => Self {
                original: *original,
                unmatched: *unmatched,
                posting: match debit.is_zero() {
                    true => Advice::None,
                    false => Advice::Open,
                },
                ..Self::default()
            },
            Event::Opened(_)
            | Event::Provisioned { .. }
            | Event::CardRequested { .. }
            | Event::CardIssued { .. }
            | Event::CardRetired { .. }
            | Event::LoadRequested { .. }
            | Event::PayoutRequested { .. }
            | Event::Advised { .. }
            | Event::Expired { .. }
            | Event::StoodIn { .. }
            | Event::PostingAcknowledged { .. }
            | Event::Approved { .. }
            | Event::Released { .. }
            | Event::Declined { .. }
            | Event::Reversed { .. }
            | Event::ReversedFurther { .. }
            | Event::AdviceAcknowledged { .. }
            | Event::Repeated { .. }
            | Event::OrderAnnounced { .. }
            | Event::OrderCancelled { .. }
            | Event::Account { .. }
            | Event::Closed { .. }
            | Event::GivenUp { .. }
            | Event::Directed(_)
            | Event::Reconciled(_)
            | Event::CardLate { .. } => Self::default(),
        }
    }
}

type Opened = (Kind, Status, ResponseCode, Option<Stan>);

fn pending(kind: Kind, host_trace: Stan) -> Opened {
    (
        kind,
        Status::Pending,
        ResponseCode::APPROVED,
        Some(host_trace),
    )
}

fn closed(kind: Kind, code: ResponseCode) -> Opened {
    let status = match code.is_approved() {
        true => Status::Approved,
        false => Status::Declined,
    };
    (kind, status, code, None)
}
