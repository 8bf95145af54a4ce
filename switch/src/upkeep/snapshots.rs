//! Writes full snapshots while the switch serves, at low priority: so much time or journal after the one before.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use tessera_config::StoreSettings;
use tessera_journal::{Position, Reader};
use tessera_metrics::Metrics;
use tessera_store::{FullSnapshotError, FullSnapshots, Store};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a failure, or where nothing was new, unless the next one is due before.
const RETRY_EVERY: Duration = Duration::from_secs(60);
/// That of a thread that runs when no other wants to.
const NICENESS: i32 = 19;

/// What the thread works with.
pub(crate) struct SnapshotWriter {
    pub store: Arc<Store>,
    pub journal: Arc<dyn Reader>,
    pub snapshots: FullSnapshots,
    pub settings: StoreSettings,
    pub metrics: Arc<Metrics>,
}

/// The thread while it runs.
pub(crate) struct RunningSnapshots {
    thread: JoinHandle<()>,
    stopped: Arc<AtomicBool>,
}

/// When the next one is due.
struct Due {
    at: Instant,
    /// Where the last one ends, in bytes of the journal.
    last: u64,
}

impl SnapshotWriter {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has none.
    pub fn start(self) -> io::Result<RunningSnapshots> {
        let stopped = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stopped);
        let thread = thread::Builder::new()
            .name("snapshot".into())
            .spawn(move || self.run(&seen))?;
        Ok(RunningSnapshots { thread, stopped })
    }

    fn run(self, stopped: &AtomicBool) {
        // Where the system does not allow it, a snapshot takes time from others, and nothing else.
        let _ = rustix::process::setpriority_process(None, NICENESS);
        let mut due = self.first_due();
        let goes_on = || !stopped.load(Ordering::Acquire);
        while goes_on() {
            thread::park_timeout(LOOK_EVERY);
            if goes_on() && self.is_due(&due) {
                due = self.write(&due, &goes_on);
            }
        }
    }

    /// As the newest file says; where there is none, from now on.
    fn first_due(&self) -> Due {
        let now = Instant::now();
        let newest = self
            .snapshots
            .files()
            .unwrap_or_default()
            .into_iter()
            .next();
        let mark = newest
            .as_ref()
            .and_then(|path| self.snapshots.mark(path).ok());
        self.show_newest();
        let written = newest.and_then(|path| path.metadata().ok()?.modified().ok());
        let age = written.and_then(|written| written.elapsed().ok());
        let left = self
            .settings
            .snapshot_every
            .saturating_sub(age.unwrap_or_default());
        Due {
            at: now + left,
            last: mark.map_or(0, |mark| mark.position.to_stored()),
        }
    }

    /// In the metrics, as far as the disk says it.
    fn show_newest(&self) {
        let newest = self
            .snapshots
            .files()
            .unwrap_or_default()
            .into_iter()
            .next();
        let Some(file) = newest.and_then(|path| path.metadata().ok()) else {
            return;
        };
        let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).ok();
        let written = file.modified().ok().and_then(since);
        let metrics = &self.metrics.store;
        metrics
            .snapshot_time
            .set(written.map_or(0, |written| written.as_secs() as i64));
        metrics.snapshot_bytes.set(file.len() as i64);
    }

    fn is_due(&self, due: &Due) -> bool {
        // The threads that serve wallets report a store that can't be read.
        let mark = self.store.mark().ok().flatten();
        let reached = mark.map(|mark| mark.position);
        let grown = reached
            .map_or(0, Position::to_stored)
            .saturating_sub(due.last);
        Instant::now() >= due.at || grown >= self.settings.snapshot_bytes
    }

    fn write(&self, due: &Due, goes_on: &dyn Fn() -> bool) -> Due {
        let begun = Instant::now();
        let written = self
            .snapshots
            .write(&self.store, self.journal.as_ref(), goes_on);
        let next = Instant::now() + self.settings.snapshot_every;
        let soon = next.min(Instant::now() + RETRY_EVERY);
        match written {
            Ok(Some(written)) => {
                let hash: String = written.sha256.map(|byte| format!("{byte:02x}")).concat();
                tracing::info!(
                    sequence = written.mark.sequence.to_stored(),
                    rows = written.rows,
                    took_ms = begun.elapsed().as_millis() as u64,
                    sha256 = hash,
                    "wrote a full snapshot"
                );
                self.show_newest();
                Due {
                    at: next,
                    last: written.mark.position.to_stored(),
                }
            }
            // Nothing is new, or the disk refuses what is; or the process ends.
            Ok(None) | Err(FullSnapshotError::Stopped) => Due { at: soon, ..*due },
            Err(error) => {
                tracing::error!(%error, "a full snapshot could not be written");
                self.metrics.store.snapshot_failures.inc();
                Due {
                    at: soon,
                    // Not at once again, however much there is.
                    last: u64::MAX,
                }
            }
        }
    }
}

impl RunningSnapshots {
    /// From now on it ends, and what it has not finished.
    pub fn ask_to_stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.thread.thread().unpark();
    }

    /// Returns when it has ended.
    pub fn stop(self) {
        self.ask_to_stop();
        if self.thread.join().is_err() {
            tracing::error!("the thread that writes full snapshots has panicked");
        }
    }
}
