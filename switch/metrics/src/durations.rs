//! Histograms of durations that every request adds to: an observation finds its bucket with a few comparisons of whole
//! numbers, where the histograms of `prometheus` compare it with one limit after another.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus::core::{Atomic, AtomicF64, Collector, Desc};
use prometheus::proto::{Bucket, Histogram, LabelPair, Metric, MetricFamily, MetricType};

use super::labels::Label;

/// A histogram of seconds for each value of a label. Clones are the same histograms.
#[derive(Debug)]
pub struct Durations<L> {
    shared: Arc<Shared>,
    label: PhantomData<fn(L)>,
}

#[derive(Debug)]
struct Shared {
    desc: Desc,
    label: &'static str,
    values: Vec<&'static str>,
    /// Upper limits of the buckets but the last, in seconds.
    seconds: &'static [f64],
    /// The same in nanoseconds.
    nanoseconds: Box<[u64]>,
    of_values: Box<[Observed]>,
}

/// What was observed of one value of the label.
#[derive(Debug)]
struct Observed {
    /// Of each bucket, the last of which has no limit.
    counts: Box<[AtomicU64]>,
    seconds: AtomicF64,
}

impl<L> Clone for Durations<L> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            label: PhantomData,
        }
    }
}

impl<L: Label> Durations<L> {
    /// With this full name and these limits of buckets, which rise.
    pub(super) fn new(
        name: String,
        help: &str,
        seconds: &'static [f64],
    ) -> prometheus::Result<Self> {
        let labels = vec![L::LABEL.to_owned()];
        let observed = |_: &L| Observed {
            counts: (0..=seconds.len()).map(|_| AtomicU64::new(0)).collect(),
            seconds: AtomicF64::new(0.0),
        };
        let nanoseconds = |limit: &f64| (limit * 1e9).round() as u64;
        Ok(Self {
            shared: Arc::new(Shared {
                desc: Desc::new(name, help.to_owned(), labels, Default::default())?,
                label: L::LABEL,
                values: L::ALL.iter().map(|value| value.name()).collect(),
                seconds,
                nanoseconds: seconds.iter().map(nanoseconds).collect(),
                of_values: L::ALL.iter().map(observed).collect(),
            }),
            label: PhantomData,
        })
    }

    /// Histograms of one worker that are poured into these.
    pub(super) fn local(&self) -> LocalDurations<L> {
        let buckets = self.shared.nanoseconds.len() + 1;
        let counts = |_: &L| (0..buckets).map(|_| Cell::new(0)).collect();
        LocalDurations {
            shared: Arc::clone(&self.shared),
            counts: L::ALL.iter().map(counts).collect(),
            nanoseconds: L::ALL.iter().map(|_| Cell::new(0)).collect(),
            label: PhantomData,
        }
    }
}

/// The share of one worker in [`Durations`].
pub(super) struct LocalDurations<L> {
    shared: Arc<Shared>,
    /// By value of the label and bucket, since the last flush.
    counts: Box<[Box<[Cell<u64>]>]>,
    nanoseconds: Box<[Cell<u64>]>,
    label: PhantomData<L>,
}

impl<L: Label> LocalDurations<L> {
    #[inline]
    pub(super) fn observe(&self, value: L, took: Duration) {
        // Five hundred years, and a flush at least after seconds.
        let took = took.as_nanos() as u64;
        let limits = &self.shared.nanoseconds;
        let bucket = &self.counts[value.index()][limits.partition_point(|limit| *limit < took)];
        bucket.set(bucket.get() + 1);
        let sum = &self.nanoseconds[value.index()];
        sum.set(sum.get() + took);
    }

    pub(super) fn flush(&self) {
        let shared = self.shared.of_values.iter();
        for ((shared, counts), sum) in shared.zip(&self.counts).zip(&self.nanoseconds) {
            for (shared, count) in shared.counts.iter().zip(counts) {
                match count.take() {
                    0 => {}
                    count => {
                        shared.fetch_add(count, Ordering::Relaxed);
                    }
                }
            }
            match sum.take() {
                0 => {}
                nanoseconds => shared.seconds.inc_by(nanoseconds as f64 / 1e9),
            }
        }
    }
}

impl<L: Label> Collector for Durations<L> {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.shared.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let shared = &self.shared;
        let of_values = shared.values.iter().zip(&shared.of_values);
        let mut family = MetricFamily::default();
        family.set_name(shared.desc.fq_name.clone());
        family.set_help(shared.desc.help.clone());
        family.set_field_type(MetricType::HISTOGRAM);
        family.set_metric(
            of_values
                .map(|(value, observed)| {
                    let mut label = LabelPair::default();
                    label.set_name(shared.label.to_owned());
                    label.set_value((*value).to_owned());
                    let mut metric = Metric::from_label(vec![label]);
                    metric.set_histogram(observed.histogram(shared.seconds));
                    metric
                })
                .collect(),
        );
        vec![family]
    }
}

impl Observed {
    fn histogram(&self, limits: &[f64]) -> Histogram {
        let mut count = 0;
        let mut buckets = Vec::with_capacity(limits.len());
        for (place, here) in self.counts.iter().enumerate() {
            count += here.load(Ordering::Relaxed);
            if let Some(limit) = limits.get(place) {
                let mut bucket = Bucket::default();
                bucket.set_cumulative_count(count);
                bucket.set_upper_bound(*limit);
                buckets.push(bucket);
            }
        }
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets);
        histogram.set_sample_count(count);
        histogram.set_sample_sum(self.seconds.get());
        histogram
    }
}

#[cfg(test)]
mod tests {
    use prometheus::{Encoder, HistogramOpts, HistogramVec, Registry, TextEncoder};

    use super::super::labels::Stage;
    use super::super::register::SECONDS;
    use super::*;

    fn text(collector: impl Collector + 'static) -> String {
        let registry = Registry::new();
        registry.register(Box::new(collector)).expect("a free name");
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&registry.gather(), &mut text)
            .expect("memory");
        String::from_utf8(text).expect("text")
    }

    #[test]
    fn says_what_a_histogram_of_prometheus_says() {
        let durations = Durations::<Stage>::new("took_seconds".into(), "Time.", SECONDS)
            .expect("a well-formed metric");
        let options = HistogramOpts::new("took_seconds", "Time.").buckets(SECONDS.to_vec());
        let theirs = HistogramVec::new(options, &[Stage::LABEL]).expect("a well-formed metric");
        for stage in Stage::ALL {
            theirs.with_label_values(&[stage.name()]);
        }
        let workers = [durations.local(), durations.local()];
        let limits = SECONDS.iter().map(|limit| (limit * 1e9) as u64);
        // On each limit and beside it.
        let around = limits.flat_map(|limit| [limit - 1, limit, limit + 1]);
        for (number, nanoseconds) in around.chain([0, 60_000_000_000]).enumerate() {
            let took = Duration::from_nanos(nanoseconds);
            let stage = Stage::ALL[number % 2];
            workers[number % 2].observe(stage, took);
            theirs
                .with_label_values(&[stage.name()])
                .observe(took.as_secs_f64());
        }
        workers.iter().for_each(LocalDurations::flush);
        let without_sums = |text: String| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.contains("_sum"));
            lines.map(str::to_owned).collect()
        };
        let sum = |text: &str| -> f64 {
            let sums = text.lines().filter(|line| line.contains("_sum"));
            let values = sums.filter_map(|line| line.rsplit(' ').next());
            values
                .map(|value| value.parse::<f64>().expect("a number"))
                .sum()
        };
        let (ours, theirs) = (text(durations), text(theirs));
        assert!((sum(&ours) - sum(&theirs)).abs() < 1e-6, "{ours}");
        assert!(sum(&ours) > 60.0, "{ours}");
        assert_eq!(without_sums(ours), without_sums(theirs));
    }

    #[test]
    fn a_second_flush_adds_nothing() {
        let durations = Durations::<Stage>::new("took_seconds".into(), "Time.", SECONDS)
            .expect("a well-formed metric");
        let worker = durations.local();
        worker.observe(Stage::Journal, Duration::from_millis(3));
        worker.flush();
        worker.flush();
        let text = text(durations);
        let line = format!(
            "took_seconds_count{{stage=\"{}\"}} 1",
            Stage::Journal.name()
        );
        assert!(text.contains(&line), "{text}");
    }
}
