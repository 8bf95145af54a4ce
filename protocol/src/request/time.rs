//! Dates and times as ISO 8583 writes them: digits without a year. Only what no calendar has is refused.

use super::Refusal;
use super::mandatory::missing;
use crate::message::Message;

/// MMDDhhmmss.
#[inline(always)]
pub(super) fn transmission(message: &Message<'_>) -> Result<u32, Refusal> {
    let value = number(message, 7)?;
    if !is_date(value / 1_000_000) || !is_time(value % 1_000_000) {
        return Err(Refusal::format(7, "no date and time"));
    }
    Ok(value)
}

/// hhmmss.
#[inline(always)]
pub(super) fn time(message: &Message<'_>, field: u8) -> Result<u32, Refusal> {
    let value = number(message, field)?;
    if !is_time(value) {
        return Err(Refusal::format(field, "no time"));
    }
    Ok(value)
}

/// MMDD.
#[inline(always)]
pub(super) fn date(message: &Message<'_>, field: u8) -> Result<u32, Refusal> {
    let value = number(message, field)?;
    if !is_date(value) {
        return Err(Refusal::format(field, "no date"));
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
        _ => Err(Refusal::format(14, "no year and month")),
    }
}

#[inline(always)]
fn number(message: &Message<'_>, field: u8) -> Result<u32, Refusal> {
    let value = message.number(field).ok_or(missing(field))?;
    // At most ten digits, of which the first four are checked to be a date, stay below 1,299,999,999.
    u32::try_from(value).map_err(|_| Refusal::format(field, "no date and time"))
}

const fn is_date(value: u32) -> bool {
    matches!(value / 100, 1..=12) && matches!(value % 100, 1..=31)
}

const fn is_time(value: u32) -> bool {
    value / 10_000 < 24 && value / 100 % 100 < 60 && value % 100 < 60
}
