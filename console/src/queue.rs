//! A queue of lines before a file descriptor, with a thread of its own that writes them.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;

/// Bytes that wait at most; as much again is with the thread that writes.
const WAITING_BYTES_MAX: usize = 1 << 20;
/// Between two tries of a write that failed: doubled from the first to the last.
const RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_LAST: Duration = Duration::from_secs(1);
/// How often lost and suppressed lines are summed up.
const SUM_UP_EVERY: Duration = Duration::from_secs(1);

/// See the head of this file.
pub struct Queue {
    sink: fn() -> BorrowedFd<'static>,
    name: &'static str,
    state: Mutex<State>,
    /// Something waits, or nothing does any more.
    changed: Condvar,
    lost: AtomicU64,
}

struct State {
    waiting: Vec<u8>,
    thread: Thread,
    /// Lost, and the log has not said so yet.
    unreported: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Thread {
    NotStarted,
    Idle,
    Writing,
    /// The last write failed; it is tried again after a pause.
    Failing,
}

impl Queue {
    pub const fn new(sink: fn() -> BorrowedFd<'static>, name: &'static str) -> Self {
        Self {
            sink,
            name,
            state: Mutex::new(State {
                waiting: Vec::new(),
                thread: Thread::NotStarted,
                unreported: 0,
            }),
            changed: Condvar::new(),
            lost: AtomicU64::new(0),
        }
    }

    /// Takes whole lines, or drops and counts them if they do not fit. Never waits for the sink.
    pub fn push(&'static self, lines: &[u8]) {
        let mut state = self.lock();
        if state.waiting.len() + lines.len() > WAITING_BYTES_MAX {
            self.lose(&mut state);
            return;
        }
        state.waiting.extend_from_slice(lines);
        if state.thread == Thread::NotStarted {
            let started = thread::Builder::new()
                .name("console".to_owned())
                .spawn(|| self.run());
            match started {
                Ok(_) => state.thread = Thread::Idle,
                Err(_) => {
                    state.waiting.clear();
                    self.lose(&mut state);
                }
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// How many were lost since the process started.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Waits until all is written, at most so long, and not for a sink that fails.
    pub fn finish(&self, at_most: Duration) {
        let unfinished = |state: &mut State| match state.thread {
            Thread::NotStarted | Thread::Failing => false,
            Thread::Writing => true,
            Thread::Idle => !state.waiting.is_empty(),
        };
        drop(
            self.changed
                .wait_timeout_while(self.lock(), at_most, unfinished)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    fn lose(&self, state: &mut State) {
        state.unreported += 1;
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    fn run(&self) {
        let mut writing = Vec::new();
        let mut summed_up = Instant::now();
        loop {
            let mut state = self.lock();
            state.thread = Thread::Idle;
            self.changed.notify_all();
            let empty = |state: &mut State| state.waiting.is_empty();
            let (mut state, _) = self
                .changed
                .wait_timeout_while(state, SUM_UP_EVERY, empty)
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut state.waiting, &mut writing);
            if !writing.is_empty() {
                state.thread = Thread::Writing;
            }
            drop(state);
            self.write(&writing);
            writing.clear();
            if summed_up.elapsed() >= SUM_UP_EVERY {
                summed_up = Instant::now();
                self.sum_up();
            }
        }
    }

    /// Writes all of it, however long the sink fails.
    fn write(&self, mut bytes: &[u8]) {
        let mut pause = RETRY_FIRST;
        while !bytes.is_empty() {
            match rustix::io::write((self.sink)(), bytes) {
                Ok(written) if written > 0 => {
                    bytes = &bytes[written..];
                    pause = RETRY_FIRST;
                }
                Err(Errno::INTR) => {}
                _ => {
                    self.lock().thread = Thread::Failing;
                    self.changed.notify_all();
                    thread::sleep(pause);
                    pause = (pause * 2).min(RETRY_LAST);
                }
            }
        }
    }

    /// Logs the number of dropped lines when the queue accepts lines again.
    fn sum_up(&self) {
        let lines = std::mem::take(&mut self.lock().unreported);
        if lines > 0 {
            tracing::warn!(
                lines,
                of = self.name,
                "lines were lost: they could not be written in time"
            );
        }
        crate::limit::sum_up_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Bytes and counters: a panic elsewhere can't leave them half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
