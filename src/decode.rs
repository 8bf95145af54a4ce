//! `tessera decode`: messages, pasted or captured, as people read them.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::{Result, bail};
use clap::Args;
use tessera_protocol::{Description, Message, Secrets, describe};

use crate::input::Input;

/// Shows what a message says: every field with its name and meaning
///
/// Takes hexadecimal, with or without the two bytes of length, pasted with spaces, newlines, colons or
/// 0x; a file of it (or of the bytes themselves); `-` or nothing reads the standard input. Several
/// messages may follow one another where each has its length. Exits with 1 where a message is bad.
#[derive(Args)]
pub struct Decode {
    /// Hexadecimal, a file, or - for the standard input
    #[arg(value_name = "HEX | FILE | -", default_value = "-")]
    input: Vec<String>,
    /// Prints one JSON object per message
    #[arg(long)]
    json: bool,
    /// Shows card numbers and other sensitive values
    #[arg(long)]
    unmask: bool,
}

impl Decode {
    /// Prints every message of the input.
    pub fn run(&self) -> Result<()> {
        let bytes = read_input(&self.input)?;
        let secrets = match self.unmask {
            true => Secrets::Shown,
            false => Secrets::Masked,
        };
        let mut text = String::new();
        let mut good = true;
        for (index, piece) in pieces(&bytes).iter().enumerate() {
            let description = describe(piece.message, secrets);
            good &= description.fault.is_none() && piece.note.is_none();
            if self.json {
                writeln!(text, "{}", description.to_json())?;
            } else {
                let separator = if index > 0 { "\n" } else { "" };
                write!(text, "{separator}{}", block(piece, &description))?;
            }
        }
        // A reader that has seen enough, as `head` has, is no failure.
        let _ = io::stdout().lock().write_all(text.as_bytes());
        if !good {
            bail!("bad message");
        }
        Ok(())
    }
}

fn block(piece: &Piece<'_>, description: &Description) -> String {
    match &piece.note {
        Some(note) => format!("{description}\n{note}\n"),
        None => description.to_string(),
    }
}

/// The bytes behind the argument, whichever of its forms it has.
fn read_input(arguments: &[String]) -> Result<Vec<u8>> {
    let input = Input::read(arguments)?;
    if let Some(bytes) = input.hexadecimal() {
        return Ok(bytes);
    }
    match input {
        Input::Text(text) => bail!("neither hexadecimal nor a file: {}", shortened(&text)),
        Input::Content(content)
            if content
                .iter()
                .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) =>
        {
            bail!("text that is not hexadecimal")
        }
        Input::Content(content) => Ok(content),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// A message of the input, and what is wrong with its frame.
struct Piece<'a> {
    message: &'a [u8],
    note: Option<String>,
}

/// One message without its length, or frames one after another.
fn pieces(bytes: &[u8]) -> Vec<Piece<'_>> {
    let bare = || {
        vec![Piece {
            message: bytes,
            note: None,
        }]
    };
    if Message::parse(bytes).is_ok() || !looks_framed(bytes) {
        return bare();
    }
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while let Some(([high, low], behind)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (message, behind) = behind.split_at(length.min(behind.len()));
        let missing = length - message.len();
        if length > 0 {
            let note = (missing > 0)
                .then(|| format!("frame: length {length}, {missing} bytes of it are missing"));
            pieces.push(Piece { message, note });
        }
        rest = behind;
    }
    if !rest.is_empty() {
        let note = Some("frame: 2 bytes of length needed, 1 there".to_owned());
        pieces.push(Piece {
            message: rest,
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
                assert_eq!(piece.message, bare);
                assert_eq!(piece.note, None);
            }
        }
    }

    #[test]
    fn says_what_is_missing_of_a_frame() {
        let bare = from_hex(ECHO).unwrap();
        let framed = [&[0, bare.len() as u8], &bare[..]].concat();
        let found = pieces(&framed[..20]);
        assert_eq!(found[0].message, &bare[..18]);
        let note = found[0].note.as_deref();
        assert_eq!(note, Some("frame: length 35, 17 bytes of it are missing"));
    }

    #[test]
    fn a_cut_message_is_not_taken_for_a_frame() {
        let bare = from_hex(ECHO).unwrap();
        for length in 1..bare.len() {
            assert_eq!(pieces(&bare[..length])[0].message, &bare[..length]);
        }
    }
}
