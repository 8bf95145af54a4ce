//! Two runs side by side. In come two reports; out go their figures, how many times the second is the first, and whether
//! that is more than noise.

mod noise;
mod page;
mod text;

use serde::Serialize;

pub use self::noise::Noise;
use super::report::Report;
use super::report::seconds::Second;

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Per second.
    PerSecond,
    /// Microseconds.
    Microseconds,
    /// Per cent.
    PerCent,
}

/// A figure of both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What it is.
    pub name: &'static str,
    /// In which unit.
    pub unit: Unit,
    /// Of the first run.
    pub a: f64,
    /// Of the second run.
    pub b: f64,
    /// How many times `a` is `b`; none where `a` is 0.
    pub ratio: Option<f64>,
    /// Whether the difference is more than noise; none where seconds say nothing about it.
    pub noise: Option<Noise>,
    /// Whether more of it is better.
    pub more_is_better: bool,
}

/// A setting that differs, or something of the machine or the build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is.
    pub name: String,
    /// In the first run.
    pub a: String,
    /// In the second run.
    pub b: String,
}

/// Two runs side by side.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The first run.
    pub a: Report,
    /// The second run.
    pub b: Report,
    /// Their figures.
    pub rows: Vec<Row>,
    /// What else differs.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Compares `b` with `a`.
    pub fn new(a: Report, b: Report) -> Self {
        Self {
            rows: rows(&a, &b),
            differences: differences(&a, &b),
            a,
            b,
        }
    }

    /// For programs.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Json<'c> {
            schema: u32,
            a: &'c str,
            b: &'c str,
            rows: &'c [Row],
            differences: &'c [Difference],
        }
        let json = Json {
            schema: super::SCHEMA,
            a: &self.a.about.name,
            b: &self.b.about.name,
            rows: &self.rows,
            differences: &self.differences,
        };
        // Cannot fail: numbers and texts.
        super::report::json::lines(&json).unwrap_or_default()
    }

    /// What the difference of two figures that matter comes to, in sentences.
    pub fn summary(&self) -> Vec<String> {
        let names = ["answers per second", "p50", "p99"];
        let rows = names.map(|name| self.rows.iter().find(|row| row.name == name));
        rows.into_iter().flatten().map(Row::sentence).collect()
    }
}

impl Row {
    /// Whether the second run is better, where the difference is more than noise.
    pub fn is_better(&self) -> Option<bool> {
        let is_more = self.b > self.a;
        (self.noise == Some(Noise::Beyond)).then_some(is_more == self.more_is_better)
    }

    fn sentence(&self) -> String {
        let (name, noise) = (self.name, self.noise.unwrap_or(Noise::TooShort).words());
        let mut words = name.chars();
        let first = words.next().map(|letter| letter.to_ascii_uppercase());
        let name: String = match name.starts_with("p5") || name.starts_with("p9") {
            true => name.to_owned(),
            false => first.into_iter().chain(words).collect(),
        };
        match self.ratio {
            None => format!("{name}: the first run has none."),
            Some(ratio) => {
                let per_cent = (ratio - 1.0) * 100.0;
                let change = match per_cent {
                    -0.05..0.05 => "no change".to_owned(),
                    0.05.. => format!("{per_cent:.1}% more"),
                    _ => format!("{:.1}% less", -per_cent),
                };
                format!("{name}: {change} in B, {noise}.")
            }
        }
    }
}

/// The seconds that count: not the first, in which connections warm up, and not a last one that is short.
pub fn steady(report: &Report) -> impl Iterator<Item = &Second> {
    let asked = report.seconds.floor() as u32;
    let seconds = report.series.iter().skip(1);
    seconds.filter(move |second| second.is_whole() && second.at < asked)
}

fn rows(a: &Report, b: &Report) -> Vec<Row> {
    type Figure = fn(&Report) -> f64;
    type OfSecond = fn(&Second) -> Option<f64>;
    let all: [(&str, Unit, bool, Figure, Option<OfSecond>); 10] = [
        (
            "answers per second",
            Unit::PerSecond,
            true,
            |report| report.steady.requests_per_second,
            Some(|second| Some(second.rate())),
        ),
        (
            "approvals per second",
            Unit::PerSecond,
            true,
            |report| report.steady.approvals_per_second,
            Some(|second| Some(second.counted.approved as f64)),
        ),
        (
            "p50",
            Unit::Microseconds,
            false,
            |report| report.latency.p50_us as f64,
            Some(|second| of_answers(second, second.latency.p50_us)),
        ),
        (
            "p90",
            Unit::Microseconds,
            false,
            |report| report.latency.p90_us as f64,
            Some(|second| of_answers(second, second.latency.p90_us)),
        ),
        (
            "p99",
            Unit::Microseconds,
            false,
            |report| report.latency.p99_us as f64,
            Some(|second| of_answers(second, second.latency.p99_us)),
        ),
        (
            "p99.9",
            Unit::Microseconds,
            false,
            |report| report.latency.p999_us as f64,
            Some(|second| of_answers(second, second.latency.p999_us)),
        ),
        (
            "longest",
            Unit::Microseconds,
            false,
            |report| report.latency.max_us as f64,
            None,
        ),
        (
            "approved",
            Unit::PerCent,
            true,
            |report| per_cent(report.approved, report.approved + report.declined),
            Some(|second| {
                let decided = second.counted.approved + second.counted.declined;
                (decided > 0).then(|| per_cent(second.counted.approved, decided))
            }),
        ),
        (
            "errors",
            Unit::PerCent,
            false,
            |report| per_cent(report.errors(), report.sent),
            None,
        ),
        (
            "longest gap",
            Unit::Microseconds,
            false,
            |report| report.longest_gap_ms * 1_000.0,
            None,
        ),
    ];
    let row = |(name, unit, more_is_better, figure, of_second): (
        &'static str,
        Unit,
        bool,
        Figure,
        Option<OfSecond>,
    )| {
        let figures =
            |report: &Report, of: OfSecond| steady(report).filter_map(of).collect::<Vec<_>>();
        let (of_a, of_b) = (figure(a), figure(b));
        Row {
            name,
            unit,
            a: of_a,
            b: of_b,
            ratio: (of_a != 0.0).then(|| of_b / of_a),
            noise: of_second.map(|of| Noise::between(&figures(a, of), &figures(b, of))),
            more_is_better,
        }
    };
    all.map(row).into()
}

fn of_answers(second: &Second, microseconds: u64) -> Option<f64> {
    (second.counted.answered > 0).then_some(microseconds as f64)
}

fn per_cent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

fn differences(a: &Report, b: &Report) -> Vec<Difference> {
    let facts = |report: &Report| {
        let mut facts = report.about.settings.clone();
        facts.insert("machine".to_owned(), report.about.machine.words());
        facts.insert("load generator".to_owned(), report.about.product.words());
        facts
    };
    let (a, b) = (facts(a), facts(b));
    let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
    let of = |facts: &std::collections::BTreeMap<String, String>, name| {
        facts.get(name).cloned().unwrap_or_else(|| "-".to_owned())
    };
    (names.into_iter())
        .map(|name| Difference {
            name: name.clone(),
            a: of(&a, name),
            b: of(&b, name),
        })
        .filter(|difference| difference.a != difference.b)
        .collect()
}

#[cfg(test)]
mod tests;
