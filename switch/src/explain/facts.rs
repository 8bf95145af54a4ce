//! What is known of a transaction before anything is written about it: its outcome, and the messages about it.

use tessera_kit::clock::Timestamp;
use tessera_protocol::{Currency, ResponseCode};

use super::{Step, Transaction, wire};
use tessera_ledger::{Event, NotedOriginal, Opening, Reference};

/// What came of it.
pub(super) struct Outcome {
    pub(super) code: Option<ResponseCode>,
    pub(super) rule: String,
    pub(super) approved: Option<Reference>,
}

pub(super) fn outcome(steps: &[Step]) -> Outcome {
    let mut outcome = Outcome {
        code: None,
        rule: "it waits for the financial system's answer".to_owned(),
        approved: None,
    };
    for Step { entry, .. } in steps {
        let (code, rule) = match &entry.event {
            Event::Approved { reference } => {
                outcome.approved = Some(*reference);
                let granted = granted(steps);
                (
                    granted,
                    "the wallet's rules allowed it, and the financial system approved".into(),
                )
            }
            Event::StoodIn { reference } => {
                outcome.approved = Some(*reference);
                let rule = "the wallet's rules allowed it, and the switch stood in for the financial system";
                (granted(steps), rule.into())
            }
            Event::Released {
                code, advise: true, ..
            } => (
                *code,
                "the financial system did not answer in time: it gets a reversal".into(),
            ),
            Event::Released { code, .. } if *code == ResponseCode::HOST_UNREACHABLE => {
                (*code, "it was never sent to the financial system".into())
            }
            Event::Released { code, .. } => (*code, "declined by the financial system".into()),
            Event::Declined { code, reason, .. } => (*code, reason.to_string()),
            Event::ReversalNoted { code, original, .. } => (
                *code,
                match original {
                    NotedOriginal::Unseen(_) => "original not found: it is remembered".into(),
                    NotedOriginal::Several => {
                        "original not found: several match equally well, and none is reversed"
                            .into()
                    }
                    NotedOriginal::Found => "there is nothing, or nothing left, to reverse".into(),
                },
            ),
            Event::Reversed { opening, .. } if opening.reference == reference_of(steps) => {
                (ResponseCode::APPROVED, "it reversed its original".into())
            }
            Event::Completed {
                unmatched: true, ..
            } => (
                ResponseCode::APPROVED,
                "an advice is never declined; original not found: nothing is debited".into(),
            ),
            Event::Completed { debit, .. } if debit.is_zero() => (
                ResponseCode::APPROVED,
                "an advice is never declined; there was nothing to debit".into(),
            ),
            Event::Completed { .. } => (
                ResponseCode::APPROVED,
                "it completes an authorization".into(),
            ),
            Event::Advised { .. } => (
                ResponseCode::APPROVED,
                "it is a stand-in advice, which is posted".into(),
            ),
            Event::OrderAnnounced { .. }
            | Event::OrderCancelled { .. }
            | Event::Account { .. }
            | Event::CardRetired { .. }
            | Event::Opened(_)
            | Event::Closed { .. } => (
                ResponseCode::APPROVED,
                // It has no amount, and no currency.
                entry.event.sentence(Currency::USD),
            ),
            Event::Provisioned { .. }
            | Event::CardRequested { .. }
            | Event::CardIssued { .. }
            | Event::LoadRequested { .. }
            | Event::PayoutRequested { .. }
            | Event::RefundRequested { .. }
            | Event::Held { .. }
            | Event::Expired { .. }
            | Event::PostingAcknowledged { .. }
            | Event::Reversed { .. }
            | Event::ReversedFurther { .. }
            | Event::AdviceAcknowledged { .. }
            | Event::Repeated { .. }
            | Event::GivenUp { .. }
            | Event::Directed(_)
            | Event::Reconciled(_)
            | Event::CardLate { .. } => continue,
        };
        // What comes later does not change the answer.
        if outcome.code.is_none() {
            (outcome.code, outcome.rule) = (Some(code), rule);
        }
    }
    outcome
}

fn granted(steps: &[Step]) -> ResponseCode {
    let part = steps.iter().any(|step| {
        matches!(
            &step.entry.event,
            Event::Held {
                granted: Some(_),
                ..
            }
        )
    });
    match part {
        true => ResponseCode::PARTLY_APPROVED,
        false => ResponseCode::APPROVED,
    }
}

fn reference_of(steps: &[Step]) -> Reference {
    let opening = steps.first().and_then(|step| step.entry.event.opening());
    opening.map_or(Reference(0), |opening| opening.reference)
}

/// The messages about a transaction, described field by field.
pub(super) struct Messages {
    pub(super) request: Option<String>,
    pub(super) forwarded: Option<String>,
    pub(super) answer: Option<String>,
    pub(super) advices: Vec<String>,
}

pub(super) fn messages(
    of: &Transaction,
    (first, opening): (&Step, &Opening),
    outcome: &Outcome,
) -> Messages {
    let event = &first.entry.event;
    let forwarded = wire::forwarded(event, opening, of.cards);
    let answer = outcome.code.and_then(|code| {
        let approval = outcome.approved.filter(|_| forwarded.is_some());
        let granted = event.to_host().filter(|_| approval.is_some());
        let amount = granted.map_or(opening.amount, |sent| sent.amount);
        wire::answer(event, opening, (code, amount), approval)
    });
    Messages {
        request: wire::request(event, opening, of.cards),
        forwarded,
        answer,
        advices: of
            .advices
            .iter()
            .map(|advice| wire::words(advice))
            .collect(),
    }
}

/// UTC, to the millisecond.
pub(super) fn moment(at: Timestamp) -> String {
    let day = tessera_ledger::Day::at(at, 0);
    let of_day = at.milliseconds() % 86_400_000;
    let (seconds, thousandths) = (of_day / 1000, of_day % 1000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!(
        "{day} {hours:02}:{minutes:02}:{:02}.{thousandths:03} UTC",
        seconds % 60
    )
}
