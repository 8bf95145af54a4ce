//! What a stream of an unknown dialect begins with.

use crate::institution::Institution;
use bytes::Bytes;

use super::Dialect;
use crate::error::{ParseError, Place, Problem};
use crate::frame::FrameError;
use crate::message::Message;
use crate::reading::Reading;

/// The beginning of a stream, seen as one dialect.
#[derive(Debug, Clone)]
pub enum Look {
    /// A whole frame, whose message parses to its end.
    Message {
        /// The message in binary packing.
        message: Bytes,
        /// Field 32, where it is there.
        institution: Option<Institution>,
    },
    /// A whole frame with a message type and bitmaps, and then a fault.
    Faulty {
        /// What could be read, in binary packing.
        message: Bytes,
        /// The fault.
        fault: ParseError,
    },
    /// A whole frame that holds no message.
    Rubbish(ParseError),
    /// The first frame is not whole yet.
    More,
    /// No stream of this dialect begins like that.
    Never(FrameError),
}

impl Dialect {
    /// Looks at the first frame behind any keep-alives; nothing is taken.
    pub fn look(self, stream: &[u8]) -> Look {
        let mut rest = stream;
        let length_bytes = self.framing.length_bytes();
        let frame = loop {
            let length = match self.framing.announced(rest) {
                Ok(Some(length)) => length,
                Ok(None) => return Look::More,
                Err(error) => return Look::Never(error),
            };
            match rest.get(length_bytes..length_bytes + length) {
                Some([]) => rest = &rest[length_bytes..],
                Some(frame) => break Bytes::copy_from_slice(frame),
                None => return Look::More,
            }
        };
        self.look_into(frame)
    }

    /// Looks at a frame without its length.
    pub fn look_into(self, frame: Bytes) -> Look {
        let unpacked = self.unpack(&self.open(frame).1);
        let message = unpacked.message;
        let fault = match (unpacked.fault, Message::parse(&message)) {
            // Characters that are read as packed digits by chance have a type that no message has.
            (None, Ok(parsed)) if !parsed.mti().is_plausible() => ParseError {
                place: Place::Mti,
                offset: 0,
                problem: Problem::Unknown,
            },
            (None, Ok(parsed)) => {
                let institution = parsed.institution();
                return Look::Message {
                    message,
                    institution,
                };
            }
            (Some(fault), _) | (None, Err(fault)) => fault,
        };
        let unread = matches!(fault.place, Place::Mti | Place::Bitmap);
        let readable =
            (!unread || fault.problem == Problem::Unknown) && Reading::of(&message).mti.is_some();
        match readable {
            true => Look::Faulty { message, fault },
            false => Look::Rubbish(fault),
        }
    }
}

/// The dialects in which a stream begins with a whole message. More than one, where a binary-4 stream is also a
/// keep-alive and a frame of binary-2.
pub fn recognize(stream: &[u8]) -> impl Iterator<Item = Dialect> {
    Dialect::all().filter(|dialect| matches!(dialect.look(stream), Look::Message { .. }))
}

/// How version 2 of HAProxy's PROXY protocol begins.
const PROXY_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What a stream is that begins like this and holds no message of any dialect; `None` where that is not known.
pub fn foreign_protocol(stream: &[u8]) -> Option<&'static str> {
    // Behind a length of two or four bytes, or of none.
    let digits = |base: u8| {
        move |at: usize| {
            let mti = stream.get(at..at + 4);
            mti.is_some_and(|mti| {
                mti[0] == base && mti.iter().all(|byte| (base..base + 10).contains(byte))
            })
        }
    };
    match stream {
        [0x16, 3, ..] => Some("TLS, sent to the plain port"),
        _ if stream.starts_with(b"PROXY ") || stream.starts_with(PROXY_SIGNATURE) => {
            Some("the PROXY protocol, from a sender that is not in proxy_protocol_from")
        }
        [b'G', b'E', b'T', b' ', ..] | [b'P', b'O', b'S', b'T', ..] => Some("HTTP"),
        _ if [0, 2, 4].into_iter().any(digits(0xF0)) => Some("a message in EBCDIC"),
        _ if [0, 2, 4].into_iter().any(digits(b'0')) => {
            Some("a message in ASCII, perhaps with bitmaps as bytes")
        }
        _ => None,
    }
}
