//! One connection of the switch: takes the received frames, gets their answers, and sends all answers at once.
//!
//! ```text
//! socket ──▶ TLS ──▶ input ──▶ responder (ledger, rules) ──▶ output ──▶ TLS ──▶ socket
//!                 up to 64 KiB    the log is written here ┘ └ one write for the whole batch
//!                                  delayed answers ──▶ later ─┘
//! ```
//!
//! Reading and writing alternate: a peer that does not take its answers is not read any further, so that it
//! cannot make memory grow.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tessera_common::certificates::handshake_error;
use tessera_protocol::{FRAME_BYTES_MAX, FrameError};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;

use super::calls::Calls;
use super::later::Later;
use super::responder::Responder;
use super::rules::Delivery;

/// What one batch takes in at most: as many requests as a busy switch has in flight on one line, give or take.
const BATCH_BYTES: usize = 64 * 1024;
/// A longer wait than this without any byte, and the switch is gone: its echoes come far more often.
const IDLE_MAX: Duration = Duration::from_secs(15 * 60);

/// Why a connection ended otherwise than by the peer's closing it.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    /// The line broke.
    #[error("{}", handshake_error(.0))]
    Line(io::Error),
    /// The stream is none of frames.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// The log took no more: the host must stop, because it can keep no promise.
    #[error("the log could not be written: {0}")]
    Log(io::Error),
}

/// One connection.
pub(super) struct Session<S> {
    stream: S,
    responder: Rc<RefCell<Responder>>,
    input: BytesMut,
    output: BytesMut,
    later: Later,
    signed_on: bool,
    calls: Rc<Calls>,
    /// When it is cut, whatever happens.
    cut_at: Option<Instant>,
}

/// How a turn ended.
#[derive(PartialEq, Eq)]
enum Turn {
    /// More may come.
    On,
    /// The peer is gone, or is cut off.
    Over,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(
        stream: S,
        responder: Rc<RefCell<Responder>>,
        cut_every: Option<Duration>,
    ) -> Self {
        let calls = Rc::clone(&responder.borrow().calls);
        Self {
            stream,
            responder,
            calls,
            input: BytesMut::with_capacity(BATCH_BYTES),
            output: BytesMut::with_capacity(BATCH_BYTES),
            later: Later::default(),
            signed_on: false,
            cut_at: cut_every.map(|every| Instant::now() + every),
        }
    }

    /// Serves until the peer closes, or is cut off, or the line or the log breaks.
    pub(super) async fn serve(mut self) -> Result<(), SessionError> {
        while self.turn().await? == Turn::On {}
        Ok(())
    }

    async fn turn(&mut self) -> Result<Turn, SessionError> {
        let (due, cut_at) = (self.later.next(), self.cut_at);
        tokio::select! {
            biased;
            () = until(cut_at) => return Ok(Turn::Over),
            () = self.calls.rung(), if self.signed_on => self.calls.take(&mut self.output),
            () = until(due) => self.later.take_due(Instant::now(), &mut self.output),
            read = fill(&mut self.stream, &mut self.input) => {
                if read.map_err(SessionError::Line)? == 0 {
                    return Ok(Turn::Over);
                }
            }
            () = tokio::time::sleep(IDLE_MAX) => return Ok(Turn::Over),
        }
        let turn = self.answer_all()?;
        self.send().await.map_err(SessionError::Line)?;
        Ok(turn)
    }

    /// Answers every whole request of the input. Afterwards the log contains the records of these answers.
    fn answer_all(&mut self) -> Result<Turn, SessionError> {
        let mut responder = self.responder.borrow_mut();
        let mut taken = 0;
        let mut turn = Turn::On;
        while let Some(body) = frame(&self.input[taken..])? {
            taken += 2 + body.len();
            if body.is_empty() {
                continue;
            }
            let start = self.output.len();
            let delivery = responder.handle(&mut self.signed_on, body, &mut self.output);
            if delivery != Delivery::PLAIN {
                delay(&mut self.output, start, delivery, &mut self.later);
                if delivery.cut {
                    turn = Turn::Over;
                    break;
                }
            }
        }
        self.input.advance(taken);
        responder.ledger.write().map_err(SessionError::Log)?;
        Ok(turn)
    }

    async fn send(&mut self) -> io::Result<()> {
        if !self.output.is_empty() {
            self.stream.write_all(&self.output).await?;
            self.stream.flush().await?;
            self.output.clear();
        }
        Ok(())
    }
}

/// The first message of the stream, once it is whole. In place: at hundreds of frames in a batch, a counted
/// reference to each would cost more than reading them.
fn frame(stream: &[u8]) -> Result<Option<&[u8]>, FrameError> {
    let Some((&[high, low], rest)) = stream.split_first_chunk() else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > FRAME_BYTES_MAX {
        return Err(FrameError::Oversized { length });
    }
    Ok(rest.get(..length))
}

/// Takes the answer off the end of the output again, if that is not how it leaves.
#[cold]
fn delay(output: &mut BytesMut, start: usize, delivery: Delivery, later: &mut Later) {
    let frame = output[start..].to_vec();
    output.truncate(start);
    if frame.is_empty() || delivery.cut {
        return;
    }
    for _ in 0..delivery.copies {
        if delivery.after.is_zero() {
            output.extend_from_slice(&frame);
        } else {
            later.push(Instant::now() + delivery.after, &frame);
        }
    }
}

/// Waits for the first byte, then takes whatever else is there without waiting. 0 = the peer has closed.
async fn fill<S: AsyncRead + Unpin>(stream: &mut S, input: &mut BytesMut) -> io::Result<usize> {
    let mut filled = 0;
    poll_fn(|context| {
        while filled < BATCH_BYTES {
            input.reserve(BATCH_BYTES - filled);
            match pin!(stream.read_buf(input)).poll(context) {
                Poll::Ready(Ok(0)) => break,
                Poll::Ready(Ok(read)) => filled += read,
                // What came before the fault is answered first; the next turn meets it again.
                Poll::Ready(Err(_)) if filled > 0 => break,
                Poll::Ready(Err(why)) => return Poll::Ready(Err(why)),
                Poll::Pending if filled > 0 => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(filled))
    })
    .await
}

/// For ever, if there is no such instant.
async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
