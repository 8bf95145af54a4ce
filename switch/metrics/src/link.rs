//! Reads the figures of the host lines whenever Prometheus scrapes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use prometheus::{Gauge, IntCounter, IntGauge};

use super::labels::{LinkOutcome, UnmatchedAnswer};
use super::{Figure, LinkStats};
use super::{HostMetrics, Metrics};

impl Metrics {
    /// From now on reports the figures of worker number `worker`'s lines.
    pub fn watch_link(&self, worker: usize, stats: Arc<LinkStats>) {
        let watch = Watch::new(&self.host, worker, &stats);
        self.before_reading(move |_| watch.refresh(&stats));
    }
}

/// Where a figure of [`LinkStats`] stands.
type Pick = fn(&LinkStats) -> &Figure;

/// The metrics of one worker's lines.
struct Watch {
    lines: Box<[IntGauge]>,
    gauges: [(IntGauge, Pick); 3],
    counters: [Follow; 15],
    oldest: Gauge,
}

impl Watch {
    fn new(host: &HostMetrics, worker: usize, stats: &LinkStats) -> Self {
        let worker = worker.to_string();
        let line = |line: usize| {
            host.line_up
                .with_label_values(&[&worker, &line.to_string()])
        };
        let unmatched = |reason, pick| Follow::new(host.unmatched.of(reason), pick);
        let outcome = |outcome, pick| Follow::new(host.outcomes.of(outcome), pick);
        Self {
            lines: (0..stats.lines_up.len()).map(line).collect(),
            gauges: [
                (host.in_flight.with_label_values(&[&worker]), |stats| {
                    &stats.in_flight
                }),
                (host.stored.with_label_values(&[&worker]), |stats| {
                    &stats.advices
                }),
                (
                    host.stored_in_flight.with_label_values(&[&worker]),
                    |stats| &stats.advices_in_flight,
                ),
            ],
            counters: [
                Follow::new(&host.sent, |stats| &stats.sent),
                Follow::new(&host.borrowed, |stats| &stats.borrowed),
                outcome(LinkOutcome::Answered, |stats| &stats.answered),
                outcome(LinkOutcome::Silent, |stats| &stats.silent),
                outcome(LinkOutcome::Unsent, |stats| &stats.unsent),
                Follow::new(&host.reconnects, |stats| &stats.reconnects),
                Follow::new(&host.sign_on_failures, |stats| &stats.sign_on_failures),
                Follow::new(&host.contradicting, |stats| &stats.contradicting),
                unmatched(UnmatchedAnswer::Late, |stats| &stats.late),
                unmatched(UnmatchedAnswer::Duplicate, |stats| &stats.doubled),
                unmatched(UnmatchedAnswer::Unknown, |stats| &stats.unknown),
                Follow::new(&host.unreadable, |stats| &stats.garbage),
                Follow::new(&host.refused, |stats| &stats.refused),
                Follow::new(&host.repeats, |stats| &stats.repeats),
                Follow::new(&host.not_now, |stats| &stats.advices_refused),
            ],
            oldest: host.oldest.with_label_values(&[&worker]),
        }
    }

    fn refresh(&self, stats: &LinkStats) {
        for (line, up) in self.lines.iter().zip(&stats.lines_up) {
            line.set(whole(up));
        }
        for (gauge, pick) in &self.gauges {
            gauge.set(whole(pick(stats)));
        }
        for counter in &self.counters {
            counter.refresh(stats);
        }
        let age = stats.oldest_advice_age();
        self.oldest.set(age.as_secs_f64());
    }
}

/// Moves a counter of all workers by what one worker's figure has grown.
struct Follow {
    counter: IntCounter,
    pick: Pick,
    seen: AtomicU64,
}

impl Follow {
    fn new(counter: &IntCounter, pick: Pick) -> Self {
        Self {
            counter: counter.clone(),
            pick,
            seen: AtomicU64::new(0),
        }
    }

    fn refresh(&self, stats: &LinkStats) {
        let now = (self.pick)(stats).read();
        let before = self.seen.swap(now, Relaxed);
        self.counter.inc_by(now.saturating_sub(before));
    }
}

fn whole(figure: &Figure) -> i64 {
    i64::try_from(figure.read()).unwrap_or(i64::MAX)
}
