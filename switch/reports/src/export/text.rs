//! Rows as CSV and as lines of JSON.

use std::io::{self, Write};

use tessera_common::csv::cell;
use tessera_kit::clock::Timestamp;

use super::columns::{COLUMNS, Value};

/// RFC 3339, UTC, to the millisecond.
pub(super) fn rfc_3339(at: Timestamp) -> String {
    let day = tessera_ledger::Day::at(at, 0);
    let of_day = at.milliseconds() % 86_400_000;
    let (seconds, thousandths) = (of_day / 1000, of_day % 1000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let seconds = seconds % 60;
    format!("{day}T{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}Z")
}

/// The titles of CSV.
pub(super) fn write_titles<W: Write>(out: &mut csv::Writer<W>) -> csv::Result<()> {
    out.write_record(COLUMNS.iter().map(|column| column.name))
}

/// A row of CSV. Texts can't be taken for formulas.
pub(super) fn write_cells<W: Write>(
    out: &mut csv::Writer<W>,
    row: &[Option<Value>],
) -> csv::Result<()> {
    out.write_record(row.iter().map(|value| match value {
        None => String::new(),
        Some(Value::Text(text)) => cell(text),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Moment(at)) => rfc_3339(*at),
    }))
}

/// A line of JSON: an object without what the event does not have.
pub(super) fn write_line(out: &mut impl Write, row: &[Option<Value>]) -> io::Result<()> {
    let mut separator = b'{';
    for (column, value) in COLUMNS.iter().zip(row) {
        let Some(value) = value else { continue };
        write!(out, "{}\"{}\":", char::from(separator), column.name)?;
        match value {
            Value::Text(text) => serde_json::to_writer(&mut *out, text)?,
            Value::Number(number) => write!(out, "{number}")?,
            Value::Moment(at) => write!(out, "\"{}\"", rfc_3339(*at))?,
        }
        separator = b',';
    }
    out.write_all(b"}\n")
}
