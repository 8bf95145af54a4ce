//! What must hold of a run: `p99 < 50ms`, `errors < 0.1%`, `approved > 95%`, `purchases p99 < 40ms`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::load::mix::Kind;
use crate::load::report::latency::Latency;
use crate::load::report::seconds::Counted;
use crate::load::report::statistics::Statistics;
use crate::load::times::parse_duration;
use crate::load::words::latency;

/// A run is not ended by a threshold before this, unless the threshold says otherwise: the first requests are the slowest.
pub const DELAY: Duration = Duration::from_secs(5);

/// A figure of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    P50,
    P90,
    P99,
    P999,
    Max,
    /// Requests without a decision, as a share of those sent.
    Errors,
    /// Purchases and authorizations, as a share of those decided.
    Approved,
    Declined,
    /// Answers per second.
    Rate,
    /// Connections.
    LostConnections,
    /// The longest time without an answer to a purchase.
    LongestGap,
}

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Time,
    Share,
    PerSecond,
    Number,
}

const MEASURES: [(&str, Measure, Unit); 11] = [
    ("p50", Measure::P50, Unit::Time),
    ("p90", Measure::P90, Unit::Time),
    ("p99", Measure::P99, Unit::Time),
    ("p99.9", Measure::P999, Unit::Time),
    ("max", Measure::Max, Unit::Time),
    ("errors", Measure::Errors, Unit::Share),
    ("approved", Measure::Approved, Unit::Share),
    ("declined", Measure::Declined, Unit::Share),
    ("rate", Measure::Rate, Unit::PerSecond),
    ("lost_connections", Measure::LostConnections, Unit::Number),
    ("longest_gap", Measure::LongestGap, Unit::Time),
];

/// What must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// As it was written.
    pub text: String,
    /// Of this kind of request alone.
    kind: Option<Kind>,
    measure: Measure,
    unit: Unit,
    is_below: bool,
    is_or_equal: bool,
    /// Microseconds, per cent, or a number.
    limit: f64,
    /// Whether the run ends where it does not hold.
    pub abort_on_fail: bool,
    /// Not before this.
    pub after: Duration,
}

/// What came of a threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// As it was written.
    pub check: String,
    /// The figure.
    pub found: String,
    /// Whether it holds.
    pub passed: bool,
    /// Whether it has ended the run.
    pub aborted: bool,
}

/// Where the figures come from.
pub struct Figures<'a> {
    /// Latencies of all requests.
    pub latency: Latency,
    /// Counters, and latencies by kind.
    pub statistics: &'a Statistics,
    /// Everything counted, with the requests that were never answered among the errors.
    pub counted: Counted,
    /// Seconds of the run.
    pub seconds: f64,
}

impl Threshold {
    /// Reads `p99 < 50ms`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let at = text.find(['<', '>']).ok_or_else(|| {
            format!("`{text}`: expected a figure, < or >, and a limit, as in \"p99 < 50ms\"")
        })?;
        let (left, right) = text.split_at(at);
        let is_below = right.starts_with('<');
        let right = &right[1..];
        let limit = right.strip_prefix('=');
        let (is_or_equal, limit) = (limit.is_some(), limit.unwrap_or(right).trim());
        let (kind, name) = match left.trim().split_once(char::is_whitespace) {
            Some((kind, name)) => (Some(kind_named(kind)?), name.trim()),
            None => (None, left.trim()),
        };
        let found = MEASURES.iter().find(|(known, _, _)| *known == name);
        let Some(&(_, measure, unit)) = found else {
            let names = MEASURES.map(|(name, _, _)| name).join(", ");
            return Err(format!("`{name}` is none of {names}"));
        };
        let of_kind = [
            Measure::P50,
            Measure::P90,
            Measure::P99,
            Measure::P999,
            Measure::Max,
        ];
        if kind.is_some() && !of_kind.contains(&measure) {
            return Err(format!(
                "`{left}`: a kind of request has percentiles and `max` only"
            ));
        }
        Ok(Self {
            text: text.trim().to_owned(),
            kind,
            measure,
            unit,
            is_below,
            is_or_equal,
            limit: limit_of(limit, unit)?,
            abort_on_fail: false,
            after: DELAY,
        })
    }

    /// The same, ending the run, if at all, after this time.
    pub fn ending_the_run(self, abort_on_fail: bool, after: Duration) -> Self {
        Self {
            abort_on_fail,
            after,
            ..self
        }
    }

    /// What comes of it with these figures.
    pub fn outcome(&self, figures: &Figures<'_>) -> Outcome {
        let found = self.figure(figures);
        Outcome {
            check: self.text.clone(),
            found: found.map_or_else(
                || "nothing was answered".to_owned(),
                |found| self.shown(found),
            ),
            passed: found.is_some_and(|found| self.holds(found)),
            aborted: false,
        }
    }

    fn holds(&self, found: f64) -> bool {
        match (self.is_below, self.is_or_equal) {
            (true, false) => found < self.limit,
            (true, true) => found <= self.limit,
            (false, false) => found > self.limit,
            (false, true) => found >= self.limit,
        }
    }

    /// The figure; none where nothing has been answered that it could be of.
    fn figure(&self, figures: &Figures<'_>) -> Option<f64> {
        let Figures {
            latency,
            statistics,
            counted,
            seconds,
        } = figures;
        let of_kind = self
            .kind
            .map(|kind| Latency::from(statistics.latencies(kind)));
        let latency = of_kind.as_ref().unwrap_or(latency);
        let decided = counted.approved + counted.declined;
        let per_cent =
            |part: u64, whole: u64| (whole > 0).then(|| part as f64 * 100.0 / whole as f64);
        let time = |microseconds: u64| (latency.max_us > 0).then_some(microseconds as f64);
        match self.measure {
            Measure::P50 => time(latency.p50_us),
            Measure::P90 => time(latency.p90_us),
            Measure::P99 => time(latency.p99_us),
            Measure::P999 => time(latency.p999_us),
            Measure::Max => time(latency.max_us),
            Measure::Errors => per_cent(counted.errors, counted.sent),
            Measure::Approved => per_cent(counted.approved, decided),
            Measure::Declined => per_cent(counted.declined, decided),
            Measure::Rate => (*seconds > 0.0).then(|| counted.answered as f64 / seconds),
            Measure::LostConnections => Some(counted.lost_connections as f64),
            Measure::LongestGap => Some(statistics.longest_gap() as f64 / 1_000.0),
        }
    }

    fn shown(&self, figure: f64) -> String {
        match self.unit {
            Unit::Time => latency(figure),
            Unit::Share => format!("{figure:.3}%"),
            Unit::PerSecond => format!("{figure:.1}/s"),
            Unit::Number => format!("{figure:.0}"),
        }
    }
}

fn kind_named(name: &str) -> Result<Kind, String> {
    let known = Kind::ALL.into_iter().find(|kind| kind.name() == name);
    known.ok_or_else(|| {
        let names = Kind::ALL.map(Kind::name).join(", ");
        format!("`{name}` is none of {names}")
    })
}

fn limit_of(text: &str, unit: Unit) -> Result<f64, String> {
    let number = |text: &str, what: &str| match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err(format!("`{text}` is not {what}")),
    };
    match unit {
        Unit::Time => parse_duration(text).map(|time| time.as_secs_f64() * 1e6),
        Unit::Share => match text.strip_suffix('%') {
            Some(per_cent) => number(per_cent, "a share such as 0.1%"),
            None => Err(format!("`{text}` is not a share such as 0.1%")),
        },
        Unit::PerSecond => number(
            text.strip_suffix("/s").unwrap_or(text),
            "a rate such as 900/s",
        ),
        Unit::Number => number(text, "a number"),
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.passed { "passed" } else { "FAILED" };
        let ended = if self.aborted {
            ", and ended the run"
        } else {
            ""
        };
        write!(formatter, "{word}  {}: {}{ended}", self.check, self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Outcome {
        let mut statistics = Statistics::default();
        statistics.begin(1);
        for _ in 0..100 {
            statistics.answer(Kind::Purchase, *b"00", 20_000_000, 2);
            statistics.answer(Kind::Inquiry, *b"00", 1_000_000, 3);
        }
        let counted = Counted {
            sent: 200,
            answered: 200,
            approved: 96,
            declined: 4,
            errors: 1,
            lost_connections: 2,
            ..Counted::default()
        };
        let figures = Figures {
            latency: Latency::from(&statistics.all_latencies()),
            statistics: &statistics,
            counted,
            seconds: 2.0,
        };
        Threshold::parse(text).unwrap().outcome(&figures)
    }

    #[test]
    fn figures_are_held_against_limits() {
        for (text, passed, shown) in [
            ("p99 < 50ms", true, "20.0 ms"),
            ("p99<5ms", false, "20.0 ms"),
            ("inquiries p99 < 5ms", true, "1.00 ms"),
            ("purchases max <= 5ms", false, "20.0 ms"),
            ("refunds p50 < 5ms", false, "nothing was answered"),
            ("errors < 0.5%", false, "0.500%"),
            ("errors <= 0.5%", true, "0.500%"),
            ("approved > 95%", true, "96.000%"),
            ("declined >= 5%", false, "4.000%"),
            ("rate > 90/s", true, "100.0/s"),
            ("lost_connections < 1", false, "2"),
            ("longest_gap < 1s", true, "0 µs"),
        ] {
            let outcome = found(text);
            assert_eq!(
                (outcome.passed, outcome.found.as_str()),
                (passed, shown),
                "{text}"
            );
        }
        assert_eq!(found("p99<5ms").to_string(), "FAILED  p99<5ms: 20.0 ms");
    }

    #[test]
    fn what_cannot_be_held_is_refused() {
        for (text, why) in [
            ("p99", "expected a figure"),
            ("p98 < 5ms", "`p98` is none of"),
            ("p99 < five", "not a time"),
            ("errors < 5", "not a share"),
            ("approved > -1%", "not a share"),
            ("gifts p99 < 5ms", "`gifts` is none of"),
            ("purchases errors < 1%", "percentiles"),
            ("lost_connections < NaN", "not a number"),
        ] {
            let error = Threshold::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
