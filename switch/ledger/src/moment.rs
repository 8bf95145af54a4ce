//! Moments as text: RFC 3339, UTC.

use tessera_kit::clock::Timestamp;

use crate::Day;

/// As in `2026-11-23T10:30:00.250Z`: to the millisecond.
pub fn rfc_3339(at: Timestamp) -> String {
    let day = Day::at(at, 0);
    let of_day = at.milliseconds() % 86_400_000;
    let (seconds, thousandths) = (of_day / 1000, of_day % 1000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let seconds = seconds % 60;
    format!("{day}T{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}Z")
}

/// Reads `2026-11-23`, which is its first moment, `2026-11-23T10:30:00Z`, or what [`rfc_3339`] writes.
pub fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, time.strip_suffix('Z')?),
        None => (text, "00:00:00"),
    };
    let (time, thousandths) = match time.split_once('.') {
        Some((time, digits)) => (time, number(digits, 3)?),
        None => (time, 0),
    };
    let midnight = Day::from_text(date)?.begins(0);
    let mut seconds = 0;
    let mut parts = time.split(':');
    for (most, scale) in [(23, 3600), (59, 60), (59, 1)] {
        seconds += number(parts.next()?, 2).filter(|number| *number <= most)? * scale;
    }
    parts
        .next()
        .is_none()
        .then(|| midnight.plus(seconds * 1000 + thousandths))
}

fn number(digits: &str, length: usize) -> Option<u64> {
    let plain = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_or_a_date_and_a_time() {
        let midnight = Day::from_text("2026-11-23").unwrap().begins(0);
        assert_eq!(parse("2026-11-23"), Some(midnight));
        assert_eq!(parse("2026-11-23T00:00:00Z"), Some(midnight));
        assert_eq!(
            parse("2026-11-23T23:59:59Z"),
            Some(midnight.plus(86_399_000))
        );
        let odd = midnight.plus(37_800_250);
        assert_eq!(rfc_3339(odd), "2026-11-23T10:30:00.250Z");
        assert_eq!(parse(&rfc_3339(odd)), Some(odd));
        for wrong in [
            "",
            "2026-11-23T",
            "2026-11-23T10:30:00",
            "2026-11-23T24:00:00Z",
            "2026-11-23T1:00:00Z",
            "2026-11-23T+1:00:00Z",
            "2026-11-23T10:30Z",
            "2026-13-01",
            "2026-11-23T10:30:00:00Z",
            "2026-11-23T10:30:00.5Z",
            "2026-11-23T10:30:00.+50Z",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
