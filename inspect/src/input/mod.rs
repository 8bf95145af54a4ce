//! What people really have: a message as text in one of many forms, a file of its bytes, or a capture.
//!
//! In comes text or content; out come [`Form`]s, each a way to read it, the likeliest first. What could be read in two ways
//! says so: as a note where one of them is far likelier, as an error where it is not. Offsets, ASCII columns and prefixes
//! of log lines are never taken for data.

mod capture;
mod digits;
mod dump;
mod literal;
mod text;

use std::borrow::Cow;
use std::fmt;

use tessera_protocol::mask_card_numbers;

/// The longest content that is looked into.
pub const INPUT_BYTES_MAX: usize = 64 << 20;

/// A text or bytes.
#[derive(Debug)]
pub enum Input {
    /// A text that names no file.
    Text(String),
    /// The content of a file or of the standard input.
    Content(Vec<u8>),
}

/// A way to read an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// How it was read, as in `a dump with offsets`.
    pub kind: &'static str,
    /// What should be said of that: another way to read it, what was left out.
    pub notes: Vec<String>,
    /// The bytes, of each direction of each connection where it is a capture.
    pub streams: Vec<Stream>,
}

/// Bytes that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// From where to where, in a capture or a dump of several packets.
    pub label: Option<String>,
    /// In their order.
    pub bytes: Vec<u8>,
}

/// Why there is nothing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError(String);

impl InputError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl std::error::Error for InputError {}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask_card_numbers(&self.0))
    }
}

impl Form {
    fn one(kind: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            kind,
            notes: Vec::new(),
            streams: vec![Stream { label: None, bytes }],
        }
    }

    fn noted(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// The kind of a form whose bytes are the input itself.
pub(crate) const AS_IT_STANDS: &str = "the raw bytes";

impl Input {
    /// Every way to read it; the raw bytes come last.
    ///
    /// # Errors
    /// Where it is empty, or can't be read without a guess.
    pub fn forms(&self) -> Result<Vec<Form>, InputError> {
        let content = match self {
            Self::Text(text) => text.as_bytes(),
            Self::Content(content) => content,
        };
        if content.len() > INPUT_BYTES_MAX {
            let megabytes = INPUT_BYTES_MAX >> 20;
            return Err(InputError(format!("more than {megabytes} MiB: cut it")));
        }
        if let Some(form) = capture::read(content)? {
            return Ok(vec![form]);
        }
        let mut forms = Vec::new();
        if let Some(text) = as_text(content) {
            forms = text::forms(text.trim())?;
        }
        if !content.is_empty() {
            forms.push(Form::one(AS_IT_STANDS, content.to_vec()));
        }
        match forms.is_empty() {
            true => Err(InputError::new("nothing to look at")),
            false => Ok(forms),
        }
    }
}

/// The content as text, where it is that: UTF-8 or UTF-16, with a byte order mark or, of UTF-8, without one.
fn as_text(content: &[u8]) -> Option<Cow<'_, str>> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = units.iter().copied().map(unit).collect();
        let text = rest.is_empty().then(|| String::from_utf16(&units).ok());
        text.flatten().map(Cow::Owned)
    };
    let text = match content {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        [0xEF, 0xBB, 0xBF, rest @ ..] => Cow::Borrowed(std::str::from_utf8(rest).ok()?),
        _ => Cow::Borrowed(std::str::from_utf8(content).ok()?),
    };
    let is_printed = |character: char| !character.is_control() || character.is_ascii_whitespace();
    text.chars().all(is_printed).then_some(text)
}

#[cfg(test)]
pub(crate) fn bytes_of_hex(text: &str) -> Vec<u8> {
    digits::hexadecimal(text).expect("hexadecimal")
}
