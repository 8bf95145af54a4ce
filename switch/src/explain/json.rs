//! A transaction for programs: the same facts as the page has.

use serde_json::{Value, json};
use tessera_common::text::{latin_1, visible};
use tessera_ledger::moment::rfc_3339;
use tessera_protocol::{Institution, mask_card_numbers};

use super::facts::{Messages, Outcome};
use super::{Step, Transaction, summary};
use tessera_ledger::Opening;

/// Amounts are minor units, balances are those before and after an event; what is not known is null.
pub(super) fn json(
    of: &Transaction,
    (first, opening): (&Step, &Opening),
    outcome: &Outcome,
    messages: &Messages,
) -> Value {
    let text = |bytes: &[u8]| visible(latin_1(bytes).trim());
    let lines = |text: &Option<String>| {
        let text = text.as_deref()?;
        Some(
            text.lines()
                .map(str::trim)
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    };
    let arrived = opening.reference.given_at();
    let events = of.steps.iter().map(|step| {
        let [before, after] = [step.before(), step.after];
        json!({
            "at": rfc_3339(step.entry.at),
            "milliseconds": step.entry.at.since(arrived),
            "record": step.sequence.to_stored(),
            "byte": step.position.to_stored(),
            "event": mask_card_numbers(&step.entry.event.sentence(opening.currency)),
            "available": [before[0], after[0]],
            "held": [before[1], after[1]],
            "owed": [before[2], after[2]],
        })
    });
    json!({
        "summary": summary::summary(of, first, opening, outcome),
        "kind": summary::kind(&first.entry.event, opening),
        "reference": text(&opening.reference.to_text()),
        "party_reference": text(&opening.retrieval),
        "arrived": rfc_3339(arrived),
        "agreed": of.agreement.map(|step| rfc_3339(step.entry.at)),
        "wallet": first.entry.wallet.0,
        "party": Institution::digits(opening.institution),
        "acceptor": text(&opening.acceptor),
        "amount": opening.amount.value(),
        "currency": opening.currency.letters(),
        "code": outcome.code.map(|code| code.to_string()),
        "meaning": outcome.code.and_then(|code| code.meaning()),
        "because": mask_card_numbers(&outcome.rule),
        "request": lines(&messages.request),
        "to_the_financial_system": lines(&messages.forwarded),
        "answer": lines(&messages.answer),
        "advices": messages.advices.iter().map(|advice| lines(&Some(advice.clone()))).collect::<Vec<_>>(),
        "events": events.collect::<Vec<_>>(),
    })
}
