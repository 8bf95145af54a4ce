//! Indexes the closed segments of the journal, on a thread of its own at low priority, while the switch serves.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tessera_journal::Location;
use tessera_reports::index::build_missing;

use super::pace::Pace;

/// How often it looks for segments that were closed meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A fiftieth of a core: enough for 20,000 purchases a second day and night. What a peak leaves is indexed after it.
/// An unoptimized build needs twenty times as long for the same, and takes a half.
const PAUSE: u32 = if cfg!(debug_assertions) { 1 } else { 49 };
/// That of a thread that runs when no other wants to.
const NICENESS: i32 = 19;

/// The thread.
pub(crate) struct Indexing {
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Indexing {
    pub fn start(journal: Location) -> io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&stopping);
        let index = move || {
            // Where the system refuses it, it only takes more from the others.
            let _ = rustix::process::setpriority_process(None, NICENESS);
            let mut failed = false;
            while !stops.load(Ordering::Relaxed) {
                let mut pace = Pace::new(&stops, PAUSE);
                match build_missing(&journal, &mut || pace.goes_on()) {
                    Ok(0) => failed = false,
                    Ok(segments) => {
                        failed = false;
                        tracing::info!(segments, "indexed closed journal segments");
                    }
                    // Commands make what is missing, or do without.
                    Err(error) if !failed => {
                        failed = true;
                        tracing::warn!(%error, "closed journal segments could not be indexed");
                    }
                    Err(_) => {}
                }
                std::thread::park_timeout(LOOK_EVERY);
            }
        };
        let thread = std::thread::Builder::new().name("index".into());
        Ok(Self {
            stopping,
            thread: thread.spawn(index)?,
        })
    }

    /// Does not wait for the pause that it is in: what is half made has no name, and the process may end.
    pub fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
    }
}
