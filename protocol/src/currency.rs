//! Currencies by their ISO 4217 number.

use std::fmt;

/// A numeric ISO 4217 code, 0 to 999; on the wire three digits as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(u16);

impl Currency {
    /// 840, the currency of the development cards.
    pub const USD: Self = Self(840);

    /// `None` above 999.
    pub const fn new(code: u16) -> Option<Self> {
        if code <= 999 { Some(Self(code)) } else { None }
    }

    /// The number.
    pub const fn code(self) -> u16 {
        self.0
    }

    /// From three digits as text.
    pub const fn from_text(text: &[u8]) -> Option<Self> {
        let [
            hundreds @ b'0'..=b'9',
            tens @ b'0'..=b'9',
            ones @ b'0'..=b'9',
        ] = text
        else {
            return None;
        };
        Some(Self(
            (*hundreds - b'0') as u16 * 100 + (*tens - b'0') as u16 * 10 + (*ones - b'0') as u16,
        ))
    }

    /// Three digits as text.
    pub const fn to_text(self) -> [u8; 3] {
        [
            b'0' + (self.0 / 100) as u8,
            b'0' + (self.0 / 10 % 10) as u8,
            b'0' + (self.0 % 10) as u8,
        ]
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}
