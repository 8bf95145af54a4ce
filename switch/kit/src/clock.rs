//! The time, and how the wire writes it: UTC, without a year where ISO 8583 leaves it out.
//!
//! | function | never decreases | is for |
//! | --- | --- | --- |
//! | [`now`] | also across restarts | what is journaled or compared with it: references, holds, settlement dates, sessions |
//! | [`system`] | no | what a peer or a person compares with a clock of their own |
//! | [`steady`] | within the process | intervals within the process; `Instant` as a number |

mod rising;
mod timestamp;

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rising::Rising;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

pub use timestamp::Timestamp;

static RISING: Rising = Rising::new();

/// The time, never less than what anybody was given before: where the system's clock is set back, time goes on from
/// there at half speed until the clock has caught up.
pub fn now() -> Timestamp {
    let reading = || system().milliseconds();
    Timestamp::from_milliseconds(RISING.look(reading, Instant::now))
}

/// The time by the system's clock, whatever it was set to.
#[allow(
    clippy::disallowed_methods,
    reason = "the one place where the system's clock is read"
)]
pub fn system() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_milliseconds(since.as_millis() as u64)
}

/// Milliseconds since the first call, whatever the system's clock is set to.
pub fn steady() -> u64 {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGUN.elapsed().as_millis() as u64
}

/// From now on [`now`] says no less than this.
pub fn not_before(moment: Timestamp) {
    RISING.not_before(moment.milliseconds());
}

/// The most that [`now`] has said, or what it was held to.
pub fn highest() -> Timestamp {
    Timestamp::from_milliseconds(RISING.highest())
}

/// How far the system's clock is behind the time that the switch goes by, in milliseconds.
pub fn behind() -> u64 {
    now().since(system())
}

/// Field 7 of a moment: MMDDhhmmss.
pub fn transmission(moment: Timestamp) -> u32 {
    let at = calendar(moment);
    let date = u32::from(u8::from(at.month())) * 100 + u32::from(at.day());
    let time =
        u32::from(at.hour()) * 1_00_00 + u32::from(at.minute()) * 1_00 + u32::from(at.second());
    date * 1_00_00_00 + time
}

/// Field 14 of a moment: YYMM.
pub fn year_month(moment: Timestamp) -> u16 {
    let at = calendar(moment);
    (at.year() % 100) as u16 * 100 + u16::from(u8::from(at.month()))
}

/// How many seconds a field 7 lies from `now`, in the year that brings it nearest; `None` where it
/// is no time at all.
pub fn seconds_from(transmission: u32, now: Timestamp) -> Option<u64> {
    let year = calendar(now).year();
    let now = (now.milliseconds() / 1000) as i64;
    (year - 1..=year + 1)
        .filter_map(|year| seconds(year, transmission))
        .map(|seconds| seconds.abs_diff(now))
        .min()
}

fn seconds(year: i32, transmission: u32) -> Option<i64> {
    let place = |divisor: u32| (transmission / divisor % 100) as u8;
    let month = Month::try_from(place(1_00_00_00_00)).ok()?;
    let date = Date::from_calendar_date(year, month, place(1_00_00_00)).ok()?;
    let time = Time::from_hms(place(1_00_00), place(1_00), place(1)).ok()?;
    Some(
        PrimitiveDateTime::new(date, time)
            .assume_utc()
            .unix_timestamp(),
    )
}

fn calendar(moment: Timestamp) -> OffsetDateTime {
    let seconds = i64::try_from(moment.milliseconds() / 1000).unwrap_or(0);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YEAR_2026: Timestamp = Timestamp::from_milliseconds(1_767_225_600_000);

    #[test]
    fn writes_and_reads_the_fields_of_a_moment() {
        assert_eq!(transmission(NEW_YEAR_2026), 101_000_000);
        // From `date -u -d @... +%m%d%H%M%S`: leap days, and the ends of years and centuries.
        for (seconds, expected) in [
            (0, 101_000_000),
            (951_782_400, 229_000_000),
            (951_868_799, 229_235_959),
            (951_868_800, 301_000_000),
            (1_767_225_599, 1_231_235_959),
            (1_790_000_000, 921_141_320),
        ] {
            let moment = Timestamp::from_milliseconds(seconds * 1000);
            assert_eq!(transmission(moment), expected, "{seconds}");
        }
        assert_eq!(year_month(NEW_YEAR_2026), 2601);
        assert_eq!(seconds_from(101_000_005, NEW_YEAR_2026), Some(5));
    }

    #[test]
    fn takes_the_year_that_is_nearest() {
        assert_eq!(seconds_from(12_31_23_59_59, NEW_YEAR_2026), Some(1));
    }

    #[test]
    fn refuses_what_is_no_time() {
        assert_eq!(seconds_from(13_01_00_00_00, NEW_YEAR_2026), None);
        assert_eq!(seconds_from(2_30_00_00_00, NEW_YEAR_2026), None);
        assert_eq!(seconds_from(1_01_24_00_00, NEW_YEAR_2026), None);
    }
}
