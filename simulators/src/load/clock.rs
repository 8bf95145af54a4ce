//! Time as the messages carry it. One reading of the system's clock at the start of a run, the monotonic
//! clock from then on, so that a run never sees time go backwards.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock of a run: nanoseconds since its start for latencies, seconds since 1970 for messages.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    epoch: Duration,
}

impl Clock {
    /// Starts now.
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
            epoch: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        }
    }

    /// Nanoseconds since the start.
    pub fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Seconds since 1970 at `now` nanoseconds since the start.
    pub fn second(&self, now: u64) -> u32 {
        (self.epoch + Duration::from_nanos(now)).as_secs() as u32
    }

    /// Milliseconds since 1970 at the start.
    pub fn started_milliseconds(&self) -> u64 {
        self.epoch.as_millis() as u64
    }
}

/// One second, as fields 7, 12 and 13 carry it (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The second, since 1970.
    pub second: u32,
    /// MMDD and hhmmss as decimal numbers.
    date: u32,
    time: u32,
}

impl Stamp {
    /// The stamp of a second since 1970.
    pub fn at(second: u32) -> Self {
        let (month, day) = month_and_day(second / 86_400);
        let of_day = second % 86_400;
        Self {
            second,
            date: month * 100 + day,
            time: of_day / 3_600 * 10_000 + of_day / 60 % 60 * 100 + of_day % 60,
        }
    }

    /// Field 7 as a number: MMDDhhmmss.
    pub fn transmission(&self) -> u32 {
        self.date * 1_000_000 + self.time
    }

    /// Field 12 as a number: hhmmss.
    pub fn time(&self) -> u32 {
        self.time
    }

    /// Field 13 as a number: MMDD.
    pub fn date(&self) -> u32 {
        self.date
    }

    /// Field 12 on the wire.
    pub fn time_bytes(&self) -> [u8; 3] {
        bcd3(self.time)
    }

    /// Field 13 on the wire.
    pub fn date_bytes(&self) -> [u8; 2] {
        [bcd(self.date / 100), bcd(self.date % 100)]
    }

    /// Field 7 on the wire.
    pub fn transmission_bytes(&self) -> [u8; 5] {
        let ([month, day], [hour, minute, second]) = (self.date_bytes(), self.time_bytes());
        [month, day, hour, minute, second]
    }
}

/// Two decimal digits in one byte.
pub const fn bcd(number: u32) -> u8 {
    (((number / 10) << 4) | (number % 10)) as u8
}

/// Six decimal digits in three bytes.
pub const fn bcd3(number: u32) -> [u8; 3] {
    [
        bcd(number / 10_000),
        bcd(number / 100 % 100),
        bcd(number % 100),
    ]
}

/// Twelve decimal digits in six bytes.
pub const fn bcd6(number: u64) -> [u8; 6] {
    let [a, b, c] = bcd3((number / 1_000_000) as u32);
    let [d, e, f] = bcd3((number % 1_000_000) as u32);
    [a, b, c, d, e, f]
}

/// The number of twelve decimal digits in six bytes.
pub fn from_bcd6(digits: [u8; 6]) -> u64 {
    let pair = |byte: u8| u64::from(byte >> 4) * 10 + u64::from(byte & 0xF);
    digits
        .iter()
        .fold(0, |number, &byte| number * 100 + pair(byte))
}

/// Howard Hinnant's `civil_from_days`, without the year.
fn month_and_day(days: u32) -> (u32, u32) {
    let day_of_era = (days + 719_468) % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_known_seconds() {
        // 2026-11-22T09:45:00Z, 2024-02-29T23:59:59Z, 2100-03-01T00:00:00Z
        for (second, date, time) in [
            (1_795_340_700, 1122, 94_500),
            (1_709_251_199, 229, 235_959),
            (4_107_542_400, 301, 0),
        ] {
            let stamp = Stamp::at(second);
            assert_eq!((stamp.date(), stamp.time()), (date, time));
        }
        let stamp = Stamp::at(1_795_340_700);
        assert_eq!(stamp.transmission_bytes(), [0x11, 0x22, 0x09, 0x45, 0x00]);
        assert_eq!(stamp.transmission(), 1_122_094_500);
    }

    #[test]
    fn packs_decimal_digits() {
        assert_eq!(bcd6(123_456_789_012), [0x12, 0x34, 0x56, 0x78, 0x90, 0x12]);
        assert_eq!(bcd3(7), [0, 0, 7]);
    }
}
