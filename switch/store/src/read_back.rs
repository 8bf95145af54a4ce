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
