//! The report about one transaction: its events in order, with amounts, reasons and messages.

use std::fmt::Write;

use tessera_common::text::{latin_1, visible};
use tessera_kit::clock::Timestamp;
use tessera_protocol::{Currency, Institution, ResponseCode, mask_card_numbers, plain_amount};

use super::{Step, wire};
use tessera_ledger::{CardNumbers, Event, NotedOriginal, Opening, Reference};

/// Titles, and what stands under each. `advices` are the advices to the financial system, as sent over the line.
pub(super) fn page(steps: &[Step], advices: &[Vec<u8>], cards: &CardNumbers) -> String {
    let mut page = String::new();
    let Some((first, opening)) = steps
        .first()
        .and_then(|step| Some((step, step.entry.event.opening()?)))
    else {
        return page;
    };
    let event = &first.entry.event;
    let outcome = outcome(steps);
    let mut title = |text: &str, under: &str| {
        if !under.is_empty() {
            // A text takes what is written into it.
            let _ = writeln!(page, "{text}\n{under}");
        }
    };
    title("TRANSACTION", &facts(first, opening, &outcome));
    let request = wire::request(event, opening, cards).unwrap_or_default();
    title("REQUEST, as the journal has it", &request);
    let forwarded = wire::forwarded(event, opening, cards).unwrap_or_default();
    title(
        "TO THE FINANCIAL SYSTEM, of which the party's other fields go along",
        &forwarded,
    );
    let answer = outcome.code.and_then(|code| {
        let approval = outcome.approved.filter(|_| !forwarded.is_empty());
        let granted = event.to_host().filter(|_| approval.is_some());
        let amount = granted.map_or(opening.amount, |sent| sent.amount);
        wire::answer(event, opening, (code, amount), approval)
    });
    title("ANSWER", &answer.unwrap_or_default());
    for advice in advices {
        title(
            "ADVICES TO THE FINANCIAL SYSTEM until it acknowledges, each with its own fields 7 and 11",
            &wire::words(advice),
        );
    }
    title(
        "EVENTS, with balances before and after them",
        &events(steps, opening.currency),
    );
    title(
        "TIMES, from the request's arrival at its wallet",
        &times(steps, opening),
    );
    page
}

/// What came of it.
struct Outcome {
    code: Option<ResponseCode>,
    rule: String,
    approved: Option<Reference>,
}

fn outcome(steps: &[Step]) -> Outcome {
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
            Event::Opened(_)
            | Event::Provisioned { .. }
            | Event::CardRequested { .. }
            | Event::CardIssued { .. }
            | Event::CardRetired { .. }
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
            | Event::OrderAnnounced { .. }
            | Event::OrderCancelled { .. }
            | Event::Account { .. }
            | Event::Closed { .. }
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

fn facts(first: &Step, opening: &Opening, outcome: &Outcome) -> String {
    let text = |bytes: &[u8]| visible(latin_1(bytes).trim());
    let code = outcome
        .code
        .map_or("none yet".to_owned(), |code| match code.meaning() {
            Some(meaning) => format!("{code}, {meaning}"),
            None => code.to_string(),
        });
    let lines = [
        ("our reference", text(&opening.reference.to_text())),
        ("arrived", moment(opening.reference.given_at())),
        ("wallet", first.entry.wallet.0.to_string()),
        (
            "party",
            Institution::digits(opening.institution).to_string(),
        ),
        ("decided", code),
        ("because", mask_card_numbers(&outcome.rule).into_owned()),
    ];
    let lines = lines
        .iter()
        .map(|(name, value)| format!("  {name:<15}{value}\n"));
    lines.collect()
}

fn events(steps: &[Step], currency: Currency) -> String {
    let minor = |amount| plain_amount(amount, currency);
    let mut table = String::new();
    for step in steps {
        let entry = &step.entry;
        let before = [entry.available, entry.held, entry.owed].map(|balance| balance.value());
        let _ = writeln!(
            table,
            "  {}  record {}, byte {}\n    {}",
            moment(entry.at),
            step.sequence,
            step.position,
            mask_card_numbers(&entry.event.sentence(currency))
        );
        for (name, before, after) in [
            ("available", before[0], step.after[0]),
            ("held", before[1], step.after[1]),
            ("owed", before[2], step.after[2]),
        ] {
            if before != after {
                let _ = writeln!(
                    table,
                    "    {name:<10}{:>14} -> {:>14}",
                    minor(before),
                    minor(after)
                );
            }
        }
    }
    table
}

fn times(steps: &[Step], opening: &Opening) -> String {
    let arrived = opening.reference.given_at();
    let mut table = String::new();
    for step in steps {
        let since = step.entry.at.since(arrived);
        let what = step.entry.event.sentence(opening.currency);
        let _ = writeln!(table, "  {since:>10} ms  {}", mask_card_numbers(&what));
    }
    table
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
