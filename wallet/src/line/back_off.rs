//! The pause before a lost line is opened again.

use std::time::Duration;

use rand::RngExt as _;

/// Pauses that double up to a maximum, with full jitter, so that servers that lost the same switch together do not
/// come back together.
pub(super) struct BackOff {
    min: Duration,
    max: Duration,
    failures: u32,
}

impl BackOff {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max: max.max(min),
            failures: 0,
        }
    }

    /// The line has worked: its next failure is the first in a row.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next pause.
    pub(super) fn pause(&mut self) -> Duration {
        let ceiling = self
            .min
            .saturating_mul(1 << self.failures.min(20))
            .min(self.max);
        self.failures = self.failures.saturating_add(1);
        rand::rng().random_range(self.min.min(ceiling)..=ceiling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_between_its_bounds_and_begins_anew_after_a_good_line() {
        let (min, max) = (Duration::from_millis(100), Duration::from_secs(1));
        let mut back_off = BackOff::new(min, max);
        assert_eq!(back_off.pause(), min);
        for _ in 0..100 {
            assert!((min..=max).contains(&back_off.pause()));
        }
        back_off.reset();
        assert_eq!(back_off.pause(), min);
    }
}
