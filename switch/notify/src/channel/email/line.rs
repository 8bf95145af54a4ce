//! The socket below the mail library, with a limit that the library lacks: it reads a line to its end however long that is.
//!
//! ```text
//! command ──written──▶ the count starts at 0
//! reply   ◀──read───── counted; more than REPLY_BYTES_MAX ends the line
//! STARTTLS: its reply is one line, and nothing may follow it in the clear
//! ```
//!
//! With implicit TLS the count is of decrypted bytes; after STARTTLS the library encrypts above this file, and the count is of
//! TLS records, the server's certificates among them.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Bytes from the server between two commands: a long EHLO reply has 2 KiB, a chain of certificates 10 KiB.
pub(super) const REPLY_BYTES_MAX: usize = 32 * 1024;

/// The command after whose reply the next byte belongs to TLS.
const STARTTLS: &[u8] = b"STARTTLS\r\n";

/// What the server did that no server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Excess {
    /// It goes on and on.
    #[error("the mail server's reply has more than {} KiB", REPLY_BYTES_MAX / 1024)]
    Reply,
    /// What somebody on the path puts behind the reply to STARTTLS would be taken for said inside TLS.
    #[error("unencrypted bytes follow the mail server's reply to STARTTLS")]
    BehindStarttls,
}

impl Excess {
    /// Whether this is what ended a line.
    pub(super) fn of(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(excess) = error.downcast_ref::<Self>() {
                return Some(*excess);
            }
            // An `io::Error` made of another does not name it as its source.
            let wrapped = error.downcast_ref::<io::Error>();
            next = match wrapped.and_then(io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        None
    }
}

/// A connection to a mail server, with or without TLS.
#[derive(Debug)]
pub(super) struct Line<S> {
    stream: S,
    /// Since the last command.
    read: usize,
    /// The last command was STARTTLS: how its reply goes.
    starttls: Option<Reply>,
}

/// The reply to STARTTLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reply {
    Begun,
    Complete,
}

impl<S> Line<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            read: 0,
            starttls: None,
        }
    }

    /// Looks at bytes that came.
    fn count(&mut self, bytes: &[u8]) -> Result<(), Excess> {
        self.read += bytes.len();
        if self.read > REPLY_BYTES_MAX {
            return Err(Excess::Reply);
        }
        let Some(reply) = &mut self.starttls else {
            return Ok(());
        };
        match bytes.iter().position(|&byte| byte == b'\n') {
            _ if *reply == Reply::Complete && !bytes.is_empty() => Err(Excess::BehindStarttls),
            Some(end) if end + 1 < bytes.len() => Err(Excess::BehindStarttls),
            Some(_) => {
                *reply = Reply::Complete;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        let before = into.filled().len();
        ready!(Pin::new(&mut line.stream).poll_read(context, into))?;
        let counted = line.count(&into.filled()[before..]);
        Poll::Ready(counted.map_err(|excess| io::Error::new(io::ErrorKind::InvalidData, excess)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let line = self.get_mut();
        line.read = 0;
        // The library hands over each command whole.
        line.starttls = (bytes == STARTTLS).then_some(Reply::Begun);
        Pin::new(&mut line.stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl AsyncTokioStream for Line<TcpStream> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncTokioStream for Line<TlsStream<TcpStream>> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().0.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

    use super::*;
    use crate::testing::run;

    /// A line, and the server's end of it.
    fn line() -> (Line<DuplexStream>, DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(2 * REPLY_BYTES_MAX);
        (Line::new(ours), theirs)
    }

    #[test]
    fn a_reply_has_an_end_and_the_next_command_begins_another() {
        run(async {
            let (mut line, mut server) = line();
            let mut bytes = vec![0; REPLY_BYTES_MAX];
            for _ in 0..3 {
                line.write_all(b"NOOP\r\n").await.unwrap();
                server.write_all(&bytes).await.unwrap();
                line.read_exact(&mut bytes).await.unwrap();
            }
            server.write_all(b"1").await.unwrap();
            let error = line.read(&mut bytes).await.unwrap_err();
            assert_eq!(Excess::of(&error), Some(Excess::Reply));
        });
    }

    #[test]
    fn nothing_in_the_clear_follows_the_reply_to_starttls() {
        run(async {
            let injected: [&[&[u8]]; 3] = [
                &[b"220 go\r\n250 ok\r\n"],
                &[b"220 go\r\n", b"250 ok\r\n"],
                &[b"220 ", b"go\r\n2"],
            ];
            for pieces in injected {
                let (mut line, mut server) = line();
                line.write_all(STARTTLS).await.unwrap();
                let mut outcome = Ok(0);
                for piece in pieces {
                    server.write_all(piece).await.unwrap();
                    outcome = line.read(&mut [0; 64]).await;
                }
                let error = outcome.unwrap_err();
                assert_eq!(Excess::of(&error), Some(Excess::BehindStarttls));
            }
            let (mut line, mut server) = line();
            line.write_all(STARTTLS).await.unwrap();
            server.write_all(b"220 go\r\n").await.unwrap();
            assert_eq!(line.read(&mut [0; 64]).await.unwrap(), 8);
            line.write_all(b"a client hello").await.unwrap();
            server.write_all(b"\x16\n\n").await.unwrap();
            assert_eq!(line.read(&mut [0; 64]).await.unwrap(), 3);
        });
    }
}
