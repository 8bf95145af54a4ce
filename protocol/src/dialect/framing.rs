//! What stands in front of a message and says how long it is.
//!
//! ```text
//! binary-2   | hi lo |                   message     two bytes, unsigned, big-endian
//! tpdu       | hi lo | 60 to to from from | message  the length covers the TPDU, whose addresses change places in answers
//! bcd-2      | 01 23 |                   message     four digits in two bytes
//! ascii-4    | 30 31 32 33 |             message     four digits in four characters
//! binary-4   | 00 00 hi lo |             message     four bytes, unsigned, big-endian
//! ```

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::frame::{FRAME_BYTES_MAX, FrameError};

/// Bytes of a TPDU: an identifier, and two addresses of two bytes each.
const TPDU_BYTES: usize = 5;

/// What stands between a frame's length and its message; zeros where nothing does.
pub type Header = [u8; TPDU_BYTES];

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
}

impl Framing {
    /// Every framing.
    pub const ALL: [Self; 5] = [
        Self::Binary2,
        Self::Tpdu,
        Self::Bcd2,
        Self::Ascii4,
        Self::Binary4,
    ];

    /// As profiles name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary2 => "binary-2",
            Self::Tpdu => "tpdu",
            Self::Bcd2 => "bcd-2",
            Self::Ascii4 => "ascii-4",
            Self::Binary4 => "binary-4",
        }
    }

    /// Bytes of the length.
    pub const fn length_bytes(self) -> usize {
        match self {
            Self::Binary2 | Self::Tpdu | Self::Bcd2 => 2,
            Self::Ascii4 | Self::Binary4 => 4,
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
            Self::Binary2 | Self::Tpdu | Self::Binary4 => bytes
                .iter()
                .fold(0, |length, &byte| length << 8 | usize::from(byte)),
            Self::Bcd2 => decimal(bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]))?,
            Self::Ascii4 => decimal(bytes.iter().map(|byte| byte.wrapping_sub(b'0')))?,
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
        match self {
            Self::Binary2 | Self::Tpdu => out.put_u16(length as u16),
            Self::Binary4 => out.put_u32(length as u32),
            Self::Bcd2 => {
                let digit = |place: usize| (length / place % 10) as u8;
                out.put_u8(digit(1000) << 4 | digit(100));
                out.put_u8(digit(10) << 4 | digit(1));
            }
            Self::Ascii4 => out.put_slice(format!("{:04}", length % 10_000).as_bytes()),
        }
    }

    /// A frame's header and its message.
    #[inline]
    pub(super) fn open(self, mut frame: Bytes) -> (Header, Bytes) {
        let mut header = Header::default();
        if self == Self::Tpdu && frame.len() >= header.len() {
            header.copy_from_slice(&frame.split_to(TPDU_BYTES));
        }
        (header, frame)
    }

    /// The header of an answer: it goes back to where its request came from.
    pub(super) fn answering(self, header: &Header) -> impl AsRef<[u8]> + use<> {
        let [id, to, to_low, from, from_low] = *header;
        let mut answer = arrayvec::ArrayVec::<u8, TPDU_BYTES>::new();
        if self == Self::Tpdu {
            answer.extend([id, from, from_low, to, to_low]);
        }
        answer
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
        ] {
            let zero = match framing {
                Framing::Ascii4 => &b"0000"[..],
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
        ] {
            assert_eq!(framing.announced(bytes), expected, "{framing:?}");
        }
    }

    #[test]
    fn an_answer_goes_back_to_where_its_request_came_from() {
        let frame = Bytes::from_static(&[0x60, 0, 1, 0x12, 0x34, 8, 0]);
        let (header, message) = Framing::Tpdu.open(frame.clone());
        assert_eq!(message[..], [8, 0]);
        let answer = Framing::Tpdu.answering(&header);
        assert_eq!(answer.as_ref(), [0x60, 0x12, 0x34, 0, 1]);
        assert_eq!(Framing::Binary2.open(frame.clone()).1, frame);
        assert!(Framing::Binary2.answering(&header).as_ref().is_empty());
    }
}
