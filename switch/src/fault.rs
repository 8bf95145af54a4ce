//! Faults that the switch can't go on after: the disk can't be trusted any more, and only a restart
//! finds out what is on it.

use std::fmt::Display;

use crate::notify::NotifyError;
use crate::notify::outbox::OutboxError;
use tessera_journal::JournalError;
use tessera_store::StoreError;

/// Exit code of a process that a fault of the disk, or of what is on it, ended (`EX_IOERR`).
const EXIT_CODE: u8 = 74;

/// Logs and ends the process at once: nothing else may leave it.
pub fn stop(what: &str, error: &dyn Display) -> ! {
    tracing::error!(%error, "{what}: stopping at once");
    // What is under way waits for the journal or the store, so nothing leaves meanwhile.
    tessera_console::finish();
    std::process::exit(EXIT_CODE.into());
}

/// The exit code of a process that could not start or go on, where it is not the usual one.
pub fn exit_code(error: &anyhow::Error) -> Option<u8> {
    let is_of_the_disk = |cause: &(dyn std::error::Error + 'static)| {
        if let Some(error) = cause.downcast_ref::<JournalError>() {
            return !matches!(error, JournalError::Locked { .. });
        }
        if let Some(error) = cause.downcast_ref::<StoreError>() {
            return !matches!(error, StoreError::Locked);
        }
        matches!(cause.downcast_ref(), Some(NotifyError::Outbox(_))) || cause.is::<OutboxError>()
    };
    error.chain().any(is_of_the_disk).then_some(EXIT_CODE)
}
