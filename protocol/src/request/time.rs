//! Dates and times as ISO 8583 writes them: digits without a year. Only what no calendar has is refused: 30 February, and
//! not 29 February, which some year has.

use super::mandatory::missing;
use super::{Flaw, Refusal};
use crate::message::Message;

/// MMDDhhmmss.
#[inline(always)]
pub(super) fn transmission(message: &Message<'_>) -> Result<u32, Refusal> {
    let value = number(message, 7)?;
    if !is_date(value / 1_000_000) || !is_time(value % 1_000_000) {
        return Err(Refusal::of(7, Flaw::NoSuchDateAndTime));
    }
    Ok(value)
}

/// hhmmss.
#[inline(always)]
pub(super) fn time(message: &Message<'_>, field: u8) -> Result<u32, Refusal> {
    let value = number(message, field)?;
    if !is_time(value) {
        return Err(Refusal::of(field, Flaw::NoSuchTime));
    }
    Ok(value)
}

/// MMDD.
#[inline(always)]
pub(super) fn date(message: &Message<'_>, field: u8) -> Result<u32, Refusal> {
    let value = number(message, field)?;
    if !is_date(value) {
        return Err(Refusal::of(field, Flaw::NoSuchDate));
    }
    Ok(value)
}

/// YYMM; `None` where the field is not there.
#[inline(always)]
pub(super) fn expiry(message: &Message<'_>) -> Result<Option<u16>, Refusal> {
    let Some(value) = message.number(14) else {
        return Ok(None);
    };
    match value % 100 {
        1..=12 => Ok(Some(value as u16)),
        _ => Err(Refusal::of(14, Flaw::NoSuchMonth)),
    }
}

/// Fields 14 to 17 of any message: expiry, settlement, conversion and capture date. Also where nothing reads them, what they hold
/// comes back in the answer or goes on to others.
#[inline]
pub(super) fn check_dates(message: &Message<'_>) -> Result<(), Refusal> {
    expiry(message)?;
    for field in [15, 16, 17] {
        if message.has(field) {
            date(message, field)?;
        }
    }
    Ok(())
}

#[inline(always)]
fn number(message: &Message<'_>, field: u8) -> Result<u32, Refusal> {
    let value = message.number(field).ok_or(missing(field))?;
    // At most ten digits, of which the first four are checked to be a date, stay below 1,299,999,999.
    u32::try_from(value).map_err(|_| Refusal::of(field, Flaw::NoSuchDateAndTime))
}

const fn is_date(value: u32) -> bool {
    let days = match value / 100 {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    };
    1 <= value % 100 && value % 100 <= days
}

const fn is_time(value: u32) -> bool {
    value / 10_000 < 24 && value / 100 % 100 < 60 && value % 100 < 60
}
