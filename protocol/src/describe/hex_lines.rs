//! The bytes around a fault.

use std::fmt::Write;
use std::ops::Range;

use super::Secrets;
use crate::error::{ParseError, Problem};
use crate::reading::Reading;

const LINE_BYTES: usize = 16;
/// Lines shown in front of the one with the fault, and behind it.
const LINES_AROUND: usize = 2;

/// Lines of sixteen bytes with their offset, and a caret under the faulty byte.
pub(super) fn around(
    message: &[u8],
    reading: &Reading<'_>,
    error: &ParseError,
    secrets: Secrets,
) -> String {
    let shown = shown(message, reading, error);
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
        for (byte, offset) in message[start..end].iter().zip(start..) {
            let _ = match is_shown(offset) {
                true => write!(lines, "{byte:02x} "),
                false => write!(lines, "** "),
            };
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
fn shown(message: &[u8], reading: &Reading<'_>, error: &ParseError) -> Vec<Range<usize>> {
    let head_bytes = match message.get(2) {
        Some(first) if first & 0x80 != 0 => 18,
        _ => 10,
    };
    let places_known = matches!(error.problem, Problem::Nibble { .. });
    // Key material may travel in field 48.
    let open = reading.fields.iter().filter(|field| {
        let sound = places_known || field.offset < error.offset;
        sound && !field.table().sensitive && field.number != 48
    });
    open.map(|field| field.offset..field.offset + field.wire.len())
        .chain([0..head_bytes, error.offset..error.offset + 1])
        .collect()
}
