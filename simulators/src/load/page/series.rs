//! A run over time: charts of its seconds, and the same figures as a table.

use maud::{Markup, html};

use super::axis::Axis;
use super::chart::{Chart, Line};
use crate::load::report::seconds::Second;
use crate::load::report::{Latency, Report};
use crate::load::words::{clock, count, latency};

/// Points of a line: more than there are pixels would only make the page larger.
const POINTS_MAX: usize = 300;

/// Some seconds put together to one point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Seconds since the first request, at its beginning.
    pub at: f64,
    /// How long it is.
    pub seconds: f64,
    /// Per second; open loop.
    pub planned: Option<f64>,
    /// Per second.
    pub answered: f64,
    /// Likewise.
    pub approved: f64,
    /// Likewise.
    pub declined: f64,
    /// All of them.
    pub errors: u64,
    /// The worst of its seconds, where anything was answered.
    pub latency: Option<Latency>,
}

/// The seconds of a run as points of equal length.
pub fn points(series: &[Second], points_max: usize) -> Vec<Point> {
    let together = series.len().div_ceil(points_max).max(1);
    series.chunks(together).map(point).collect()
}

fn point(seconds: &[Second]) -> Point {
    let length: f64 = seconds.iter().map(|second| second.seconds).sum();
    let sum = |of: fn(&Second) -> u64| seconds.iter().map(of).sum::<u64>();
    let per_second = |count: u64| match length > 0.0 {
        true => count as f64 / length,
        false => 0.0,
    };
    let answered = sum(|second| second.counted.answered);
    let worst = |of: fn(&Latency) -> u64| {
        let each = seconds.iter().map(|second| of(&second.latency));
        each.max().unwrap_or(0)
    };
    Point {
        at: seconds.first().map_or(0.0, |first| first.at.into()),
        seconds: length,
        planned: (seconds
            .iter()
            .map(|second| second.planned)
            .sum::<Option<f64>>())
        .map(|planned| planned / length),
        answered: per_second(answered),
        approved: per_second(sum(|second| second.counted.approved)),
        declined: per_second(sum(|second| second.counted.declined)),
        errors: sum(|second| second.counted.errors),
        latency: (answered > 0).then(|| Latency {
            p50_us: worst(|latency| latency.p50_us),
            p90_us: worst(|latency| latency.p90_us),
            p99_us: worst(|latency| latency.p99_us),
            p999_us: worst(|latency| latency.p999_us),
            max_us: worst(|latency| latency.max_us),
        }),
    }
}

/// A percentile that is drawn: its name, its class, and where it stands.
type Percentile = (&'static str, &'static str, fn(&Latency) -> u64);

/// The percentiles that are drawn.
pub const PERCENTILES: [Percentile; 5] = [
    ("p50", "a", |latency| latency.p50_us),
    ("p90", "b", |latency| latency.p90_us),
    ("p99", "c", |latency| latency.p99_us),
    ("p99.9", "d", |latency| latency.p999_us),
    ("longest", "e", |latency| latency.max_us),
];

/// How a time since the first request is written.
pub fn at_words(seconds: f64) -> String {
    clock(std::time::Duration::from_secs_f64(seconds.max(0.0).round()))
}

fn per_second(figure: f64) -> String {
    count(figure.round() as u64)
}

/// What a point of the charts is.
pub fn about_points(report: &Report) -> String {
    let together = report.series.len().div_ceil(POINTS_MAX).max(1);
    match together {
        1 => "Each point is one second.".to_owned(),
        several => format!("Each point is {several} seconds; of their percentiles, the worst."),
    }
}

/// Where the time axis of some points ends. The last second may be short, and a rate of it says little.
pub fn whole(series: &[Second]) -> &[Second] {
    let whole = series.iter().rposition(Second::is_whole);
    match whole {
        Some(last) => &series[..=last],
        None => series,
    }
}

/// The end of the last of some points, in seconds.
pub fn end(points: &[Point]) -> f64 {
    points.last().map_or(1.0, |last| last.at + last.seconds)
}

/// Answers per second.
pub fn throughput(report: &Report) -> Markup {
    let points = points(whole(&report.series), POINTS_MAX);
    let line = |name: &str, class, of: fn(&Point) -> f64| Line {
        name: name.to_owned(),
        class,
        points: (points.iter())
            .map(|point| (point.at + point.seconds / 2.0, Some(of(point))))
            .collect(),
    };
    let mut lines = vec![
        line("answered", "a", |point| point.answered),
        line("approved", "b", |point| point.approved),
        line("declined", "c", |point| point.declined),
    ];
    if points.iter().any(|point| point.planned.is_some()) {
        let planned = Line {
            name: "planned".to_owned(),
            class: "e",
            points: (points.iter())
                .map(|point| (point.at + point.seconds / 2.0, point.planned))
                .collect(),
        };
        lines.insert(0, planned);
    }
    if points.iter().any(|point| point.errors > 0) {
        lines.push(line("errors", "f", |point| {
            point.errors as f64 / point.seconds
        }));
    }
    let planned = points.iter().filter_map(|point| point.planned);
    let most = points.iter().map(|point| point.answered).chain(planned);
    let most = most.fold(0.0, f64::max);
    let least = points
        .iter()
        .map(|point| point.answered)
        .fold(most, f64::min);
    let chart = Chart {
        described: format!(
            "Answers per second over {}: from {} to {}.",
            at_words(end(&points)),
            per_second(least),
            per_second(most)
        ),
        across: Axis::exact(end(&points)),
        across_words: &at_words,
        up: Axis::linear(most),
        up_words: &per_second,
        bars: Vec::new(),
        lines,
        marks: Vec::new(),
        hints: (points.iter())
            .map(|point| {
                let hint = format!(
                    "{} · answered {}/s · approved {}/s · declined {}/s · errors {}",
                    at_words(point.at),
                    per_second(point.answered),
                    per_second(point.approved),
                    per_second(point.declined),
                    count(point.errors)
                );
                (point.at + point.seconds / 2.0, hint)
            })
            .collect(),
    };
    chart.markup()
}

/// Percentiles of each second.
pub fn latencies(report: &Report) -> Markup {
    let points = points(whole(&report.series), POINTS_MAX);
    let known = || points.iter().filter_map(|point| point.latency);
    let (Some(least), Some(most)) = (
        known().map(|latency| latency.p50_us).min(),
        known().map(|latency| latency.max_us).max(),
    ) else {
        return html! { p { "No request was answered." } };
    };
    let line = |(name, class, of): (&str, &'static str, fn(&Latency) -> u64)| Line {
        name: name.to_owned(),
        class,
        points: (points.iter())
            .map(|point| {
                let figure = point.latency.map(|latency| of(&latency) as f64);
                (point.at + point.seconds / 2.0, figure)
            })
            .collect(),
    };
    let chart = Chart {
        described: format!(
            "Percentiles of the latency of each second over {}: medians from {}, the longest answer {}.",
            at_words(end(&points)),
            latency(least as f64),
            latency(most as f64)
        ),
        across: Axis::exact(end(&points)),
        across_words: &at_words,
        up: Axis::log(least as f64, most as f64),
        up_words: &super::axis::latency_words,
        bars: Vec::new(),
        lines: PERCENTILES.map(line).into(),
        marks: Vec::new(),
        hints: (points.iter())
            .map(|point| {
                let figures = match &point.latency {
                    None => "no answer".to_owned(),
                    Some(of) => PERCENTILES
                        .map(|(name, _, figure)| format!("{name} {}", latency(figure(of) as f64)))
                        .join(" · "),
                };
                let hint = format!("{} · {figures}", at_words(point.at));
                (point.at + point.seconds / 2.0, hint)
            })
            .collect(),
    };
    chart.markup()
}

/// The same figures, for those who cannot or do not want to see a picture.
pub fn table(report: &Report) -> Markup {
    let points = points(&report.series, POINTS_MAX);
    html! {
        details {
            summary { (count(points.len() as u64)) " rows" }
            div class="scroll" tabindex="0" role="region" aria-label="Figures of each second" {
                table {
                    thead { tr {
                        th { "time" } th { "answered/s" } th { "approved/s" } th { "declined/s" } th { "errors" }
                        @for (name, _, _) in PERCENTILES { th { (name) } }
                    } }
                    tbody {
                        @for point in &points {
                            tr {
                                th scope="row" { (at_words(point.at)) }
                                td { (per_second(point.answered)) }
                                td { (per_second(point.approved)) }
                                td { (per_second(point.declined)) }
                                td { (count(point.errors)) }
                                @for (_, _, figure) in PERCENTILES {
                                    td { (point.latency.map_or("-".to_owned(), |of| latency(figure(&of) as f64))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
