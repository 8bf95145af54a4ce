//! A report to draw, to compare and to read, made of plain figures.

use super::*;
use crate::load::Options;
use crate::load::report::seconds::Counted;

/// A minute at a thousand requests a second, with one second in which everything stood still.
pub fn sample() -> Report {
    let mut latencies: Histogram<u64> = Histogram::new(3).unwrap();
    let second = |at: u32| {
        let stalls = at == 40;
        let answered = if stalls {
            0
        } else {
            1_000 + u64::from(at * 7_919 % 41)
        };
        let declined = answered / 50;
        let mut counted = Counted {
            sent: 1_000,
            answered,
            approved: answered - declined,
            declined,
            ..Counted::default()
        };
        counted.reasons.0[0] = answered - declined;
        counted.reasons.0[1] = declined;
        let base = 800 + u64::from(at * 104_729 % 97);
        let latency = match stalls {
            true => Latency::default(),
            false => Latency {
                p50_us: base,
                p90_us: base * 2,
                p99_us: base * 5,
                p999_us: base * 12,
                max_us: base * 20,
            },
        };
        Second {
            at,
            seconds: 1.0,
            planned: Some(1_000.0),
            counted,
            latency,
            connections: 8,
        }
    };
    let series: Vec<_> = (0..60).map(second).collect();
    for (value, count) in [
        (700, 3_000),
        (850, 40_000),
        (1_700, 12_000),
        (4_200, 4_000),
        (18_000, 60),
    ] {
        latencies.record_n(value, count).unwrap();
    }
    let sum =
        |of: fn(&Counted) -> u64| series.iter().map(|second| of(&second.counted)).sum::<u64>();
    let (answered, approved, declined) = (
        sum(|counted| counted.answered),
        sum(|counted| counted.approved),
        sum(|counted| counted.declined),
    );
    let latency = Latency::from(&latencies);
    let kind = KindReport {
        sent: answered,
        answered,
        latency,
    };
    let mut about = About::now(&Options {
        name: Some("a minute of purchases".to_owned()),
        ..Options::default()
    });
    about.product.optimized = true;
    Report {
        schema: SCHEMA,
        about,
        target: "127.0.0.1:8583".to_owned(),
        party: 20_000_000_001,
        pace: "open loop, 1000 requests/s".to_owned(),
        mix: "purchases=100".to_owned(),
        connections: 8,
        cards: 1_000,
        seed: 1,
        seconds: 60.0,
        sent: answered,
        answered,
        unanswered: 0,
        resent: 0,
        extra_answers: 0,
        lost_connections: 0,
        longest_gap_ms: 12.0,
        orders_announced: 0,
        approved,
        declined,
        net_approved: 5_000_000,
        codes: [("00".to_owned(), approved), ("51".to_owned(), declined)].into(),
        steady: Steady {
            seconds: 59.0,
            requests_per_second: 1_000.0,
            approvals_per_second: 980.0,
        },
        latency,
        kinds: [("purchases".to_owned(), kind)].into(),
        send_lag: Latency::default(),
        accounts_compared: 1_000,
        accounts_differing: 0,
        accounts_uncertain: 0,
        host_tally_agrees: None,
        violations: 0,
        violations_shown: Vec::new(),
        scenario: None,
        stages: Vec::new(),
        thresholds: Vec::new(),
        faults: FaultCounts::default(),
        histogram: buckets::buckets(&latencies),
        series,
    }
}
