//! What became of a transaction, in a few sentences.

use tessera_common::text::{latin_1, visible};
use tessera_protocol::{Institution, ResponseCode, mask_card_numbers, money_text};

use super::facts::{Outcome, moment};
use super::{Step, Transaction};
use tessera_ledger::{Class, Event, Opening, Payer};

/// The kind of a request, as people call it.
pub(super) fn kind(event: &Event, opening: &Opening) -> &'static str {
    match (event, opening.class) {
        (Event::Advised { .. }, _) => "stand-in advice",
        (Event::Completed { .. }, _) => "completion",
        (Event::RefundRequested { .. }, _) => "refund",
        (Event::LoadRequested { .. }, _) => "load",
        (Event::PayoutRequested { .. }, _) => "payout",
        (Event::OrderAnnounced { .. }, _) => "agreement to pay",
        (Event::OrderCancelled { .. }, _) => "cancellation",
        (_, Class::Reversal) => "reversal",
        (_, Class::Authorization) => "authorization",
        (_, Class::Financial) => match opening.processing_code / 10_000 {
            20 => "refund",
            30 | 31 => "balance inquiry",
            _ => "purchase",
        },
        (_, Class::Administrative) => "request of the payer",
    }
}

/// What was asked for, what was answered and why, and what came of it since.
pub(super) fn summary(
    of: &Transaction,
    first: &Step,
    opening: &Opening,
    outcome: &Outcome,
) -> String {
    let mut sentences = vec![asked(&first.entry.event, opening)];
    if let Some(agreed) = of.agreement {
        sentences.push(format!(
            "The payer had agreed to pay it at {}.",
            moment(agreed.entry.at)
        ));
    }
    sentences.push(answered(outcome));
    sentences.extend(since(of, opening));
    sentences.extend(cost(of, opening));
    mask_card_numbers(&sentences.join("\n")).into_owned()
}

fn asked(event: &Event, opening: &Opening) -> String {
    let kind = kind(event, opening);
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "An"
    } else {
        "A"
    };
    let amount = match opening.amount.is_zero() {
        true => String::new(),
        false => format!(" of {}", money_text(opening.amount, opening.currency)),
    };
    let by = match opening.payer {
        Payer::Card(card, _) => format!(" by the card that ends with {}", card.last_four),
        Payer::Order(_) => " by order".to_owned(),
        Payer::Wallet => String::new(),
    };
    let acceptor = visible(latin_1(&opening.acceptor).trim());
    let place = match acceptor.as_str() {
        "" => String::new(),
        acceptor => format!(" at {acceptor}"),
    };
    let party = match opening.institution {
        None => "which the payer requested".to_owned(),
        Some(_) => format!(
            "which party {} requested",
            Institution::digits(opening.institution)
        ),
    };
    let arrived = moment(opening.reference.given_at());
    format!("{article} {kind}{amount}{by}{place}, {party} at {arrived}.")
}

fn answered(outcome: &Outcome) -> String {
    let Some(code) = outcome.code else {
        return format!("It is not decided yet: {}.", outcome.rule);
    };
    // The decline of a rule has no other words than its code.
    let is_said = code
        .meaning()
        .is_some_and(|meaning| meaning == outcome.rule);
    let because = match is_said {
        true => String::new(),
        false => format!(": {}", outcome.rule),
    };
    match code {
        ResponseCode::APPROVED => format!("It was approved (00){because}."),
        ResponseCode::PARTLY_APPROVED => format!("It was approved in part (10){because}."),
        _ => {
            let meaning = code.meaning().map(|meaning| format!(", {meaning}"));
            format!(
                "It was declined ({code}{}){because}.",
                meaning.unwrap_or_default()
            )
        }
    }
}

/// What happened to it behind its answer.
fn since(of: &Transaction, opening: &Opening) -> Vec<String> {
    let money = |amount| money_text(amount, opening.currency);
    let later = of.steps.iter().skip(1);
    let said = later.filter_map(|step| {
        let what = match &step.entry.event {
            Event::Reversed { standing, .. } if standing.is_zero() => "it was reversed".to_owned(),
            Event::Reversed { standing, .. } => {
                format!("it was reversed in part, and {} remains", money(*standing))
            }
            Event::ReversedFurther { standing, .. } => {
                format!("a refund of it failed, and {} remains", money(*standing))
            }
            Event::Completed { debit, .. } => format!("a completion debited {}", money(*debit)),
            Event::Expired { .. } => "its hold expired, and the money is available again".to_owned(),
            Event::GivenUp { code, .. } => {
                format!("the financial system refused the advice about it ({code}): see `tessera saf list`")
            }
            Event::Opened(_)
            | Event::Provisioned { .. }
            | Event::CardRequested { .. }
            | Event::CardIssued { .. }
            | Event::CardLate { .. }
            | Event::CardRetired { .. }
            | Event::LoadRequested { .. }
            | Event::PayoutRequested { .. }
            | Event::RefundRequested { .. }
            | Event::Held { .. }
            | Event::Approved { .. }
            | Event::StoodIn { .. }
            | Event::Released { .. }
            | Event::Declined { .. }
            | Event::Advised { .. }
            | Event::ReversalNoted { .. }
            | Event::PostingAcknowledged { .. }
            | Event::AdviceAcknowledged { .. }
            | Event::Repeated { .. }
            | Event::OrderAnnounced { .. }
            | Event::OrderCancelled { .. }
            | Event::Account { .. }
            | Event::Closed { .. }
            | Event::Directed(_)
            | Event::Reconciled(_) => return None,
        };
        Some(format!("At {}, {what}.", moment(step.entry.at)))
    });
    said.collect()
}

/// What all of its events did to the wallet's money.
fn cost(of: &Transaction, opening: &Opening) -> Option<String> {
    let [mut money, mut held] = [0_i128; 2];
    for step in of.steps {
        let [available, set_aside, owed] = step.before().map(i128::from);
        let after = step.after.map(i128::from);
        money += (after[0] + after[1] - after[2]) - (available + set_aside - owed);
        held += after[1] - set_aside;
    }
    let text = |minor| money_text(minor, opening.currency);
    match (money, held) {
        (0, 0) if opening.amount.is_zero() => None,
        (0, 0) => Some("In all, the wallet has as much as before.".to_owned()),
        (0, held) if held > 0 => Some(format!("{} of the wallet is held for it.", text(held))),
        (money, _) if money < 0 => {
            Some(format!("In all, it took {} from the wallet.", text(-money)))
        }
        (money, _) => Some(format!("In all, it brought the wallet {}.", text(money))),
    }
}
