//! Field 7, from the clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// MMDDhhmmss in UTC, as a number.
pub fn transmission(time: SystemTime) -> u32 {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let (month, day) = month_and_day(seconds / 86_400);
    let second = (seconds % 86_400) as u32;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    (((month * 100 + day) * 100 + hour) * 100 + minute) * 100 + second
}

/// Howard Hinnant, "chrono-compatible low-level date algorithms": years begin in March, so that the
/// leap day is the last of a year and months have a formula.
fn month_and_day(days_since_1970: u64) -> (u32, u32) {
    let day_of_era = (days_since_1970 + 719_468) % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn writes_month_day_and_time() {
        // From `date -u -d @... +%m%d%H%M%S`.
        for (seconds, expected) in [
            (0, 101_000_000),
            (951_782_400, 229_000_000),
            (951_868_799, 229_235_959),
            (951_868_800, 301_000_000),
            (1_767_225_599, 1_231_235_959),
            (1_790_000_000, 921_141_320),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(transmission(time), expected, "{seconds}");
        }
    }
}
