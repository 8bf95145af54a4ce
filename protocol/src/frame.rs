//! Frames: two bytes of length, unsigned, big-endian, then one message. Others are in `dialect`.

use bytes::{Buf, Bytes, BytesMut};

/// The longest message. A longer one means that the stream cannot be trusted any more.
pub const FRAME_BYTES_MAX: usize = 4096;

/// Why a stream cannot be cut into frames any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A length above [`FRAME_BYTES_MAX`].
    #[error("a frame of {length} bytes, at most {FRAME_BYTES_MAX} are allowed")]
    Oversized {
        /// The length that was announced.
        length: usize,
    },
    /// What should be a decimal length is none.
    #[error("a length that is not four decimal digits")]
    NoDigits,
    /// A length that does not even cover what stands in front of the message.
    #[error("a frame of {length} bytes is too short for a message behind its header")]
    NoMessage {
        /// The length that was announced.
        length: usize,
    },
}

/// Takes the next message off the front of the stream; `None` until it has come whole. Keep-alives
/// (length 0) are skipped.
///
/// ```
/// use bytes::BytesMut;
///
/// let mut stream = BytesMut::from(&b"\x00\x03abc\x00\x00\x00\x02d"[..]);
/// assert_eq!(tessera_protocol::cut(&mut stream)?.unwrap(), "abc");
/// // A keep-alive is passed over, and half a message is waited for.
/// assert_eq!(tessera_protocol::cut(&mut stream)?, None);
/// # Ok::<(), tessera_protocol::FrameError>(())
/// ```
#[inline]
pub fn cut(stream: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
    while let Some(&[high, low]) = stream.first_chunk() {
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > FRAME_BYTES_MAX {
            return Err(FrameError::Oversized { length });
        }
        if stream.len() < 2 + length {
            return Ok(None);
        }
        stream.advance(2);
        if length > 0 {
            return Ok(Some(stream.split_to(length).freeze()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_frames_that_come_in_pieces() {
        let wire = [0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 1, 9, 0, 2, 7];
        let mut stream = BytesMut::new();
        let mut frames = Vec::new();
        for byte in wire {
            stream.extend_from_slice(&[byte]);
            while let Ok(Some(frame)) = cut(&mut stream) {
                frames.push(frame.to_vec());
            }
        }
        assert_eq!(frames, [vec![1, 2, 3], vec![9]]);
        assert_eq!(&stream[..], [0, 2, 7]);
    }

    #[test]
    fn refuses_an_oversized_length_before_its_bytes_come() {
        let mut stream = BytesMut::from(&[0x10, 0x01][..]);
        assert_eq!(
            cut(&mut stream),
            Err(FrameError::Oversized { length: 4097 })
        );
        let mut stream = BytesMut::from(&[0x10, 0x00][..]);
        assert_eq!(cut(&mut stream), Ok(None));
    }
}
