//! The list of what was booked, as `tessera recover --host-list` reads it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tessera_common::text::latin_1;
use tessera_protocol::{CardNumber, Institution};
use time::{Date, Duration, Month, OffsetDateTime};

use super::ledger::{Item, Ledger, PostingKind, Reference, SettlementDate};

/// Digits of a card number.
const CARD_LENGTH: usize = 16;

#[derive(Serialize)]
struct Row<'a> {
    settlement_date: String,
    side: &'a str,
    amount: u64,
    switch_reference: String,
    switch_trace: String,
    party: String,
    card: String,
    local_time: String,
    local_date: String,
    terminal: String,
    acceptor: String,
    original: String,
}

/// All that is kept, a row for each item and for what of it was undone on each date.
pub(super) fn csv(ledger: &Ledger) -> String {
    let mut list = csv::Writer::from_writer(Vec::new());
    let today = today();
    for item in ledger.items() {
        let (side, reversal) = sides(item.posting.kind);
        let booked = (item.posting.settlement_date, side, item.posting.amount);
        let undone = item.undone.iter().filter(|(_, amount)| **amount > 0);
        let undone = undone.map(|(&date, amount)| (date, reversal, amount.unsigned_abs()));
        for (date, side, amount) in std::iter::once(booked).chain(undone) {
            // Writing to memory cannot fail.
            let _ = list.serialize(row(item, (date, side, amount), today));
        }
    }
    let list = list.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&list).into_owned()
}

fn row<'a>(
    item: &Item,
    (date, side, amount): (SettlementDate, &'a str, u64),
    today: Date,
) -> Row<'a> {
    let text = |bytes: &[u8]| latin_1(bytes).trim_end_matches(' ').to_owned();
    let reference = |reference: &Reference| text(reference);
    let card = CardNumber::new(item.posting.card, CARD_LENGTH);
    Row {
        settlement_date: full(date, today).map_or_else(String::new, |date| date.to_string()),
        side,
        amount,
        switch_reference: reference(&item.posting.reference),
        switch_trace: match item.posting.kind.is_advice() {
            true => String::new(),
            false => format!("{:06}", item.posting.trace),
        },
        party: Institution::new(item.posting.institution)
            .map_or_else(String::new, |party| party.to_string()),
        card: card.map_or_else(String::new, |card| {
            format!("{:0length$}", card.expose(), length = CARD_LENGTH)
        }),
        local_time: format!("{:06}", item.said.local_time),
        local_date: format!("{:04}", item.said.local_date),
        terminal: text(&item.said.terminal),
        acceptor: text(&item.said.acceptor),
        original: item
            .said
            .original
            .as_ref()
            .map_or_else(String::new, reference),
    }
}

fn sides(kind: PostingKind) -> (&'static str, &'static str) {
    match kind {
        PostingKind::Load | PostingKind::Refund => ("credit", "credit_reversal"),
        PostingKind::Purchase
        | PostingKind::Completion
        | PostingKind::Payout
        | PostingKind::Authorization
        | PostingKind::AuthorizationAdvice => ("debit", "debit_reversal"),
    }
}

fn today() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = since.unwrap_or_default().as_secs() as i64;
    OffsetDateTime::UNIX_EPOCH
        .saturating_add(Duration::seconds(since))
        .date()
}

/// Of a month and day (field 15) the date that is nearest to today.
fn full(date: SettlementDate, today: Date) -> Option<Date> {
    let month = Month::try_from((date / 100) as u8).ok()?;
    let day = (date % 100) as u8;
    (today.year() - 1..=today.year() + 1)
        .filter_map(|year| Date::from_calendar_date(year, month, day).ok())
        .min_by_key(|date| (*date - today).whole_days().abs())
}
