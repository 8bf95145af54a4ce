//! How fast segments leave: one every so often, and none for a while after the centre said that it was too much.

use std::time::Duration;

use tokio::time::Instant;

/// Says when the next segment may leave.
pub(super) struct Pace {
    every: Duration,
    hold: Duration,
    next: Instant,
}

impl Pace {
    /// `hold`: for how long none leaves after it was too much.
    pub(super) fn new(per_second: u32, hold: Duration) -> Self {
        Self {
            every: Duration::from_secs(1) / per_second.max(1),
            hold,
            next: Instant::now(),
        }
    }

    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// One leaves now. A timer that rings late does not slow down the others, and a while in which none left is not made up
    /// for.
    pub(super) fn leave(&mut self, now: Instant) {
        let on_time = self.next + self.every;
        self.next = match on_time > now {
            true => on_time,
            false => now + self.every,
        };
    }

    /// It was too much.
    pub(super) fn hold(&mut self, now: Instant) {
        self.next = self.next.max(now + self.hold);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn segments_leave_evenly_and_stop_on_request() {
        let mut pace = Pace::new(100, 1_000 * MS);
        let began = pace.next();
        pace.leave(began);
        assert_eq!(pace.next(), began + 10 * MS);
        pace.leave(began + 13 * MS);
        assert_eq!(pace.next(), began + 20 * MS, "a timer was late");
        pace.leave(began + 500 * MS);
        assert_eq!(pace.next(), began + 510 * MS, "nothing is made up for");
        pace.hold(began + 505 * MS);
        assert_eq!(pace.next(), began + 1_505 * MS);
    }
}
