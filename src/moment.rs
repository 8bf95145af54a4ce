//! Moments on the command line.

use tessera_kit::clock::Timestamp;
use tessera_ledger::moment;

/// A date, or a date and a time, UTC.
pub fn parse(text: &str) -> Result<Timestamp, String> {
    moment::parse(text).ok_or_else(|| {
        format!("`{text}` is not a time (2026-11-23, or 2026-11-23T10:30:00Z in UTC)")
    })
}
