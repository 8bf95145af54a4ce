use super::*;
use crate::load::report::tests::sample;

/// The sample, with latencies of so many times.
fn slower(times: u64) -> Report {
    let mut report = sample();
    report.about.name = "slower".to_owned();
    report
        .about
        .settings
        .insert("seed".to_owned(), "2".to_owned());
    report.latency.p99_us *= times;
    for second in &mut report.series {
        second.latency.p99_us *= times;
    }
    report
}

fn row<'c>(comparison: &'c Comparison, name: &str) -> &'c Row {
    comparison.rows.iter().find(|row| row.name == name).unwrap()
}

#[test]
fn a_run_does_not_differ_from_itself() {
    let comparison = Comparison::new(sample(), sample());
    for row in &comparison.rows {
        assert!(row.ratio.is_none_or(|ratio| ratio == 1.0), "{row:?}");
        assert!(
            row.noise.is_none_or(|noise| noise == Noise::Within),
            "{row:?}"
        );
        assert_eq!(row.is_better(), None);
    }
    assert_eq!(comparison.differences, []);
}

#[test]
fn what_differs_is_said_and_judged() {
    let comparison = Comparison::new(sample(), slower(2));
    let p99 = row(&comparison, "p99");
    assert_eq!(
        (p99.ratio, p99.noise, p99.is_better()),
        (Some(2.0), Some(Noise::Beyond), Some(false))
    );
    assert_eq!(row(&comparison, "p50").is_better(), None);
    let shown = comparison.to_string();
    for expected in [
        "A: a minute of purchases, 20",
        "p99: 100.0% more in B, larger than the noise.",
        "Answers per second: no change in B, within the noise.",
        "seed: 1 | 2",
        "repeat both runs in turn",
    ] {
        assert!(shown.contains(expected), "{expected} in\n{shown}");
    }
    assert!(
        shown
            .lines()
            .all(|line| line.chars().count() <= 80 || line.starts_with("The noise")),
        "{shown}"
    );
    let page = comparison.page();
    for expected in [
        "larger than the noise, worse",
        "<svg",
        "99th percentile",
        "seed",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    let json: serde_json::Value = serde_json::from_str(&comparison.to_json()).unwrap();
    assert_eq!(json["rows"][4]["noise"], "beyond");
    assert_eq!(json["differences"][0]["name"], "seed");
}

#[test]
fn short_runs_say_nothing_about_noise() {
    let mut short = sample();
    short.series.truncate(10);
    let shown = Comparison::new(short.clone(), short).to_string();
    assert!(
        shown.contains("too short to say") && shown.contains("17 whole seconds"),
        "{shown}"
    );
}
