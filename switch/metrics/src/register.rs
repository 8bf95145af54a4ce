//! Makes metrics and makes them known. A name that is wrong or taken is a bug, found by the first test that starts.

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry,
};

use super::durations::Durations;
use super::families::Counters;
use super::labels::Label;

/// In front of every name but those of the process, which have names of their own in Prometheus.
const PREFIX: &str = "tessera";

/// From 50 microseconds, under which nothing durable can be done, to beyond the time in which all is answered.
pub(super) const SECONDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_2, 0.000_35, 0.000_5, 0.000_75, 0.001, 0.001_5, 0.002, 0.003, 0.005,
    0.007_5, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Powers of two: records of one batch.
pub(super) const RECORDS: &[f64] = &[
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0,
    16384.0,
];

/// Powers of four, from 256 bytes to 16 MiB: bytes of one batch.
pub(super) const BYTES: &[f64] = &[
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
];

#[cfg(test)]
thread_local! {
    /// All that this thread has registered, also what has no value yet, and is therefore in no text.
    pub(super) static KNOWN: std::cell::RefCell<Vec<Box<dyn Collector>>> = const { std::cell::RefCell::new(Vec::new()) };
}

pub(super) struct Register<'a> {
    registry: &'a Registry,
}

impl<'a> Register<'a> {
    pub(super) fn new(registry: &'a Registry) -> Self {
        Self { registry }
    }

    /// What the log could not say.
    pub(super) fn log(&self) {
        self.known(tessera_console::log_metrics());
    }

    pub(super) fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.known(IntCounter::with_opts(opts(name, help)))
    }

    pub(super) fn counter_family(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.known(IntCounterVec::new(opts(name, help), labels))
    }

    pub(super) fn counters<L: Label>(&self, name: &str, help: &str) -> Counters<L> {
        Counters::new(&self.counter_family(name, help, &[L::LABEL]))
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.known(IntGauge::with_opts(opts(name, help)))
    }

    pub(super) fn gauge_family(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.known(IntGaugeVec::new(opts(name, help), labels))
    }

    /// A gauge of seconds.
    pub(super) fn fraction(&self, name: &str, help: &str) -> Gauge {
        self.known(Gauge::with_opts(opts(name, help)))
    }

    /// A gauge of something that is not whole, such as seconds.
    pub(super) fn fraction_family(&self, name: &str, help: &str, labels: &[&str]) -> GaugeVec {
        self.known(GaugeVec::new(opts(name, help), labels))
    }

    pub(super) fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        self.known(Histogram::with_opts(histogram_opts(name, help, buckets)))
    }

    pub(super) fn durations<L: Label>(&self, name: &str, help: &str) -> Durations<L> {
        let name = opts(name, help).fq_name();
        self.known(Durations::new(name, help, SECONDS))
    }

    /// A gauge that has the name that Prometheus gives it in every process.
    pub(super) fn process_gauge(&self, name: &str, help: &str) -> Gauge {
        self.known(Gauge::with_opts(Opts::new(name, help)))
    }

    /// A counter that has the name that Prometheus gives it in every process.
    pub(super) fn process_counter(&self, name: &str, help: &str) -> prometheus::Counter {
        self.known(prometheus::Counter::with_opts(Opts::new(name, help)))
    }

    fn known<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        // Names, labels and buckets are constants of this crate, and a test registers them all.
        let metric = made.expect("a well-formed metric");
        self.registry
            .register(Box::new(metric.clone()))
            .expect("a name that is not taken");
        #[cfg(test)]
        KNOWN.with_borrow_mut(|known| known.push(Box::new(metric.clone())));
        metric
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace(PREFIX)
}

fn histogram_opts(name: &str, help: &str, buckets: &[f64]) -> HistogramOpts {
    HistogramOpts::from(opts(name, help)).buckets(buckets.to_vec())
}
