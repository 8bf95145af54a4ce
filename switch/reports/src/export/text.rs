//! Rows as CSV and as lines of JSON.

use std::io::{self, Write};

use tessera_common::csv::cell;
use tessera_ledger::moment::rfc_3339;

use super::columns::{COLUMNS, Value};

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
