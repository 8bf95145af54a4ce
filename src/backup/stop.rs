//! Ends in order at a signal, also while a line does not answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

/// For a copy that is under way.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether this process was asked to end.
pub struct Stop {
    asked: Arc<AtomicBool>,
    /// The process at the other end of a line; 0 where there is none.
    line: Arc<AtomicU32>,
}

impl Stop {
    /// Listens for SIGTERM, SIGINT and SIGHUP, and wakes this thread then.
    pub fn listen() -> anyhow::Result<Self> {
        let (asked, line) = (Arc::default(), Arc::default());
        let stop = Self {
            asked: Arc::clone(&asked),
            line: Arc::clone(&line),
        };
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_io().build()?;
        let mut signals = {
            let _entered = runtime.enter();
            [
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
                signal(SignalKind::hangup())?,
            ]
        };
        let waiting = thread::current();
        let listener = thread::Builder::new().name("signals".to_owned());
        let spawned = listener.spawn(move || {
            let [terminate, interrupt, hangup] = &mut signals;
            runtime.block_on(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    _ = hangup.recv() => {}
                }
            });
            asked.store(true, Ordering::Release);
            waiting.unpark();
            thread::sleep(PATIENCE);
            end(&line);
        });
        spawned.context("can't start a thread")?;
        Ok(stop)
    }

    /// Set once it was.
    pub fn asked(&self) -> &AtomicBool {
        &self.asked
    }

    /// Whether it was.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// From now on this process is at the other end of the line, or none (0).
    pub fn watch(&self, process: u32) {
        self.line.store(process, Ordering::Release);
    }
}

/// Ends the process at the other end: what is read from it and written to it fails then.
fn end(line: &AtomicU32) {
    let process = i32::try_from(line.load(Ordering::Acquire)).ok();
    if let Some(process) = process.and_then(Pid::from_raw) {
        // It may just have ended.
        let _ = kill_process(process, Signal::TERM);
    }
}
