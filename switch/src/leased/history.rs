//! A wallet's events as the wallet server reads them.

use tessera_common::text::latin_1;
use tessera_protocol::ResponseCode;
use tessera_protocol::leased::{EventKind, HistoryRow, tag};

use super::answer::AnswerFields;
use tessera_ledger::{Change, Entry, Event, Opening, Payer, Reference};

/// Bytes of a tag, a length and a position.
const POSITION_BYTES: usize = 5 + 20;
/// Bytes of a tag and a length.
const HEAD_BYTES: usize = 5;

/// As many events as fit, and where to go on for the others.
pub(super) fn add(
    fields: &mut AnswerFields,
    entries: &[(u64, Entry)],
    next: u64,
    sources: &[(u32, Box<str>)],
) {
    let mut next = next;
    for (position, entry) in entries {
        let row = row(entry, sources).to_string();
        let fits = row.len() + HEAD_BYTES + POSITION_BYTES <= fields.room();
        if !fits || !fields.add(tag::EVENT, row.as_bytes()) {
            next = *position;
            break;
        }
    }
    if next != 0 {
        fields.number(tag::POSITION, next);
    }
}

fn row(entry: &Entry, sources: &[(u32, Box<str>)]) -> HistoryRow {
    let event = &entry.event;
    let opening = event.opening();
    let (reference, original) = references(event, opening);
    let text = |reference: Option<Reference>| {
        let text = reference.map(|reference| reference.to_text().map(char::from));
        text.map(String::from_iter).unwrap_or_default()
    };
    HistoryRow {
        at: entry.at,
        kind: kind(event),
        reference: text(reference),
        original: text(original),
        amount: amount(event, opening),
        available: entry.available.value(),
        held: entry.held.value(),
        code: match event {
            Event::Released { code, .. }
            | Event::Declined { code, .. }
            | Event::ReversalNoted { code, .. } => code.to_string(),
            Event::Advised { .. } => ResponseCode::APPROVED.to_string(),
            _ => String::new(),
        },
        institution: opening.map_or(0, |opening| opening.institution),
        acceptor: opening.map(acceptor).unwrap_or_default(),
        card: card(event, opening),
        order: match opening.map(|opening| &opening.payer) {
            Some(Payer::Order(key)) => key.to_string(),
            _ => String::new(),
        },
        text: words(event, sources),
    }
}

fn references(event: &Event, opening: Option<&Opening>) -> (Option<Reference>, Option<Reference>) {
    let own = opening.map(|opening| opening.reference);
    match event {
        Event::Approved { reference }
        | Event::Released { reference, .. }
        | Event::CardIssued { reference, .. }
        | Event::AdviceAcknowledged { reference }
        | Event::PostingAcknowledged { reference }
        | Event::Expired { reference }
        | Event::StoodIn { reference }
        | Event::Repeated { reference, .. } => (Some(*reference), None),
        Event::Completed { original, .. } | Event::RefundRequested { original, .. }
            if original.0 == 0 =>
        {
            (own, None)
        }
        Event::Reversed { original, .. }
        | Event::Completed { original, .. }
        | Event::RefundRequested { original, .. } => (own, Some(*original)),
        Event::ReversedFurther { original, .. } => (None, Some(*original)),
        _ => (own, None),
    }
}

fn kind(event: &Event) -> EventKind {
    match event {
        Event::Opened(_) => EventKind::Opened,
        Event::Provisioned { .. } => EventKind::Provisioned,
        Event::CardRequested { .. } => EventKind::CardRequested,
        Event::CardIssued { .. } => EventKind::CardIssued,
        Event::CardRetired { .. } => EventKind::CardRetired,
        Event::LoadRequested { .. } => EventKind::LoadRequested,
        Event::PayoutRequested { .. } => EventKind::PayoutRequested,
        Event::RefundRequested { opening, .. } if opening.is_load() => EventKind::LoadRequested,
        Event::RefundRequested { .. } => EventKind::RefundRequested,
        Event::Held { opening, .. } | Event::Advised { opening, .. } if opening.class == 1 => {
            EventKind::Authorized
        }
        Event::Held { .. } => EventKind::Held,
        Event::Advised { .. } => EventKind::Advised,
        Event::Completed { closes: true, .. } => EventKind::Completed,
        Event::Completed { .. } => EventKind::CompletedInPart,
        Event::Expired { .. } => EventKind::Expired,
        Event::StoodIn { .. } => EventKind::Approved,
        Event::PostingAcknowledged { .. } => EventKind::AdviceAcknowledged,
        Event::Approved { .. } => EventKind::Approved,
        Event::Released { .. } => EventKind::Released,
        Event::Declined { .. } => EventKind::Declined,
        Event::Reversed { .. } | Event::ReversedFurther { .. } => EventKind::Reversed,
        Event::ReversalNoted { .. } => EventKind::ReversalNoted,
        Event::AdviceAcknowledged { .. } => EventKind::AdviceAcknowledged,
        Event::Repeated { .. } => EventKind::Repeated,
        Event::CardLate { .. }
        | Event::GivenUp { .. }
        | Event::Directed(_)
        | Event::Reconciled(_) => EventKind::Other,
        Event::OrderAnnounced { .. } => EventKind::OrderAnnounced,
        Event::OrderCancelled { .. } => EventKind::OrderCancelled,
        Event::Closed { .. } => EventKind::Closed,
        Event::Account { change, .. } => match change {
            Change::Registered(_) => EventKind::Opened,
            Change::SignedIn(_) => EventKind::SignedIn,
            Change::SignedOut(_) => EventKind::SignedOut,
            Change::PasswordChanged { .. } => EventKind::PasswordChanged,
            Change::SourceAdded(_) => EventKind::SourceAdded,
            Change::SourceRemoved(_) => EventKind::SourceRemoved,
            Change::ReloadSet(_) => EventKind::ReloadSet,
            Change::Frozen => EventKind::Frozen,
            Change::Unfrozen => EventKind::Unfrozen,
            Change::LimitsSet(_) => EventKind::LimitsSet,
            Change::ContactProposed { .. } => EventKind::ContactProposed,
            Change::ContactConfirmed(_) => EventKind::ContactConfirmed,
            Change::ContactRemoved => EventKind::ContactRemoved,
            Change::PreferencesSet(_) => EventKind::PreferencesSet,
            Change::SessionUsed(_)
            | Change::SourceResealed(..)
            | Change::CodeMissed
            | Change::ContactResealed(_) => EventKind::Other,
        },
    }
}

fn amount(event: &Event, opening: Option<&Opening>) -> u64 {
    match event {
        Event::Provisioned { balance, .. } => balance.value(),
        Event::Reversed { standing, .. } | Event::ReversedFurther { standing, .. } => {
            standing.value()
        }
        Event::Held {
            granted: Some(granted),
            ..
        } => granted.value(),
        Event::Completed { debit, .. } => debit.value(),
        _ => opening.map_or(0, |opening| opening.amount.value()),
    }
}

fn acceptor(opening: &Opening) -> String {
    let text = latin_1(&opening.acceptor);
    // A comma would be taken for the end of the value.
    text.trim_end().replace(',', " ")
}

fn card(event: &Event, opening: Option<&Opening>) -> String {
    let named = match opening.map(|opening| &opening.payer) {
        Some(Payer::Card(card, _)) => Some(card),
        _ => None,
    };
    let card = match event {
        Event::CardIssued { card, .. } | Event::CardRetired { card, .. } => Some(card),
        _ => named,
    };
    card.map_or_else(String::new, |card| format!("{:04}", card.expose() % 10_000))
}

fn words(event: &Event, sources: &[(u32, Box<str>)]) -> String {
    match event {
        // A source that was removed since is not named any more.
        Event::LoadRequested { source, .. } | Event::PayoutRequested { source, .. } => {
            let stored = sources.iter().find(|(number, _)| number == source);
            stored.map_or_else(String::new, |(_, shown)| shown.to_string())
        }
        Event::OrderAnnounced { description, .. } => {
            String::from_utf8_lossy(description).into_owned()
        }
        Event::Account { change, .. } => match change {
            Change::SignedIn(session) => session.device.to_string(),
            Change::SourceAdded(source) => source.shown.to_string(),
            Change::ContactProposed { proposed, .. } => proposed.contact.shown.to_string(),
            _ => String::new(),
        },
        _ => String::new(),
    }
}
