//! A connection's bytes, as long as its deadline and its bounds allow.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::unix::UCred;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Sleep, sleep_until};
use tokio_rustls::server::TlsStream;

use crate::line::Line;

/// A socket that fails when the time of its connection is over.
#[derive(Debug)]
pub(crate) struct Guarded<S> {
    socket: S,
    line: Rc<Line>,
    sleep: Pin<Box<Sleep>>,
}

impl<S> Guarded<S> {
    pub(crate) fn new(socket: S, line: Rc<Line>) -> Self {
        Self {
            sleep: Box::pin(sleep_until(line.deadline())),
            socket,
            line,
        }
    }

    /// Fails when time or bytes are over; wakes the task when they will be.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        self.line.check()?;
        self.line.watched_by(context.waker());
        let deadline = self.line.deadline();
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        match self.sleep.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        self.line.has_read(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let written = ready!(Pin::new(&mut self.socket).poll_write(context, bytes))?;
        self.line.has_written();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

/// TCP with TLS or without, or a Unix socket.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(Guarded<TcpStream>),
    Sealed(Box<TlsStream<Guarded<TcpStream>>>),
    Unix(Guarded<UnixStream>),
}

impl Stream {
    pub(crate) fn line(&self) -> &Rc<Line> {
        match self {
            Self::Plain(socket) => &socket.line,
            Self::Sealed(stream) => &stream.get_ref().0.line,
            Self::Unix(socket) => &socket.line,
        }
    }

    /// The user of a process on this machine, as the system knows it.
    pub(crate) fn user(&self) -> Option<UCred> {
        match self {
            Self::Unix(socket) => socket.socket.peer_cred().ok(),
            Self::Plain(_) | Self::Sealed(_) => None,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Unix(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Sealed(stream) => Pin::new(&mut **stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Unix(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Sealed(stream) => Pin::new(&mut **stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(context),
            Self::Unix(socket) => Pin::new(socket).poll_flush(context),
            Self::Sealed(stream) => Pin::new(&mut **stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Sealed(stream) => Pin::new(&mut **stream).poll_shutdown(context),
        }
    }
}
