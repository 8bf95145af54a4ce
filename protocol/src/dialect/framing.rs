//! What stands in front of a message and says how long it is.
//!
//! ```text
//! binary-2   | hi lo |                   message     two bytes, unsigned, big-endian
//! tpdu       | hi lo | 60 to to from from | message  the length covers the TPDU, whose addresses change places in answers
//! bcd-2      | 01 23 |                   message     four digits in two bytes
//! ascii-4    | 30 31 32 33 |             message     four digits in four characters
//! binary-4   | 00 00 hi lo |             message     four bytes, unsigned, big-endian
//! ```
//!
//! In `binary-2-inclusive`, `ascii-4-inclusive` and `binary-4-inclusive` the length counts its own bytes as well. Behind the
//! length of any framing but `tpdu` a profile may have a header of a fixed number of bytes, which answers repeat.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::frame::{FRAME_BYTES_MAX, FrameError};

/// Bytes of a TPDU: an identifier, and two addresses of two bytes each.
const TPDU_BYTES: usize = 5;

/// The longest header that a profile may have.
pub const HEADER_BYTES_MAX: usize = 32;

/// What stands between a frame's length and its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    bytes: [u8; HEADER_BYTES_MAX],
    length: u8,
}

impl Header {
    /// The first [`HEADER_BYTES_MAX`] of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let length = bytes.len().min(HEADER_BYTES_MAX);
        let mut header = Self::default();
        header.bytes[..length].copy_from_slice(&bytes[..length]);
        header.length = length as u8;
        header
    }

    /// Its bytes; none where a dialect has none.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// The kinds of length in front of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Two bytes, big-endian.
    Binary2,
    /// The same with a TPDU behind it, which the length covers.
    Tpdu,
    /// Four decimal digits in two bytes.
    Bcd2,
    /// Four decimal digits as characters.
    Ascii4,
    /// Four bytes, big-endian.
    Binary4,
    /// Two bytes, big-endian, which the length covers.
    Binary2Inclusive,
    /// Four decimal digits as characters, which the length covers.
    Ascii4Inclusive,
    /// Four bytes, big-endian, which the length covers.
    Binary4Inclusive,
}

impl Framing {
    /// Every framing.
    pub const ALL: [Self; 8] = [
        Self::Binary2,
        Self::Tpdu,
        Self::Bcd2,
        Self::Ascii4,
        Self::Binary4,
        Self::Binary2Inclusive,
        Self::Ascii4Inclusive,
        Self::Binary4Inclusive,
    ];

    /// As profiles name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary2 => "binary-2",
            Self::Tpdu => "tpdu",
            Self::Bcd2 => "bcd-2",
            Self::Ascii4 => "ascii-4",
            Self::Binary4 => "binary-4",
            Self::Binary2Inclusive => "binary-2-inclusive",
            Self::Ascii4Inclusive => "ascii-4-inclusive",
            Self::Binary4Inclusive => "binary-4-inclusive",
        }
    }

    /// Bytes of the length.
    pub const fn length_bytes(self) -> usize {
        match self {
            Self::Binary2 | Self::Tpdu | Self::Bcd2 | Self::Binary2Inclusive => 2,
            Self::Ascii4 | Self::Binary4 | Self::Ascii4Inclusive | Self::Binary4Inclusive => 4,
        }
    }

    /// How many of its own bytes the length counts.
    const fn own_bytes(self) -> usize {
        match self {
            Self::Binary2 | Self::Tpdu | Self::Bcd2 | Self::Ascii4 | Self::Binary4 => 0,
            Self::Binary2Inclusive | Self::Ascii4Inclusive | Self::Binary4Inclusive => {
                self.length_bytes()
            }
        }
    }

    /// Bytes between the length and the message.
    const fn header_bytes(self) -> usize {
        match self {
            Self::Tpdu => TPDU_BYTES,
            _ => 0,
        }
    }

    /// The length that the stream begins with; `None` until its bytes are there.
    ///
    /// # Errors
    /// Where these bytes are no length, or that of a frame that is too long or too short.
    pub fn announced(self, stream: &[u8]) -> Result<Option<usize>, FrameError> {
        let Some(bytes) = stream.get(..self.length_bytes()) else {
            return Ok(None);
        };
        let length = match self {
            Self::Binary2
            | Self::Tpdu
            | Self::Binary4
            | Self::Binary2Inclusive
            | Self::Binary4Inclusive => bytes
                .iter()
                .fold(0, |length, &byte| length << 8 | usize::from(byte)),
            Self::Bcd2 => decimal(bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]))?,
            Self::Ascii4 | Self::Ascii4Inclusive => {
                decimal(bytes.iter().map(|byte| byte.wrapping_sub(b'0')))?
            }
        };
        // A keep-alive may count its length or not.
        let length = match length.checked_sub(self.own_bytes()) {
            Some(length) => length,
            None if length == 0 => 0,
            None => return Err(FrameError::NoMessage { length }),
        };
        if length > FRAME_BYTES_MAX + self.header_bytes() {
            return Err(FrameError::Oversized { length });
        }
        if (1..=self.header_bytes()).contains(&length) {
            return Err(FrameError::NoMessage { length });
        }
        Ok(Some(length))
    }

    /// Takes the next frame off the front of the stream, without its length and with its TPDU; `None` until it
    /// has come whole. Keep-alives (length 0) are skipped.
    ///
    /// # Errors
    /// As [`Framing::announced`].
    pub fn cut(self, stream: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        while let Some(length) = self.announced(stream)? {
            if stream.len() < self.length_bytes() + length {
                return Ok(None);
            }
            stream.advance(self.length_bytes());
            if length > 0 {
                return Ok(Some(stream.split_to(length).freeze()));
            }
        }
        Ok(None)
    }

    /// The length of a frame of so many bytes, at most what a frame may have.
    pub fn begin(self, length: usize, out: &mut BytesMut) {
        let length = length + self.own_bytes();
        match self {
            Self::Binary2 | Self::Tpdu | Self::Binary2Inclusive => out.put_u16(length as u16),
            Self::Binary4 | Self::Binary4Inclusive => out.put_u32(length as u32),
            Self::Bcd2 => {
                let digit = |place: usize| (length / place % 10) as u8;
                out.put_u8(digit(1000) << 4 | digit(100));
                out.put_u8(digit(10) << 4 | digit(1));
            }
            Self::Ascii4 | Self::Ascii4Inclusive => {
                out.put_slice(format!("{:04}", length % 10_000).as_bytes())
            }
        }
    }

    /// A frame's header and its message; `header_bytes` is what the profile says, which a TPDU goes before.
    #[inline]
    pub(super) fn open(self, header_bytes: u8, mut frame: Bytes) -> (Header, Bytes) {
        let length = match self {
            Self::Tpdu => TPDU_BYTES,
            _ => usize::from(header_bytes),
        };
        if length == 0 || frame.len() < length {
            return (Header::default(), frame);
        }
        (Header::of(&frame.split_to(length)), frame)
    }

    /// The header of an answer: it goes back to where its request came from.
    pub(super) fn answering(self, header: &Header) -> Header {
        match (self, header.bytes()) {
            (Self::Tpdu, &[id, to, to_low, from, from_low]) => {
                Header::of(&[id, from, from_low, to, to_low])
            }
            _ => *header,
        }
    }
}

/// Four digits.
fn decimal(digits: impl Iterator<Item = u8>) -> Result<usize, FrameError> {
    let mut value = 0;
    for digit in digits {
        if digit > 9 {
            return Err(FrameError::NoDigits);
        }
        value = value * 10 + usize::from(digit);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(framing: Framing, wire: &[u8]) -> Vec<Vec<u8>> {
        let mut stream = BytesMut::new();
        let mut frames = Vec::new();
        for byte in wire {
            stream.put_u8(*byte);
            while let Ok(Some(frame)) = framing.cut(&mut stream) {
                frames.push(frame.to_vec());
            }
        }
        assert!(stream.is_empty(), "{framing:?}: {stream:02x?} left");
        frames
    }

    #[test]
    fn cuts_frames_that_come_in_pieces_and_passes_over_keep_alives() {
        let message = [8, 0, 0x82];
        let tpdu = [0x60, 0, 1, 0x12, 0x34, 8, 0, 0x82];
        for (framing, length, frame) in [
            (Framing::Binary2, &[0, 3][..], &message[..]),
            (Framing::Tpdu, &[0, 8], &tpdu),
            (Framing::Bcd2, &[0, 3], &message),
            (Framing::Ascii4, b"0003", &message),
            (Framing::Binary4, &[0, 0, 0, 3], &message),
            (Framing::Binary2Inclusive, &[0, 5], &message),
            (Framing::Ascii4Inclusive, b"0007", &message),
            (Framing::Binary4Inclusive, &[0, 0, 0, 7], &message),
        ] {
            let zero = match framing {
                Framing::Ascii4 | Framing::Ascii4Inclusive => &b"0000"[..],
                _ => &[0; 4][..framing.length_bytes()],
            };
            let wire = [zero, length, frame, zero, zero, length, frame].concat();
            assert_eq!(frames(framing, &wire), [frame, frame], "{framing:?}");
            let mut out = BytesMut::new();
            framing.begin(frame.len(), &mut out);
            assert_eq!(out, length, "{framing:?}");
        }
    }

    #[test]
    fn reads_and_writes_lengths_of_several_digits() {
        for (framing, bytes) in [
            (Framing::Binary2, &[0x04, 0xD2][..]),
            (Framing::Tpdu, &[0x04, 0xD2]),
            (Framing::Bcd2, &[0x12, 0x34]),
            (Framing::Ascii4, b"1234"),
            (Framing::Binary4, &[0, 0, 0x04, 0xD2]),
            (Framing::Binary2Inclusive, &[0x04, 0xD4]),
            (Framing::Ascii4Inclusive, b"1238"),
            (Framing::Binary4Inclusive, &[0, 0, 0x04, 0xD6]),
        ] {
            assert_eq!(framing.announced(bytes), Ok(Some(1234)), "{framing:?}");
            let mut out = BytesMut::new();
            framing.begin(1234, &mut out);
            assert_eq!(out, bytes, "{framing:?}");
            for short in 0..bytes.len() {
                assert_eq!(framing.announced(&bytes[..short]), Ok(None));
            }
        }
    }

    #[test]
    fn refuses_what_is_no_length_and_what_is_too_much() {
        let oversized = |length| Err(FrameError::Oversized { length });
        for (framing, bytes, expected) in [
            (Framing::Binary2, &[0x10, 0x01][..], oversized(4097)),
            (Framing::Tpdu, &[0x10, 0x05], Ok(Some(4101))),
            (Framing::Tpdu, &[0x10, 0x06], oversized(4102)),
            (
                Framing::Tpdu,
                &[0, 5],
                Err(FrameError::NoMessage { length: 5 }),
            ),
            (Framing::Bcd2, &[0x40, 0x97], oversized(4097)),
            (Framing::Bcd2, &[0x00, 0x2B], Err(FrameError::NoDigits)),
            (Framing::Ascii4, b"4097", oversized(4097)),
            (Framing::Ascii4, b"00 1", Err(FrameError::NoDigits)),
            (Framing::Binary4, &[0, 1, 0, 0], oversized(65536)),
            (Framing::Binary4, &[0xFF; 4], oversized(0xFFFF_FFFF)),
            (
                Framing::Binary2Inclusive,
                &[0, 1],
                Err(FrameError::NoMessage { length: 1 }),
            ),
            (Framing::Binary2Inclusive, &[0, 2], Ok(Some(0))),
        ] {
            assert_eq!(framing.announced(bytes), expected, "{framing:?}");
        }
    }

    #[test]
    fn an_answer_goes_back_to_where_its_request_came_from() {
        let frame = Bytes::from_static(&[0x60, 0, 1, 0x12, 0x34, 8, 0]);
        let (header, message) = Framing::Tpdu.open(0, frame.clone());
        assert_eq!(message[..], [8, 0]);
        let answer = Framing::Tpdu.answering(&header);
        assert_eq!(answer.bytes(), [0x60, 0x12, 0x34, 0, 1]);
        assert_eq!(Framing::Binary2.open(0, frame.clone()).1, frame);
        let (header, message) = Framing::Binary2.open(5, frame);
        assert_eq!(message[..], [8, 0]);
        let answer = Framing::Binary2.answering(&header);
        assert_eq!(answer.bytes(), [0x60, 0, 1, 0x12, 0x34]);
    }
}
