//! The payer's identification number.

use std::fmt;

use zeroize::Zeroize;

/// How a payer is known: fourteen random digits and a check digit. It says nothing about who they are. It prints as its last two
/// digits and is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientNumber([u8; ClientNumber::DIGITS]);

/// Why a text is no [`ClientNumber`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientNumberError {
    /// Not fifteen digits.
    #[error("an identification number has 15 digits")]
    Length,
    /// Mistyped.
    #[error("the identification number is mistyped: its check digit does not fit")]
    CheckDigit,
}

impl ClientNumber {
    /// How many digits it has.
    pub const DIGITS: usize = 15;

    /// From a number of which fourteen digits are used, which should come from a cryptographic random source.
    pub fn from_random(random: u64) -> Self {
        let mut digits = [0; Self::DIGITS];
        let mut rest = random;
        for digit in digits[..Self::DIGITS - 1].iter_mut().rev() {
            *digit = (rest % 10) as u8;
            rest /= 10;
        }
        digits[Self::DIGITS - 1] = damm(&digits[..Self::DIGITS - 1]);
        Self(digits)
    }

    /// From what a person typed: spaces and hyphens are passed over.
    ///
    /// # Errors
    /// Where it can't be one.
    pub fn from_text(text: &str) -> Result<Self, ClientNumberError> {
        let mut digits = [0; Self::DIGITS];
        let mut count = 0;
        for character in text
            .chars()
            .filter(|character| !matches!(character, ' ' | '-'))
        {
            let digit = character.to_digit(10).ok_or(ClientNumberError::Length)?;
            *digits.get_mut(count).ok_or(ClientNumberError::Length)? = digit as u8;
            count += 1;
        }
        if count != Self::DIGITS {
            return Err(ClientNumberError::Length);
        }
        if damm(&digits) != 0 {
            return Err(ClientNumberError::CheckDigit);
        }
        Ok(Self(digits))
    }

    /// The fifteen digits as text. For the payer and the wire only: never for a log.
    pub fn expose(&self) -> [u8; Self::DIGITS] {
        self.0.map(|digit| digit + b'0')
    }
}

impl fmt::Debug for ClientNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [.., tens, ones] = self.0;
        write!(formatter, "*************{tens}{ones}")
    }
}

impl Drop for ClientNumber {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// H. M. Damm, "Total anti-symmetrische Quasigruppen" (Marburg 2004), the quasigroup of order 10: every single wrong
/// digit and every exchange of two neighbours is found. 0 over digits that end with their check digit.
fn damm(digits: &[u8]) -> u8 {
    const TABLE: [[u8; 10]; 10] = [
        [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
        [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
        [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
        [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
        [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
        [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
        [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
        [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
        [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
        [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
    ];
    digits.iter().fold(0, |interim, digit| {
        TABLE[usize::from(interim)][usize::from(*digit)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of the method: 572 has the check digit 4.
    #[test]
    fn the_check_digit_is_the_published_one() {
        assert_eq!(damm(&[5, 7, 2]), 4);
    }

    #[test]
    fn finds_every_wrong_digit_and_every_exchange_of_neighbours() {
        let number = ClientNumber::from_random(48_219_930_557_416);
        let text = String::from_utf8(number.expose().to_vec()).unwrap();
        assert_eq!(ClientNumber::from_text(&text), Ok(number));
        for place in 0..text.len() {
            for digit in b'0'..=b'9' {
                let mut other = text.clone().into_bytes();
                if std::mem::replace(&mut other[place], digit) != digit {
                    let other = String::from_utf8(other).unwrap();
                    let wrong = Err(ClientNumberError::CheckDigit);
                    assert_eq!(ClientNumber::from_text(&other), wrong);
                }
            }
            let mut other = text.clone().into_bytes();
            if place > 0 && other[place - 1] != other[place] {
                other.swap(place - 1, place);
                let other = String::from_utf8(other).unwrap();
                assert!(ClientNumber::from_text(&other).is_err());
            }
        }
    }

    #[test]
    fn is_read_with_spaces_and_hyphens_and_never_printed() {
        let number = ClientNumber::from_random(1);
        let text = String::from_utf8(number.expose().to_vec()).unwrap();
        let spaced = format!("{} {}-{}", &text[..5], &text[5..10], &text[10..]);
        assert_eq!(ClientNumber::from_text(&spaced), Ok(number.clone()));
        assert!(!format!("{number:?}").contains(&text[..13]));
        for wrong in ["", "1", "12345678901234567", "1234567890123x5"] {
            assert_eq!(
                ClientNumber::from_text(wrong),
                Err(ClientNumberError::Length)
            );
        }
    }
}
