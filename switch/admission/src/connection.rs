//! The writing half of a connection: an outbox that anyone may append to, and one write for all that
//! is in it.

use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::{Activity, Admission, Arrival, ListedParty};
use tessera_kit::fence;
use tessera_metrics::ConnectionClosed;

/// Above this the reader stops until the peer has read: the answers to what is already admitted are
/// all that can still come on top, so a peer that does not read can't make memory grow.
pub const OUTBOX_BYTES_MAX: usize = 64 * 1024;

/// How often a connection that ends is asked whether all is answered.
const DRAIN_TICK: Duration = Duration::from_millis(5);

/// Whose a connection is, from its sign-on on.
#[derive(Debug)]
pub struct Bound {
    /// The party; `None` on the wallet server's line.
    pub listed: Option<Arc<ListedParty>>,
    /// How it has come.
    pub arrival: Arrival,
    /// What every request of it has to pass: the connection's own bound, the party's, and that of all.
    pub limits: [Arc<Admission>; 3],
}

/// One connection as everyone but its own reader sees it.
#[derive(Debug)]
pub struct Connection {
    socket: Option<TcpStream>,
    outbox: Mutex<Outbox>,
    bound: OnceLock<Bound>,
    /// What it is doing.
    pub activity: Activity,
    /// The writer's bell: there is something that could not be written at once.
    pub blocked: Notify,
    /// Wakes the reader when the outbox has space again.
    pub drained: Notify,
    /// The reader's other bell: nothing can be written any more.
    pub ended: Notify,
    closed: AtomicBool,
    draining: OnceLock<ConnectionClosed>,
}

#[derive(Debug, Default)]
struct Outbox {
    bytes: BytesMut,
    /// Somebody will flush it.
    claimed: bool,
}

impl Connection {
    /// A plain connection, written to by the worker that flushes it.
    pub fn plain(socket: TcpStream) -> Arc<Self> {
        Arc::new(Self::new(Some(socket)))
    }

    /// A connection whose bytes a task of its own encrypts and writes; see [`Connection::take`].
    pub fn sealed() -> Arc<Self> {
        Arc::new(Self::new(None))
    }

    fn new(socket: Option<TcpStream>) -> Self {
        Self {
            socket,
            outbox: Mutex::default(),
            bound: OnceLock::new(),
            activity: Activity::new(),
            blocked: Notify::new(),
            drained: Notify::new(),
            ended: Notify::new(),
            closed: AtomicBool::new(false),
            draining: OnceLock::new(),
        }
    }

    /// The plain socket, for its reader.
    pub fn socket(&self) -> Option<&TcpStream> {
        self.socket.as_ref()
    }

    /// Whose it is; `None` before the first sign-on.
    pub fn bound(&self) -> Option<&Bound> {
        self.bound.get()
    }

    /// The party that signed on.
    pub fn listed(&self) -> Option<&Arc<ListedParty>> {
        self.bound.get()?.listed.as_ref()
    }

    /// Binds the connection, for good.
    pub fn bind(&self, bound: Bound) -> &Bound {
        self.bound.get_or_init(|| bound)
    }

    /// Lets `write` append frames. True for the first since the last flush: that caller sees to it
    /// that [`Connection::flush`] is called.
    pub fn write(&self, write: impl FnOnce(&mut BytesMut)) -> bool {
        let mut outbox = self.outbox();
        if self.is_closed() {
            return false;
        }
        write(&mut outbox.bytes);
        !std::mem::replace(&mut outbox.claimed, true)
    }

    /// Writes what is in the outbox, as far as the socket takes it; the rest is the writer's.
    pub fn flush(&self) {
        let mut outbox = self.outbox();
        outbox.claimed = false;
        let Some(socket) = &self.socket else {
            self.blocked.notify_one();
            return;
        };
        while !outbox.bytes.is_empty() {
            fence::pass();
            match socket.try_write(&outbox.bytes) {
                Ok(written) => outbox.bytes.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked.notify_one();
                    return;
                }
                Err(_) => {
                    drop(outbox);
                    self.close();
                    return;
                }
            }
        }
        self.drained.notify_one();
    }

    /// Takes what a sealed connection has to write; empty where there is nothing.
    pub fn take(&self) -> BytesMut {
        let mut outbox = self.outbox();
        outbox.claimed = false;
        outbox.bytes.split()
    }

    /// How many bytes wait to be written.
    pub fn waiting_bytes(&self) -> usize {
        self.outbox().bytes.len()
    }

    /// Nothing is written any more; the reader and the writer end.
    pub fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.outbox().bytes = BytesMut::new();
            if let Some(socket) = &self.socket {
                // Now, and not when the last request that is still under way lets go of it. It fails
                // where the peer was faster.
                let _ = SockRef::from(socket).shutdown(Shutdown::Both);
            }
            self.blocked.notify_one();
            self.drained.notify_one();
            self.ended.notify_one();
        }
    }

    /// For this reason nothing more is read, and the connection ends when all is answered.
    pub fn drain(&self, reason: ConnectionClosed) {
        // The first reason stands.
        let _ = self.draining.set(reason);
        self.ended.notify_one();
    }

    /// Whether the reader must end, and why.
    ///
    /// # Errors
    /// With the label of a metric.
    pub fn check_open(&self) -> Result<(), ConnectionClosed> {
        match (self.is_closed(), self.draining.get()) {
            (true, _) => Err(ConnectionClosed::WriteStall),
            (_, Some(reason)) => Err(*reason),
            _ => Ok(()),
        }
    }

    /// Comes back when the connection has to end, and says why.
    pub async fn asked_to_end(&self) -> ConnectionClosed {
        loop {
            self.ended.notified().await;
            if let Err(reason) = self.check_open() {
                return reason;
            }
        }
    }

    /// Waits until every request of this connection is answered and its answer written. Comes back early
    /// where the connection is closed.
    pub async fn all_answered(&self) {
        let under_way = |bound: &Bound| bound.limits[0].taken();
        while !self.is_closed()
            && (self.bound().map_or(0, under_way) > 0 || self.waiting_bytes() > 0)
        {
            tokio::time::sleep(DRAIN_TICK).await;
        }
    }

    /// Waits until all that was said is written. Comes back early where the connection is closed.
    pub async fn all_written(&self) {
        while !self.is_closed() && self.waiting_bytes() > 0 {
            tokio::time::sleep(DRAIN_TICK).await;
        }
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The outbox is bytes and a flag, whole after every statement: a panic elsewhere can't have
    /// left it in between.
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
