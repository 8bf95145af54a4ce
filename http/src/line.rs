//! A connection as its limits see it: what it has to do next, until when, and with how many bytes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::{Rc, Weak};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::Limits;

/// A client that has got an answer before it has sent all of its request has so long to notice.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// A stream without an end is written to at least every 15 seconds, and has to take that.
const STREAM_STALL: Duration = Duration::from_secs(60);

/// Heads, chunk sizes and trailers, beside what a body may have.
const HEAD_BYTES_MAX: u64 = 192 * 1024;

/// One connection. Belongs to its thread.
#[derive(Debug)]
pub(crate) struct Line {
    limits: Limits,
    /// It is closed then, unless something happens before.
    deadline: Cell<Instant>,
    /// What may still be read.
    bytes: Cell<u64>,
    /// Requests that are being answered: several at once on HTTP/2.
    in_work: Cell<u32>,
    /// Those of them whose bodies have not come yet.
    awaited: Cell<u32>,
    /// An answer that has no end is being written.
    streams: Cell<bool>,
    asked_to_end: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Line {
    pub(crate) fn new(limits: Limits) -> Rc<Self> {
        Rc::new(Self {
            limits,
            deadline: Cell::new(Instant::now() + limits.head_within),
            bytes: Cell::new(HEAD_BYTES_MAX),
            in_work: Cell::new(0),
            awaited: Cell::new(0),
            streams: Cell::new(false),
            asked_to_end: Cell::new(false),
            waker: RefCell::default(),
        })
    }

    /// Until when something has to happen.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline.get()
    }

    /// Whether it may go on.
    ///
    /// # Errors
    /// With what is over.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.asked_to_end.get() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        match self.deadline.get() <= Instant::now() || self.bytes.get() == 0 {
            true => Err(io::ErrorKind::TimedOut.into()),
            false => Ok(()),
        }
    }

    /// Who is to be woken when it has to go.
    pub(crate) fn watched_by(&self, waker: &Waker) {
        let mut watcher = self.waker.borrow_mut();
        match watcher.as_ref() {
            Some(known) if known.will_wake(waker) => {}
            _ => *watcher = Some(waker.clone()),
        }
    }

    pub(crate) fn has_read(&self, bytes: usize) {
        self.bytes
            .set(self.bytes.get().saturating_sub(bytes as u64));
    }

    pub(crate) fn has_written(&self) {
        if self.streams.get() {
            self.extend(STREAM_STALL);
        }
    }

    /// A request's head is there. Its own deadlines are kept where it is handled.
    pub(crate) fn begin(self: &Rc<Self>) -> InWork {
        self.in_work.set(self.in_work.get() + 1);
        self.bytes.set(HEAD_BYTES_MAX + self.limits.body_bytes_max);
        self.extend(self.limits.answer_within + LINGER);
        InWork {
            line: Rc::clone(self),
            awaits_body: Cell::new(false),
            streams: Cell::new(false),
            closes: Cell::new(false),
        }
    }

    fn extend(&self, by: Duration) {
        self.deadline
            .set(self.deadline.get().max(Instant::now() + by));
    }

    fn ask_to_end(&self) {
        self.asked_to_end.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Whether it is the client who has to do something.
    fn keeps_waiting(&self) -> bool {
        !self.asked_to_end.get() && self.in_work == self.awaited && !self.streams.get()
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct InWork {
    line: Rc<Line>,
    awaits_body: Cell<bool>,
    streams: Cell<bool>,
    closes: Cell<bool>,
}

impl InWork {
    /// What it still waits for is the rest of the request: the connection may be closed for others meanwhile.
    pub(crate) fn waits_for_body(&self) {
        if !self.awaits_body.replace(true) {
            self.line.awaited.set(self.line.awaited.get() + 1);
        }
    }

    /// All of the request is there.
    pub(crate) fn has_body(&self) {
        if self.awaits_body.replace(false) {
            self.line.awaited.set(self.line.awaited.get() - 1);
        }
    }

    /// Its answer has no end.
    pub(crate) fn streams(&self) {
        self.streams.set(true);
    }

    /// Its answer is the last one of the connection.
    pub(crate) fn closes(&self) {
        self.closes.set(true);
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        self.has_body();
        let line = &self.line;
        line.in_work.set(line.in_work.get() - 1);
        line.streams.set(self.streams.get());
        let next = match (self.closes.get(), self.streams.get()) {
            (true, _) => LINGER,
            (false, true) => STREAM_STALL,
            (false, false) => line.limits.idle_for,
        };
        if line.in_work.get() == 0 {
            line.deadline.set(Instant::now() + next);
        }
    }
}

/// All connections of a thread, by age.
#[derive(Debug)]
pub(crate) struct Lines {
    max: usize,
    next: Cell<u64>,
    open: RefCell<BTreeMap<u64, Weak<Line>>>,
}

impl Lines {
    pub(crate) fn new(max: usize) -> Rc<Self> {
        Rc::new(Self {
            max,
            next: Cell::new(0),
            open: RefCell::default(),
        })
    }

    /// Adds one. Where there are as many as there may be, the oldest goes of those that keep the server waiting; false
    /// where none does.
    pub(crate) fn admit(&self, line: &Rc<Line>) -> bool {
        let mut open = self.open.borrow_mut();
        if open.len() >= self.max {
            open.retain(|_, line| line.strong_count() > 0);
        }
        if open.len() >= self.max {
            let waits = |line: &Weak<Line>| line.upgrade().filter(|line| line.keeps_waiting());
            let oldest = open
                .iter()
                .find_map(|(number, line)| Some((*number, waits(line)?)));
            let Some((number, oldest)) = oldest else {
                return false;
            };
            open.remove(&number);
            oldest.ask_to_end();
        }
        let number = self.next.get();
        self.next.set(number + 1);
        open.insert(number, Rc::downgrade(line));
        true
    }
}
