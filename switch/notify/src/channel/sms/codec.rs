//! PDUs out of bytes. The library reads what is in them; where one ends is said by its length alone, so that one which cannot
//! be read does not take those behind it along.

use std::io;

use rusmpp::decode::DecodeWithLength as _;
use rusmpp::tokio_codec::{CommandCodec, EncodeError};
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::bytes::{Buf as _, BytesMut};
use tokio_util::codec::{Decoder, Encoder, Framed};

const HEAD_BYTES: usize = 16;
/// Longer than anything that a centre has to say.
const PDU_BYTES_MAX: usize = 8192;

/// The first sequence number, which is the bind's; the session goes on from the next.
pub(super) const BIND_SEQUENCE: u32 = 1;

/// A stream of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Whole PDUs over it.
pub(super) type Wire = Framed<Box<dyn Stream>, Codec>;

/// A PDU that came.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) id: CommandId,
    pub(super) status: CommandStatus,
    pub(super) sequence: u32,
    /// None where it cannot be read.
    command: Option<Command>,
}

impl Received {
    /// What stands behind the head.
    pub(super) fn pdu(&self) -> Option<&Pdu> {
        self.command.as_ref().and_then(Command::pdu)
    }

    /// Whether nothing but the head is known.
    pub(super) fn is_unreadable(&self) -> bool {
        self.command.is_none()
    }
}

/// See the head of this file. Only a length that cannot be ends the line.
#[derive(Debug)]
pub(super) struct Codec(CommandCodec);

impl Codec {
    pub(super) fn new() -> Self {
        Self(CommandCodec::new())
    }
}

impl Decoder for Codec {
    type Item = Received;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<Received>> {
        let Some(head) = bytes.first_chunk::<HEAD_BYTES>() else {
            return Ok(None);
        };
        let [length, id, status, sequence] = std::array::from_fn(|field| {
            u32::from_be_bytes(std::array::from_fn(|byte| head[field * 4 + byte]))
        });
        let length = length as usize;
        if !(HEAD_BYTES..=PDU_BYTES_MAX).contains(&length) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if bytes.len() < length {
            bytes.reserve(length - bytes.len());
            return Ok(None);
        }
        let mut pdu = bytes.split_to(length);
        pdu.advance(4);
        Ok(Some(Received {
            id: id.into(),
            status: status.into(),
            sequence,
            command: Command::decode(&mut pdu, length - 4)
                .ok()
                .map(|(command, _)| command),
        }))
    }
}

impl Encoder<&Command> for Codec {
    type Error = EncodeError;

    fn encode(&mut self, command: &Command, bytes: &mut BytesMut) -> Result<(), EncodeError> {
        self.0.encode(command, bytes)
    }
}
