//! Stages, faults and thresholds against a switch that is known to the last cent.

use std::path::Path;
use std::time::Duration;

use super::fake_switch::Manners;
use super::{FULL, load};
use crate::load::{Course, Faults, Kind, Mix, Options, Scenario, Stage, Threshold};

fn stage(milliseconds: u64, course: Course) -> Stage {
    Stage {
        name: format!("{course}"),
        duration: Duration::from_millis(milliseconds),
        course,
        mix: Mix::default(),
        faults: Faults::default(),
    }
}

fn rate(from: f64, to: f64) -> Course {
    Course::Rate { from, to }
}

/// A run of these stages.
fn staged(options: &mut Options, stages: Vec<Stage>) {
    options.stages = stages;
    // The stages say how long it is.
    options.duration = Duration::from_secs(1);
}

#[test]
fn every_request_of_a_ramp_is_sent_and_a_pause_sends_none() {
    let (report, switch) = load(Manners::default(), |options| {
        let inquiries = Stage {
            mix: Mix::parse("inquiries=1").unwrap(),
            ..stage(1_000, rate(300.0, 300.0))
        };
        let stages = vec![
            stage(1_000, rate(0.0, 1_000.0)),
            stage(1_000, Course::Pause),
            inquiries,
        ];
        staged(options, stages);
        options.scenario = Some("ramp".to_owned());
    });
    assert!(report.clean() && report.passed(), "{report}");
    assert_eq!(report.sent, 500 + 300, "{report}");
    assert_eq!(report.net_approved, switch.spent());
    assert!(report.about.name.starts_with("ramp-20"), "{report}");
    let [ramp, pause, inquiries] = &report.stages[..] else {
        panic!("{report}")
    };
    assert_eq!((ramp.at, pause.at, inquiries.at), (0.0, 1.0, 2.0));
    assert!(ramp.answered >= 450 && pause.answered <= 50, "{report}");
    assert!(inquiries.answered >= 250, "{report}");
    assert!(report.kinds["inquiries"].answered >= 300, "{report}");
    let planned: f64 = report
        .series
        .iter()
        .filter_map(|second| second.planned)
        .sum();
    assert_eq!(planned, 800.0, "{report}");
    assert!(report.to_string().contains("0 to 1000/s"), "{report}");
}

#[test]
fn connections_come_with_a_ramp_and_go_again() {
    let connections = |from, to| Course::Connections {
        from,
        to,
        window: 4,
    };
    let (report, switch) = load(Manners::default(), |options| {
        options.connections = 6;
        let stages = vec![
            stage(1_000, connections(1.0, 6.0)),
            stage(200, Course::Pause),
            stage(1_900, connections(2.0, 2.0)),
        ];
        staged(options, stages);
    });
    assert!(report.clean(), "{report}");
    assert_eq!(report.lost_connections, 0, "{report}");
    assert_eq!(report.net_approved, switch.spent());
    // The last whole second.
    assert_eq!(report.series[2].connections, 2, "{:?}", report.series);
    assert!(report.series[2].counted.answered > 0, "{report}");
}

#[test]
fn what_goes_wrong_on_purpose_moves_no_cent() {
    for mix in ["purchases=80,reversals=10,inquiries=10", FULL] {
        let (report, switch) = load(Manners::default(), |options| {
            let text = "duplicates=5%,late_repeats=10%,late_after=200ms,disconnects=0.5%";
            let whole = Stage {
                mix: Mix::parse(mix).unwrap(),
                faults: Faults::parse(text).unwrap(),
                ..stage(3_000, rate(800.0, 800.0))
            };
            staged(options, vec![whole]);
        });
        assert!(report.clean(), "{report}");
        let faults = report.faults;
        assert!(
            faults.duplicates > 20 && faults.late_repeats > 20,
            "{faults:?}"
        );
        assert!(faults.disconnects > 2 && report.resent > 0, "{faults:?}");
        // What was cut on purpose was not lost.
        assert_eq!(report.lost_connections, 0, "{report}");
        assert!(report.extra_answers > 0, "{report}");
        assert_eq!(report.net_approved, switch.spent(), "{report}");
        assert!(report.to_string().contains("on purpose: "), "{report}");
    }
}

#[test]
fn a_threshold_that_does_not_hold_is_reported() {
    let (report, _) = load(Manners::default(), |options| {
        options.duration = Duration::from_millis(1_000);
        options.thresholds = ["errors <= 0%", "rate > 10000000/s", "purchases p99 < 1h"]
            .map(|text| Threshold::parse(text).unwrap())
            .into();
    });
    assert!(report.clean() && !report.passed(), "{report}");
    let passed: Vec<_> = report.thresholds.iter().map(|one| one.passed).collect();
    assert_eq!(passed, [true, false, true], "{report}");
    assert!(
        report.to_string().contains("FAILED  rate > 10000000/s: "),
        "{report}"
    );
}

#[test]
fn a_threshold_ends_the_run() {
    let (report, _) = load(Manners::default(), |options| {
        options.duration = Duration::from_secs(300);
        let threshold = Threshold::parse("declined > 50%").unwrap();
        options.thresholds = vec![threshold.ending_the_run(true, Duration::from_millis(500))];
    });
    assert!(report.clean(), "{report}");
    assert!(report.seconds < 30.0, "{report}");
    assert!(
        report.thresholds[0].aborted && !report.thresholds[0].passed,
        "{report}"
    );
    assert!(report.to_string().contains("and ended the run"), "{report}");
}

#[test]
fn the_shipped_scenarios_can_be_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/load");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let scenario = Scenario::read(&entry.unwrap().path()).unwrap();
        let faulty = scenario.stages.iter().any(|stage| stage.faults.any());
        let full = scenario
            .stages
            .iter()
            .any(|stage| stage.mix.has(Kind::Authorization));
        names.push((scenario.name.unwrap(), faulty, full));
        assert!(!scenario.thresholds.is_empty());
    }
    names.sort();
    let names = names
        .iter()
        .map(|(name, faulty, full)| (name.as_str(), *faulty, *full));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            ("capacity", false, false),
            ("day", false, true),
            ("faults", true, true),
            ("smoke", false, false)
        ]
    );
}
