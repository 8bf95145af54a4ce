//! Values as people write them in the configuration: durations (`"5ms"`), shares (0 to 1), outcomes of a
//! request (`"05"`, `"silent"`).

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use tessera_protocol::{Currency, ResponseCode};

const UNITS: &[(&str, u64)] = &[
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("min", 60_000_000),
    ("h", 3_600_000_000),
];

/// A duration: a whole number and a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span(pub Duration);

impl Span {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let factor = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        let micros = number.parse::<u64>().ok()?.checked_mul(factor)?;
        Some(Self(Duration::from_micros(micros)))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "{text:?} is no duration: a whole number and us, ms, s, min or h, as in \"5ms\""
            ))
        })
    }
}

/// A part of all: 0 (never) to 1 (always).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Share(f64);

impl Share {
    /// 0 to 1.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // `f64` refuses whole numbers in some formats; 0 and 1 are what people write.
        let value = match toml::Value::deserialize(from)? {
            toml::Value::Float(value) => value,
            toml::Value::Integer(value) => value as f64,
            other => return Err(D::Error::custom(format!("{other} is no share: 0.0 to 1.0"))),
        };
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(D::Error::custom(format!("{value} is no share: 0.0 to 1.0")))
        }
    }
}

/// A response code as text: `"05"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(pub ResponseCode);

impl Code {
    /// Two digits or capital letters.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let code: [u8; 2] = text.as_bytes().try_into().ok()?;
        let plain = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        code.iter()
            .all(plain)
            .then(|| Self(ResponseCode::new(code)))
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!("{text:?} is no response code of two characters"))
        })
    }
}

/// A currency as three digits: `"840"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrencyCode(pub u16);

impl<'de> Deserialize<'de> for CurrencyCode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        match Currency::from_text(text.as_bytes()) {
            Some(currency) if currency.letters().is_some() => Ok(Self(currency.code())),
            _ => Err(D::Error::custom(format!(
                "{text:?} is no currency: three digits of ISO 4217, as in \"840\""
            ))),
        }
    }
}

/// What an amount's last digits may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forced {
    /// Answer with this code.
    Code(ResponseCode),
    /// Apply, and answer with this code all the same.
    Booked(ResponseCode),
    /// Apply, and answer with this field that the request did not have so: 2, 3, 4 or 49.
    Other(u8),
    /// Neither apply nor answer: the request was lost on its way here.
    Ignored,
    /// Apply, and lose the answer.
    Silent,
    /// Apply, and answer after three seconds.
    Slow,
    /// Apply, and answer late.
    Late,
    /// Apply once, answer twice.
    Double,
    /// Apply, and cut the connection instead of answering.
    Cut,
}

impl<'de> Deserialize<'de> for Forced {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ForcedVisitor)
    }
}

struct ForcedVisitor;

impl Visitor<'_> for ForcedVisitor {
    type Value = Forced;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a response code (\"05\"), \"booked 10\", \"other 4\" (or 2, 3, 49), \"ignored\", \"silent\", \"late\", \"double\" or \"cut\"",
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Forced, E> {
        Ok(match text {
            "other 2" => Forced::Other(2),
            "other 3" => Forced::Other(3),
            "other 4" => Forced::Other(4),
            "other 49" => Forced::Other(49),
            "ignored" => Forced::Ignored,
            "silent" => Forced::Silent,
            "late" => Forced::Late,
            "double" => Forced::Double,
            "cut" => Forced::Cut,
            text => {
                let booked = text.strip_prefix("booked ");
                match (Code::parse(booked.unwrap_or(text)), booked) {
                    (Some(code), None) => Forced::Code(code.0),
                    (Some(code), Some(_)) => Forced::Booked(code.0),
                    (None, _) => {
                        return Err(E::invalid_value(serde::de::Unexpected::Str(text), &self));
                    }
                }
            }
        })
    }

    /// On the command line `51` needs no quotes.
    fn visit_i64<E: Error>(self, number: i64) -> Result<Forced, E> {
        self.visit_str(&format!("{number:02}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations() {
        assert_eq!(Span::parse("5ms"), Some(Span(Duration::from_millis(5))));
        assert_eq!(Span::parse("2min"), Some(Span(Duration::from_secs(120))));
        for text in ["", "5", "ms", "5 ms", "-5ms", "5.5ms", "99999999999999999h"] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }
}
