//! The financial system's list of what it has booked.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use serde::Deserialize;
use tessera_common::bounded::Lines;
use tessera_ledger::{Day, Reference};
use tessera_protocol::{Amount, CardNumber, Currency, Stan};

use super::error::ReconError;
use super::list::{LINE_BYTES_MAX, text_record};

/// A row, as it is written; more columns do no harm. It is not printed: it has a card number.
#[derive(Deserialize)]
struct Written {
    settlement_date: String,
    side: String,
    amount: u64,
    switch_reference: String,
    #[serde(default)]
    party: String,
    #[serde(default)]
    reference: String,
    #[serde(default)]
    trace: String,
    #[serde(default)]
    currency: String,
    #[serde(default)]
    card: String,
    #[serde(default)]
    local_time: String,
    #[serde(default)]
    local_date: String,
    #[serde(default)]
    terminal: String,
    #[serde(default)]
    acceptor: String,
    #[serde(default = "no_column")]
    switch_trace: String,
    #[serde(default)]
    original: String,
}

/// Of field 11 as the financial system got it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwitchTrace {
    /// The list does not have the column.
    Missing,
    /// The cell is empty: it got an advice, which has another one each time.
    OfAdvice,
    /// Of the request.
    Of(Stan),
}

/// The side of a row: which way the money went, and whether it came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookedSide {
    /// Taken from the wallet, or what was taken given back.
    pub debit: bool,
    /// Given back, or taken back.
    pub reverses: bool,
}

/// What the financial system has booked. `None` stands for an empty cell, or a column that the list does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// Field 15, with its year.
    pub day: Day,
    /// Which way the money went.
    pub side: BookedSide,
    /// Field 37 towards the financial system; of a reversal that of its original.
    pub reference: Reference,
    /// What was debited, credited or reversed.
    pub amount: Amount,
    /// Field 32; 0, or the switch's own, for loads and payouts.
    pub party: Option<u64>,
    /// Field 49.
    pub currency: Option<Currency>,
    /// Field 2.
    pub card: Option<CardNumber>,
    /// Field 12, hhmmss.
    pub local_time: Option<u32>,
    /// Field 13, MMDD.
    pub local_date: Option<u32>,
    /// Field 41, filled up with spaces.
    pub terminal: Option<[u8; 8]>,
    /// Field 42, filled up with spaces.
    pub acceptor: Option<[u8; 15]>,
    /// Field 11 as the financial system got it.
    pub switch_trace: SwitchTrace,
    /// Of a refund the purchase, of a completion the authorization, by field 37 towards the financial system.
    pub original: Option<Reference>,
}

/// A row, and what of it is shown as it was written.
pub(super) struct Theirs {
    pub booked: Booked,
    pub settlement_date: String,
    pub party: String,
    pub reference: String,
    pub trace: String,
    pub switch_reference: String,
}

/// Reads a list.
///
/// # Errors
/// When it lacks one of the columns `settlement_date`, `side`, `amount` and `switch_reference`, a row can't be understood, or a
/// debit or credit is there twice.
pub(super) fn read(list: impl Read) -> Result<Vec<Theirs>, ReconError> {
    let mut list = csv::Reader::from_reader(Lines::new(list, LINE_BYTES_MAX));
    let titles = text_record(list.byte_headers()?.clone());
    let mut rows: Vec<Theirs> = Vec::new();
    // Debits and credits by request; reversals by all in which two of one date differ.
    let mut seen = HashSet::new();
    // Where the sum of the reversals of a date is.
    let mut sums: HashMap<(Reference, BookedSide, Day), usize> = HashMap::new();
    for (before, record) in (0..).zip(list.byte_records()) {
        let row: Written = text_record(record?).deserialize(Some(&titles))?;
        let unusable = |what| ReconError::Row {
            row: before + 1,
            what,
        };
        let row = row.understood().map_err(unusable)?;
        let booked = &row.booked;
        let apart = booked.side.reverses.then(|| {
            let said = (row.reference.clone(), row.trace.clone());
            (booked.day, booked.amount, said)
        });
        if !seen.insert((booked.reference, booked.side, apart)) {
            return Err(unusable("the list has this row already"));
        }
        let sum = (booked.reference, booked.side, booked.day);
        match sums.get(&sum).filter(|_| booked.side.reverses) {
            Some(&at) => {
                let both = rows[at].booked.amount.checked_add(booked.amount);
                rows[at].booked.amount = both.ok_or_else(|| unusable("its sum is too large"))?;
            }
            None => {
                sums.insert(sum, rows.len());
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

impl Written {
    fn understood(self) -> Result<Theirs, &'static str> {
        let day = Day::from_text(self.settlement_date.trim());
        let amount = Amount::new(self.amount).filter(|amount| !amount.is_zero());
        let booked = Booked {
            day: day.ok_or("settlement_date is not a date (YYYY-MM-DD)")?,
            side: BookedSide::from_text(self.side.trim())
                .ok_or("side is none of debit, debit_reversal, credit, credit_reversal")?,
            reference: reference(self.switch_reference.trim())
                .ok_or("switch_reference is not a reference of this switch")?,
            amount: amount.ok_or("amount is not one of 1 to 12 digits above 0, in minor units")?,
            party: given(&self.party, "party is not 1 to 11 digits", |text| {
                let number = text.parse().ok();
                number.filter(|party: &u64| *party < 100_000_000_000)
            })?,
            currency: given(&self.currency, "currency is not three digits", |text| {
                Currency::from_text(format!("{text:0>3}").as_bytes())
            })?,
            card: given(&self.card, "card is not a card number", |text| {
                CardNumber::from_digits(text).filter(CardNumber::luhn_valid)
            })?,
            local_time: given(&self.local_time, "local_time is not hhmmss", local_time)?,
            local_date: given(&self.local_date, "local_date is not MMDD", local_date)?,
            terminal: given(&self.terminal, "terminal is not 1 to 8 characters", padded)?,
            acceptor: given(&self.acceptor, "acceptor is not 1 to 15 characters", padded)?,
            switch_trace: switch_trace(self.switch_trace.trim())
                .ok_or("switch_trace is not 1 to 6 digits")?,
            original: given(
                &self.original,
                "original is not a reference of this switch",
                reference,
            )?,
        };
        Ok(Theirs {
            switch_reference: String::from_utf8_lossy(&booked.reference.to_text()).into_owned(),
            booked,
            settlement_date: self.settlement_date,
            party: self.party,
            reference: self.reference,
            trace: self.trace,
        })
    }
}

impl BookedSide {
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let (debit, reverses) = match text {
            "debit" => (true, false),
            "debit_reversal" => (true, true),
            "credit" => (false, false),
            "credit_reversal" => (false, true),
            _ => return None,
        };
        Some(Self { debit, reverses })
    }

    pub(super) fn text(self) -> &'static str {
        match (self.debit, self.reverses) {
            (true, false) => "debit",
            (true, true) => "debit_reversal",
            (false, false) => "credit",
            (false, true) => "credit_reversal",
        }
    }
}

fn reference(text: &str) -> Option<Reference> {
    // Twelve digits, whatever a spreadsheet made of them.
    let found = Reference::from_text(format!("{text:0>12}").as_bytes());
    found.filter(|reference| reference.0 != 0)
}

fn switch_trace(text: &str) -> Option<SwitchTrace> {
    Some(match text {
        NO_COLUMN => SwitchTrace::Missing,
        "" => SwitchTrace::OfAdvice,
        digits => SwitchTrace::Of(Stan::new(digits.parse().ok()?)?),
    })
}

/// In place of the cell where the list does not have the column.
const NO_COLUMN: &str = "no such column";

fn no_column() -> String {
    NO_COLUMN.to_owned()
}

fn local_time(text: &str) -> Option<u32> {
    let time: u32 = text.parse().ok()?;
    (time / 10_000 < 24 && time / 100 % 100 < 60 && time % 100 < 60).then_some(time)
}

fn local_date(text: &str) -> Option<u32> {
    let date: u32 = text.parse().ok()?;
    ((1..=12).contains(&(date / 100)) && (1..=31).contains(&(date % 100))).then_some(date)
}

/// `None` for an empty cell.
fn given<T>(
    cell: &str,
    what: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, &'static str> {
    match cell.trim() {
        "" => Ok(None),
        text => read(text).map(Some).ok_or(what),
    }
}

/// As fields 41 and 42 have it: in ISO 8859-1, with spaces at the end.
fn padded<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [b' '; N];
    let mut places = bytes.iter_mut();
    for character in text.chars() {
        *places.next()? = u8::try_from(character).ok()?;
    }
    Some(bytes)
}
