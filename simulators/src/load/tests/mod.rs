//! The generator against a switch that is known to the last cent: an honest one, one that cuts connections, and
//! ones that cheat.

mod cost;
mod dialects;
mod fail_over;
mod fake_switch;
mod full_ledger;
mod scenario;

use std::rc::Rc;
use std::time::Duration;

use fake_switch::{FakeSwitch, Manners};

use super::{Counted, Kind, Live, Mix, Options, Pace, Report, run};

fn options(switch: &FakeSwitch) -> Options {
    Options {
        target: switch.address().parse().unwrap(),
        cards: 200,
        connections: 4,
        pace: Pace::Window(16),
        // Until there are ENOUGH, unless a test states a duration of its own.
        duration: LONG,
        settle: LONG,
        mix: Mix::parse("purchases=70,repeats=10,reversals=10,inquiries=10").unwrap(),
        ..Options::default()
    }
}

/// More than any machine needs.
const LONG: Duration = Duration::from_secs(600);

/// Answers after which a run without a duration of its own ends, however long they take; and not before it has warmed up.
const ENOUGH: u64 = 4_000;
const WARM: Duration = Duration::from_millis(1_500);

/// Runs the generator and the fake switch on one thread.
fn load(manners: Manners, change: impl FnOnce(&mut Options)) -> (Report, FakeSwitch) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let switch = FakeSwitch::start(manners).await;
        let mut options = options(&switch);
        change(&mut options);
        let until_enough = options.duration == LONG;
        let live = Rc::new(Live::default());
        let stop = async {
            tokio::time::sleep(WARM).await;
            while !until_enough || live.statistics.borrow().answered_total() < ENOUGH {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            live.stop();
            std::future::pending().await
        };
        let report = tokio::select! {
            report = run(options, Rc::clone(&live)) => report.unwrap(),
            () = stop => unreachable!("it only ends the asking"),
        };
        (report, switch)
    })
}

#[test]
fn an_honest_switch_passes() {
    let (report, switch) = load(Manners::default(), |_| {});
    assert!(report.clean(), "{report}");
    assert!(
        report.sent > 1_000 && report.sent == report.answered,
        "{report}"
    );
    assert!(
        report.approved > 0 && report.kinds["repeats"].answered > 0,
        "{report}"
    );
    assert!(report.kinds["reversals"].answered > 0 && report.kinds["inquiries"].answered > 0);
    assert_eq!(report.net_approved, switch.spent());
    assert!(report.steady.requests_per_second > 0.0);
}

#[test]
fn a_report_has_every_second_and_is_read_as_it_was_written() {
    let (report, _) = load(Manners::default(), |options| {
        options.name = Some("before".to_owned());
        options.pace = Pace::Rate(1_000.0);
        options.duration = Duration::from_millis(2_400);
    });
    assert!(report.clean(), "{report}");
    let series = &report.series;
    let sum =
        |of: fn(&Counted) -> u64| series.iter().map(|second| of(&second.counted)).sum::<u64>();
    assert_eq!(report.sent, sum(|counted| counted.sent), "{report}");
    assert_eq!(report.answered, sum(|counted| counted.answered), "{report}");
    assert_eq!(report.approved, sum(|counted| counted.approved), "{report}");
    assert_eq!(report.declined, sum(|counted| counted.declined), "{report}");
    let reasons = |counted: &Counted| counted.reasons.0.iter().sum::<u64>();
    assert_eq!(report.answered, sum(reasons), "{report}");
    // A second may begin while requests of the one before it are under way.
    assert!(
        series[0].counted.sent >= 900 && series[0].is_whole(),
        "{:?}",
        series[0]
    );
    assert!(series[1].latency.p50_us > 0 && series[1].latency.max_us >= series[1].latency.p99_us);
    let counted: u64 = report.histogram.iter().map(|bucket| bucket.count).sum();
    assert_eq!(counted, report.answered);
    let json = report.to_json();
    let read = Report::from_json(&json).unwrap();
    assert_eq!(read.to_json(), json);
    assert_eq!(read.about, report.about);
    assert_eq!(read.about.name, "before");
    assert!(json.lines().count() < 250 + series.len(), "{json}");
}

#[test]
fn a_report_of_another_schema_is_refused() {
    for (text, why) in [
        ("{}", "it has no `schema`"),
        (r#"{"schema": 99}"#, "its schema is 99"),
        (r#"{"schema": 1}"#, "missing field"),
        ("[", "no JSON"),
    ] {
        let error = Report::from_json(text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn a_switch_that_runs_out_of_money_passes() {
    let (report, _) = load(
        Manners {
            balance: 500,
            ..Manners::default()
        },
        |options| {
            options.cards = 20;
        },
    );
    assert!(report.clean(), "{report}");
    assert!(report.codes["51"] > 0, "{report}");
}

#[test]
fn without_a_mac_and_at_a_rate() {
    let (report, _) = load(
        Manners {
            key: None,
            ..Manners::default()
        },
        |options| {
            options.party = 20_000_000_002;
            options.pace = Pace::Rate(2_000.0);
            options.duration = Duration::from_millis(800);
        },
    );
    assert!(report.clean(), "{report}");
    // 800 ms of it, every planned request sent.
    assert_eq!(report.sent, 1_600, "{report}");
}

#[test]
fn cut_connections_lose_nothing() {
    let manners = Manners {
        cut_every: Some(300),
        ..Manners::default()
    };
    let (report, switch) = load(manners, |_| {});
    assert!(report.clean(), "{report}");
    assert!(report.lost_connections > 2 && report.resent > 0, "{report}");
    assert_eq!(report.net_approved, switch.spent());
}

#[test]
fn a_cheated_cent_is_noticed() {
    let manners = Manners {
        cheat_on: Some(700),
        ..Manners::default()
    };
    let (report, _) = load(manners, |options| options.mix = Mix::PURCHASES);
    assert!(!report.clean());
    assert_eq!(report.accounts_differing, 1, "{report}");
    assert!(report.violations_shown[0].contains("(+1)"), "{report}");
    assert!(report.violations_shown[0].contains("******"), "{report}");
}

/// Everything that there is.
const FULL: &str = "purchases=30,repeats=8,reversals=16,inquiries=10,authorizations=14,completions=8,refunds=8,advices=3,partials=3";

#[test]
fn a_full_mix_is_accounted_for_to_the_cent() {
    for (cut_every, balance) in [(None, 1_000_000), (Some(900), 1_000_000), (None, 3_000)] {
        let manners = Manners {
            cut_every,
            balance,
            ..Manners::default()
        };
        let (report, switch) = load(manners, |options| options.mix = Mix::parse(FULL).unwrap());
        assert!(report.clean(), "{report}");
        for kind in Kind::ALL {
            let name = kind.name();
            assert!(report.kinds[name].answered > 0, "{name}: {report}");
        }
        // Whatever was held is completed or reversed before the end.
        assert_eq!(switch.held(), 0, "{report}");
        assert_eq!(report.net_approved, switch.spent(), "{report}");
    }
}

#[test]
fn a_cheated_cent_of_any_kind_is_noticed() {
    for kind in [
        Kind::Authorization,
        Kind::Completion,
        Kind::Refund,
        Kind::Advice,
        Kind::Partial,
        Kind::Reversal,
    ] {
        let manners = Manners {
            cheats: Some((kind, 3)),
            ..Manners::default()
        };
        let (report, _) = load(manners, |options| {
            options.mix = Mix::parse(FULL).unwrap();
            // Where something is held, a difference is believed at the end of this only.
            options.settle = Duration::from_secs(2);
        });
        assert!(!report.clean(), "{kind:?}: {report}");
        assert_eq!(report.accounts_differing, 1, "{kind:?}: {report}");
    }
}

#[test]
fn a_repeat_answered_otherwise_is_noticed() {
    let (report, _) = load(
        Manners {
            forgets: true,
            ..Manners::default()
        },
        |_| {},
    );
    assert!(!report.clean());
    assert!(
        report
            .violations_shown
            .iter()
            .any(|violation| violation.contains("its repeat")),
        "{report}"
    );
}

#[test]
fn silence_is_noticed() {
    let manners = Manners {
        silent_on: Some(700),
        ..Manners::default()
    };
    let (report, _) = load(manners, |options| {
        options.settle = Duration::from_secs(3);
        // A switch that answers echoes is not lost.
        options.silence = Duration::from_secs(1);
    });
    assert!(!report.clean());
    assert_eq!(report.lost_connections, 0, "{report}");
    assert_eq!(
        (report.unanswered, report.accounts_uncertain),
        (1, 1),
        "{report}"
    );
}

#[test]
fn a_refused_key_is_reported() {
    // The fake switch hangs up on a MAC that it cannot verify.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    let error = local.block_on(&runtime, async {
        let switch = FakeSwitch::start(Manners::default()).await;
        let key = Some("ffffffffffffffffffffffffffffffff".to_owned());
        let wrong = Options {
            key,
            opening: Duration::from_secs(120),
            ..options(&switch)
        };
        run(wrong, Rc::default()).await.unwrap_err()
    });
    assert!(
        error.to_string().contains("balances could not be read"),
        "{error}"
    );
}
