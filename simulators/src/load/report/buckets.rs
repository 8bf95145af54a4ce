//! Latencies in buckets of equal width on a logarithmic axis, for files and pictures: twenty to each tenfold.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Buckets from one microsecond to ten.
const PER_DECADE: f64 = 20.0;

/// Latencies from `from_us` to less than `to_us`, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// The shortest.
    pub from_us: f64,
    /// The first that belongs to the next bucket.
    pub to_us: f64,
    /// How many.
    pub count: u64,
}

/// All buckets from the first to the last that has any.
pub fn buckets(latencies: &Histogram<u64>) -> Vec<Bucket> {
    let mut counts: Vec<u64> = Vec::new();
    for recorded in latencies.iter_recorded() {
        let value = recorded.value_iterated_to().max(1) as f64;
        // A power of ten may come out a little too small.
        let at = (value.log10() * PER_DECADE + 1e-9) as usize;
        if counts.len() <= at {
            counts.resize(at + 1, 0);
        }
        counts[at] += recorded.count_since_last_iteration();
    }
    let edge = |at: usize| (10f64.powf(at as f64 / PER_DECADE) * 10.0).round() / 10.0;
    let first = counts.iter().position(|count| *count > 0).unwrap_or(0);
    let bucket = |(at, count): (usize, &u64)| Bucket {
        from_us: edge(at),
        to_us: edge(at + 1),
        count: *count,
    };
    counts.iter().enumerate().skip(first).map(bucket).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_equally_wide_on_a_logarithmic_axis() {
        let mut latencies = Histogram::new(3).unwrap();
        for (value, count) in [(10, 5), (11, 1), (100, 2), (0, 1)] {
            latencies.record_n(value, count).unwrap();
        }
        let made = buckets(&latencies);
        assert_eq!(made.len(), 41);
        assert_eq!(made.iter().map(|bucket| bucket.count).sum::<u64>(), 9);
        assert_eq!((made[20].from_us, made[20].to_us), (10.0, 11.2));
        assert_eq!(made[20].count, 6);
        assert_eq!(made[40].count, 2);
        latencies.reset();
        assert!(buckets(&latencies).is_empty());
    }
}
