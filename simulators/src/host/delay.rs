//! How long answers take.

use std::time::Duration;

use rand::{Rng, RngExt as _};

use super::settings::DelaySettings;

/// The 99th percentile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874;

/// A distribution of delays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Delay {
    None,
    Fixed(Duration),
    /// Log-normal: most answers near the median, a few far above it, as real hosts have them.
    Tail {
        median: f64,
        sigma: f64,
    },
}

impl Delay {
    pub(super) fn new(settings: DelaySettings) -> Self {
        match (settings.fixed, settings.median, settings.p99) {
            (Some(fixed), ..) => Self::Fixed(fixed.0),
            (None, Some(median), Some(p99)) => {
                let median = median.0.as_secs_f64();
                Self::Tail {
                    median,
                    sigma: (p99.0.as_secs_f64() / median).ln() / NORMAL_P99,
                }
            }
            _ => Self::None,
        }
    }

    pub(super) fn draw(self, chance: &mut impl Rng) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Fixed(delay) => delay,
            Self::Tail { median, sigma } => {
                let delay = median * (sigma * normal(chance)).exp();
                // An hour is further than any tail that makes sense, and keeps the float convertible.
                Duration::from_secs_f64(delay.min(3600.0))
            }
        }
    }
}

/// One value of the standard normal distribution (Box and Muller).
fn normal(chance: &mut impl Rng) -> f64 {
    // 1 - [0, 1) is never zero, whose logarithm is infinite.
    let radius = (-2.0 * (1.0 - chance.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * chance.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::super::units::Span;
    use super::*;

    #[test]
    fn a_tail_has_its_median_and_its_p99() {
        let span = |millis| Some(Span(Duration::from_millis(millis)));
        let delay = Delay::new(DelaySettings {
            fixed: None,
            median: span(2),
            p99: span(50),
        });
        let mut chance = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut drawn: Vec<_> = (0..100_000).map(|_| delay.draw(&mut chance)).collect();
        drawn.sort();
        let (median, p99) = (drawn[50_000].as_secs_f64(), drawn[99_000].as_secs_f64());
        assert!((0.0019..0.0021).contains(&median), "{median}");
        assert!((0.045..0.055).contains(&p99), "{p99}");
    }
}
