//! What was not written, for Prometheus.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, IntCounterVec, Opts};

/// `tessera_log_lines_lost_total` and `tessera_log_lines_suppressed_total{kind}`, for a program's registry.
///
/// # Errors
/// When they are not well-formed, which a test would show.
pub fn log_metrics() -> prometheus::Result<impl Collector + Clone> {
    let lost = IntCounter::new(
        "tessera_log_lines_lost_total",
        "Lines of the log and of standard output that were dropped because they could not be written in time.",
    )?;
    let suppressed = IntCounterVec::new(
        Opts::new(
            "tessera_log_lines_suppressed_total",
            "Log lines caused by unknown clients that were suppressed by the rate limit of their kind.",
        ),
        &["kind"],
    )?;
    Ok(Lines { lost, suppressed })
}

/// Both, brought up to date whenever they are read.
#[derive(Clone)]
struct Lines {
    lost: IntCounter,
    suppressed: IntCounterVec,
}

impl Collector for Lines {
    fn desc(&self) -> Vec<&Desc> {
        let mut all = self.lost.desc();
        all.extend(self.suppressed.desc());
        all
    }

    fn collect(&self) -> Vec<MetricFamily> {
        raise(&self.lost, crate::lost());
        for (kind, lines) in crate::limit::suppressed() {
            raise(&self.suppressed.with_label_values(&[kind]), lines);
        }
        let mut all = self.lost.collect();
        all.extend(self.suppressed.collect());
        all
    }
}

fn raise(counter: &IntCounter, to: u64) {
    counter.inc_by(to.saturating_sub(counter.get()));
}
