//! What a person wants to see of the counters: how much there was in the last seconds, and how long it took.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::samples::Samples;

/// What charts show.
pub const CHART: Duration = Duration::from_secs(120);
/// What latencies and the tiles are of.
const RECENT: Duration = Duration::from_secs(10);
/// What the list of declines is of.
pub const DECLINES: Duration = Duration::from_secs(60);
/// Kinds of requests that a payer waits for.
const PURCHASES: &[&str] = &["purchase", "authorization"];

/// The counters of one moment.
#[derive(Debug, Clone)]
struct Counted {
    at: Instant,
    approved: f64,
    declined: f64,
    /// Upper bounds in seconds, with the number of requests that took no longer.
    durations: Vec<(f64, f64)>,
    syncs: Vec<(f64, f64)>,
    /// By response code and rule.
    declines: BTreeMap<(String, String), f64>,
}

/// The counters of the last two minutes.
#[derive(Debug, Default)]
pub struct History(VecDeque<Counted>);

/// How much there was.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Approved purchases in a second.
    pub approved: f64,
    /// Declined ones.
    pub declined: f64,
    /// Seconds in which half of the purchases were answered; `None` where there were none.
    pub p50: Option<f64>,
    /// The same of 99%.
    pub p99: Option<f64>,
    /// The same of the journal's syncs.
    pub sync_p99: Option<f64>,
    /// Response code, rule, and how often in a minute; most of them first.
    pub declines: Vec<(String, String, f64)>,
    /// For each second of the charts: approved, declined, and the 99th percentile in seconds.
    pub chart: Vec<Point>,
}

/// One second of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Seconds before now.
    pub ago: f64,
    /// Approved purchases in a second.
    pub approved: f64,
    /// Declined ones.
    pub declined: f64,
    /// Seconds in which 99% were answered.
    pub p99: Option<f64>,
}

impl History {
    /// Adds the counters of a moment. After a restart of the switch, which begins to count anew, so does this.
    pub fn add(&mut self, samples: &Samples, at: Instant) {
        let counted = Counted::of(samples, at);
        let restarted = |last: &Counted| counted.total() < last.total();
        if self.0.back().is_some_and(restarted) {
            self.0.clear();
        }
        self.0.push_back(counted);
        while self
            .0
            .front()
            .is_some_and(|first| at.duration_since(first.at) > CHART)
        {
            self.0.pop_front();
        }
    }

    /// The switch does not answer: what comes after can't be compared with what was before.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    /// What they come to.
    pub fn figures(&self) -> Figures {
        let Some(last) = self.0.back() else {
            return Figures::default();
        };
        let recent = self.before(last, RECENT);
        let seconds = last.at.duration_since(recent.at).as_secs_f64();
        let durations = difference(&last.durations, &recent.durations);
        Figures {
            approved: per_second(last.approved - recent.approved, seconds),
            declined: per_second(last.declined - recent.declined, seconds),
            p50: quantile(&durations, 0.5),
            p99: quantile(&durations, 0.99),
            sync_p99: quantile(&difference(&last.syncs, &recent.syncs), 0.99),
            declines: self.declines(last),
            chart: self.chart(last),
        }
    }

    /// The counters of so long ago, or the oldest.
    fn before<'a>(&'a self, last: &'a Counted, span: Duration) -> &'a Counted {
        let within = |counted: &&Counted| last.at.duration_since(counted.at) <= span;
        self.0.iter().find(within).unwrap_or(last)
    }

    fn declines(&self, last: &Counted) -> Vec<(String, String, f64)> {
        let before = self.before(last, DECLINES);
        let counted = last.declines.iter().map(|(key, count)| {
            let earlier = before.declines.get(key).copied().unwrap_or_default();
            (key.0.clone(), key.1.clone(), count - earlier)
        });
        let mut counted: Vec<_> = counted.filter(|(.., count)| *count > 0.0).collect();
        counted.sort_by(|one, other| other.2.total_cmp(&one.2));
        counted
    }

    fn chart(&self, last: &Counted) -> Vec<Point> {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        let points = pairs.map(|(before, counted)| {
            let seconds = counted.at.duration_since(before.at).as_secs_f64();
            Point {
                ago: last.at.duration_since(counted.at).as_secs_f64(),
                approved: per_second(counted.approved - before.approved, seconds),
                declined: per_second(counted.declined - before.declined, seconds),
                p99: quantile(&difference(&counted.durations, &before.durations), 0.99),
            }
        });
        points.collect()
    }
}

impl Counted {
    fn of(samples: &Samples, at: Instant) -> Self {
        let (mut approved, mut declined) = (0.0, 0.0);
        for sample in samples.of("tessera_answers_total") {
            if PURCHASES.contains(&sample.label("kind")) {
                match sample.label("code") {
                    "00" | "10" => approved += sample.value,
                    _ => declined += sample.value,
                }
            }
        }
        let declines = samples.of("tessera_declines_total").map(|sample| {
            let key = (
                sample.label("code").to_owned(),
                sample.label("reason").to_owned(),
            );
            (key, sample.value)
        });
        Self {
            at,
            approved,
            declined,
            durations: buckets(
                samples,
                "tessera_request_duration_seconds_bucket",
                PURCHASES,
            ),
            syncs: buckets(samples, "tessera_journal_sync_seconds_bucket", &[""]),
            declines: declines.collect(),
        }
    }

    fn total(&self) -> f64 {
        self.approved + self.declined
    }
}

/// The buckets of a histogram, of these kinds together.
fn buckets(samples: &Samples, name: &str, kinds: &[&str]) -> Vec<(f64, f64)> {
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for sample in samples
        .of(name)
        .filter(|sample| kinds.contains(&sample.label("kind")))
    {
        let Ok(bound) = sample.label("le").replace("+Inf", "inf").parse::<f64>() else {
            continue;
        };
        match buckets.iter_mut().find(|(known, _)| *known == bound) {
            Some((_, count)) => *count += sample.value,
            None => buckets.push((bound, sample.value)),
        }
    }
    buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
    buckets
}

fn difference(now: &[(f64, f64)], before: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let earlier = |bound: f64| {
        let found = before.iter().find(|(known, _)| *known == bound);
        found.map_or(0.0, |(_, count)| *count)
    };
    now.iter()
        .map(|(bound, count)| (*bound, count - earlier(*bound)))
        .collect()
}

fn per_second(count: f64, seconds: f64) -> f64 {
    match seconds > 0.0 {
        true => count.max(0.0) / seconds,
        false => 0.0,
    }
}

/// As Prometheus estimates it: within a bucket, evenly.
fn quantile(buckets: &[(f64, f64)], share: f64) -> Option<f64> {
    let total = buckets.last()?.1;
    if total <= 0.0 {
        return None;
    }
    let rank = share * total;
    let (mut lower, mut below) = (0.0, 0.0);
    for (bound, count) in buckets {
        if *count >= rank {
            let within = count - below;
            return Some(match bound.is_finite() && within > 0.0 {
                true => lower + (bound - lower) * (rank - below) / within,
                false => lower,
            });
        }
        (lower, below) = (*bound, *count);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(approved: u32, declined: u32) -> Samples {
        let total = approved + declined;
        Samples::read(&format!(
            "tessera_answers_total{{kind=\"purchase\",code=\"00\"}} {approved}\n\
             tessera_answers_total{{kind=\"purchase\",code=\"51\"}} {declined}\n\
             tessera_answers_total{{kind=\"network\",code=\"00\"}} 5000\n\
             tessera_declines_total{{code=\"51\",reason=\"insufficient_funds\"}} {declined}\n\
             tessera_request_duration_seconds_bucket{{kind=\"purchase\",le=\"0.01\"}} {approved}\n\
             tessera_request_duration_seconds_bucket{{kind=\"purchase\",le=\"0.1\"}} {total}\n\
             tessera_request_duration_seconds_bucket{{kind=\"purchase\",le=\"+Inf\"}} {total}\n"
        ))
    }

    #[test]
    fn rates_and_latencies_are_of_the_last_seconds() {
        let mut history = History::default();
        let begun = Instant::now();
        for second in 0..200_u32 {
            let at = begun + Duration::from_secs(u64::from(second));
            history.add(&page(50 * second, 10 * second), at);
        }
        let figures = history.figures();
        assert_eq!((figures.approved, figures.declined), (50.0, 10.0));
        let p50 = figures.p50.unwrap();
        assert!((0.0059..0.0061).contains(&p50), "{p50}");
        assert!((0.09..0.1).contains(&figures.p99.unwrap()));
        assert_eq!(figures.declines.len(), 1);
        assert_eq!(figures.declines[0].2, 600.0);
        assert_eq!(figures.chart.len(), 120);
        assert!(figures.chart.iter().all(|point| point.approved == 50.0));
        // A restart begins anew, and without requests there is no latency.
        let later = begun + Duration::from_secs(201);
        history.add(&page(0, 0), later);
        history.add(&page(0, 0), later + Duration::from_secs(1));
        let figures = history.figures();
        assert_eq!((figures.approved, figures.p99), (0.0, None));
        assert_eq!(figures.chart.len(), 1);
    }
}
