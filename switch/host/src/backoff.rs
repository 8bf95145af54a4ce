//! How long to wait before the next attempt.

use std::time::Duration;

use rand::RngExt;

/// Doubling from `min` to `max`.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
}

impl Backoff {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max: max.max(min),
        }
    }

    /// The longest pause after so many failures.
    fn ceiling(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.min.saturating_mul(1 << doublings).min(self.max)
    }

    /// Full jitter: anywhere from `min` to the ceiling, so that those who lost the same host together
    /// do not come back together.
    pub(super) fn full_jitter(&self, failures: u32, random: &mut impl RngExt) -> Duration {
        random.random_range(self.min..=self.ceiling(failures))
    }

    /// Equal jitter: the upper half of the ceiling. What was refused is not asked again too soon.
    pub(super) fn equal_jitter(&self, failures: u32, random: &mut impl RngExt) -> Duration {
        let ceiling = self.ceiling(failures);
        random.random_range(ceiling / 2..=ceiling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_maximum() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let ceilings = [1, 2, 3, 4, 5, 6, 1_000].map(|n| backoff.ceiling(n).as_millis());
        assert_eq!(ceilings, [100, 200, 400, 800, 1_000, 1_000, 1_000]);
    }

    #[test]
    fn stays_between_its_bounds() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let mut random = rand::rng();
        for failures in 0..200 {
            let pause = backoff.full_jitter(failures, &mut random).as_millis();
            assert!((100..=1_000).contains(&pause));
            let pause = backoff.equal_jitter(failures, &mut random).as_millis();
            assert!((50..=1_000).contains(&pause));
        }
    }
}
