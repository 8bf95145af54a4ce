use super::series::points;
use super::*;
use crate::load::report::tests::sample;

#[test]
fn a_page_needs_nothing_else_and_says_everything() {
    let report = sample();
    let page = page(&report);
    for expected in [
        "a minute of purchases",
        "✓ passed",
        "Answers/s",
        "planned",
        "p99.9",
        "not enough money",
        "1,000 compared, 0 differ",
        &report.about.machine.kernel,
        "127.0.0.1:8583",
        "<svg",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    for fetched in ["http://", "https://", "src=", "url(", "@import"] {
        assert!(!page.contains(fetched), "{fetched}");
    }
    assert!(!page.contains("What to look at"));
    assert!(page.len() < 400_000, "{} bytes", page.len());
}

#[test]
fn what_is_wrong_is_at_the_top_with_what_to_do() {
    let mut report = sample();
    report.about.name = "<b>broken</b>".to_owned();
    report.unanswered = 3;
    report.violations = 1;
    report.violations_shown = vec!["purchase trace 7 of 100: field 4 is not echoed".to_owned()];
    let page = page(&report);
    assert!(
        page.contains("✗ failed") && page.contains("&lt;b&gt;broken"),
        "{page}"
    );
    let what = page.find("3 requests were never answered").unwrap();
    assert!(what < page.find("Throughput").unwrap());
    assert!(page.contains("--settle") && page.contains("trace 7 of 100"));
}

#[test]
fn a_run_without_an_answer_has_a_page() {
    let mut report = sample();
    report.series.clear();
    report.histogram.clear();
    report.codes.clear();
    report.answered = 0;
    assert!(page(&report).contains("No request was answered."));
}

#[test]
fn a_long_run_is_drawn_with_few_points() {
    let report = sample();
    let day: Vec<_> = (0..86_400_u32)
        .map(|at| crate::load::Second {
            at,
            ..report.series[at as usize % 60]
        })
        .collect();
    let points = points(&day, 300);
    assert_eq!(points.len(), 300);
    assert_eq!((points[1].at, points[1].seconds), (288.0, 288.0));
    // The worst second of each is seen.
    let worst = report
        .series
        .iter()
        .map(|second| second.latency.max_us)
        .max();
    assert_eq!(points[7].latency.map(|latency| latency.max_us), worst);
}
