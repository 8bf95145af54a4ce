//! Follows the log.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::{MemoryLog, State};
use crate::{Follow, Followed, LogError};

pub(super) struct Follower {
    log: MemoryLog,
    /// Of the next entry.
    next: u64,
}

impl Follower {
    pub(super) fn new(log: MemoryLog, next: u64) -> Self {
        Self { log, next }
    }
}

impl Follow for Follower {
    fn next(&mut self, wait: Duration) -> Result<Followed, LogError> {
        let until = Instant::now() + wait;
        let mut state = self.log.memory.lock();
        loop {
            if self.log.line.check().is_ok()
                && let Some(found) = state.after(self.next)
            {
                if let Followed::Entry { number, .. } = found {
                    self.next = number + 1;
                }
                return Ok(found);
            }
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return self.log.line.check().map(|()| Followed::Nothing);
            };
            let waited = self.log.memory.0.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    /// What a follower finds who has all before this number; `None` where that is all there is.
    pub(crate) fn after(&self, next: u64) -> Option<Followed> {
        if let Some((number, bytes)) = self.entries.range(next..).next() {
            let (number, bytes) = (*number, bytes.clone());
            return Some(match number == next {
                true => Followed::Entry { number, bytes },
                false => Followed::Behind(Some(number)),
            });
        }
        let (head, _) = self.head.as_ref()?;
        (head.number >= next).then_some(Followed::Behind(None))
    }
}
