//! A line to the financial system: what the link and the line's own task share.

use std::cell::{Cell, RefCell};
use std::mem;
use std::net::SocketAddr;
use std::task::Waker;
use tessera_protocol::Stan;

use bytes::BytesMut;

/// Above this much that the financial system does not take, a line is given nothing more.
const OUTPUT_BYTES_MAX: usize = 8 << 20;

/// Where a line is in its life; its task leads it from one to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No connection: the pause before the next attempt, which grows with every failure in a row.
    Down,
    /// TCP and the TLS handshake are under way.
    Connecting,
    /// 0800/001 is out. No request may leave before its answer.
    SigningOn,
    /// Requests leave, answers come; when nothing comes, an echo goes out.
    Up,
    /// 0800/002 is out. No request leaves any more, answers are still taken.
    SigningOff,
    /// Closed for good.
    Closed,
}

/// The one network message that a line may have open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NetworkMessage {
    None,
    Waiting { transmission: u32, trace: Stan },
    Answered([u8; 2]),
}

pub(super) struct Line {
    /// From 0, in its worker.
    pub number: u16,
    pub state: Cell<State>,
    /// The other end of its present or last connection, for the log.
    pub peer: Cell<Option<SocketAddr>>,
    pub network: Cell<NetworkMessage>,
    /// Its present connection has answered something besides its sign-on, or has stood for a while.
    pub worked: Cell<bool>,
    output: RefCell<BytesMut>,
    /// Whether something was written since the last flush.
    unflushed: Cell<bool>,
    /// Of the line's task.
    waker: Cell<Option<Waker>>,
}

impl Line {
    pub(super) fn new(number: u16) -> Self {
        Self {
            number,
            state: Cell::new(State::Down),
            peer: Cell::new(None),
            network: Cell::new(NetworkMessage::None),
            worked: Cell::new(false),
            output: RefCell::new(BytesMut::new()),
            unflushed: Cell::new(false),
            waker: Cell::new(None),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.state.get() == State::Up
    }

    /// Whether it can be given a request.
    pub(super) fn takes(&self) -> bool {
        self.is_up() && !self.is_clogged()
    }

    /// Whether the financial system has stopped reading.
    pub(super) fn is_clogged(&self) -> bool {
        self.output.borrow().len() > OUTPUT_BYTES_MAX
    }

    /// Writes into the output, which leaves with the next flush, or before where the line's task is
    /// awake anyhow.
    pub(super) fn write<T>(&self, write: impl FnOnce(&mut BytesMut) -> T) -> T {
        self.unflushed.set(true);
        write(&mut self.output.borrow_mut())
    }

    /// Lets out what was written; whether there was anything.
    pub(super) fn flush(&self) -> bool {
        let unflushed = self.unflushed.replace(false);
        if unflushed && let Some(waker) = self.waker.take() {
            waker.wake();
        }
        unflushed
    }

    pub(super) fn wake_by(&self, waker: &Waker) {
        let known = self.waker.take().filter(|known| known.will_wake(waker));
        self.waker.set(Some(known.unwrap_or_else(|| waker.clone())));
    }

    /// Takes the output and leaves an empty buffer in its place.
    pub(super) fn exchange_output(&self, emptied: &mut BytesMut) {
        mem::swap(&mut *self.output.borrow_mut(), emptied);
    }
}
