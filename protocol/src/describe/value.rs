//! A field's value as text, by its packing.

use std::fmt::Write;

use crate::card::CardNumber;
use crate::fields::Packing;
use crate::reading::ReadField;

/// The value before padding: digits, characters, or bytes in hexadecimal.
pub(super) fn of(field: &ReadField<'_>) -> String {
    let body = field.body;
    match field.table().packing {
        Packing::Numeric(digits) => hex(body)[usize::from(digits % 2)..].to_owned(),
        Packing::NumericUpTo(_) => {
            let mut digits = hex(body);
            digits.truncate(field.length());
            digits
        }
        Packing::TrackUpTo(_) => {
            let mut track = hex(body).replace('d', "=");
            track.truncate(field.length());
            track
        }
        Packing::Signed(_) => match body.split_first() {
            Some((sign, digits)) => text(&[*sign]) + &hex(digits),
            None => String::new(),
        },
        Packing::Text(_) => text(body.trim_ascii_end()),
        Packing::ShortTextUpTo(_) | Packing::TextUpTo(_) => text(body),
        Packing::Binary(_) | Packing::BinaryUpTo(_) => hex(body),
    }
}

/// A sensitive value for eyes that must not see it.
pub(super) fn masked(number: u8, value: &str) -> String {
    match CardNumber::from_digits(value) {
        Some(card) if number == 2 => card.to_string(),
        _ => "*".repeat(value.chars().count()),
    }
}

/// ISO 8859-1, whose code points are Unicode's. What would move a cursor is written as an escape.
pub(super) fn text(body: &[u8]) -> String {
    let mut text = String::with_capacity(body.len());
    for &byte in body {
        let character = char::from(byte);
        if character.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        } else {
            text.push(character);
        }
    }
    text
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
