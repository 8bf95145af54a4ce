//! What is shown of a run at one moment: plain data, made on the thread of the run and drawn on another.

use std::time::Duration;

use crate::load::report::Latency;
use crate::load::report::buckets::{Bucket, buckets};
use crate::load::report::seconds::{Counted, Second};
use crate::load::shared::{Live, Phase};

/// Seconds of the past that a picture shows.
pub const HISTORY_MAX: usize = 120;

/// A run at one moment.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// The run's name.
    pub name: String,
    /// How far it is.
    pub phase: Phase,
    /// Since it was started.
    pub elapsed: Duration,
    /// How long requests have been sent.
    pub asked: Duration,
    /// How long they will be.
    pub duration: Duration,
    /// The stage: its place from 1, how many there are, its name and its pace; none where there is only one.
    pub stage: Option<(usize, usize, String, String)>,
    /// Connections signed on.
    pub connected: u32,
    /// The last whole second.
    pub last: Second,
    /// Everything so far.
    pub counted: Counted,
    /// Latencies until the last whole second.
    pub latency: Latency,
    /// The same as buckets.
    pub buckets: Vec<Bucket>,
    /// Answers by code.
    pub codes: Vec<(String, u64)>,
    /// Answers in each of the last seconds, oldest first.
    pub history: Vec<u64>,
    /// What was wrong.
    pub violations: u64,
    /// The first of it.
    pub violation: Option<String>,
}

impl Picture {
    /// That of a run now.
    pub fn of(live: &Live, elapsed: Duration) -> Self {
        let statistics = live.statistics.borrow();
        let seconds = statistics.seconds();
        let first = seconds.len().saturating_sub(HISTORY_MAX);
        let so_far = statistics.latencies_so_far();
        Self {
            name: live.name(),
            phase: live.phase(),
            elapsed,
            asked: live.asked(),
            duration: live.duration(),
            stage: live
                .stage()
                .map(|(place, all, stage)| (place + 1, all, stage.name, stage.course.to_string())),
            connected: statistics.connected,
            last: seconds.last().copied().unwrap_or_default(),
            counted: statistics.counted(),
            latency: Latency::from(so_far),
            buckets: buckets(so_far),
            codes: statistics.codes().into_iter().collect(),
            history: (seconds[first..].iter())
                .map(|second| second.counted.answered)
                .collect(),
            violations: statistics.violations.count,
            violation: statistics.violations.described.first().cloned(),
        }
    }
}
