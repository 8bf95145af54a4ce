//! The figures of a run for people: a table, and whether everything was right.

use std::fmt;

use tessera_protocol::{Currency, money_text};

use super::{Latency, Report};
use crate::load::scenario::faults::FaultCounts;

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
            "{}: {party} at {target}, {pace}, {connections} connections, {cards} cards, seed {seed}",
            self.about.name
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
        self.scenario(f)?;
        self.verdict(f)
    }
}

impl Report {
    /// Stages, faults and thresholds, where there are some.
    fn scenario(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.stages.is_empty() {
            writeln!(
                f,
                "{:20} {:>22} {:>10} {:>9} {:>9} {:>9}",
                "stage", "pace", "answered/s", "p50 ms", "p99", "max"
            )?;
            for stage in &self.stages {
                let of = &stage.latency;
                let [p50, p99, max] = [of.p50_us, of.p99_us, of.max_us].map(milliseconds);
                writeln!(
                    f,
                    "{:20} {:>22} {:>10.0} {p50:>9.3} {p99:>9.3} {max:>9.3}",
                    stage.name, stage.pace, stage.requests_per_second
                )?;
            }
            writeln!(f)?;
        }
        let FaultCounts {
            duplicates,
            late_repeats,
            disconnects,
        } = self.faults;
        if self.faults != FaultCounts::default() {
            writeln!(
                f,
                "on purpose: {duplicates} sent twice, {late_repeats} repeated late, {disconnects} connections cut\n"
            )?;
        }
        for threshold in &self.thresholds {
            writeln!(f, "{threshold}")?;
        }
        if !self.thresholds.is_empty() {
            writeln!(f)?;
        }
        Ok(())
    }

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

pub(super) fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1_000.0
}
