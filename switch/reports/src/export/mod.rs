//! Events as rows, for a warehouse.
//!
//! In comes the journal, also of a running switch; out go rows with the [columns](COLUMNS) that `docs/export.md` describes,
//! in one of three formats. Card numbers are not among them, only their last four digits; texts are masked. Memory does not
//! depend on how many rows there are.

mod columns;
mod kinds;
mod parquet;
#[cfg(test)]
mod tests;
mod text;

use std::io::{self, Write};

use ::parquet::errors::ParquetError;
use tessera_journal::{Location, Sequence};
use tessera_kit::clock::Timestamp;
use tessera_ledger::moment::rfc_3339;
use tessera_ledger::{Entry, Unreadable};

use crate::index::{Index, IndexError};
use columns::Source;

pub use columns::{COLUMNS, Column, Type, Value};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180, with a line of titles.
    Csv,
    /// A JSON object in each line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

/// Why rows can't be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The journal can't be read.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A record is no event.
    #[error("record {0}: {1}")]
    Unreadable(Sequence, Unreadable),
    /// Events from then on were deleted.
    #[error("events before {} are older than the journal keeps: begin with --from at that moment", rfc_3339(*.0))]
    NoLongerKept(Timestamp),
    /// The output refuses.
    #[error("the rows can't be written: {0}")]
    Output(#[from] io::Error),
    /// The same, of CSV.
    #[error("the rows can't be written: {0}")]
    Csv(#[from] csv::Error),
    /// The same, of Parquet.
    #[error("the rows can't be written: {0}")]
    Parquet(#[from] ParquetError),
}

/// Writes the events that were journaled from the first moment up to and without the second, in the order of the journal. Says
/// how many there were. Data of 0.2 has no keys before a switch has opened it.
///
/// # Errors
/// When the journal is damaged, shorter than the store knows, or can't be read, or `out` refuses.
pub fn export(
    location: &Location,
    (from, to): (Timestamp, Timestamp),
    format: Format,
    out: impl Write + Send,
) -> Result<u64, ExportError> {
    let index = Index::open(location)?;
    if let Some(kept_from) = index.kept_from().filter(|kept_from| from < *kept_from) {
        return Err(ExportError::NoLongerKept(kept_from));
    }
    let mut rows = Rows::new(format, out)?;
    let mut written = 0;
    for part in index.parts(from, to) {
        let mut failure = None;
        let read = index.journal().scan_part(part, &mut |record| {
            let sequence = record.sequence;
            let entry = Entry::read(record.payload)
                .map_err(|error| ExportError::Unreadable(sequence, error));
            let wrote = entry.and_then(|entry| {
                if (from..to).contains(&entry.at) {
                    let source = Source::new(&record, &entry);
                    rows.write(COLUMNS.iter().map(|column| column.value(&source)).collect())?;
                    written += 1;
                }
                Ok(())
            });
            wrote.map_err(|error| {
                failure = Some(error);
                "a row could not be written".into()
            })
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
        read.map_err(IndexError::from)?;
    }
    rows.finish()?;
    Ok(written)
}

enum Rows<W: Write + Send> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(io::BufWriter<W>),
    Parquet(Box<parquet::Writer<W>>),
}

impl<W: Write + Send> Rows<W> {
    fn new(format: Format, out: W) -> Result<Self, ExportError> {
        Ok(match format {
            Format::Csv => {
                let mut rows = csv::Writer::from_writer(out);
                text::write_titles(&mut rows)?;
                Self::Csv(Box::new(rows))
            }
            Format::Jsonl => Self::Jsonl(io::BufWriter::new(out)),
            Format::Parquet => Self::Parquet(Box::new(parquet::Writer::new(out)?)),
        })
    }

    fn write(&mut self, row: Vec<Option<Value>>) -> Result<(), ExportError> {
        match self {
            Self::Csv(rows) => text::write_cells(rows, &row)?,
            Self::Jsonl(rows) => text::write_line(rows, &row)?,
            Self::Parquet(rows) => rows.row(row)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<(), ExportError> {
        match self {
            Self::Csv(mut rows) => rows.flush()?,
            Self::Jsonl(mut rows) => rows.flush()?,
            Self::Parquet(rows) => rows.finish()?,
        }
        Ok(())
    }
}
