//! How an institution speaks: its framing and its packing.
//!
//! Inside there is one packing, the binary one, and one framing, two bytes of length: what comes in another dialect is
//! converted to that at the port, and the answers back. A MAC covers the bytes on the wire, so it is checked before and
//! made after. The table of fields is the same for all of them.

mod ascii;
mod ebcdic;
mod framing;
mod look;

use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};

pub use ascii::Unpacked;
pub use ebcdic::from_latin as to_ebcdic;
pub use framing::{Framing, HEADER_BYTES_MAX, Header};
pub use look::{Look, foreign_protocol, recognize};

use ascii::Style;

use crate::error::ParseError;
use crate::frame::{FrameError, cut};
use crate::mac::MacKey;
use crate::message::Message;
use crate::reading::{ReadField, Reading};

/// How a message stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessagePacking {
    /// jPOS `ISO87BPackager`: packed digits, bitmaps as bytes.
    Binary,
    /// jPOS `ISO87APackager`: digits as characters, bitmaps and binary fields in hexadecimal.
    Ascii,
    /// jPOS `ISO87APackagerBBitmap`: the same with bitmaps as bytes.
    AsciiBitmap,
    /// Characters in EBCDIC (code page 037), bitmaps and binary fields as bytes.
    Ebcdic,
}

impl MessagePacking {
    /// Every packing.
    pub const ALL: [Self; 4] = [Self::Binary, Self::Ascii, Self::AsciiBitmap, Self::Ebcdic];

    /// As profiles name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Ascii => "ascii",
            Self::AsciiBitmap => "ascii-bitmap",
            Self::Ebcdic => "ebcdic",
        }
    }

    /// How characters and bytes are mixed; `None` in the binary packing.
    const fn style(self) -> Option<Style> {
        match self {
            Self::Binary => None,
            Self::Ascii => Some(Style::ASCII),
            Self::AsciiBitmap => Some(Style::ASCII_BITMAP),
            Self::Ebcdic => Some(Style::EBCDIC),
        }
    }

    /// A message in the binary packing, as far as it can be read.
    pub fn unpack(self, message: &Bytes) -> Unpacked {
        match self.style() {
            None => Unpacked {
                message: message.clone(),
                fault: None,
            },
            Some(style) => ascii::unpack(style, message),
        }
    }

    /// Where the readable fields of a message stand; `binary` is what was read of it in the binary packing.
    pub(crate) fn places(self, wire: &[u8], binary: &Reading<'_>) -> Vec<FieldPlace> {
        match self.style() {
            None => {
                let place = |field: &ReadField<'_>| {
                    let end = field.offset + field.wire.len();
                    FieldPlace {
                        number: field.number,
                        field: field.offset..end,
                        body: end - field.body.len()..end,
                    }
                };
                binary.fields.iter().map(place).collect()
            }
            Some(style) => ascii::places(style, wire),
        }
    }
}

/// Where a field stands in a message on the wire, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldPlace {
    pub(crate) number: u8,
    /// With its length.
    pub(crate) field: Range<usize>,
    /// Without.
    pub(crate) body: Range<usize>,
}

/// A framing and a packing.
///
/// ```
/// use bytes::BytesMut;
/// use tessera_protocol::{Dialect, Framing, MessagePacking};
///
/// let ascii = Dialect { framing: Framing::Ascii4, header_bytes: 0, packing: MessagePacking::Ascii };
/// let mut stream = BytesMut::from("003808008220000000000000040000000000000011220945000000010301000");
/// assert!(ascii.cut(&mut stream).unwrap().is_some());
/// assert!(Dialect::all().any(|dialect| dialect == ascii));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// What separates messages in the stream.
    pub framing: Framing,
    /// Bytes between the length and the message, at most [`HEADER_BYTES_MAX`]; answers repeat them.
    pub header_bytes: u8,
    /// What a message looks like.
    pub packing: MessagePacking,
}

impl Dialect {
    /// The one in which everything is done.
    pub const CANONICAL: Self = Self {
        framing: Framing::Binary2,
        header_bytes: 0,
        packing: MessagePacking::Binary,
    };

    /// Every dialect without a header of its own, the canonical one first.
    pub fn all() -> impl Iterator<Item = Self> {
        let with = |packing| {
            let framings = Framing::ALL.into_iter();
            framings.map(move |framing| Self {
                framing,
                header_bytes: 0,
                packing,
            })
        };
        MessagePacking::ALL.into_iter().flat_map(with)
    }

    /// Takes the next frame off the front of the stream; `None` until it has come whole. Keep-alives are
    /// skipped. A TPDU stays in front of the message.
    ///
    /// # Errors
    /// Where the stream can't be followed any further.
    pub fn cut(self, stream: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        match self.framing {
            Framing::Binary2 => cut(stream),
            framing => framing.cut(stream),
        }
    }

    /// A frame's header and its message.
    #[inline]
    pub fn open(self, frame: Bytes) -> (Header, Bytes) {
        self.framing.open(self.header_bytes, frame)
    }

    /// A message in the binary packing, as far as it can be read.
    pub fn unpack(self, message: &Bytes) -> Unpacked {
        self.packing.unpack(message)
    }

    /// Whether a message, as it came, ends in its right MAC.
    #[inline]
    pub fn verify(self, key: &MacKey, message: &[u8]) -> bool {
        match self.packing.style() {
            None => key.verify(message),
            Some(style) => ascii::verify(style, key, message),
        }
    }

    /// Appends what `write` writes into a canonical outbox, in this dialect, and sealed in it: answers to a frame
    /// with this header. `write` is handed the key where it has to seal them itself.
    ///
    /// # Errors
    /// Where a field can't be said in this packing; then nothing is appended for its message.
    #[inline]
    pub fn answer(
        self,
        header: Header,
        key: Option<&MacKey>,
        out: &mut BytesMut,
        write: impl FnOnce(&mut BytesMut, Option<&MacKey>),
    ) -> Result<(), ParseError> {
        if self == Self::CANONICAL {
            write(out, key);
            return Ok(());
        }
        let mut canonical = BytesMut::new();
        match self.packing.style() {
            None => write(&mut canonical, key),
            // Sealed where the bytes are that it covers.
            Some(_) => write(&mut canonical, None),
        }
        // What we have written ourselves is well-formed.
        while let Ok(Some(message)) = cut(&mut canonical) {
            self.translate(header, &message, key, out)?;
        }
        Ok(())
    }

    fn translate(
        self,
        header: Header,
        message: &[u8],
        key: Option<&MacKey>,
        out: &mut BytesMut,
    ) -> Result<(), ParseError> {
        let header = match (self.framing, self.header_bytes) {
            (Framing::Tpdu, _) | (_, 1..) => self.framing.answering(&header),
            _ => Header::default(),
        };
        let Some(style) = self.packing.style() else {
            self.framing
                .begin(header.bytes().len() + message.len(), out);
            out.put_slice(header.bytes());
            out.put_slice(message);
            return Ok(());
        };
        let mut text = BytesMut::with_capacity(2 * message.len());
        ascii::pack(style, &Message::parse(message)?, key, &mut text)?;
        self.framing.begin(header.bytes().len() + text.len(), out);
        out.put_slice(header.bytes());
        out.put_slice(&text);
        Ok(())
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "framing = \"{}\", packing = \"{}\"",
            self.framing.name(),
            self.packing.name()
        )?;
        match self.header_bytes {
            0 => Ok(()),
            bytes => write!(out, ", header_bytes = {bytes}"),
        }
    }
}
