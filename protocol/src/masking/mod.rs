//! Hides card numbers where nobody can say which digits are one.
//!
//! Field limits say what a card number is only in a message that was read completely. Everything else (a message that
//! was misread, a dump, an error text, a line of a log) is searched for runs of digits: of a run of 13 digits and more
//! the first six and the last four are shown. A longer run is treated like that as a whole, because a card number may
//! stand anywhere in it. The representations are listed in [`scan`].
//!
//! In come bytes or text; out comes which of their nibbles are hidden, or the text with asterisks. Nothing is decided
//! here about what to print.

mod scan;

use std::borrow::Cow;
use std::ops::Range;

use scan::{Scan, Suspicion};

/// Which nibbles of some bytes may belong to a card number. Made by [`Veil::over`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Veil {
    hidden: Vec<bool>,
}

impl Veil {
    /// Hides every run of digits in bytes of unknown layout.
    pub fn over(bytes: &[u8]) -> Self {
        let mut hidden = vec![false; 2 * bytes.len()];
        Scan::run(bytes, Suspicion::Bytes, &mut hidden);
        Self { hidden }
    }

    /// Hides nothing.
    pub const fn none() -> Self {
        Self { hidden: Vec::new() }
    }

    /// The same for a part of the bytes: a card number is also hidden where it goes beyond the part.
    pub fn part(&self, bytes: Range<usize>) -> Self {
        let hidden = self.hidden.get(2 * bytes.start..2 * bytes.end);
        Self {
            hidden: hidden.unwrap_or_default().to_vec(),
        }
    }

    /// Whether anything of these bytes is hidden.
    pub fn covers_any(&self, bytes: Range<usize>) -> bool {
        let hidden = self.hidden.get(2 * bytes.start..2 * bytes.end);
        hidden.is_some_and(|hidden| hidden.contains(&true))
    }

    /// Two digits of a byte in hexadecimal, asterisks for what is hidden.
    pub fn hex(&self, at: usize, byte: u8) -> [char; 2] {
        let digit = |nibble: usize, value: u8| match self.hidden.get(2 * at + nibble) {
            Some(true) => '*',
            _ => char::from_digit(u32::from(value), 16).unwrap_or('*'),
        };
        [digit(0, byte >> 4), digit(1, byte & 0xF)]
    }
}

/// A text for people with every run of 13 digits and more hidden but its first six and last four: digits in one piece
/// or in groups with a space or a dash between them, and hexadecimal that says such digits.
pub fn mask_card_numbers(text: &str) -> Cow<'_, str> {
    masked(text, Suspicion::Text)
}

/// The same where long numbers of other kinds are expected (identifiers of card acceptors, orders): hides only 13 to 19
/// digits with the check digit of a card number.
pub fn mask_likely_card_numbers(text: &str) -> Cow<'_, str> {
    masked(text, Suspicion::Luhn)
}

fn masked(text: &str, suspicion: Suspicion) -> Cow<'_, str> {
    // Most texts have no such run: they cost one look at each of their bytes.
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    if digits < 13 {
        return Cow::Borrowed(text);
    }
    let mut hidden = vec![false; 2 * text.len()];
    Scan::run(text.as_bytes(), suspicion, &mut hidden);
    if !hidden.contains(&true) {
        return Cow::Borrowed(text);
    }
    let characters = text.char_indices();
    Cow::Owned(
        characters
            .map(|(at, character)| if hidden[2 * at] { '*' } else { character })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "4539578763621486";

    fn dump(bytes: &[u8]) -> String {
        let veil = Veil::over(bytes);
        let digits = bytes.iter().enumerate();
        digits.flat_map(|(at, &byte)| veil.hex(at, byte)).collect()
    }

    #[test]
    fn shows_the_first_six_and_the_last_four_of_every_representation() {
        let bcd = [0x45, 0x39, 0x57, 0x87, 0x63, 0x62, 0x14, 0x86];
        assert_eq!(
            dump(&[&[0xFF][..], &bcd, &[0xFF]].concat()),
            "ff453957******1486ff"
        );
        let shifted = [0xF4, 0x53, 0x95, 0x78, 0x76, 0x36, 0x21, 0x48, 0x6F];
        assert_eq!(dump(&shifted), "f453957******1486f");
        let ebcdic: Vec<u8> = CARD.bytes().map(|digit| digit | 0xF0).collect();
        let shown = "f4f5f3f9f5f*************f1f4f8f6";
        assert_eq!(
            dump(&[&[0][..], &ebcdic, &[0]].concat()),
            format!("00{shown}00")
        );
        // Swapped nibbles.
        let swapped: Vec<u8> = ebcdic.iter().map(|byte| byte.rotate_left(4)).collect();
        assert!(dump(&swapped).starts_with("4f5f3f9f5f7f*"));
        // Characters are digits in BCD as well.
        assert_eq!(
            dump(CARD.as_bytes()),
            format!("343533{}3836", "*".repeat(22))
        );
        for grouped in [
            "4539 5787 6362 1486",
            "4539-5787-6362-1486",
            "4539.5787.6362.1486",
        ] {
            let dump = dump(format!("<{grouped}>").as_bytes());
            // The digits in the middle, as characters.
            assert!(!dump.contains("3837") && !dump.contains("3633"), "{dump}");
        }
        let hex_of_ebcdic = "f4f5f3f9f5f7f8f7f6f3f6f2f1f4f8f6";
        let masked = mask_card_numbers(hex_of_ebcdic);
        assert_eq!(masked, "f4f5f3f9f5f7************f1f4f8f6");
    }

    #[test]
    fn a_card_number_within_more_digits_is_hidden_wherever_it_stands() {
        assert_eq!(dump(&[0x00; 12]), format!("000000{}0000", "*".repeat(14)));
        // What the end of the input has cut.
        let cut = [0xFF, 0x45, 0x39, 0x57, 0x87, 0x63, 0x62];
        assert_eq!(dump(&cut), "ff453957**6362");
    }

    #[test]
    fn masks_texts_for_people_and_leaves_their_other_numbers() {
        for (text, expected) in [
            (
                "card 4539578763621486 declined",
                "card 453957******1486 declined",
            ),
            (
                "data/journal/00000000000268402176.journal",
                "data/journal/00000000000268402176.journal",
            ),
            ("4539 5787 6362 1486", "4539 57** **** 1486"),
            ("4539-5787-6362-1486", "4539-57**-****-1486"),
            ("45 39 57 87 63 62 14 86", "45 39 57 ** ** ** 14 86"),
            (
                "0x45, 0x39, 0x57, 0x87, 0x63, 0x62, 0x14, 0x86",
                "0x45, 0x39, 0x57, 0x**, 0x**, 0x**, 0x14, 0x86",
            ),
            (
                "\\x45\\x39\\x57\\x87\\x63\\x62\\x14\\x86",
                "\\x45\\x39\\x57\\x**\\x**\\x**\\x14\\x86",
            ),
            (
                "34353339353738373633363231343836",
                "343533**********************3836",
            ),
            (
                "2026-11-28T20:30:15.123456Z a 632609000001 at 10.0.0.1:50001",
                "2026-11-28T20:30:15.123456Z a 632609000001 at 10.0.0.1:50001",
            ),
            (
                "2026-11-28 20:30:15 1 2 3 4 5 6 7 8 9 10 11",
                "2026-11-28 20:30:15 1 2 3 4 5 6 7 8 9 10 11",
            ),
            ("Käse 4539578763621486 ü", "Käse 453957******1486 ü"),
        ] {
            assert_eq!(mask_card_numbers(text), expected);
        }
        assert_eq!(
            mask_likely_card_numbers("12 4539 5787 6362 1486"),
            "12 4539 57** **** 1486"
        );
        let acceptor = "123456789012345";
        assert_eq!(mask_likely_card_numbers(acceptor), acceptor);
    }
}
