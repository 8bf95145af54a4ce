//! Texts of fields: ISO 8859-1 on the wire, Unicode in programs, pages and files.

use std::fmt::Write as _;

/// Bytes in ISO 8859-1, whose code points are Unicode's.
pub fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// A text in ISO 8859-1; `None` where it has a character that is not in it.
pub fn to_latin_1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}

/// The text with control characters written as escapes (`\x1b`): a terminal would act on them.
pub fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(seen, "\\x{:02x}", u32::from(character));
        } else {
            seen.push(character);
        }
    }
    seen
}

/// A merchant's name and location (field 43) as people read it: with commas between its columns, which are padded with spaces.
pub fn merchant(place: &str) -> String {
    let columns = place.split("  ").map(str::trim);
    let columns: Vec<_> = columns.filter(|column| !column.is_empty()).collect();
    columns.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_both_ways() {
        let every: Vec<u8> = (0..=255).collect();
        let text = latin_1(&every);
        assert_eq!(to_latin_1(&text).unwrap(), every);
        assert_eq!(to_latin_1("10 €"), None);
        let seen = visible(&text);
        assert!(!seen.chars().any(char::is_control), "{seen}");
        for byte in (0x20..0x7f).chain(0xa0..=0xff) {
            assert!(seen.contains(char::from(byte)), "{byte:02x}");
        }
        assert!(seen.starts_with("\\x00\\x01") && seen.contains("~\\x7f\\x80"));
        assert_eq!(visible(&seen), seen);
    }

    #[test]
    fn a_merchant_is_read_without_its_padding() {
        let place = "LANTERN STORE            SEOUL        KR";
        assert_eq!(merchant(place), "LANTERN STORE, SEOUL, KR");
        assert_eq!(merchant("  A shop "), "A shop");
        assert_eq!(merchant(""), "");
    }
}
