//! Durations and sizes as people write them: `"500ms"`, `"7s"`, `"15min"`, `"256MiB"`.

use std::time::Duration;

const DURATION_UNITS: &[(&str, u64)] = &[
    ("ms", 1),
    ("s", 1_000),
    ("min", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

const SIZE_UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// What a duration looks like, for error messages.
const DURATION: &str =
    "a whole number and a unit (ms, s, min, h, d) in quotes, as in \"500ms\", \"7s\" or \"15min\"";

/// What a size looks like, for error messages.
const SIZE: &str =
    "a whole number and a unit (B, KiB, MiB, GiB) in quotes, as in \"64KiB\" or \"256MiB\"";

/// What an address to listen on looks like, for error messages.
const ADDRESS: &str = "an address and a port in quotes, as in \"127.0.0.1:8583\" or \"[::1]:8583\"";

/// What a cutover looks like, for error messages.
const CUTOVER: &str =
    "hours and minutes (UTC) in quotes, as in \"00:00\" or \"22:30\", or \"host\"";

/// What a currency looks like, for error messages.
const CURRENCY: &str = "a numeric ISO 4217 code of three digits in quotes, as in \"840\"";

/// What an institution code looks like, for error messages.
const INSTITUTION: &str = "an institution code of 1 to 11 digits in quotes, and not zero";

/// The value of `text` in the smallest of `units`; `None` if it is not a whole number and a unit, or too big.
fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = units.iter().find(|(name, _)| *name == unit)?.1;
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Writes `value` with the largest unit that leaves a whole number.
fn write(value: u64, units: &[(&str, u64)]) -> String {
    let fits = |(_, factor): &&(&str, u64)| value.is_multiple_of(*factor) && value >= *factor;
    let (unit, factor) = units.iter().rev().find(fits).unwrap_or(&units[0]);
    format!("{}{unit}", value / factor)
}

/// A duration as the file would state it.
pub(super) fn duration_text(value: Duration) -> String {
    write(
        u64::try_from(value.as_millis()).unwrap_or(u64::MAX),
        DURATION_UNITS,
    )
}

/// A size as the file would state it.
pub(super) fn size_text(value: u64) -> String {
    write(value, SIZE_UNITS)
}

/// A deserializer of something that is written as a string.
macro_rules! written_as_string {
    ($(#[$meta:meta])* $module:ident, $type:ty, $looks:expr, $parse:expr) => {
        $(#[$meta])*
        pub(super) mod $module {
            use super::*;

            pub(crate) fn deserialize<'de, D>(from: D) -> Result<$type, D::Error>
            where
                D: serde::Deserializer<'de>,
            {
                struct Reader;

                impl serde::de::Visitor<'_> for Reader {
                    type Value = $type;

                    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        out.write_str($looks)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        let parse: fn(&str) -> Option<$type> = $parse;
                        parse(text).ok_or_else(|| {
                            E::invalid_value(serde::de::Unexpected::Str(text), &self)
                        })
                    }
                }

                from.deserialize_str(Reader)
            }
        }
    };
}

written_as_string!(
    /// `#[serde(with = "units::duration")]`
    duration,
    Duration,
    DURATION,
    |text| parse(text, DURATION_UNITS).map(Duration::from_millis)
);

written_as_string!(
    /// `#[serde(with = "units::size")]`
    size,
    u64,
    SIZE,
    |text| parse(text, SIZE_UNITS)
);

written_as_string!(
    /// `#[serde(with = "units::address")]`
    address,
    std::net::SocketAddr,
    ADDRESS,
    |text| text.parse().ok()
);

written_as_string!(
    /// `#[serde(with = "units::currency")]`
    currency,
    tessera_protocol::Currency,
    CURRENCY,
    |text| tessera_protocol::Currency::from_text(text.as_bytes())
        .filter(|currency| currency.letters().is_some())
);

/// Who begins settlement dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cutover {
    /// The clock, so long after midnight (UTC).
    Clock(Duration),
    /// The financial system, with 0800/201.
    Host,
}

written_as_string!(
    /// `#[serde(with = "units::institution")]`
    institution,
    tessera_protocol::Institution,
    INSTITUTION,
    tessera_protocol::Institution::from_text
);

written_as_string!(
    /// `#[serde(with = "units::cutover")]`
    cutover,
    Cutover,
    CUTOVER,
    |text| match text {
        "host" => Some(Cutover::Host),
        time => parse_time_of_day(time).map(Cutover::Clock),
    }
);

fn parse_time_of_day(text: &str) -> Option<Duration> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str, below: u64| {
        let whole = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse::<u64>().ok();
        number.filter(|number| whole && *number < below)
    };
    let minutes = number(hours, 24)? * 60 + number(minutes, 60)?;
    Some(Duration::from_secs(minutes * 60))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_time_of_day_has_hours_and_minutes() {
        let minutes = |text| parse_time_of_day(text).map(|time| time.as_secs() / 60);
        assert_eq!(minutes("00:00"), Some(0));
        assert_eq!(minutes("23:59"), Some(1439));
        for wrong in ["", "24:00", "22:60", "9:00", "22", "22:00:00", "+1:00"] {
            assert_eq!(minutes(wrong), None, "{wrong}");
        }
    }

    use super::*;

    #[test]
    fn reads_every_unit_and_writes_it_back() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("7s", 7_000),
            ("15min", 900_000),
            ("1h", 3_600_000),
            ("7d", 604_800_000),
            ("0ms", 0),
        ] {
            assert_eq!(parse(text, DURATION_UNITS), Some(milliseconds));
            assert_eq!(duration_text(Duration::from_millis(milliseconds)), text);
        }
        for (text, bytes) in [
            ("1B", 1),
            ("64KiB", 65_536),
            ("256MiB", 268_435_456),
            ("2GiB", 1 << 31),
        ] {
            assert_eq!(parse(text, SIZE_UNITS), Some(bytes));
            assert_eq!(size_text(bytes), text);
        }
    }

    #[test]
    fn refuses_what_is_not_a_number_and_a_unit() {
        for text in [
            "",
            "7",
            "s",
            "7 s",
            "7sec",
            "-7s",
            "7.5s",
            "+7s",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(parse(text, DURATION_UNITS), None, "{text}");
        }
    }
}
