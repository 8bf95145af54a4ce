//! One TLS connection's bytes, both ways. Requests are many and small, so that everything is moved in
//! big pieces: one TLS record and one system call carry whatever gathered since the last.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tessera_kit::fence;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::frames;
use super::line::Line;

/// Asked of the socket at once: rustls by itself reads 4 KiB at a time.
pub(super) const READ_BYTES: usize = 64 * 1024;
/// Handed to TLS at once. Where that fails, nobody knows what of it has left.
const WRITE_BYTES: usize = 64 * 1024;

/// A connection and its two buffers. One task reads and writes, so that nothing is shared or locked.
pub(super) struct Wire<S = TlsStream<BufReader<TcpStream>>> {
    stream: S,
    /// What has come and was not looked at.
    pub reading: BytesMut,
    /// What is being handed to TLS, taken from the line's output in one piece.
    writing: BytesMut,
    /// How much of it TLS has taken.
    written: usize,
    unflushed: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            reading: BytesMut::with_capacity(2 * READ_BYTES),
            writing: BytesMut::new(),
            written: 0,
            unflushed: false,
        }
    }

    /// Writes the line's output until something has been read: how many bytes, 0 at the end of the stream.
    /// May be dropped at any time without a loss.
    pub(super) async fn turn(&mut self, line: &Line) -> io::Result<usize> {
        poll_fn(|context| {
            line.wake_by(context.waker());
            if let Poll::Ready(Err(error)) = self.poll_write(context, line) {
                return Poll::Ready(Err(error));
            }
            self.reading.reserve(READ_BYTES);
            pin!(self.stream.read_buf(&mut self.reading)).poll(context)
        })
        .await
    }

    fn poll_write(&mut self, context: &mut Context<'_>, line: &Line) -> Poll<io::Result<()>> {
        loop {
            if self.written == self.writing.len() {
                self.writing.clear();
                self.written = 0;
                // The emptied buffer becomes the line's output: two buffers, no allocation.
                line.exchange_output(&mut self.writing);
                if self.writing.is_empty() {
                    break;
                }
            }
            let rest = &self.writing[self.written..];
            let piece = &rest[..rest.len().min(WRITE_BYTES)];
            fence::pass();
            match ready!(Pin::new(&mut self.stream).poll_write(context, piece)) {
                Ok(written) => self.written += written,
                Err(error) => {
                    // It does not say how much of this had left before.
                    self.written += piece.len();
                    return Poll::Ready(Err(error));
                }
            }
            self.unflushed = true;
        }
        if self.unflushed {
            fence::pass();
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Frames of which TLS has not seen a byte: they certainly never left.
    pub(super) fn unwritten(&self) -> impl Iterator<Item = &[u8]> {
        frames::behind(&self.writing, self.written)
    }

    /// Says goodbye to TLS.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::ReadBuf;

    use super::*;

    /// Takes all that it is given, and says that it is broken.
    struct Breaks;

    impl AsyncRead for Breaks {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Breaks {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn what_a_write_that_failed_was_handed_may_have_left() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let line = Line::new(0);
        let request = [b'1'; 1_022];
        for _ in 0..100 {
            line.write(|out| frames::append(out, &request));
        }
        let mut wire = Wire::new(Breaks);
        let turned = runtime.unwrap().block_on(wire.turn(&line));
        assert!(turned.is_err());
        assert_eq!(wire.unwritten().count(), 100 - 64);
    }
}
