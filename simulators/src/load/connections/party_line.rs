//! The line of a party with a profile of its own: its packing, its framing, its header, its MAC, and TLS. Inside, everything
//! is in the binary packing; what comes and goes here is converted, off the path of parties that use that anyway.
//!
//! ```text
//! session ── binary packing, no MAC ──▶ Converting ── the party's packing, its MAC ──▶ TLS or TCP
//! ```

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tessera_common::addresses::{HostPort, reach};
use tessera_protocol::{Dialect, Framing, Header, MacKey, MessagePacking, cut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;

use super::stream::Stream;

/// What is in front of each message in a `tpdu` framing: its answer has the addresses the other way round.
const TPDU: [u8; 5] = [0x60, 0x00, 0x03, 0x12, 0x34];

/// Converted bytes that the other side has not taken yet, above which nothing more is converted.
const UNSENT_BYTES_MAX: usize = 256 * 1024;

/// A message that cannot be read, for an answer whose MAC is wrong or whose fields are.
const UNREADABLE: [u8; 3] = [0, 1, 0xFF];

/// How a party connects.
#[derive(Debug, Clone)]
pub struct PartyLine {
    /// Its packing and framing.
    pub dialect: Dialect,
    /// With TLS if requested, and the name that the certificate must carry; without it, the host of the address.
    pub tls: Option<(Arc<ClientConfig>, Option<String>)>,
    /// Its MAC key.
    pub key: Option<MacKey>,
}

impl PartyLine {
    /// Whether it is the line of a development party: the binary packing over TCP.
    pub fn is_plain(&self) -> bool {
        self.dialect == Dialect::CANONICAL && self.tls.is_none()
    }

    /// The key with which messages are sealed before they come here: in the binary packing, the MAC covers the same bytes on
    /// the wire.
    pub fn inner_key(&self) -> Option<&MacKey> {
        let is_binary = self.dialect.packing == MessagePacking::Binary;
        self.key.as_ref().filter(|_| is_binary)
    }

    /// Connects to one of the addresses; the sign-on is still to come.
    pub async fn open(&self, address: &HostPort) -> io::Result<Box<dyn Stream>> {
        let stream = reach(address).await?;
        let Some((tls, name)) = &self.tls else {
            return Ok(Box::new(Converting::new(stream, self)));
        };
        let name = name.as_deref().unwrap_or(address.host()).to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        let stream = TlsConnector::from(Arc::clone(tls))
            .connect(name, stream)
            .await?;
        Ok(Box::new(Converting::new(stream, self)))
    }
}

/// A stream in a dialect on one side and in the binary packing on the other.
pub struct Converting<S> {
    stream: S,
    dialect: Dialect,
    header: Header,
    key: Option<MacKey>,
    /// As it came.
    incoming: BytesMut,
    /// Converted, to be read.
    readable: BytesMut,
    /// Written, not a whole message yet.
    outgoing: BytesMut,
    /// Converted, to be sent.
    unsent: BytesMut,
}

impl<S> Converting<S> {
    /// Around a fresh stream.
    pub fn new(stream: S, line: &PartyLine) -> Self {
        let is_binary = line.dialect.packing == MessagePacking::Binary;
        let header = match (line.dialect.framing, line.dialect.header_bytes) {
            (Framing::Tpdu, _) => Header::of(&TPDU),
            (_, bytes) => Header::of(&vec![0; usize::from(bytes)]),
        };
        Self {
            stream,
            dialect: line.dialect,
            header,
            key: line.key.clone().filter(|_| !is_binary),
            incoming: BytesMut::new(),
            readable: BytesMut::new(),
            outgoing: BytesMut::new(),
            unsent: BytesMut::new(),
        }
    }

    /// Converts what has come whole.
    fn take_in(&mut self) -> io::Result<()> {
        while let Some(frame) = self.dialect.cut(&mut self.incoming).map_err(invalid)? {
            let (_, message) = self.dialect.open(frame);
            let is_right = |key: &MacKey| self.dialect.verify(key, &message);
            let unpacked = match self.key.as_ref().is_none_or(is_right) {
                true => self.dialect.unpack(&message),
                false => {
                    self.readable.put_slice(&UNREADABLE);
                    continue;
                }
            };
            match u16::try_from(unpacked.message.len()) {
                Ok(length) if unpacked.fault.is_none() => {
                    self.readable.put_u16(length);
                    self.readable.put_slice(&unpacked.message);
                }
                _ => self.readable.put_slice(&UNREADABLE),
            }
        }
        Ok(())
    }

    /// Converts what was written whole.
    fn give_out(&mut self) -> io::Result<()> {
        while let Some(message) = cut(&mut self.outgoing).map_err(invalid)? {
            let write = |out: &mut BytesMut, _: Option<&MacKey>| framed(&message, out);
            self.dialect
                .answer(self.header, self.key.as_ref(), &mut self.unsent, write)
                .map_err(invalid)?;
        }
        Ok(())
    }
}

fn framed(message: &Bytes, out: &mut BytesMut) {
    // A frame that was cut off a stream is no longer than its two bytes of length can say.
    out.put_u16(message.len() as u16);
    out.put_slice(message);
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl<S: AsyncWrite + Unpin> Converting<S> {
    fn poll_unsent(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, &self.unsent))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.advance(sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Converting<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.readable.is_empty() {
            let mut bytes = [0; 8 * 1024];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.incoming.put_slice(read.filled());
            this.take_in()?;
        }
        let length = this.readable.len().min(buffer.remaining());
        buffer.put_slice(&this.readable.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Converting<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.unsent.len() > UNSENT_BYTES_MAX {
            ready!(this.poll_unsent(context))?;
        }
        this.outgoing.put_slice(bytes);
        this.give_out()?;
        // What cannot be sent now is sent by the flush that follows each write.
        if let Poll::Ready(Err(error)) = this.poll_unsent(context) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
