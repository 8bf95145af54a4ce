//! Why items can't be listed.

use tessera_journal::{Position, Sequence};
use tessera_kit::clock::Timestamp;
use tessera_ledger::moment::rfc_3339;
use tessera_ledger::{Reference, Unreadable};

use crate::audit::ResultError;
use crate::index::IndexError;

/// Why items can't be listed.
#[derive(Debug, thiserror::Error)]
pub enum ReconError {
    /// The journal can't be read, or nothing found in it.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A record is no event.
    #[error("record {0}: {1}")]
    Unreadable(Sequence, Unreadable),
    /// An event is about a request that its wallet has not had, or that can't be in this state: `tessera audit` says more.
    #[error(
        "the event at position {position} does not follow from the state of transaction {reference:?}"
    )]
    DoesNotFollow {
        /// Of the event.
        position: Position,
        /// The transaction.
        reference: Reference,
    },
    /// Some of its events were deleted.
    #[error("the settlement date is older than the journal keeps: dates that begin after {} can be listed", rfc_3339(*.0))]
    NoLongerKept(Timestamp),
    /// What was proven of deleted events can't be read.
    #[error(transparent)]
    Opening(#[from] ResultError),
    /// A row of a list can't be used.
    #[error("row {row} of the list: {what}")]
    Row {
        /// From 1, the titles aside.
        row: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// A list lacks columns.
    #[error("the list has no column {missing}: its titles are {found}")]
    Titles {
        /// Titles that it must have.
        missing: String,
        /// Those that it has.
        found: String,
    },
    /// A row has more or fewer columns than there are titles.
    #[error("row {row} of the list has {columns} columns, and there are {titles} titles")]
    Length {
        /// From 1, the titles aside.
        row: u64,
        /// Of the row.
        columns: u64,
        /// Columns with a title.
        titles: u64,
    },
    /// A value of a list is wrong.
    #[error("row {row} of the list, column {place} ({column}): `{value}` is {what}")]
    Cell {
        /// From 1, the titles aside.
        row: u64,
        /// Its title.
        column: &'static str,
        /// From 1.
        place: usize,
        /// What the list has.
        value: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A list can't be read or written.
    #[error(transparent)]
    List(#[from] csv::Error),
}
