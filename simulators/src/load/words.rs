//! Figures and times as people read them.

use std::time::Duration;

/// A number of things: `1,234`.
pub fn count(number: u64) -> String {
    separated(&number.to_string())
}

/// A span of time: `0:07`, `12:45`, `1:02:45`.
pub fn clock(span: Duration) -> String {
    let seconds = span.as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// Microseconds with their unit, three digits: `950 µs`, `1.23 ms`, `45.6 ms`, `1.20 s`.
pub fn latency(microseconds: f64) -> String {
    let (value, unit) = match microseconds {
        ..999.5 => return format!("{microseconds:.0} µs"),
        ..999_500.0 => (microseconds / 1e3, "ms"),
        _ => (microseconds / 1e6, "s"),
    };
    match value {
        ..9.995 => format!("{value:.2} {unit}"),
        ..99.95 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

/// A part of a whole in per cent: `94.2%`; a part that rounds to nothing or to all is not shown as that.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let per_cent = part as f64 * 100.0 / whole as f64;
    match per_cent {
        _ if part == 0 => "0%".to_owned(),
        _ if part == whole => "100%".to_owned(),
        ..0.01 => "<0.01%".to_owned(),
        ..1.0 => format!("{per_cent:.2}%"),
        ..99.0 => format!("{per_cent:.1}%"),
        ..99.995 => format!("{per_cent:.2}%"),
        _ => ">99.99%".to_owned(),
    }
}

/// A number with a comma before every three digits of its whole part.
pub fn separated(text: &str) -> String {
    let whole = text.trim_start_matches('-');
    let sign = &text[..text.len() - whole.len()];
    let digits = whole
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(whole.len());
    let (whole, rest) = whole.split_at(digits);
    let mut all = sign.to_owned();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            all.push(',');
        }
        all.push(digit);
    }
    all + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_a_clock() {
        let spans = [0, 7, 765, 3_765, 90_000].map(|seconds| clock(Duration::from_secs(seconds)));
        assert_eq!(spans, ["0:00", "0:07", "12:45", "1:02:45", "25:00:00"]);
    }

    #[test]
    fn latencies_have_three_digits_and_a_unit() {
        let spans = [
            0.0,
            950.0,
            999.6,
            1_234.0,
            9_999.0,
            45_600.0,
            999_700.0,
            1_200_000.0,
        ];
        assert_eq!(
            spans.map(latency),
            [
                "0 µs", "950 µs", "1.00 ms", "1.23 ms", "10.0 ms", "45.6 ms", "1.00 s", "1.20 s"
            ]
        );
    }

    #[test]
    fn a_share_is_not_rounded_to_nothing_or_to_all() {
        let shares = [
            (0, 9),
            (9, 9),
            (1, 1_000_000),
            (1, 200),
            (1, 2),
            (999_999, 1_000_000),
        ];
        assert_eq!(
            shares.map(|(part, whole)| share(part, whole)),
            ["0%", "100%", "<0.01%", "0.50%", "50.0%", ">99.99%"]
        );
        assert_eq!(share(0, 0), "-");
    }

    #[test]
    fn numbers_have_separators() {
        assert_eq!(count(999), "999");
        assert_eq!(count(86_400), "86,400");
        assert_eq!(separated("-123456.78"), "-123,456.78");
    }
}
