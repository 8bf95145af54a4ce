//! Durations as people write them: `"500ms"`, `"7s"`, `"15min"`.

use std::time::Duration;

use serde::Deserialize as _;
use serde::de::Error as _;

const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000)];

/// `#[serde(deserialize_with = "units::duration")]`
pub(super) fn duration<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).ok_or_else(|| {
        D::Error::custom(format!(
            "{text:?} is not a whole number and a unit (ms, s, min, h), as in \"500ms\" or \"15min\""
        ))
    })
}

fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    let milliseconds = number.parse::<u64>().ok()?.checked_mul(factor)?;
    Some(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_whole_numbers_with_a_unit_and_nothing_else() {
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse("15min"), Some(Duration::from_secs(900)));
        for text in ["", "7", "s", "-7s", "7.5s", "99999999999999999999s"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
