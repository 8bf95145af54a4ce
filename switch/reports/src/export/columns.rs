//! The columns of an export: one table, from which CSV, JSON and Parquet are written and the documentation is checked.

use tessera_common::text::latin_1;
use tessera_journal::RecordRef;
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Class, Entry, Event, LastFour, NotedOriginal, Opening, Payer, Reference};
use tessera_protocol::{
    Amount, Currency, Institution, Stan, mask_card_numbers, mask_likely_card_numbers,
};

use super::kinds::kind;

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any text, masked.
    Text(String),
    /// A whole number.
    Number(i64),
    /// UTC, to the millisecond.
    Moment(Timestamp),
}

/// What a column's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// [`Value::Text`].
    Text,
    /// [`Value::Number`].
    Number,
    /// [`Value::Moment`].
    Moment,
}

impl Type {
    /// As the documentation names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Moment => "time",
        }
    }
}

/// A column.
pub struct Column {
    /// Its title.
    pub name: &'static str,
    /// What its values are.
    pub of: Type,
    value: fn(&Source<'_>) -> Option<Value>,
}

/// What a row is made of.
pub(super) struct Source<'a> {
    record: &'a RecordRef<'a>,
    entry: &'a Entry,
    opening: Option<&'a Opening>,
}

impl Column {
    /// Its value for an event.
    pub(super) fn value(&self, source: &Source<'_>) -> Option<Value> {
        (self.value)(source)
    }
}

impl<'a> Source<'a> {
    pub fn new(record: &'a RecordRef<'a>, entry: &'a Entry) -> Self {
        Self {
            record,
            entry,
            opening: entry.event.opening(),
        }
    }

    fn event(&self) -> &Event {
        &self.entry.event
    }
}

const fn text(name: &'static str, value: fn(&Source<'_>) -> Option<Value>) -> Column {
    let of = Type::Text;
    Column { name, of, value }
}

const fn number(name: &'static str, value: fn(&Source<'_>) -> Option<Value>) -> Column {
    let of = Type::Number;
    Column { name, of, value }
}

const fn moment(name: &'static str, value: fn(&Source<'_>) -> Option<Value>) -> Column {
    let of = Type::Moment;
    Column { name, of, value }
}

/// All columns, in their order. A new one goes to the end.
pub const COLUMNS: &[Column] = &[
    number("sequence", |row| whole(row.record.sequence.to_stored())),
    moment("journaled_at", |row| Some(Value::Moment(row.entry.at))),
    // As text: it has up to 20 digits.
    text("wallet", |row| {
        Some(Value::Text(row.entry.wallet.0.to_string()))
    }),
    text("event", |row| {
        Some(Value::Text(kind(row.event()).to_owned()))
    }),
    text("reference", |row| {
        let opened = row.opening.map(|opening| opening.reference);
        opened.or(about(row.event())).map(reference)
    }),
    text("original_reference", |row| {
        original(row.event()).map(reference)
    }),
    moment("requested_at", |row| {
        let opened = row.opening.map(|opening| opening.reference);
        let reference = opened.or(about(row.event()))?;
        Some(Value::Moment(reference.given_at()))
    }),
    text("message_class", |row| {
        Some(Value::Text(class(row.opening?.class).to_owned()))
    }),
    text("processing_code", |row| {
        Some(Value::Text(format!("{:06}", row.opening?.processing_code)))
    }),
    text("party", |row| {
        let digits = Institution::digits(row.opening?.institution);
        Some(Value::Text(digits.to_string()))
    }),
    text("trace", |row| {
        let digits = Stan::digits(row.opening?.trace);
        Some(Value::Text(format!("{digits:06}")))
    }),
    text("retrieval_reference", |row| sent(&row.opening?.retrieval)),
    text("transmission", |row| {
        Some(Value::Text(format!("{:010}", row.opening?.transmission)))
    }),
    text("terminal", |row| sent(&row.opening?.terminal)),
    text("acceptor", |row| sent(&row.opening?.acceptor)),
    number("merchant_category", |row| {
        let category = row.opening?.merchant.category;
        (category != 0).then_some(Value::Number(category.into()))
    }),
    number("merchant_country", |row| {
        let country = row.opening?.merchant.country;
        (country != 0).then_some(Value::Number(country.into()))
    }),
    text("currency", |row| {
        let currency = currency(row)?;
        let letters = currency.letters().map(str::to_owned);
        Some(Value::Text(letters.unwrap_or(currency.to_string())))
    }),
    number("amount_minor", |row| {
        amount(row).and_then(|amount| whole(amount.value()))
    }),
    number("standing_minor", |row| standing(row.event())),
    text("code", |row| code(row.event())),
    text("reason", |row| reason(row.event())),
    text("operator", |row| operator(row.event())),
    text("card_last_four", |row| {
        let asked = row.opening.and_then(|opening| match opening.payer {
            Payer::Card(card, _) => Some(card.last_four),
            Payer::Order(_) | Payer::Wallet => None,
        });
        let last_four = card(row.event()).or(asked);
        last_four.map(|digits| Value::Text(digits.to_string()))
    }),
    number("available_before_minor", |row| {
        whole(row.entry.available.value())
    }),
    number("held_before_minor", |row| whole(row.entry.held.value())),
    number("owed_before_minor", |row| whole(row.entry.owed.value())),
    text("decision", |row| decision(row.event())),
];

fn whole(number: u64) -> Option<Value> {
    // Balances and sequences are far below.
    i64::try_from(number).ok().map(Value::Number)
}

fn reference(reference: Reference) -> Value {
    Value::Text(latin_1(&reference.to_text()))
}

/// A text that a party chose. It may have put a card number there.
fn sent(bytes: &[u8]) -> Option<Value> {
    let text = latin_1(bytes);
    let text = text.trim_end_matches(' ');
    let masked = mask_likely_card_numbers(text).into_owned();
    (!text.is_empty()).then_some(Value::Text(masked))
}

fn masked(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| Value::Text(mask_card_numbers(text).into_owned()))
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Authorization => "authorization",
        Class::Financial => "financial",
        Class::Reversal => "reversal",
        Class::Administrative => "administrative",
    }
}

fn currency(row: &Source<'_>) -> Option<Currency> {
    if let Event::Provisioned { currency, .. } = row.event() {
        return Some(*currency);
    }
    row.opening.map(|opening| opening.currency)
}

/// What the event itself says: less than was asked for where only that was granted.
fn amount(row: &Source<'_>) -> Option<Amount> {
    if let Event::Provisioned { balance: said, .. }
    | Event::Completed { debit: said, .. }
    | Event::Held {
        granted: Some(said),
        ..
    } = row.event()
    {
        return Some(*said);
    }
    row.opening.map(|opening| opening.amount)
}

fn standing(event: &Event) -> Option<Value> {
    let (Event::Reversed { standing, .. } | Event::ReversedFurther { standing, .. }) = event else {
        return None;
    };
    whole(standing.value())
}

fn code(event: &Event) -> Option<Value> {
    let (Event::Declined { code, .. }
    | Event::Released { code, .. }
    | Event::ReversalNoted { code, .. }
    | Event::GivenUp { code, .. }) = event
    else {
        return None;
    };
    Some(Value::Text(code.to_string()))
}

fn reason(event: &Event) -> Option<Value> {
    if let Event::Declined { reason, .. } = event {
        return masked(&reason.to_string());
    }
    if let Event::ReversalNoted { original, .. } = event {
        return masked(match original {
            NotedOriginal::Found => "nothing is left to reverse",
            NotedOriginal::Unseen(_) => "original not found",
            NotedOriginal::Several => "several originals match",
        });
    }
    let Event::Directed(directed) = event else {
        return None;
    };
    masked(&directed.reason)
}

fn operator(event: &Event) -> Option<Value> {
    let Event::Directed(directed) = event else {
        return None;
    };
    masked(&directed.by)
}

fn decision(event: &Event) -> Option<Value> {
    let Event::Directed(directed) = event else {
        return None;
    };
    masked(&directed.directive.words())
}

fn about(event: &Event) -> Option<Reference> {
    if let Event::Directed(directed) = event {
        return directed.concerns();
    }
    match event.about() {
        tessera_ledger::About::Reference(reference) => Some(reference),
        tessera_ledger::About::None
        | tessera_ledger::About::Request(_)
        | tessera_ledger::About::Twin(..)
        | tessera_ledger::About::Original(..)
        | tessera_ledger::About::Named(_) => None,
    }
}

/// The request that another one is about.
fn original(event: &Event) -> Option<Reference> {
    event.opening()?;
    about(event)
}

fn card(event: &Event) -> Option<LastFour> {
    if let Event::Provisioned { card, .. } | Event::CardIssued { card, .. } = event {
        return Some(LastFour::of(card));
    }
    let (Event::CardRetired { card, .. }
    | Event::LoadRequested { card, .. }
    | Event::PayoutRequested { card, .. }
    | Event::RefundRequested { card, .. }
    | Event::Held { card, .. }
    | Event::Advised { card, .. }
    | Event::Completed { card, .. }) = event
    else {
        return None;
    };
    Some(card.last_four)
}
