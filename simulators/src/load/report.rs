//! What is left of a run: figures for people (a table) and for programs (JSON), the same ones.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use tessera_protocol::{Currency, mask_card_numbers, money_text};

use super::mix::Kind;
use super::shared::Shared;
use super::statistics::Statistics;
use super::verify::Verified;

/// The figures of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
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
    pub kinds: BTreeMap<&'static str, KindReport>,
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
}

/// The run without its first second (or tenth, if that is shorter) and without its end.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Steady {
    /// How long it was.
    pub seconds: f64,
    /// Requests answered per second.
    pub requests_per_second: f64,
    /// Purchases approved per second.
    pub approvals_per_second: f64,
}

/// Percentiles in microseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Latency {
    /// Median.
    pub p50_us: u64,
    /// Nine of ten.
    pub p90_us: u64,
    /// 99 of a hundred.
    pub p99_us: u64,
    /// 999 of a thousand.
    pub p999_us: u64,
    /// The longest.
    pub max_us: u64,
}

/// One kind of request.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct KindReport {
    /// Sent.
    pub sent: u64,
    /// Answered.
    pub answered: u64,
    /// How fast.
    #[serde(flatten)]
    pub latency: Latency,
}

/// The counters at one instant, for the steady window.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
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
    pub(super) fn between(from: Mark, to: Mark) -> Self {
        let seconds = to.nanoseconds.saturating_sub(from.nanoseconds) as f64 / 1e9;
        let per_second = |count: u64| {
            if seconds > 0.0 {
                count as f64 / seconds
            } else {
                0.0
            }
        };
        Self {
            seconds,
            requests_per_second: per_second(to.answered - from.answered),
            approvals_per_second: per_second(to.approved - from.approved),
        }
    }
}

impl From<&Histogram<u64>> for Latency {
    fn from(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile);
        Self {
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: histogram.max(),
        }
    }
}

impl Report {
    pub(super) fn new(
        shared: &Shared,
        asked: Duration,
        steady: Steady,
        unanswered: u64,
        verified: Verified,
        host_tally_agrees: Option<bool>,
    ) -> Self {
        let (options, statistics) = (&shared.options, shared.live.statistics.borrow());
        Self {
            target: options.target.to_string(),
            party: options.party,
            pace: options.pace.to_string(),
            mix: options.mix.to_string(),
            connections: options.connections,
            cards: options.cards,
            seed: options.seed,
            seconds: asked.as_secs_f64(),
            sent: statistics.sent_total(),
            answered: statistics.answered_total(),
            unanswered,
            resent: statistics.resent,
            extra_answers: statistics.extra,
            lost_connections: statistics.lost_connections,
            longest_gap_ms: milliseconds(statistics.longest_gap() / 1_000),
            orders_announced: statistics.announced,
            approved: statistics.approved,
            declined: statistics.declined,
            net_approved: statistics.net_approved,
            codes: statistics.codes(),
            steady,
            latency: Latency::from(&statistics.all_latencies()),
            kinds: Kind::ALL
                .map(|kind| (kind.name(), kind_report(&statistics, kind)))
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
        }
    }

    /// The same figures for programs.
    pub fn to_json(&self) -> String {
        // Cannot fail: numbers, texts, and maps with texts for keys.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Whether every request was answered, every answer made sense and every cent is where it should be.
    pub fn clean(&self) -> bool {
        self.unanswered == 0
            && self.violations == 0
            && self.accounts_differing == 0
            && self.host_tally_agrees != Some(false)
    }
}

fn kind_report(statistics: &Statistics, kind: Kind) -> KindReport {
    KindReport {
        sent: statistics.sent[kind as usize],
        answered: statistics.answered[kind as usize],
        latency: Latency::from(statistics.latencies(kind)),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            party,
            pace,
            connections,
            cards,
            seed,
            seconds,
            ..
        } = self;
        writeln!(
            f,
            "{party} at {target}: {pace}, {connections} connections, {cards} cards, seed {seed}"
        )?;
        writeln!(
            f,
            "{} sent, {} answered, {} unanswered in {seconds:.1} s; {} approved, {} declined",
            self.sent, self.answered, self.unanswered, self.approved, self.declined
        )?;
        writeln!(
            f,
            "steady {:.1} s: {:.0} requests/s, {:.0} approvals/s",
            self.steady.seconds, self.steady.requests_per_second, self.steady.approvals_per_second
        )?;
        writeln!(
            f,
            "{} connections lost, {} requests sent again, {} answered twice; longest gap without answers {:.0} ms",
            self.lost_connections, self.resent, self.extra_answers, self.longest_gap_ms
        )?;
        writeln!(f)?;
        writeln!(
            f,
            "{:14} {:>11} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "", "sent", "answered", "p50 ms", "p90", "p99", "p99.9", "max"
        )?;
        for (name, kind) in self.kinds.iter().filter(|(_, kind)| kind.sent > 0) {
            row(f, name, kind.sent, kind.answered, &kind.latency)?;
        }
        row(f, "all", self.sent, self.answered, &self.latency)?;
        if self.send_lag.max_us > 0 {
            let lag = self.send_lag;
            let (p50, p99) = (milliseconds(lag.p50_us), milliseconds(lag.p99_us));
            writeln!(
                f,
                "sent after the planned instant: p50 {p50:.3} ms, p99 {p99:.3} ms"
            )?;
        }
        writeln!(f)?;
        for (code, count) in &self.codes {
            let meaning = match code.as_bytes() {
                &[tens, ones] => tessera_protocol::ResponseCode::new([tens, ones]).meaning(),
                _ => None,
            };
            writeln!(f, "{code} {count:>12}  {}", meaning.unwrap_or(""))?;
        }
        writeln!(f)?;
        self.verdict(f)
    }
}

impl Report {
    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for violation in &self.violations_shown {
            writeln!(f, "WRONG: {violation}")?;
        }
        let shown = self.violations_shown.len() as u64;
        if self.violations > shown {
            writeln!(f, "WRONG: and {} more", self.violations - shown)?;
        }
        if self.host_tally_agrees == Some(true) {
            writeln!(
                f,
                "the financial system's tally agrees: {} net",
                money_text(self.net_approved, Currency::USD)
            )?;
        }
        let money = format!(
            "{} balances compared, {} differ, {} uncertain",
            self.accounts_compared, self.accounts_differing, self.accounts_uncertain
        );
        if self.clean() {
            write!(f, "OK: every request answered, {money}")
        } else {
            write!(
                f,
                "FAILED: {} unanswered, {} violations, {money}",
                self.unanswered, self.violations
            )
        }
    }
}

fn row(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    sent: u64,
    answered: u64,
    latency: &Latency,
) -> fmt::Result {
    let Latency {
        p50_us,
        p90_us,
        p99_us,
        p999_us,
        max_us,
    } = *latency;
    let [p50, p90, p99, p999, max] = [p50_us, p90_us, p99_us, p999_us, max_us].map(milliseconds);
    writeln!(
        f,
        "{name:14} {sent:>11} {answered:>11} {p50:>9.3} {p90:>9.3} {p99:>9.3} {p999:>9.3} {max:>9.3}"
    )
}

fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1_000.0
}
