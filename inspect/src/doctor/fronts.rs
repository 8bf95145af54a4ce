//! What may stand in front of a message and say how long it is: what a profile can name, and what is met elsewhere.

use std::ops::Range;

use tessera_protocol::{FRAME_BYTES_MAX, Framing};

/// A length, or nothing, in front of a message.
#[derive(Debug, Clone)]
pub(super) struct Front {
    /// As a sentence says it.
    pub(super) what: String,
    /// The line of a profile; `None` where there is none, or no length.
    pub(super) framing: Option<Framing>,
    /// Whether profiles know it.
    pub(super) is_supported: bool,
    /// Where the message stands, as far as it is there.
    pub(super) message: Range<usize>,
    /// What the length says of the input's end.
    pub(super) fit: Fit,
}

/// Whether a length leads to the end of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It does, or to another length and so on.
    Exact,
    /// There is none.
    Bare,
    /// Something else follows.
    More,
    /// So many bytes are missing.
    Missing(usize),
}

/// Every front that the bytes may have.
pub(super) fn fronts(bytes: &[u8]) -> Vec<Front> {
    let mut fronts: Vec<Front> = Framing::ALL
        .into_iter()
        .filter_map(|framing| supported(framing, bytes))
        .collect();
    fronts.extend(foreign(bytes));
    fronts.push(Front {
        what: "no length in front".to_owned(),
        framing: None,
        is_supported: true,
        message: 0..bytes.len(),
        fit: Fit::Bare,
    });
    fronts
}

/// The first frame behind keep-alives.
fn supported(framing: Framing, bytes: &[u8]) -> Option<Front> {
    let mut start = 0;
    let length = loop {
        match framing.announced(bytes.get(start..)?).ok()?? {
            0 => start += framing.length_bytes(),
            length => break length,
        }
    };
    let start = start + framing.length_bytes();
    let keep_alives = if start > framing.length_bytes() {
        " behind a keep-alive"
    } else {
        ""
    };
    // The five bytes of a TPDU are the message's header.
    let header = if framing == Framing::Tpdu { 5 } else { 0 };
    if framing == Framing::Tpdu && bytes.get(start) != Some(&0x60) {
        return None;
    }
    let (message, fit) = placed(bytes, start, length);
    let follows = fit == Fit::More && leads_on(framing, &bytes[message.end..]);
    Some(Front {
        what: format!("framing = \"{}\"{keep_alives}", framing.name()),
        framing: Some(framing),
        is_supported: true,
        message: (message.start + header).min(message.end)..message.end,
        fit: if follows { Fit::Exact } else { fit },
    })
}

/// Whether the rest is whole frames as well.
fn leads_on(framing: Framing, mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        let Ok(Some(length)) = framing.announced(rest) else {
            return false;
        };
        match rest.get(framing.length_bytes() + length..) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    true
}

fn placed(bytes: &[u8], start: usize, length: usize) -> (Range<usize>, Fit) {
    let end = start + length;
    match end.cmp(&bytes.len()) {
        std::cmp::Ordering::Equal => (start..end, Fit::Exact),
        std::cmp::Ordering::Less => (start..end, Fit::More),
        std::cmp::Ordering::Greater => (
            start.min(bytes.len())..bytes.len(),
            Fit::Missing(end - bytes.len()),
        ),
    }
}

/// What no profile has a line for.
fn foreign(bytes: &[u8]) -> Vec<Front> {
    let decimal = |digits: &[u8], zero: u8| -> Option<usize> {
        let digits = digits.iter().map(|digit| digit.wrapping_sub(zero));
        digits
            .map(|digit| (digit <= 9).then_some(usize::from(digit)))
            .try_fold(0, |sum, digit| Some(sum * 10 + digit?))
    };
    let packed = |bytes: &[u8]| -> Option<usize> {
        let digits: Vec<u8> = bytes
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 0xF])
            .collect();
        decimal(&digits, 0)
    };
    let first = |count: usize| bytes.get(..count);
    let text = |count: usize| first(count).and_then(|digits| std::str::from_utf8(digits).ok());
    let little = |count: usize| {
        first(count).map(|bytes| {
            bytes
                .iter()
                .rev()
                .fold(0, |sum, &byte| sum << 8 | usize::from(byte))
        })
    };
    let candidates = [
        ("a length of two bytes, little-endian", 2, 0, little(2)),
        (
            "a length of two bytes, little-endian, that includes itself",
            2,
            2,
            little(2),
        ),
        ("a length of four bytes, little-endian", 4, 0, little(4)),
        (
            "a length of six digits",
            6,
            0,
            first(6).and_then(|digits| decimal(digits, b'0')),
        ),
        (
            "a length of six digits that includes itself",
            6,
            6,
            first(6).and_then(|digits| decimal(digits, b'0')),
        ),
        (
            "a length of six digits in BCD",
            3,
            0,
            first(3).and_then(packed),
        ),
        (
            "a length of four digits in BCD that includes itself",
            2,
            2,
            first(2).and_then(packed),
        ),
        (
            "a length of five digits",
            5,
            0,
            first(5).and_then(|digits| decimal(digits, b'0')),
        ),
        (
            "a length of four hexadecimal digits",
            4,
            0,
            text(4).and_then(|digits| usize::from_str_radix(digits, 16).ok()),
        ),
        (
            "a length of four digits in EBCDIC",
            4,
            0,
            first(4).and_then(|digits| decimal(digits, 0xF0)),
        ),
    ];
    let mut fronts = Vec::new();
    for (what, length_bytes, own, length) in candidates {
        let Some(length) = length.and_then(|length| length.checked_sub(own)) else {
            continue;
        };
        if length == 0 || length > FRAME_BYTES_MAX {
            continue;
        }
        let (message, fit) = placed(bytes, length_bytes, length);
        // By chance nearly everything is a length: this one has to lead to the end.
        if fit == Fit::Exact {
            fronts.push(foreign_front(what, message));
        }
    }
    // STX, message, ETX, and perhaps a check byte.
    if let [0x02, .., 0x03] | [0x02, .., 0x03, _] = bytes {
        let end = bytes.len() - 1 - usize::from(bytes.last() != Some(&0x03));
        fronts.push(foreign_front("STX in front and ETX behind", 1..end));
    }
    fronts
}

fn foreign_front(what: &str, message: Range<usize>) -> Front {
    Front {
        what: what.to_owned(),
        framing: None,
        is_supported: false,
        message,
        fit: Fit::Exact,
    }
}
