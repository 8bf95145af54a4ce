//! Values as people write them in scenarios: shares (`"0.5%"`), paces (`500`, `"200..2000"`), times (`"30s"`).

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::load::times::parse_duration;

/// A part of all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(f64);

impl Share {
    /// Nothing of it.
    pub const NONE: Self = Self(0.0);

    /// 0 to 1.
    pub fn value(self) -> f64 {
        self.0
    }

    /// Reads `0.5%`, or `0.005`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (number, unit) = match text.strip_suffix('%') {
            Some(per_cent) => (per_cent.trim(), 100.0),
            None => (text, 1.0),
        };
        match number.parse::<f64>() {
            Ok(number) if (0.0..=unit).contains(&number) => Ok(Self(number / unit)),
            _ => Err(format!(
                "`{text}` is not a share such as 0.5%, at most 100%"
            )),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Six digits are more than anybody states, and hide what a division by 100 leaves.
        let per_cent = format!("{:.6}", self.0 * 100.0);
        let per_cent = per_cent.trim_end_matches('0').trim_end_matches('.');
        write!(formatter, "{per_cent}%")
    }
}

/// A figure at the beginning and at the end of a stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    /// At the beginning.
    pub from: f64,
    /// At the end.
    pub to: f64,
}

impl Ramp {
    /// Reads `500` or `200..2000`.
    fn parse(text: &str) -> Result<Self, String> {
        let number = |part: &str| match part.trim().parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
            _ => Err(format!(
                "`{text}` is neither a number nor a ramp such as \"200..2000\""
            )),
        };
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        Ok(Self {
            from: number(from)?,
            to: number(to)?,
        })
    }
}

/// A time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        parse_duration(&text).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Text("a share such as \"0.5%\""))
            .and_then(|text| Self::parse(&text).map_err(D::Error::custom))
    }
}

impl<'de> Deserialize<'de> for Ramp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Text("a number, or a ramp such as \"200..2000\""))
            .and_then(|text| Self::parse(&text).map_err(D::Error::custom))
    }
}

/// A number or a text, as a text.
struct Text(&'static str);

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_per_cent_or_parts() {
        assert_eq!(Share::parse("0.5%"), Ok(Share(0.005)));
        assert_eq!(Share::parse("0.005"), Ok(Share(0.005)));
        assert_eq!(Share(0.005).to_string(), "0.5%");
        assert_eq!(Share::parse("100 %").unwrap().to_string(), "100%");
        for wrong in ["", "-1%", "101%", "1.5", "NaN"] {
            assert!(Share::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ramps_have_a_beginning_and_an_end() {
        assert_eq!(
            Ramp::parse("500"),
            Ok(Ramp {
                from: 500.0,
                to: 500.0
            })
        );
        assert_eq!(Ramp::parse("1..2.5"), Ok(Ramp { from: 1.0, to: 2.5 }));
        for wrong in ["..5", "5..", "a", "-1", "inf"] {
            assert!(Ramp::parse(wrong).is_err(), "{wrong}");
        }
    }
}
