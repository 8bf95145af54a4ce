//! Card numbers, which are never shown.

use std::fmt;
use zeroize::Zeroize;

/// A card number of 8 to 19 digits. It prints as its first six and last four digits and is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CardNumber {
    digits: u64,
    length: u8,
}

/// 10 to the power of its index.
const POWERS_OF_TEN: [u64; CardNumber::LENGTH_MAX + 1] = {
    let mut powers = [1; CardNumber::LENGTH_MAX + 1];
    let mut index = 1;
    while index < powers.len() {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

impl CardNumber {
    /// The shortest that is a card number.
    pub const LENGTH_MIN: usize = 8;
    /// The longest that field 2 can carry.
    pub const LENGTH_MAX: usize = 19;

    /// From digits as text; `None` where one is no digit or there are fewer than 8 or more than 19.
    pub fn from_digits(text: &str) -> Option<Self> {
        if !text.bytes().all(|character| character.is_ascii_digit()) {
            return None;
        }
        Self::new(text.parse().ok()?, text.len())
    }

    /// From a number and how many digits it has (leading zeros count).
    #[inline]
    pub fn new(digits: u64, length: usize) -> Option<Self> {
        if !(Self::LENGTH_MIN..=Self::LENGTH_MAX).contains(&length) {
            return None;
        }
        (digits < POWERS_OF_TEN[length]).then_some(Self {
            digits,
            length: length as u8,
        })
    }

    /// The development card of a serial number: `990000`, nine digits of it, the Luhn check digit.
    /// Serial numbers above 999,999,999 start again from zero.
    pub fn development(serial: u64) -> Self {
        let payload = 990_000 * 1_000_000_000 + serial % 1_000_000_000;
        Self {
            digits: payload * 10 + luhn_check_digit(payload),
            length: 16,
        }
    }

    /// The digits as a number. For the wire and the store only: never for a log.
    pub fn expose(&self) -> u64 {
        self.digits
    }

    /// How many digits it has.
    pub fn length(&self) -> usize {
        usize::from(self.length)
    }

    /// Whether its last digit is the Luhn check digit of the others.
    pub fn luhn_valid(&self) -> bool {
        luhn_check_digit(self.digits / 10) == self.digits % 10
    }
}

/// ISO/IEC 7812-1 annex B: from the right, every other digit doubled, beginning with the first.
fn luhn_check_digit(mut payload: u64) -> u64 {
    let mut sum = 0;
    let mut doubled = true;
    while payload > 0 {
        let digit = payload % 10 * if doubled { 2 } else { 1 };
        sum += digit / 10 + digit % 10;
        doubled = !doubled;
        payload /= 10;
    }
    (10 - sum % 10) % 10
}

impl fmt::Display for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.length();
        // Short numbers would be shown whole by six and four.
        let first = if length >= 13 { 6 } else { 0 };
        if first > 0 {
            let head = self.digits / 10u64.pow((length - first) as u32);
            write!(f, "{head:0first$}")?;
        }
        for _ in 0..length - first - 4 {
            f.write_str("*")?;
        }
        write!(f, "{:04}", self.digits % 10_000)
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Drop for CardNumber {
    #[inline]
    fn drop(&mut self) {
        self.digits.zeroize();
        self.length.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_first_six_and_last_four_only() {
        let card = CardNumber::development(1);
        assert_eq!(format!("{card}"), "990000******0010");
        assert_eq!(format!("{card:?}"), "990000******0010");
        assert_eq!(card.expose(), 9_900_000_000_000_010);
        let short = CardNumber::from_digits("12345678").map(|card| card.to_string());
        assert_eq!(short.as_deref(), Some("****5678"));
    }

    #[test]
    fn development_cards_have_their_check_digit() {
        assert!((0..2000).all(|serial| CardNumber::development(serial).luhn_valid()));
        let wrong = CardNumber::from_digits("9900000000000011");
        assert!(wrong.is_some_and(|card| !card.luhn_valid()));
    }

    #[test]
    fn refuses_what_is_no_card_number() {
        for text in [
            "",
            "1234567",
            "12345678901234567890",
            "12345678a",
            "+12345678",
        ] {
            assert_eq!(CardNumber::from_digits(text), None, "{text}");
        }
        let zeros = CardNumber::from_digits("0000000000000000018");
        assert!(zeros.is_some_and(|card| card.length() == 19 && card.expose() == 18));
    }
}
