//! The bytes around a fault.

use std::fmt::Write;
use std::ops::Range;

use super::Secrets;
use crate::dialect::FieldPlace;
use crate::error::{ParseError, Problem};
use crate::fields::Field;
use crate::masking::Veil;

const LINE_BYTES: usize = 16;
/// Lines shown in front of the one with the fault, and behind it.
const LINES_AROUND: usize = 2;

/// Lines of sixteen bytes with their offset, and a caret under the faulty byte. What the veil covers is hidden, and what
/// was not read.
pub(super) fn around(
    message: &[u8],
    places: &[FieldPlace],
    error: &ParseError,
    veil: &Veil,
    secrets: Secrets,
) -> String {
    let shown = shown(message, places, error);
    let is_shown = |offset: usize| {
        secrets == Secrets::Shown || shown.iter().any(|bytes| bytes.contains(&offset))
    };
    let fault_line = error.offset / LINE_BYTES;
    let last_line = (message.len().saturating_sub(1) / LINE_BYTES)
        .min(fault_line + LINES_AROUND)
        .max(fault_line);
    let mut lines = String::new();
    for line in fault_line.saturating_sub(LINES_AROUND)..=last_line {
        let start = line * LINE_BYTES;
        let end = message.len().min(start + LINE_BYTES);
        // Writing to a string cannot fail.
        let _ = write!(lines, "{start:6}  ");
        for (&byte, offset) in message[start..end].iter().zip(start..) {
            match is_shown(offset) {
                true => lines.extend(veil.hex(offset, byte)),
                false => lines.push_str("**"),
            }
            lines.push(' ');
        }
        lines.truncate(lines.trim_end().len());
        lines.push('\n');
        if line == fault_line {
            let _ = writeln!(lines, "{:>1$}", "^^", 10 + (error.offset - start) * 3);
        }
    }
    lines
}

/// The faulty byte, the bitmaps, and the readable fields that are not sensitive. Behind a length that is
/// wrong nothing is what it seems, so that a card number may stand anywhere.
fn shown(message: &[u8], places: &[FieldPlace], error: &ParseError) -> Vec<Range<usize>> {
    let head_bytes = match message.get(2) {
        Some(first) if first & 0x80 != 0 => 18,
        _ => 10,
    };
    let places_known = matches!(error.problem, Problem::Nibble { .. });
    // Key material may travel in field 48.
    let open = places.iter().filter(|place| {
        let sound = places_known || place.field.start < error.offset;
        let is_open = Field::of(place.number).is_some_and(|field| !field.sensitive);
        sound && is_open && place.number != 48
    });
    open.map(|place| place.field.clone())
        .chain([0..head_bytes, error.offset..error.offset + 1])
        .collect()
}
