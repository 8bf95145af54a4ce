//! Messages as people read them.

use std::ops::Range;

use tessera_protocol::{
    Description, Message, MessagePacking, Secrets, describe_in, foreign_protocol,
};

use crate::input::{AS_IT_STANDS, Form, Input, InputError, Stream};

/// What is printed, and whether every message was good.
#[derive(Debug)]
pub struct Decoded {
    /// As it is printed.
    pub text: String,
    /// Whether nothing is wrong with any message.
    pub good: bool,
}

impl Decoded {
    /// What messages in binary packing say, as tables or as one JSON object a line.
    ///
    /// # Errors
    /// Where the input holds no bytes, or may be read in several ways.
    pub fn of(input: &Input, secrets: Secrets, json: bool) -> Result<Self, InputError> {
        let forms = input.forms()?;
        // The likeliest; text that is nothing else is no message in binary packing.
        let form = &forms[0];
        let is_text = |bytes: &[u8]| {
            let is_printed = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
            bytes.iter().all(is_printed)
        };
        let mut decoded = Self {
            text: String::new(),
            good: true,
        };
        decoded.notes(form, json);
        for (index, stream) in form.streams.iter().enumerate() {
            if form.kind == AS_IT_STANDS
                && is_text(&stream.bytes)
                && !looks_like_ascii(&stream.bytes)
            {
                return Err(InputError::new(
                    "neither a file nor text in a form that is known here: hexadecimal, a dump with offsets, a string or list of bytes, base64",
                ));
            }
            decoded.stream(index, stream, secrets, json);
        }
        Ok(decoded)
    }

    fn notes(&mut self, form: &Form, json: bool) {
        if json {
            return;
        }
        for note in &form.notes {
            self.text.push_str(&format!("({}: {note})\n", form.kind));
        }
        if !form.notes.is_empty() {
            self.text.push('\n');
        }
    }

    fn stream(&mut self, index: usize, stream: &Stream, secrets: Secrets, json: bool) {
        let bytes = &stream.bytes;
        if let Some(label) = stream.label.as_ref().filter(|_| !json) {
            let separator = if index > 0 { "\n" } else { "" };
            self.text.push_str(&format!("{separator}{label}\n\n"));
        }
        let mut is_canonical = false;
        for (index, piece) in pieces(bytes).into_iter().enumerate() {
            let message = piece.message.clone();
            let description = describe_in(MessagePacking::Binary, bytes, message, secrets);
            let good = description.fault.is_none() && piece.note.is_none();
            is_canonical |= good;
            self.good &= good;
            if json {
                self.text.push_str(&format!("{}\n", description.to_json()));
            } else {
                let separator = if index > 0 { "\n" } else { "" };
                self.text.push_str(separator);
                self.text.push_str(&block(&piece, &description));
            }
        }
        if let Some(hint) = hint(bytes).filter(|_| !is_canonical && !json) {
            self.text.push_str(&hint);
        }
    }
}

/// Where else to ask about bytes that hold no good message in binary packing.
fn hint(bytes: &[u8]) -> Option<String> {
    let what = foreign_protocol(bytes)?;
    Some(format!(
        "\nit looks like {what}: `tessera doctor` shows more\n"
    ))
}

/// A message in ASCII is text, and may be all digits.
fn looks_like_ascii(bytes: &[u8]) -> bool {
    let digits = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    digits >= 20
}

fn block(piece: &Piece, description: &Description) -> String {
    match &piece.note {
        Some(note) => format!("{description}\n{note}\n"),
        None => description.to_string(),
    }
}

/// Where a message stands in the input, and what is wrong with its frame.
struct Piece {
    message: Range<usize>,
    note: Option<String>,
}

/// One message without its length, or frames one after another.
fn pieces(bytes: &[u8]) -> Vec<Piece> {
    let bare = || {
        vec![Piece {
            message: 0..bytes.len(),
            note: None,
        }]
    };
    if Message::parse(bytes).is_ok() || !looks_framed(bytes) {
        return bare();
    }
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some([high, low]) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let start = at + 2;
        let end = bytes.len().min(start + length);
        let missing = start + length - end;
        if length > 0 {
            let note = (missing > 0)
                .then(|| format!("frame: length {length}, {missing} bytes of it are missing"));
            pieces.push(Piece {
                message: start..end,
                note,
            });
        }
        at = end;
    }
    if at < bytes.len() {
        let note = Some("frame: 2 bytes of length needed, 1 there".to_owned());
        pieces.push(Piece {
            message: at..bytes.len(),
            note,
        });
    }
    if pieces.is_empty() { bare() } else { pieces }
}

/// Whether the first two bytes are a length and not an MTI: they lead exactly to the end, or an MTI of
/// version 0 follows them and none stands in front.
fn looks_framed(bytes: &[u8]) -> bool {
    let is_mti = |at: usize| matches!(bytes.get(at..at + 2), Some([1..=9, low]) if low >> 4 <= 9 && low & 0xF <= 9);
    let leads_to_the_end = || {
        let mut rest = bytes;
        while let Some(([high, low], behind)) = rest.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            match behind.get(length..) {
                Some(behind) => rest = behind,
                None => return false,
            }
        }
        rest.is_empty()
    };
    leads_to_the_end() || (is_mti(2) && !is_mti(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECHO: &str = "0800822000010000000004000000000000001122094500000002112000000000200301";

    #[test]
    fn finds_messages_with_and_without_their_length() {
        let bare = crate::input::bytes_of_hex(ECHO);
        let framed = [&[0, bare.len() as u8], &bare[..]].concat();
        let two = [&framed[..], &[0, 0], &framed[..]].concat();
        for (bytes, count) in [(&bare, 1), (&framed, 1), (&two, 2)] {
            let found = pieces(bytes);
            assert_eq!(found.len(), count);
            for piece in found {
                assert_eq!(bytes[piece.message], bare);
                assert_eq!(piece.note, None);
            }
        }
    }

    #[test]
    fn says_what_is_missing_of_a_frame() {
        let bare = crate::input::bytes_of_hex(ECHO);
        let framed = [&[0, bare.len() as u8], &bare[..]].concat();
        let found = pieces(&framed[..20]);
        assert_eq!(found[0].message, 2..20);
        let note = found[0].note.as_deref();
        assert_eq!(note, Some("frame: length 35, 17 bytes of it are missing"));
    }

    #[test]
    fn a_cut_message_is_not_taken_for_a_frame() {
        let bare = crate::input::bytes_of_hex(ECHO);
        for length in 1..bare.len() {
            assert_eq!(pieces(&bare[..length])[0].message, 0..length);
        }
    }
}
