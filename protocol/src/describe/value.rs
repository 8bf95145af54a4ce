//! A field's value as text, by its packing.

use std::fmt::Write;
use std::ops::Range;

use crate::card::CardNumber;
use crate::fields::Packing;
use crate::masking::Veil;
use crate::reading::ReadField;

/// The value before padding: digits, characters, or bytes in hexadecimal.
pub(super) fn of(field: &ReadField<'_>) -> String {
    veiled(field, &Veil::none())
}

/// The same, with asterisks for what the veil over the field's body hides.
pub(super) fn veiled(field: &ReadField<'_>, veil: &Veil) -> String {
    let body = field.body;
    let hex = |bytes: Range<usize>| hex_under(veil, body, bytes);
    let text = |bytes: Range<usize>| text_under(veil, body, bytes);
    let whole = 0..body.len();
    match field.table().packing {
        Packing::Numeric(digits) => hex(whole)[usize::from(digits % 2)..].to_owned(),
        Packing::NumericUpTo(_) => {
            let mut digits = hex(whole);
            digits.truncate(field.length());
            digits
        }
        Packing::TrackUpTo(_) => {
            let mut track = hex(whole).replace('d', "=");
            track.truncate(field.length());
            track
        }
        Packing::Signed(_) if body.is_empty() => String::new(),
        Packing::Signed(_) => text(0..1) + &hex(1..body.len()),
        Packing::Text(_) => text(0..body.trim_ascii_end().len()),
        Packing::ShortTextUpTo(_) | Packing::TextUpTo(_) => text(whole),
        Packing::Binary(_) | Packing::BinaryUpTo(_) => hex(whole),
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
    text_under(&Veil::none(), body, 0..body.len())
}

pub(super) fn text_under(veil: &Veil, body: &[u8], bytes: Range<usize>) -> String {
    let mut text = String::with_capacity(bytes.len());
    for at in bytes {
        let character = char::from(body[at]);
        if veil.covers_any(at..at + 1) {
            text.push('*');
        } else if character.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{:02x}", body[at]);
        } else {
            text.push(character);
        }
    }
    text
}

/// Bytes in hexadecimal, asterisks for what the veil over them hides.
pub(super) fn hex_digits(veil: &Veil, bytes: &[u8]) -> String {
    hex_under(veil, bytes, 0..bytes.len())
}

fn hex_under(veil: &Veil, body: &[u8], bytes: Range<usize>) -> String {
    bytes.flat_map(|at| veil.hex(at, body[at])).collect()
}
