//! Events of a wallet, read back from the journal.

use tessera_journal::{JournalError, Record};
use tessera_ledger::{Entry, Strange, Unreadable};

/// Why an event could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// The journal did not give the record.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The record is not an event.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The wallet and the journal do not belong together.
    #[error(transparent)]
    Strange(#[from] Strange),
}

/// The event in a record that was read back.
///
/// # Errors
/// Where there is none.
pub fn read_back(record: Result<Record, JournalError>) -> Result<Entry, ReadBackError> {
    Ok(Entry::read(&record?.payload)?)
}

/// The same; `None` where the journal no longer has it: its oldest segments are deleted when nothing needs them.
///
/// # Errors
/// As for [`read_back`].
pub fn read_back_kept(
    record: Result<Record, JournalError>,
) -> Result<Option<Entry>, ReadBackError> {
    match record {
        Err(JournalError::Beginning { .. }) => Ok(None),
        record => read_back(record).map(Some),
    }
}
