//! Messages as people read them.

use std::fmt::Write as _;
use std::ops::Range;

use anyhow::{Result, bail};
use tessera_protocol::{
    Description, Message, MessagePacking, Secrets, describe_in, mask_card_numbers,
};

use crate::input::Input;

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
    /// Where the input holds no bytes.
    pub fn of(input: &Input, secrets: Secrets, json: bool) -> Result<Self> {
        let bytes = &read_input(input)?[..];
        let mut text = String::new();
        let mut good = true;
        for (index, piece) in pieces(bytes).into_iter().enumerate() {
            let message = piece.message.clone();
            let description = describe_in(MessagePacking::Binary, bytes, message, secrets);
            good &= description.fault.is_none() && piece.note.is_none();
            if json {
                writeln!(text, "{}", description.to_json())?;
            } else {
                let separator = if index > 0 { "\n" } else { "" };
                write!(text, "{separator}{}", block(&piece, &description))?;
            }
        }
        Ok(Self { text, good })
    }
}

fn block(piece: &Piece, description: &Description) -> String {
    match &piece.note {
        Some(note) => format!("{description}\n{note}\n"),
        None => description.to_string(),
    }
}

/// The bytes behind the argument, whichever of its forms it has.
fn read_input(input: &Input) -> Result<Vec<u8>> {
    if let Some(bytes) = input.hexadecimal() {
        return Ok(bytes);
    }
    match input {
        Input::Text(text) => bail!(
            "neither hexadecimal nor a file: {}",
            shortened(&mask_card_numbers(text))
        ),
        Input::Content(content)
            if content
                .iter()
                .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) =>
        {
            bail!("text that is not hexadecimal")
        }
        Input::Content(content) => Ok(content.clone()),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
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
    use crate::input::from_hex;

    const ECHO: &str = "0800822000010000000004000000000000001122094500000002112000000000200301";

    #[test]
    fn finds_messages_with_and_without_their_length() {
        let bare = from_hex(ECHO).unwrap();
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
        let bare = from_hex(ECHO).unwrap();
        let framed = [&[0, bare.len() as u8], &bare[..]].concat();
        let found = pieces(&framed[..20]);
        assert_eq!(found[0].message, 2..20);
        let note = found[0].note.as_deref();
        assert_eq!(note, Some("frame: length 35, 17 bytes of it are missing"));
    }

    #[test]
    fn a_cut_message_is_not_taken_for_a_frame() {
        let bare = from_hex(ECHO).unwrap();
        for length in 1..bare.len() {
            assert_eq!(pieces(&bare[..length])[0].message, 0..length);
        }
    }
}
