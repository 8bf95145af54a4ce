//! Bounds of values, and what is said of one that leaves them.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::units::{duration_text, size_text};

pub(super) const MILLISECOND: Duration = Duration::from_millis(1);
pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A value that its key may not have.
pub(super) struct Breach {
    /// The key with the tables it stands in.
    pub(super) key: String,
    /// What is allowed.
    pub(super) why: String,
}

impl Breach {
    pub(super) fn new(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            why: why.into(),
        }
    }
}

/// Printable ASCII characters, so many at most.
pub(super) fn text_is_printable(text: &str, most: usize) -> bool {
    text.len() <= most && text.bytes().all(|byte| byte.is_ascii_graphic())
}

pub(super) fn count(key: &str, value: usize, allowed: RangeInclusive<usize>) -> Result<(), Breach> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let why = format!("must be from {} to {}", allowed.start(), allowed.end());
    Err(Breach::new(key, why))
}

pub(super) fn span(
    key: &str,
    value: Duration,
    allowed: RangeInclusive<Duration>,
) -> Result<(), Breach> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let (least, most) = allowed.into_inner();
    let (least, most) = (duration_text(least), duration_text(most));
    let why = format!("must be from \"{least}\" to \"{most}\"");
    Err(Breach::new(key, why))
}

pub(super) fn size(key: &str, value: u64, allowed: RangeInclusive<u64>) -> Result<(), Breach> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let (least, most) = (size_text(*allowed.start()), size_text(*allowed.end()));
    let why = format!("must be from \"{least}\" to \"{most}\"");
    Err(Breach::new(key, why))
}

/// The first of a pair of keys may not exceed the second.
pub(super) fn in_order(
    lower: &str,
    low: Duration,
    upper: &str,
    high: Duration,
) -> Result<(), Breach> {
    if low <= high {
        return Ok(());
    }
    let why = format!("must not exceed {upper} = \"{}\"", duration_text(high));
    Err(Breach::new(lower, why))
}
