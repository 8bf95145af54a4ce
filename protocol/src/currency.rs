//! Currencies by their ISO 4217 number. Letters and minor units are those of the crate `iso_currency`, which follows the
//! standard's list one with its amendments.

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

    /// Every currency of ISO 4217, funds and metals included.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=999)
            .map(Self)
            .filter(|currency| currency.letters().is_some())
    }

    /// Its three letters; `None` where ISO 4217 has none for this number.
    pub fn letters(self) -> Option<&'static str> {
        Some(self.row()?.code())
    }

    /// From three capital letters.
    pub fn from_letters(letters: &str) -> Option<Self> {
        iso_currency::Currency::from_code(letters).map(|row| Self(row.numeric()))
    }

    /// How many of an amount's digits stand behind the decimal point, 0 to 4; 0 where ISO 4217 has no such currency or no
    /// minor units for it.
    pub fn decimals(self) -> u32 {
        let exponent = self.row().and_then(|row| row.exponent());
        exponent.map_or(0, u32::from)
    }

    fn row(self) -> Option<iso_currency::Currency> {
        iso_currency::Currency::from_numeric(self.0)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// ISO 4217 list one, of 2026: the currencies that don't have two decimals.
    #[test]
    fn knows_every_currency_that_is_not_of_two_decimals() {
        const NONE: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
        const THREE: &str = "BHD IQD JOD KWD LYD OMR TND";
        const FOUR: &str = "CLF UYW";
        const WITHOUT: &str = "XAD XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX";
        for currency in Currency::all() {
            let letters = currency.letters().unwrap();
            let is_one_of = |list: &str| list.split(' ').any(|one| one == letters);
            let expected = match letters {
                _ if is_one_of(NONE) => 0,
                _ if is_one_of(THREE) => 3,
                _ if is_one_of(FOUR) => 4,
                // The Arab accounting dinar counts in hundredths, the others not at all.
                _ if is_one_of(WITHOUT) && currency.decimals() != 2 => 0,
                _ => 2,
            };
            assert_eq!(currency.decimals(), expected, "{letters}");
            assert_eq!(Currency::from_letters(letters), Some(currency));
        }
        assert!(Currency::all().count() >= 178);
    }

    #[test]
    fn letters_and_numbers_go_both_ways() {
        assert_eq!(Currency::from_letters("KWD"), Currency::new(414));
        assert_eq!(Currency::from_letters("usd"), None);
        assert_eq!(Currency(8).letters(), Some("ALL"));
        assert_eq!(Currency(1).letters(), None);
    }
}
