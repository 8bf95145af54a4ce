//! The log: text or JSON on standard error.
//!
//! The rule for whoever writes a log line: values are fields, and **no field and no message is ever a card number,
//! a key, an order number, or anything that tells who paid** - not masked either. A transaction is named by its
//! reference or trace number, a party by its name, a connection by its address.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use super::masked::Masked;
use crate::config::{LogFormat, LogLevel, LogSettings};

/// The variable that goes before the configured level.
const VARIABLE: &str = "RUST_LOG";

/// Our crates. Others (HTTP, TLS, the store) never say more than `info`: what they print at `debug` is not ours to vouch for.
const OURS: [&str; 4] = [
    "tessera",
    "tessera_switch",
    "tessera_protocol",
    "tessera_simulators",
];

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
    #[error("the log has been started before")]
    Started,
}

/// Starts the log of this process, once.
pub fn start_logging(settings: &LogSettings) -> Result<(), LoggingError> {
    let base = tracing_subscriber::fmt()
        .with_env_filter(filter(settings.level)?)
        .with_writer(Masked(std::io::stderr))
        .with_ansi(std::io::stderr().is_terminal());
    match settings.format {
        LogFormat::Text => base.finish().try_init(),
        LogFormat::Json => base
            .json()
            .flatten_event(true)
            .with_ansi(false)
            .finish()
            .try_init(),
    }
    .map_err(|_| LoggingError::Started)
}

fn filter(level: LogLevel) -> Result<EnvFilter, LoggingError> {
    match std::env::var(VARIABLE) {
        Ok(value) if !value.is_empty() => {
            EnvFilter::try_new(&value).map_err(|why| LoggingError::Filter {
                value,
                why: why.to_string(),
            })
        }
        _ => Ok(EnvFilter::new(directives(level))),
    }
}

fn directives(level: LogLevel) -> String {
    let (ours, others) = match level {
        LogLevel::Error => ("error", "error"),
        LogLevel::Warn => ("warn", "warn"),
        LogLevel::Info => ("info", "info"),
        LogLevel::Debug => ("debug", "info"),
        LogLevel::Trace => ("trace", "info"),
    };
    let ours = OURS.map(|name| format!("{name}={ours}")).join(",");
    format!("{others},{ours}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_crates_say_more_than_info() {
        let text = directives(LogLevel::Trace);
        assert_eq!(
            text,
            "info,tessera=trace,tessera_switch=trace,tessera_protocol=trace,tessera_simulators=trace"
        );
        EnvFilter::try_new(text).unwrap();
    }
}
