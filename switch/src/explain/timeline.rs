//! The report about one transaction: its events in order, with amounts, reasons and messages.

use std::fmt::Write;

use tessera_common::text::{latin_1, visible};
use tessera_protocol::{Currency, Institution, mask_card_numbers, plain_amount};

use super::facts::{Messages, Outcome, messages, moment, outcome};
use super::summary::summary;
use super::{Explanation, Step, Transaction, json};
use tessera_ledger::Opening;

/// A transaction without its first event is none.
pub(super) fn explanation(of: &Transaction) -> Option<Explanation> {
    let first = of.steps.first()?;
    let opening = first.entry.event.opening()?;
    let outcome = outcome(of.steps);
    let messages = messages(of, (first, opening), &outcome);
    Some(Explanation {
        page: page(of, (first, opening), &outcome, &messages),
        json: json::json(of, (first, opening), &outcome, &messages),
    })
}

/// Titles, and what stands under each.
fn page(
    of: &Transaction,
    (first, opening): (&Step, &Opening),
    outcome: &Outcome,
    messages: &Messages,
) -> String {
    let mut page = String::new();
    let mut title = |text: &str, under: &str| {
        if !under.is_empty() {
            // A text takes what is written into it.
            let _ = writeln!(page, "{text}\n{under}");
        }
    };
    let summary = summary(of, first, opening, outcome);
    let summary: String = summary.lines().map(|line| format!("  {line}\n")).collect();
    title("SUMMARY", &summary);
    title("TRANSACTION", &facts(first, opening, outcome));
    let described = |message: &Option<String>| message.clone().unwrap_or_default();
    title(
        "REQUEST, as the journal has it",
        &described(&messages.request),
    );
    title(
        "TO THE FINANCIAL SYSTEM, of which the party's other fields go along",
        &described(&messages.forwarded),
    );
    title("ANSWER", &described(&messages.answer));
    for advice in &messages.advices {
        title(
            "ADVICES TO THE FINANCIAL SYSTEM until it acknowledges, each with its own fields 7 and 11",
            advice,
        );
    }
    title(
        "EVENTS, with balances before and after them",
        &events(of, opening.currency),
    );
    title(
        "TIMES, from the request's arrival at its wallet",
        &times(of.steps, opening),
    );
    page
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

fn events(of: &Transaction, currency: Currency) -> String {
    let minor = |amount| plain_amount(amount, currency);
    let mut table = String::new();
    for step in of.agreement.into_iter().chain(of.steps) {
        let entry = &step.entry;
        let before = step.before();
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
