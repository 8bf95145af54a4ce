//! Standard output, standard error and the log of every program.
//!
//! In come lines; out they go to a terminal, a file or a pipe that may be full, closed or not read. A service writes
//! through a bounded queue that drops lines and counts them ([`say`], [`note`], the log): a sink that fails is retried,
//! and never ends, blocks or slows the process. A command whose output is its purpose writes directly ([`print()`],
//! [`Printer`]), and ends quietly when its reader has seen enough.
//! What never happens here: a panic because of a sink, or an unbounded buffer.

mod limit;
mod lines;
#[cfg(feature = "testing")]
pub mod listing;
mod log;
mod metrics;
mod print;
mod queue;
pub mod service;
#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::io::IsTerminal as _;
use std::time::Duration;

pub use limit::Limit;
pub use log::{LogFormat, LogLevel, LogSettings, LoggingError, start_logging};
pub use metrics::log_metrics;
pub use print::{Printer, print};
use queue::Queue;

static OUTPUT: Queue = Queue::new(rustix::stdio::stdout, "standard output");
static ERRORS: Queue = Queue::new(rustix::stdio::stderr, "the log");

/// How long the end of a process waits for lines that a slow reader has not taken yet.
const FINISH_WITHIN: Duration = Duration::from_millis(500);

/// A line on standard output, from a service. It is lost where nobody takes it.
pub fn say(line: impl Display) {
    OUTPUT.push(format!("{line}\n").as_bytes());
}

/// A line on standard error that is no log line. It is lost where nobody takes it.
pub fn note(line: impl Display) {
    overwrite(format_args!("{line}\n"));
}

/// Text on standard error without an end of line, such as one that goes over the line before it on a terminal.
pub fn overwrite(text: impl Display) {
    ERRORS.push(text.to_string().as_bytes());
}

/// Whether standard output is a terminal.
pub fn output_is_terminal() -> bool {
    rustix::stdio::stdout().is_terminal()
}

/// Whether standard error is a terminal.
pub fn errors_are_terminal() -> bool {
    rustix::stdio::stderr().is_terminal()
}

/// Lines that could not be written to the log (standard error) or to standard output since the process started.
pub fn lost() -> u64 {
    ERRORS.lost() + OUTPUT.lost()
}

/// Gives the queues half a second to write what they hold: before the process ends.
pub fn finish() {
    OUTPUT.finish(FINISH_WITHIN);
    ERRORS.finish(FINISH_WITHIN);
}
