//! The log: text, logfmt or JSON on standard error, through the queue.
//!
//! The rule for every log line: values are fields, and **no field and no message is ever a card number,
//! a key, an order number, or anything that identifies a payer** - not masked either. A transaction is named by its
//! reference or trace number, a party by its code (`party`; its name is `party_name`), a connection by its address. A key has one
//! type, and no value is in debug form. A line that an outsider can cause
//! asks a [`Limit`](crate::Limit) first.

use std::io;

use serde::Deserialize;
use tessera_protocol::mask_card_numbers;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::ERRORS;
use crate::lines::Lines;

/// The variable that goes before the configured level.
const VARIABLE: &str = "RUST_LOG";

/// Our crates. Others (HTTP, TLS, the store) never say more than warnings: what they print at `debug` is not ours to
/// vouch for.
const OURS: [&str; 6] = [
    "tessera",
    "tessera_console",
    "tessera_protocol",
    "tessera_simulators",
    "tessera_switch",
    "tessera_wallet",
];

/// Other crates whose errors any client can cause (bytes that are not HTTP); they log them without an address.
const NOISE: &str = "actix_http=off";

/// How a logged event is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// `key=value` pairs for programs.
    Logfmt,
    /// A JSON object for programs.
    Json,
}

/// How grave an event must be to be logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Something is broken.
    Error,
    /// Something is wrong outside, or will break.
    Warn,
    /// What an operator wants to know.
    #[default]
    Info,
    /// What a developer wants to know.
    Debug,
    /// Everything.
    Trace,
}

/// What is logged, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// One line for each event: text, logfmt, or a JSON object.
    pub format: LogFormat,
    /// The least grave events of our own crates that are logged.
    pub level: LogLevel,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// `RUST_LOG` is set to something that is not a filter.
    #[error("{VARIABLE}={value}: {why}")]
    Filter {
        /// What it is set to.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// Somebody else has started a log in this process.
    #[error("the log was already started")]
    Started,
}

/// Starts the log of this process, once. Panics go into it too.
///
/// # Errors
/// When `RUST_LOG` is no filter, or there is a log already.
pub fn start_logging(settings: &LogSettings) -> Result<(), LoggingError> {
    let LogSettings { format, level } = *settings;
    let filtered = tracing_subscriber::registry().with(filter(level)?);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(move || Sink {
            is_text: format == LogFormat::Text,
        })
        // It would be printed on the sink that has just failed, and end the process where that fails too.
        .log_internal_errors(false)
        .with_ansi(format == LogFormat::Text && crate::errors_are_terminal());
    match format {
        LogFormat::Text => filtered.with(lines).try_init(),
        LogFormat::Logfmt => filtered.with(lines.event_format(Lines::Logfmt)).try_init(),
        LogFormat::Json => filtered.with(lines.event_format(Lines::Json)).try_init(),
    }
    .map_err(|_| LoggingError::Started)?;
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!("{panic}");
        crate::finish();
    }));
    Ok(())
}

/// A line of the subscriber, which writes each with one call. No field may hold a card number, and what someone outside has
/// put into one is masked: in text here, in lines for programs before.
struct Sink {
    is_text: bool,
}

impl io::Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(line) {
            Ok(text) if self.is_text => ERRORS.push(mask_card_numbers(text).as_bytes()),
            // The formatter writes text; a part of one is not looked into.
            Ok(_) | Err(_) => ERRORS.push(line),
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn filter(level: LogLevel) -> Result<Targets, LoggingError> {
    let value = match std::env::var(VARIABLE) {
        Ok(value) if !value.is_empty() => value,
        _ => directives(level),
    };
    value.parse().map_err(
        |why: tracing_subscriber::filter::ParseError| LoggingError::Filter {
            value,
            why: why.to_string(),
        },
    )
}

fn directives(level: LogLevel) -> String {
    let (ours, others) = match level {
        LogLevel::Error => ("error", "error"),
        LogLevel::Warn => ("warn", "warn"),
        LogLevel::Info => ("info", "warn"),
        LogLevel::Debug => ("debug", "warn"),
        LogLevel::Trace => ("trace", "warn"),
    };
    let ours = OURS.map(|name| format!("{name}={ours}")).join(",");
    format!("{others},{NOISE},{ours}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_crates_say_more_than_warnings() {
        let text = directives(LogLevel::Trace);
        assert!(text.starts_with("warn,actix_http=off,tessera=trace,"));
        assert_eq!(text.matches("=trace").count(), OURS.len());
        let targets: Targets = text.parse().unwrap();
        assert!(targets.would_enable("tessera_journal::write", &tracing::Level::TRACE));
        assert!(!targets.would_enable("rustls", &tracing::Level::INFO));
        assert!(!targets.would_enable("actix_http::h1", &tracing::Level::ERROR));
    }
}
