//! What is left of a run: figures for people (a table) and for programs (JSON), the same ones.

pub mod about;
pub mod advice;
pub(super) mod buckets;
pub(super) mod json;
pub mod latency;
pub mod machine;
pub mod reason;
pub mod seconds;
pub mod statistics;
pub(crate) mod tally;
mod text;
pub(super) mod verify;

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use tessera_protocol::mask_card_numbers;

use self::about::About;
use self::buckets::Bucket;
pub use self::latency::Latency;
use self::latency::rounded;
use self::seconds::Second;
use self::statistics::Statistics;
use self::verify::Verified;
use crate::load::mix::Kind;
use crate::load::scenario::faults::FaultCounts;
use crate::load::scenario::plan::Stage;
use crate::load::scenario::threshold::{Figures, Outcome, Threshold};
use crate::load::shared::Shared;

/// The version of the JSON: raised when something that was there changes its name or meaning.
pub const SCHEMA: u32 = 1;

/// The figures of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Name, command, machine, settings.
    #[serde(flatten)]
    pub about: About,
    /// Where it went.
    pub target: String,
    /// Institution code.
    pub party: u64,
    /// Open or closed loop, in words.
    pub pace: String,
    /// Shares of the kinds of requests.
    pub mix: String,
    /// Connections.
    pub connections: u32,
    /// Cards or wallets.
    pub cards: u32,
    /// Seed of every choice.
    pub seed: u64,
    /// Seconds from the first request until asking ended.
    pub seconds: f64,
    /// Requests sent, repeats after a cut not counted.
    pub sent: u64,
    /// Requests answered.
    pub answered: u64,
    /// Requests that never were.
    pub unanswered: u64,
    /// Requests sent again because no answer had come.
    pub resent: u64,
    /// Further answers to those.
    pub extra_answers: u64,
    /// Connections that were cut.
    pub lost_connections: u64,
    /// The longest time without any answer to a purchase or authorization, milliseconds: what a take-over costs.
    pub longest_gap_ms: f64,
    /// Orders announced on the leased line.
    pub orders_announced: u64,
    /// Purchases approved.
    pub approved: u64,
    /// Purchases declined.
    pub declined: u64,
    /// Approved less reversed, minor units.
    pub net_approved: i64,
    /// Answers by field 39.
    pub codes: BTreeMap<String, u64>,
    /// Figures of the steady part.
    pub steady: Steady,
    /// Latencies of all requests.
    pub latency: Latency,
    /// The same by kind.
    pub kinds: BTreeMap<String, KindReport>,
    /// How late after their planned instants requests were sent (open loop).
    pub send_lag: Latency,
    /// Accounts compared with the model at the end.
    pub accounts_compared: u64,
    /// Accounts that differ.
    pub accounts_differing: u64,
    /// Accounts with a request that stayed unanswered.
    pub accounts_uncertain: u64,
    /// Whether the financial system's tally moved as the model did; not there if not asked for.
    pub host_tally_agrees: Option<bool>,
    /// How many things were wrong.
    pub violations: u64,
    /// The first of them.
    pub violations_shown: Vec<String>,
    /// The name of the scenario.
    #[serde(default)]
    pub scenario: Option<String>,
    /// Its stages; empty where there is only one.
    #[serde(default)]
    pub stages: Vec<StageReport>,
    /// What had to hold.
    #[serde(default)]
    pub thresholds: Vec<Outcome>,
    /// What was done wrong on purpose.
    #[serde(default)]
    pub faults: FaultCounts,
    /// Latencies of all requests, on a logarithmic axis.
    pub histogram: Vec<Bucket>,
    /// The run second by second, from the first request to the last answer.
    pub series: Vec<Second>,
}

/// The run without its first second (or tenth, if that is shorter) and without its end.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Steady {
    /// How long it was.
    pub seconds: f64,
    /// Requests answered per second.
    pub requests_per_second: f64,
    /// Purchases approved per second.
    pub approvals_per_second: f64,
}

/// One kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KindReport {
    /// Sent.
    pub sent: u64,
    /// Answered.
    pub answered: u64,
    /// How fast.
    #[serde(flatten)]
    pub latency: Latency,
}

/// A stage of a scenario. Its figures are those of the seconds that began in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageReport {
    /// Its name.
    pub name: String,
    /// Seconds from the first request to its beginning.
    pub at: f64,
    /// How long it was planned to take.
    pub seconds: f64,
    /// Its pace, in words.
    pub pace: String,
    /// Shares of the kinds of requests.
    pub mix: String,
    /// Shares of the faults.
    pub faults: String,
    /// Answers.
    pub answered: u64,
    /// Answers per second.
    pub requests_per_second: f64,
    /// Requests of which nothing could be decided, or whose answer was wrong.
    pub errors: u64,
    /// How fast.
    #[serde(flatten)]
    pub latency: Latency,
}

/// The counters at one instant, for the steady window.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::load) struct Mark {
    pub nanoseconds: u64,
    pub answered: u64,
    pub approved: u64,
}

impl Mark {
    pub fn of(shared: &Shared) -> Self {
        let statistics = shared.live.statistics.borrow();
        Self {
            nanoseconds: shared.clock.now(),
            answered: statistics.answered_total(),
            approved: statistics.approved,
        }
    }
}

impl Steady {
    pub(in crate::load) fn between(from: Mark, to: Mark) -> Self {
        let seconds = to.nanoseconds.saturating_sub(from.nanoseconds) as f64 / 1e9;
        let per_second = |count: u64| {
            if seconds > 0.0 {
                rounded(count as f64 / seconds, 100.0)
            } else {
                0.0
            }
        };
        Self {
            seconds: rounded(seconds, 1_000.0),
            requests_per_second: per_second(to.answered - from.answered),
            approvals_per_second: per_second(to.approved - from.approved),
        }
    }
}

impl Report {
    pub(in crate::load) fn new(
        shared: &Shared,
        asked: Duration,
        steady: Steady,
        unanswered: u64,
        verified: Verified,
        host_tally_agrees: Option<bool>,
    ) -> Self {
        let (options, statistics) = (&shared.options, shared.live.statistics.borrow());
        let latencies = statistics.all_latencies();
        Self {
            schema: SCHEMA,
            about: shared.about.clone(),
            target: options.target.to_string(),
            party: options
                .profile
                .as_ref()
                .map_or(options.party, |profile| profile.code),
            pace: options.pace.to_string(),
            mix: options.mix.to_string(),
            connections: options.connections,
            cards: options.cards,
            seed: options.seed,
            seconds: rounded(asked.as_secs_f64(), 1_000.0),
            sent: statistics.sent_total(),
            answered: statistics.answered_total(),
            unanswered,
            resent: statistics.resent,
            extra_answers: statistics.extra,
            lost_connections: statistics.lost_connections,
            longest_gap_ms: text::milliseconds(statistics.longest_gap() / 1_000),
            orders_announced: statistics.announced,
            approved: statistics.approved,
            declined: statistics.declined,
            net_approved: statistics.net_approved,
            codes: statistics.codes(),
            steady,
            latency: Latency::from(&latencies),
            kinds: Kind::ALL
                .map(|kind| (kind.name().to_owned(), kind_report(&statistics, kind)))
                .into(),
            send_lag: Latency::from(statistics.lags()),
            accounts_compared: verified.compared,
            accounts_differing: verified.differing,
            accounts_uncertain: verified.uncertain,
            host_tally_agrees,
            violations: statistics.violations.count,
            violations_shown: (statistics.violations.described.iter())
                .map(|violation| mask_card_numbers(violation).into_owned())
                .collect(),
            scenario: options.scenario.clone(),
            stages: stages(shared, &statistics),
            thresholds: thresholds(shared, &statistics, unanswered, asked),
            faults: statistics.faults,
            histogram: buckets::buckets(&latencies),
            series: series(shared, &statistics),
        }
    }

    /// Whether every threshold holds.
    pub fn passed(&self) -> bool {
        self.thresholds.iter().all(|threshold| threshold.passed)
    }

    /// The same figures for programs.
    pub fn to_json(&self) -> String {
        // Cannot fail: numbers, texts, and maps with texts for keys.
        json::lines(self).unwrap_or_default()
    }

    /// Reads what [`Self::to_json`] wrote, of this version or an earlier one with the same schema.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        match value["schema"].as_u64() {
            Some(schema) if schema == u64::from(SCHEMA) => {
                serde_json::from_value(value).map_err(|error| error.to_string())
            }
            Some(schema) => Err(format!(
                "its schema is {schema}, this program reads schema {SCHEMA}"
            )),
            None => Err("no report of `tessera load --json`: it has no `schema`".to_owned()),
        }
    }

    /// Requests of which nothing came, of which nothing could be decided, or whose answer was wrong.
    pub fn errors(&self) -> u64 {
        let series = self.series.iter();
        series.map(|second| second.counted.errors).sum::<u64>() + self.unanswered
    }

    /// Whether every request was answered, every answer made sense and every cent is where it should be.
    pub fn clean(&self) -> bool {
        self.unanswered == 0
            && self.violations == 0
            && self.accounts_differing == 0
            && self.host_tally_agrees != Some(false)
    }
}

/// The seconds, with what was planned in them.
fn series(shared: &Shared, statistics: &Statistics) -> Vec<Second> {
    let plan = &shared.plan;
    let until = |second: u32| plan.count_until(u64::from(second) * 1_000_000_000);
    let is_open = plan.rate_max().is_some();
    let planned = |second: &Second| Second {
        planned: is_open.then(|| rounded(until(second.at + 1) - until(second.at), 100.0)),
        ..*second
    };
    statistics.seconds().iter().map(planned).collect()
}

/// The figures of each stage that was begun.
fn stages(shared: &Shared, statistics: &Statistics) -> Vec<StageReport> {
    let plan = &shared.plan;
    let ends = plan.starts().iter().skip(1).copied().chain([u64::MAX]);
    let stages = plan.stages().iter().zip(plan.starts()).zip(ends);
    let report = |(((stage, &start), end), latencies): (((&Stage, &u64), u64), &Histogram<u64>)| {
        let began =
            |second: &&Second| (start..end).contains(&(u64::from(second.at) * 1_000_000_000));
        let seconds: Vec<_> = statistics.seconds().iter().filter(began).collect();
        let length: f64 = seconds.iter().map(|second| second.seconds).sum();
        let answered = seconds.iter().map(|second| second.counted.answered).sum();
        StageReport {
            name: stage.name.clone(),
            at: rounded(start as f64 / 1e9, 1_000.0),
            seconds: rounded(stage.duration.as_secs_f64(), 1_000.0),
            pace: stage.course.to_string(),
            mix: stage.mix.to_string(),
            faults: stage.faults.to_string(),
            answered,
            requests_per_second: match length > 0.0 {
                true => rounded(answered as f64 / length, 100.0),
                false => 0.0,
            },
            errors: seconds.iter().map(|second| second.counted.errors).sum(),
            latency: Latency::from(latencies),
        }
    };
    stages.zip(statistics.stages()).map(report).collect()
}

/// What came of each threshold.
fn thresholds(
    shared: &Shared,
    statistics: &Statistics,
    unanswered: u64,
    asked: Duration,
) -> Vec<Outcome> {
    let mut counted = statistics.counted();
    counted.errors += unanswered;
    let figures = Figures {
        latency: Latency::from(&statistics.all_latencies()),
        statistics,
        counted,
        seconds: asked.as_secs_f64(),
    };
    let ended_by = shared.live.ended_by();
    let outcome = |threshold: &Threshold| {
        let outcome = threshold.outcome(&figures);
        let aborted = ended_by.as_ref() == Some(&threshold.text);
        Outcome {
            // What ended the run has failed, whatever came in after it.
            passed: outcome.passed && !aborted,
            aborted,
            ..outcome
        }
    };
    shared.options.thresholds.iter().map(outcome).collect()
}

fn kind_report(statistics: &Statistics, kind: Kind) -> KindReport {
    KindReport {
        sent: statistics.sent[kind as usize],
        answered: statistics.answered[kind as usize],
        latency: Latency::from(statistics.latencies(kind)),
    }
}

#[cfg(test)]
pub mod tests;
