//! A connection to the switch, in the party's framing, in the clear or with TLS. It waits for input; the caller states
//! the time limit.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use tessera_common::addresses::{Addresses, HostPort, reach_blocking};
use tessera_protocol::{Dialect, FRAME_BYTES_MAX, Framing, HEADER_BYTES_MAX};

use super::case::Raw;

/// How long the other side may take no bytes.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);

/// What is in front of each message in a `tpdu` framing, and in front of its answer.
const TPDU: [u8; 5] = [0x60, 0x00, 0x03, 0x12, 0x34];
const TPDU_BACK: [u8; 5] = [0x60, 0x12, 0x34, 0x00, 0x03];

/// Where to connect, and how.
#[derive(Clone)]
pub struct Target {
    /// Tried in turn.
    pub addresses: Addresses,
    /// With TLS if requested, and the name that the certificate must carry; without it, the host of the address.
    pub tls: Option<(Arc<ClientConfig>, Option<String>)>,
}

/// An open connection.
pub struct Connection {
    socket: Socket,
    dialect: Dialect,
    incoming: BytesMut,
    closed: bool,
}

enum Socket {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// A message, without its length.
    Message(Bytes),
    /// Nothing in this time; the connection stays.
    Nothing,
    /// The end of the connection.
    Closed,
    /// Something that is no frame.
    Nonsense(String),
}

impl Target {
    /// Connects to the first address that accepts.
    pub fn connect(&self, dialect: Dialect) -> io::Result<Connection> {
        let mut round = self.addresses.round();
        while let Some(address) = round.next_address() {
            match self.open(address) {
                Ok(socket) => {
                    round.worked();
                    return Ok(Connection {
                        socket,
                        dialect,
                        incoming: BytesMut::new(),
                        closed: false,
                    });
                }
                Err(error) => round.failed(error),
            }
        }
        Err(io::Error::other(round.into_failures()))
    }

    fn open(&self, address: &HostPort) -> io::Result<Socket> {
        let stream = reach_blocking(address)?;
        stream.set_write_timeout(Some(WRITE_PATIENCE))?;
        let Some((tls, name)) = &self.tls else {
            return Ok(Socket::Plain(stream));
        };
        let name = name.as_deref().unwrap_or(address.host()).to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        let session = ClientConnection::new(Arc::clone(tls), name).map_err(io::Error::other)?;
        Ok(Socket::Tls(Box::new(StreamOwned::new(session, stream))))
    }
}

impl Connection {
    /// A message as a frame: what goes over the wire for it.
    pub fn frame(&self, message: &[u8]) -> Vec<u8> {
        framed(self.dialect, message)
    }

    /// Sends bytes. What is closed meanwhile is seen when an answer is waited for.
    pub fn send(&mut self, bytes: &[u8], in_pieces: bool) -> io::Result<()> {
        let sent = match in_pieces {
            true => bytes.chunks(1).try_for_each(|byte| {
                self.socket.write_all(byte)?;
                self.socket.flush()
            }),
            false => self
                .socket
                .write_all(bytes)
                .and_then(|()| self.socket.flush()),
        };
        match sent {
            Err(error) if is_closed(error.kind()) => {
                self.closed = true;
                Ok(())
            }
            sent => sent,
        }
    }

    /// What comes next, waited for this long at most.
    pub fn next(&mut self, patience: Duration) -> io::Result<Came> {
        let deadline = Instant::now() + patience;
        loop {
            match self.dialect.cut(&mut self.incoming) {
                Ok(Some(frame)) => return Ok(self.open(frame)),
                Ok(None) => {}
                Err(error) => return Ok(Came::Nonsense(error.to_string())),
            }
            if self.closed {
                return Ok(Came::Closed);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Came::Nothing);
            }
            self.socket.stream().set_read_timeout(Some(left))?;
            let mut bytes = [0; 4096];
            match self.socket.read(&mut bytes) {
                Ok(0) => self.closed = true,
                Ok(read) => self.incoming.put_slice(&bytes[..read]),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    kind if is_closed(kind) => self.closed = true,
                    _ => return Err(error),
                },
            }
        }
    }

    fn open(&self, frame: Bytes) -> Came {
        let (header, message) = self.dialect.open(frame);
        let expected: &[u8] = match self.dialect.framing {
            Framing::Tpdu => &TPDU_BACK,
            _ => header_of(self.dialect),
        };
        if header.bytes() != expected {
            let came = header.bytes();
            return Came::Nonsense(format!("the header {came:02x?}, not {expected:02x?}"));
        }
        Came::Message(message)
    }
}

impl Socket {
    fn stream(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(tls) => &tls.sock,
        }
    }
}

impl Read for Socket {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(bytes),
            Self::Tls(tls) => tls.read(bytes),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

/// What stands between the length and a message.
fn header_of(dialect: Dialect) -> &'static [u8] {
    const HEADER: [u8; HEADER_BYTES_MAX] = *b"ISO0160000751234567890ABCDEFGHIJ";
    match dialect.framing {
        Framing::Tpdu => &TPDU,
        _ => &HEADER[..usize::from(dialect.header_bytes).min(HEADER_BYTES_MAX)],
    }
}

/// A message in a framing.
pub fn framed(dialect: Dialect, message: &[u8]) -> Vec<u8> {
    let framing = dialect.framing;
    let header = header_of(dialect);
    let mut frame = BytesMut::new();
    framing.begin(header.len() + message.len(), &mut frame);
    frame.put_slice(header);
    frame.put_slice(message);
    frame.to_vec()
}

/// Bytes that are no message, in a framing; `message` is a whole one.
pub fn raw_bytes(dialect: Dialect, raw: Raw, message: &[u8]) -> Vec<u8> {
    let framing = dialect.framing;
    let mut bytes = BytesMut::new();
    match raw {
        Raw::KeepAlive => framing.begin(0, &mut bytes),
        Raw::Oversized => {
            let header = if framing == Framing::Tpdu {
                TPDU.len()
            } else {
                0
            };
            framing.begin(FRAME_BYTES_MAX + header + 1, &mut bytes);
            bytes.put_bytes(0, 64);
        }
        Raw::HalfAMessage => {
            let whole = framed(dialect, message);
            bytes.put_slice(&whole[..whole.len() / 2]);
        }
        Raw::NoMti => return framed(dialect, &[0xFF; 24]),
    }
    bytes.to_vec()
}

fn is_closed(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    )
}
