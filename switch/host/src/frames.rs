//! Cutting answers out of what was read, in place: at hundreds of frames a read, a counted reference
//! for each would cost as much as the parsing.

use bytes::{BufMut, BytesMut};
use tessera_protocol::{FRAME_BYTES_MAX, FrameError};

/// The first message of the stream and how many bytes it takes with its length; `None` until it has
/// come whole. A keep-alive is an empty message.
#[inline]
pub(super) fn first(stream: &[u8]) -> Result<Option<(&[u8], usize)>, FrameError> {
    let Some(&[high, low]) = stream.first_chunk() else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > FRAME_BYTES_MAX {
        return Err(FrameError::Oversized { length });
    }
    let end = 2 + length;
    Ok(stream.get(2..end).map(|body| (body, end)))
}

/// Our own frames that begin at or behind an offset.
pub(super) fn behind(mut stream: &[u8], offset: usize) -> impl Iterator<Item = &[u8]> {
    let mut begin = 0;
    std::iter::from_fn(move || {
        loop {
            let (body, taken) = first(stream).ok()??;
            let whole = begin >= offset;
            stream = &stream[taken..];
            begin += taken;
            if whole {
                return Some(body);
            }
        }
    })
}

/// Puts a frame behind others.
pub(super) fn append(out: &mut BytesMut, body: &[u8]) {
    // It was in a stream of frames before, so that its length fits.
    out.put_u16(body.len() as u16);
    out.put_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_whole_frames_only() {
        assert_eq!(first(&[]), Ok(None));
        assert_eq!(first(&[0]), Ok(None));
        assert_eq!(first(&[0, 0]), Ok(Some((&[][..], 2))));
        assert_eq!(first(&[0, 2, 7]), Ok(None));
        assert_eq!(first(&[0, 2, 7, 8, 9]), Ok(Some((&[7, 8][..], 4))));
        let oversized = Err(FrameError::Oversized { length: 4_097 });
        assert_eq!(first(&[0x10, 0x01]), oversized);
    }

    #[test]
    fn finds_what_has_not_been_written() {
        let stream = [0, 1, 7, 0, 2, 8, 8, 0, 1, 9];
        let left = |offset| {
            behind(&stream, offset)
                .map(|body| body[0])
                .collect::<Vec<_>>()
        };
        assert_eq!(left(0), [7, 8, 9]);
        assert_eq!(left(1), [8, 9]);
        assert_eq!(left(3), [8, 9]);
        assert_eq!(left(4), [9]);
        assert!(left(10).is_empty());
    }
}
