//! What a connection is doing, for those who look at it from elsewhere.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Written by the connection's reader, read by anyone.
#[derive(Debug)]
pub struct Activity {
    opened: Instant,
    /// Milliseconds from `opened` to what came last.
    received: AtomicU64,
    signed_on: AtomicBool,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            opened: Instant::now(),
            received: AtomicU64::new(0),
            signed_on: AtomicBool::new(false),
        }
    }

    /// Something has come.
    #[inline]
    pub fn receive(&self, now: Instant) {
        let after = now.saturating_duration_since(self.opened);
        self.received
            .store(after.as_millis() as u64, Ordering::Relaxed);
    }

    /// For how long nothing has come.
    pub fn silent(&self) -> Duration {
        let received = Duration::from_millis(self.received.load(Ordering::Relaxed));
        self.opened.elapsed().saturating_sub(received)
    }

    /// The party has signed on.
    pub fn sign_on(&self) {
        self.signed_on.store(true, Ordering::Relaxed);
    }

    /// The party has signed off, or the connection ends.
    pub fn sign_off(&self) {
        self.signed_on.store(false, Ordering::Relaxed);
    }

    /// Whether the party is signed on.
    pub fn is_signed_on(&self) -> bool {
        self.signed_on.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_begins_anew_with_each_message() {
        let activity = Activity::new();
        let later = activity.opened + Duration::from_secs(3600);
        assert!(activity.silent() < Duration::from_secs(60));
        // As if it came in an hour: nothing is silent before that.
        activity.receive(later);
        assert_eq!(activity.silent(), Duration::ZERO);
        activity.receive(activity.opened);
        std::thread::sleep(Duration::from_millis(20));
        assert!(activity.silent() >= Duration::from_millis(20));
    }
}
