//! What a person should know or do about the figures of a run, in the order of its weight.

use super::Report;
use super::reason::Reason;
use crate::load::words::{count, latency, share};

/// Something about a run, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Whether it is an error and no mere caution.
    pub is_error: bool,
    /// What happened.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

/// A generator that sends later than this after the planned instant measures itself.
const LAG_MAX_US: u64 = 1_000;

/// Requests for which a share says something.
const ENOUGH: u64 = 20;

/// Everything that there is to say of a report.
pub fn advice(report: &Report) -> Vec<Advice> {
    let mut all = Vec::new();
    let mut say = |is_error, what: String, remedy| {
        all.push(Advice {
            is_error,
            what,
            remedy,
        });
    };
    if report.violations > 0 {
        say(
            true,
            format!(
                "{} answers or balances were wrong",
                count(report.violations)
            ),
            "Each of them is a bug of the switch, or another client used the same cards meanwhile. `tessera explain` shows what \
             the switch did with a request, by its trace number.",
        );
    }
    if report.unanswered > 0 {
        say(
            true,
            format!("{} requests were never answered", count(report.unanswered)),
            "Look at the log of the switch at the end of the run. If it was still working, allow more time with --settle.",
        );
    }
    codes(report, &mut say);
    if report.lost_connections > 0 {
        say(
            false,
            format!(
                "{} connections were lost, {} requests sent again; the longest time without an answer to a purchase was {}",
                count(report.lost_connections),
                count(report.resent),
                latency(report.longest_gap_ms * 1_000.0)
            ),
            "Expected where a node was killed or handed over. Otherwise the log of the switch names the reason of each closed connection.",
        );
    }
    if report.send_lag.p99_us > LAG_MAX_US {
        say(
            false,
            format!(
                "One request in a hundred was sent {} or more after its planned instant",
                latency(report.send_lag.p99_us as f64)
            ),
            "The generator or its machine was too busy: latencies include this delay. Use a lower rate or another machine.",
        );
    }
    if !report.about.product.optimized {
        say(
            false,
            "The load generator is a debug build".to_owned(),
            "Build with `cargo build --profile dist` before you quote a figure.",
        );
    }
    all
}

/// Codes of which more than a few came.
fn codes(report: &Report, say: &mut impl FnMut(bool, String, &'static str)) {
    let codes: [(&str, &'static str); 9] = [
        (
            "91",
            "The switch has no line to the financial system: look at `link to the host` in its metrics and at its log.",
        ),
        (
            "96",
            "The switch refused without a trace, as it does when it is overloaded or stops: `tessera_declines_total` in its metrics has the reasons.",
        ),
        (
            "68",
            "The financial system answered after the switch had given up: look at its latency, and at `answer_within` in switch.toml.",
        ),
        (
            "51",
            "The wallets have run out of money: use more of them (--cards), smaller amounts (--amount), or provision them again.",
        ),
        (
            "61",
            "Amounts reach a limit of the wallets or of the party's profile: use smaller ones (--amount) or more wallets (--cards).",
        ),
        (
            "65",
            "Wallets reach their limit of purchases: use more of them (--cards).",
        ),
        (
            "58",
            "The party's profile does not allow such requests: change its permissions, or leave the kind out of --mix.",
        ),
        (
            "63",
            "The MAC key or the institution code is not the party's: state --key, or a profile with its key.",
        ),
        (
            "30",
            "The switch could not read the requests: the party's profile may have another packing.",
        ),
    ];
    for (code, remedy) in codes {
        let answers = report.codes.get(code).copied().unwrap_or(0);
        let digits = code.as_bytes();
        let reason = Reason::of([digits[0], digits[1]]);
        let is_error = matches!(reason, Reason::Unavailable | Reason::Refused);
        // A decline now and then is what a mix is made for.
        if answers > 0 && (is_error || answers * ENOUGH > report.answered) {
            let words = reason.words();
            let part = share(answers, report.answered);
            let what = format!("{} answers were {code}, {words} ({part})", count(answers));
            say(is_error, what, remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::report::tests::sample;

    #[test]
    fn a_good_run_needs_no_advice() {
        assert_eq!(advice(&sample()), []);
    }

    #[test]
    fn each_trouble_has_its_remedy() {
        let mut report = sample();
        report.violations = 1;
        report.unanswered = 2;
        report.lost_connections = 3;
        report.send_lag.p99_us = 2_500;
        report.about.product.optimized = false;
        report.codes.insert("96".to_owned(), 1);
        report.codes.insert("51".to_owned(), report.answered / 10);
        report.codes.insert("61".to_owned(), report.answered / 100);
        let all = advice(&report);
        let expected = [
            (true, "1 answers or balances were wrong"),
            (true, "2 requests were never answered"),
            (true, "1 answers were 96"),
            (false, "answers were 51"),
            (false, "3 connections were lost"),
            (false, "2.50 ms or more after"),
            (false, "debug build"),
        ];
        assert_eq!(all.len(), expected.len(), "{all:#?}");
        for (found, (is_error, what)) in all.iter().zip(expected) {
            assert!(
                found.is_error == is_error && found.what.contains(what),
                "{found:?}"
            );
        }
    }
}
