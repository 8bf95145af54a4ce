//! Has work in the background take a share of a core at most, whatever else the machine has to do: a low priority alone takes all
//! that is idle, and with it the caches and the memory of those that serve.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// It works so long and then pauses.
const WORK: Duration = Duration::from_millis(4);
/// A long piece of work was one of the disk.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Pauses between pieces of work, and ends it.
pub(crate) struct Pace<'a> {
    stopped: &'a AtomicBool,
    /// How much longer a pause is than the work before it.
    pause: u32,
    begun: Instant,
}

impl<'a> Pace<'a> {
    /// Of work that begins now, until `stopped`.
    pub fn new(stopped: &'a AtomicBool, pause: u32) -> Self {
        Self {
            stopped,
            pause,
            begun: Instant::now(),
        }
    }

    /// To be asked after little work: pauses when it was enough. Whether to go on.
    pub fn goes_on(&mut self) -> bool {
        let worked = self.begun.elapsed();
        if worked >= WORK && !self.stopped.load(Ordering::Acquire) {
            thread::park_timeout((worked * self.pause).min(PAUSE_MAX));
            self.begun = Instant::now();
        }
        !self.stopped.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_its_share_and_ends() {
        let stopped = AtomicBool::new(false);
        let mut pace = Pace::new(&stopped, 9);
        assert!(pace.goes_on());
        let begun = Instant::now();
        while begun.elapsed() < WORK {
            assert!(pace.goes_on());
        }
        assert!(pace.goes_on());
        assert!(begun.elapsed() >= 10 * WORK, "it has not paused");
        stopped.store(true, Ordering::Release);
        assert!(!pace.goes_on());
    }
}
