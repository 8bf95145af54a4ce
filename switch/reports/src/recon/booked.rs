//! The financial system's list of what it has booked.

use std::io::Read;

use serde::{Deserialize, Deserializer};
use tessera_common::bounded::Lines;
use tessera_ledger::{Day, Reference};
use tessera_protocol::{Amount, CardNumber, Currency, Institution, Stan};

use super::error::ReconError;
use super::list::{LINE_BYTES_MAX, text_record};

/// A row, as it is written; more columns do no harm.
#[derive(Debug, Deserialize)]
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
    #[serde(default, deserialize_with = "number_or_nothing")]
    local_time: u32,
    #[serde(default, deserialize_with = "number_or_nothing")]
    local_date: u32,
    #[serde(default)]
    terminal: String,
    #[serde(default)]
    acceptor: String,
    #[serde(default, deserialize_with = "number_or_nothing")]
    switch_trace: u32,
    #[serde(default)]
    original: String,
}

/// What the financial system has booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// Field 15, with its year.
    pub day: Day,
    /// `debit`, `debit_reversal`, `credit` or `credit_reversal`.
    pub side: String,
    /// Field 37 towards the financial system; of a reversal that of its original.
    pub reference: Reference,
    /// What was debited, credited or reversed.
    pub amount: Amount,
    /// Field 32; none for loads and payouts.
    pub institution: Option<Institution>,
    /// Field 49, where the list has it.
    pub currency: Option<Currency>,
    /// Field 2, where the list has it.
    pub card: Option<CardNumber>,
    /// Field 12, hhmmss; 0 where the list does not have it.
    pub local_time: u32,
    /// Field 13, MMDD; 0 where the list does not have it.
    pub local_date: u32,
    /// Field 41, filled up with spaces.
    pub terminal: [u8; 8],
    /// Field 42, filled up with spaces.
    pub acceptor: [u8; 15],
    /// Field 11 as the financial system got it; none where the list does not have it, or had it in an advice.
    pub switch_trace: Option<Stan>,
    /// Of a refund the purchase, of a completion the authorization, by field 37 towards the financial system.
    pub original: Option<Reference>,
}

/// A row, and what of it is shown as it was written.
#[derive(Debug)]
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
/// When it lacks one of the columns `settlement_date`, `side`, `amount` and `switch_reference`, or a row can't be understood.
pub(super) fn read(list: impl Read) -> Result<Vec<Theirs>, ReconError> {
    let mut list = csv::Reader::from_reader(Lines::new(list, LINE_BYTES_MAX));
    let titles = text_record(list.byte_headers()?.clone());
    let mut rows = Vec::new();
    for record in list.byte_records() {
        let row: Written = text_record(record?).deserialize(Some(&titles))?;
        let number = rows.len() as u64 + 1;
        rows.push(
            row.understood()
                .map_err(|what| ReconError::Row { row: number, what })?,
        );
    }
    Ok(rows)
}

impl Written {
    fn understood(self) -> Result<Theirs, &'static str> {
        let day = Day::from_text(self.settlement_date.trim());
        let amount = Amount::new(self.amount).filter(|amount| !amount.is_zero());
        let side = self.side.trim();
        if !SIDES.contains(&side) {
            return Err("side is none of debit, debit_reversal, credit, credit_reversal");
        }
        let booked = Booked {
            day: day.ok_or("settlement_date is not a date (YYYY-MM-DD)")?,
            side: side.to_owned(),
            reference: reference(&self.switch_reference)
                .ok_or("switch_reference is not a reference of this switch")?,
            amount: amount.ok_or("amount is not one of 1 to 12 digits above 0, in minor units")?,
            institution: Institution::from_text(self.party.trim()),
            currency: given(&self.currency, "currency is not three digits", |text| {
                Currency::from_text(format!("{text:0>3}").as_bytes())
            })?,
            card: given(
                &self.card,
                "card is not a card number",
                CardNumber::from_digits,
            )?,
            local_time: self.local_time,
            local_date: self.local_date,
            terminal: padded(&self.terminal).ok_or("terminal has more than 8 characters")?,
            acceptor: padded(&self.acceptor).ok_or("acceptor has more than 15 characters")?,
            switch_trace: Stan::new(self.switch_trace),
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

const SIDES: [&str; 4] = ["debit", "debit_reversal", "credit", "credit_reversal"];

fn reference(text: &str) -> Option<Reference> {
    // Twelve digits, whatever a spreadsheet made of them.
    Reference::from_text(format!("{:0>12}", text.trim()).as_bytes())
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
    for character in text.trim_end_matches(' ').chars() {
        *places.next()? = u8::try_from(character).ok()?;
    }
    Some(bytes)
}

fn number_or_nothing<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let text = String::deserialize(from)?;
    match text.trim() {
        "" => Ok(0),
        digits => digits.parse().map_err(serde::de::Error::custom),
    }
}
