//! Keeps a copy at most a second behind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tessera_journal::Sequence;

use crate::backup::{Backup, Copied, Durable};
use crate::error::BackupError;
use crate::target::Target;

/// How often the switch is asked.
const EVERY: Duration = Duration::from_millis(200);
/// Of a full snapshot, between two questions: some 40 MiB a second.
const PIECES: u64 = 8;
/// While no switch runs, its journal is read to its end so often.
const SETTLE_EVERY: Duration = Duration::from_secs(10);
/// How often the log says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(10);
/// The log warns of a copy that is further behind.
const BEHIND_MAX: Duration = Duration::from_secs(5);

/// What the switch says about its journal.
#[derive(Debug)]
pub enum Asked {
    /// The last record that is durable, if there is one.
    Durable(Option<Sequence>),
    /// No switch runs.
    Nobody,
    /// It says something else: that it is starting.
    Unclear(String),
}

/// Copies what becomes durable, until `stops` is set or something fails. `copied` is called after the first copy.
///
/// # Errors
/// When something can't be read or written, or the line to the target is lost.
pub fn follow(
    backup: &mut Backup,
    target: &mut dyn Target,
    ask: &dyn Fn() -> Asked,
    stops: &AtomicBool,
    copied: &mut dyn FnMut(),
) -> Result<(), BackupError> {
    backup.restart();
    let mut settled: Option<Instant> = None;
    let mut unclear = false;
    let mut lag = Lag::new();
    while !stops.load(Ordering::Acquire) {
        // The first copy is not behind anything.
        backup.begin(target, lag.good_at.map_or(u64::MAX, |_| PIECES))?;
        let asked_at = Instant::now();
        let durable = match ask() {
            Asked::Durable(durable) => {
                (settled, unclear) = (None, false);
                Some(Durable::To(durable))
            }
            Asked::Nobody if settled.is_none_or(|at| at.elapsed() > SETTLE_EVERY) => {
                settled = Some(asked_at);
                Some(Durable::Stopped)
            }
            Asked::Nobody => None,
            Asked::Unclear(why) => {
                if !unclear {
                    tracing::warn!(
                        why,
                        "the switch does not say how far its journal is durable"
                    );
                }
                unclear = true;
                None
            }
        };
        let done = durable.map(|durable| backup.finish(target, durable));
        match done.transpose()? {
            Some(done) => {
                if done.bytes == 0 {
                    target.is_there()?;
                }
                lag.copied(asked_at, &done);
                copied();
            }
            None => target.is_there()?,
        }
        thread::park_timeout(EVERY);
    }
    Ok(())
}

/// How far the copy is behind.
struct Lag {
    /// The copy has all that was durable then.
    good_at: Option<Instant>,
    /// Since the log last said it: the longest time, and bytes.
    longest: Duration,
    bytes: u64,
    said: Instant,
    warned: bool,
}

impl Lag {
    fn new() -> Self {
        Self {
            good_at: None,
            longest: Duration::ZERO,
            bytes: 0,
            said: Instant::now(),
            warned: false,
        }
    }

    fn copied(&mut self, asked_at: Instant, copied: &Copied) {
        // Just before this copy was complete, the last one was the newest.
        let behind = self.good_at.unwrap_or(asked_at).elapsed();
        self.good_at = Some(asked_at);
        self.longest = self.longest.max(behind);
        self.bytes += copied.bytes;
        let sequence = copied.last.map_or(0, Sequence::to_stored);
        let behind_ms = self.longest.as_millis() as u64;
        if behind > BEHIND_MAX && !self.warned {
            tracing::warn!(behind_ms, sequence, "the copy is behind");
        }
        self.warned = behind > BEHIND_MAX;
        if self.said.elapsed() >= SAY_EVERY {
            tracing::info!(sequence, behind_ms, bytes = self.bytes, "following");
            (self.longest, self.bytes, self.said) = (Duration::ZERO, 0, Instant::now());
        }
    }
}
