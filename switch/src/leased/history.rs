//! Writes a wallet's events as the rows that the wallet server reads.

use tessera_common::text::latin_1;
use tessera_protocol::Institution;
use tessera_protocol::leased::{HistoryRow, RequestRow, tag};

use super::answer_fields::AnswerFields;
use tessera_journal::Position;
use tessera_ledger::{Detail, Entry, Opening, Payer, Reference};

/// Bytes of a tag, a length and a position.
const POSITION_BYTES: usize = 5 + 20;
/// Bytes of a tag and a length.
const HEAD_BYTES: usize = 5;

/// As many events as fit, and where to go on for the others.
pub(super) fn add(
    fields: &mut AnswerFields,
    entries: &[(Position, Entry)],
    next: Option<Position>,
    sources: &[(u32, Box<str>)],
) {
    let mut next = next;
    for (position, entry) in entries {
        let row = row(entry, sources);
        let request = row.request.as_ref().map(ToString::to_string);
        let row = row.to_string();
        let bytes =
            row.len() + HEAD_BYTES + request.as_ref().map_or(0, |row| row.len() + HEAD_BYTES);
        let fits = bytes + POSITION_BYTES <= fields.capacity();
        if !fits || !fields.add(tag::EVENT, row.as_bytes()) {
            next = Some(*position);
            break;
        }
        if let Some(request) = request {
            fields.add(tag::REQUEST, request.as_bytes());
        }
    }
    if let Some(next) = next {
        fields.number(tag::POSITION, next.to_stored());
    }
}

fn row(entry: &Entry, sources: &[(u32, Box<str>)]) -> HistoryRow {
    let opening = entry.event.opening();
    let line = entry.event.line();
    let text = |reference: Option<Reference>| {
        let text = reference.map(|reference| reference.to_text().map(char::from));
        text.map(String::from_iter).unwrap_or_default()
    };
    HistoryRow {
        at: entry.at.milliseconds(),
        kind: line.kind,
        reference: text(line.reference),
        original: text(line.original),
        amount: line.amount.value(),
        available: entry.available.value(),
        held: entry.held.value(),
        code: line.code.map(|code| code.to_string()).unwrap_or_default(),
        institution: Institution::digits(opening.and_then(|opening| opening.institution)),
        acceptor: opening.map(acceptor).unwrap_or_default(),
        card: line.card.map(|card| card.to_string()).unwrap_or_default(),
        order: match opening.map(|opening| &opening.payer) {
            Some(Payer::Order(key)) => key.to_string(),
            Some(Payer::Card(..) | Payer::Wallet) | None => String::new(),
        },
        text: match line.detail {
            Detail::None => String::new(),
            Detail::Source(number) => {
                let stored = sources.iter().find(|(known, _)| *known == number);
                stored.map_or_else(String::new, |(_, shown)| shown.to_string())
            }
            Detail::Text(text) => text.to_owned(),
            Detail::Description(text) => String::from_utf8_lossy(text).into_owned(),
        },
        request: opening
            .zip(line.purpose)
            .map(|(opening, purpose)| RequestRow {
                purpose,
                retrieval: part(&opening.retrieval),
                place: opening.place.as_deref().map(part).unwrap_or_default(),
                reason: line.reason.unwrap_or_default().to_owned(),
            }),
    }
}

fn acceptor(opening: &Opening) -> String {
    part(&opening.acceptor)
}

/// A part of a row. A comma would be taken for its end.
fn part(text: &[u8]) -> String {
    latin_1(text).trim_end().replace(',', " ")
}
