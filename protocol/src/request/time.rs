//! Dates and times as ISO 8583 writes them: digits without a year. Only what no calendar has is refused: 30 February, and
//! not 29 February, which some year has.

use super::mandatory::missing;
use super::{Flaw, Refusal};
use crate::message::Message;

/// MMDDhhmmss.
#[inline(always)]
pub(super) fn transmission(message: &Message<'_>) -> Result<u32, Refusal> {
    let [month, day, time @ ..] = packed::<5>(message, 7)?;
    if !is_date([month, day]) || !is_time(time) {
        return Err(Refusal::of(7, Flaw::NoSuchDateAndTime));
    }
    // A date of the calendar in front makes it 1,231,235,959 at most.
    number(message, 7)
}

/// hhmmss.
#[inline(always)]
pub(super) fn time(message: &Message<'_>, field: u8) -> Result<u32, Refusal> {
    if !is_time(packed(message, field)?) {
        return Err(Refusal::of(field, Flaw::NoSuchTime));
    }
    number(message, field)
}

/// MMDD.
#[inline(always)]
pub(super) fn date(message: &Message<'_>, field: u8) -> Result<u32, Refusal> {
    if !is_date(packed(message, field)?) {
        return Err(Refusal::of(field, Flaw::NoSuchDate));
    }
    number(message, field)
}

/// YYMM; `None` where the field is not there.
#[inline(always)]
pub(super) fn expiry(message: &Message<'_>) -> Result<Option<u16>, Refusal> {
    if !message.has(14) {
        return Ok(None);
    }
    match packed(message, 14)? {
        [_, 0x01..=0x12] => Ok(Some(number(message, 14)? as u16)),
        _ => Err(Refusal::of(14, Flaw::NoSuchMonth)),
    }
}

/// Fields 14 to 17 of any message: expiry, settlement, conversion and capture date. Also where nothing reads them, what they hold
/// comes back in the answer or goes on to others.
#[inline(always)]
pub(super) fn check_dates(message: &Message<'_>) -> Result<(), Refusal> {
    expiry(message)?;
    if message.has(15) {
        date(message, 15)?;
    }
    if message.has(16) {
        date(message, 16)?;
    }
    if message.has(17) {
        date(message, 17)?;
    }
    Ok(())
}

#[inline(always)]
fn number(message: &Message<'_>, field: u8) -> Result<u32, Refusal> {
    Ok(message.number(field).ok_or(missing(field))? as u32)
}

/// The digits of a field as they stand on the wire, two to a byte. Dates and times are compared like that: it takes no division.
#[inline(always)]
fn packed<const BYTES: usize>(message: &Message<'_>, field: u8) -> Result<[u8; BYTES], Refusal> {
    let body = message.raw(field).ok_or(missing(field))?;
    body.try_into()
        .map_err(|_| Refusal::of(field, Flaw::OtherLength))
}

const fn is_date([month, day]: [u8; 2]) -> bool {
    let days = match month {
        0x02 => 0x29,
        0x04 | 0x06 | 0x09 | 0x11 => 0x30,
        0x01 | 0x03 | 0x05 | 0x07 | 0x08 | 0x10 | 0x12 => 0x31,
        _ => 0,
    };
    1 <= day && day <= days
}

const fn is_time([hour, minute, second]: [u8; 3]) -> bool {
    hour < 0x24 && minute < 0x60 && second < 0x60
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(number: u8) -> u8 {
        ((number / 10) << 4) | (number % 10)
    }

    #[test]
    fn knows_the_dates_that_some_year_has() {
        const DAYS: [u8; 13] = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for month in 0..100 {
            for day in 0..100 {
                let days = DAYS.get(usize::from(month)).copied().unwrap_or(0);
                let expected = 1 <= day && day <= days;
                let found = is_date([digits(month), digits(day)]);
                assert_eq!(found, expected, "month {month}, day {day}");
            }
        }
    }

    #[test]
    fn knows_the_times_of_a_day() {
        for (hour, minute, second) in
            (0..100).flat_map(|hour| (0..100).map(move |other| (hour, other, 99 - other)))
        {
            for [hour, minute, second] in [[hour, minute, second], [hour, 59, second]] {
                let expected = hour < 24 && minute < 60 && second < 60;
                let found = is_time([hour, minute, second].map(digits));
                assert_eq!(found, expected, "{hour}:{minute}:{second}");
            }
        }
    }
}
