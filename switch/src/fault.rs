//! Faults that the switch can't go on after: the disk can't be trusted any more, and only a restart
//! finds out what is on it.

use std::fmt::Display;

/// Exit code of a process that a fault of the disk ended (`EX_IOERR`).
const EXIT_CODE: i32 = 74;

/// Logs and ends the process at once: nothing else may leave it.
pub fn stop(what: &str, error: &dyn Display) -> ! {
    tracing::error!(%error, "{what}: stopping at once");
    std::process::exit(EXIT_CODE);
}
