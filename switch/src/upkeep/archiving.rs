//! Moves closed segments of the journal to the archive while the switch serves, on a thread of its own at the lowest priority.
//!
//! In come the marks of full snapshots; out go compressed segments, of which `retention.rs` deletes the oldest. What never happens here: a segment is archived that a
//! start may have to replay, or that has no index, or this takes more than a tenth of a core.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tessera_journal::{Archived, Location, Position};
use tessera_metrics::Metrics;
use tessera_reports::index::is_indexed;
use tessera_store::{FullSnapshots, Store};

use super::pace::Pace;
use super::retention::Retention;

/// How often it looks for segments that can be archived.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After a failure.
const RETRY_EVERY: Duration = Duration::from_secs(60);
/// That of a thread that runs when no other wants to.
const NICENESS: i32 = 19;
/// A tenth of a core.
const PAUSE: u32 = 9;

/// What the thread works with.
pub(crate) struct Archiving {
    pub journal: Location,
    pub store: Arc<Store>,
    pub snapshots: FullSnapshots,
    pub metrics: Arc<Metrics>,
    /// Otherwise it only counts.
    pub archives: bool,
    pub retention: Retention,
}

/// The thread while it runs.
pub(crate) struct RunningArchiving {
    thread: JoinHandle<()>,
    stopped: Arc<AtomicBool>,
}

impl Archiving {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has none.
    pub fn start(self) -> io::Result<RunningArchiving> {
        let stopped = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stopped);
        let thread = thread::Builder::new()
            .name("archive".into())
            .spawn(move || self.run(&seen))?;
        Ok(RunningArchiving { thread, stopped })
    }

    fn run(mut self, stopped: &AtomicBool) {
        // Where the system does not allow it, the pauses remain.
        let _ = rustix::process::setpriority_process(None, NICENESS);
        let mut failing = false;
        while !stopped.load(Ordering::Acquire) {
            let mut pace = Pace::new(stopped, PAUSE);
            match self.archive_and_delete(&mut pace) {
                Ok(()) => failing = false,
                // The process ends, and the error is about that.
                Err(_) if stopped.load(Ordering::Acquire) => break,
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, "closed journal segments could not be archived or deleted; they stay");
                    }
                    failing = true;
                }
            }
            self.metrics.journal.archive_failing.set(failing.into());
            // What can't be counted now is counted the next time.
            if let Ok(usage) = tessera_journal::usage(&self.journal) {
                self.metrics.journal.takes(usage);
            }
            thread::park_timeout(if failing { RETRY_EVERY } else { LOOK_EVERY });
        }
    }

    fn archive_and_delete(&mut self, pace: &mut Pace<'_>) -> anyhow::Result<()> {
        let Some(below) = self.not_replayed()? else {
            return Ok(());
        };
        if !self.archives {
            return Ok(());
        }
        while self.archive_one(below, pace)? {}
        self.retention.retain(below, &mut || pace.goes_on())
    }

    /// Whether there was one.
    fn archive_one(&self, below: Position, pace: &mut Pace<'_>) -> anyhow::Result<bool> {
        let Some(part) = tessera_journal::to_archive(&self.journal, below)? else {
            return Ok(false);
        };
        let keys = self.journal.keys();
        if !keys.map_or(Ok(true), |keys| is_indexed(&part, keys))? {
            return Ok(false);
        }
        let Archived {
            bytes_before,
            bytes_after,
        } = tessera_journal::archive(&self.journal, &part, &mut || pace.goes_on())?;
        tracing::info!(bytes_before, bytes_after, "archived a journal segment");
        Ok(true)
    }

    /// No start replays what is below, also if the newest full snapshot is damaged. `None` where that may be all.
    fn not_replayed(&self) -> anyhow::Result<Option<Position>> {
        // Not those of a journal that was restored since: no start begins with them.
        let journal = tessera_journal::reader(&self.journal);
        let Some(older) = self.snapshots.marks(journal.as_ref())?.into_iter().nth(1) else {
            return Ok(None);
        };
        let reached = self.store.mark()?;
        Ok(reached.map(|reached| reached.position.min(older.position)))
    }
}

impl RunningArchiving {
    /// From now on it ends, and what it has not finished.
    pub fn ask_to_stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.thread.thread().unpark();
    }

    /// Returns when it has ended.
    pub fn stop(self) {
        self.ask_to_stop();
        if self.thread.join().is_err() {
            tracing::error!("the thread that archives has panicked");
        }
    }
}
