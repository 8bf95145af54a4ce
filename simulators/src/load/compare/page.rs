//! The comparison as one page.

use maud::{Markup, html};

use super::text::{CAUTION, figure, noise, ratio};
use super::{Comparison, Row};
use crate::load::page::axis::{Axis, latency_words};
use crate::load::page::chart::{Chart, Line};
use crate::load::page::document;
use crate::load::page::series::{Point, at_words, end, points, whole};
use crate::load::page::tables::number;
use crate::load::report::Report;
use crate::load::report::buckets::Bucket;
use crate::load::words::count;

/// Points of a line.
const POINTS_MAX: usize = 300;

impl Comparison {
    /// The page.
    pub fn page(&self) -> String {
        let body = html! {
            header { h1 { "A: " (self.a.about.name) br; "B: " (self.b.about.name) } }
            p class="pale" {
                @for (letter, run) in [("A", &self.a), ("B", &self.b)] {
                    (letter) ": " (run.about.started.replace('T', " ").replace('Z', " UTC")) ", "
                    (number(run.seconds)) " s, " (run.pace) ", "
                    @if run.clean() { span class="good" { "✓ passed" } } @else { span class="bad" { "✗ failed" } }
                    ". "
                }
            }
            section {
                h2 { "What came of it" }
                ul class="remedies" { @for sentence in self.summary() { li { (sentence) } } }
                p class="pale" { (CAUTION) }
            }
            section { h2 { "Figures" } (self.figures()) }
            section { h2 { "Throughput" } (self.throughput()) }
            section { h2 { "Median over time" } (self.percentile("p50", |point| point.latency.map(|of| of.p50_us))) }
            section { h2 { "99th percentile over time" } (self.percentile("p99", |point| point.latency.map(|of| of.p99_us))) }
            section {
                h2 { "Distribution of latencies" }
                (self.histogram())
            }
            section { h2 { "What else differs" } (self.others()) }
        };
        let title = format!("{} and {}", self.a.about.name, self.b.about.name);
        document(&title, &body)
    }

    fn figures(&self) -> Markup {
        html! {
            div class="scroll" tabindex="0" role="region" aria-label="Figures" {
                table {
                    thead { tr { th { "figure" } th { "A" } th { "B" } th { "B / A" } th class="words" { "difference" } } }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                th scope="row" { (row.name) }
                                td { (figure(row, row.a)) } td { (figure(row, row.b)) }
                                td class=(class(row)) { (ratio(row)) }
                                td class={ "words " (class(row)) } { (noise(row)) (better(row)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn both(&self) -> [(&'static str, &'static str, Vec<Point>); 2] {
        let points = |report: &Report| points(whole(&report.series), POINTS_MAX);
        [("A", "a", points(&self.a)), ("B", "c", points(&self.b))]
    }

    fn throughput(&self) -> Markup {
        let both = self.both();
        let most = both.iter().flat_map(|(_, _, points)| points);
        let most = most.map(|point| point.answered).fold(0.0, f64::max);
        let words = |figure: f64| count(figure.round() as u64);
        let of = |point: &Point| Some(point.answered);
        let end = both
            .iter()
            .map(|(_, _, points)| end(points))
            .fold(1.0, f64::max);
        overlaid(
            "Answers per second of both runs",
            &both,
            Axis::exact(end),
            Axis::linear(most),
            &words,
            of,
        )
    }

    fn percentile(&self, name: &str, of: fn(&Point) -> Option<u64>) -> Markup {
        let both = self.both();
        let figures = || both.iter().flat_map(|(_, _, points)| points).filter_map(of);
        let (Some(least), Some(most)) = (figures().min(), figures().max()) else {
            return html! { p { "No request was answered." } };
        };
        let end = both
            .iter()
            .map(|(_, _, points)| end(points))
            .fold(1.0, f64::max);
        overlaid(
            &format!("The {name} of each second of both runs"),
            &both,
            Axis::exact(end),
            Axis::log(least as f64, most as f64),
            &latency_words,
            |point| of(point).map(|microseconds| microseconds as f64),
        )
    }

    fn histogram(&self) -> Markup {
        let edges = || self.a.histogram.iter().chain(&self.b.histogram);
        let least = edges()
            .map(|bucket| bucket.from_us)
            .fold(f64::MAX, f64::min);
        let most = edges().map(|bucket| bucket.to_us).fold(0.0, f64::max);
        if most == 0.0 {
            return html! { p { "No request was answered." } };
        }
        let line = |name: &str, class, buckets: &[Bucket]| {
            let total: u64 = buckets.iter().map(|bucket| bucket.count).sum();
            let point = |bucket: &Bucket| {
                let share = bucket.count as f64 * 100.0 / total.max(1) as f64;
                ((bucket.from_us * bucket.to_us).sqrt(), Some(share))
            };
            Line {
                name: name.to_owned(),
                class,
                points: buckets.iter().map(point).collect(),
            }
        };
        let lines = vec![
            line("A", "a", &self.a.histogram),
            line("B", "c", &self.b.histogram),
        ];
        let shares = lines.iter().flat_map(|line| &line.points);
        let highest = shares.filter_map(|(_, share)| *share).fold(0.0, f64::max);
        let words = |figure: f64| format!("{figure}%");
        let chart = Chart {
            described: "Shares of the latencies of both runs".to_owned(),
            across: Axis::log(least, most),
            across_words: &latency_words,
            up: Axis::linear(highest),
            up_words: &words,
            bars: Vec::new(),
            lines,
            marks: Vec::new(),
            hints: Vec::new(),
        };
        chart.markup()
    }

    fn others(&self) -> Markup {
        html! {
            @if self.differences.is_empty() {
                p { "Nothing: settings, machine and build are the same." }
            } @else {
                table class="facts" {
                    thead { tr { th { "setting" } th class="words" { "A" } th class="words" { "B" } } }
                    tbody {
                        @for difference in &self.differences {
                            tr { th scope="row" { (difference.name.replace('_', " ")) } td { (difference.a) } td { (difference.b) } }
                        }
                    }
                }
            }
        }
    }
}

fn class(row: &Row) -> &'static str {
    match row.is_better() {
        Some(true) => "good",
        Some(false) => "bad",
        None => "",
    }
}

fn better(row: &Row) -> &'static str {
    match row.is_better() {
        Some(true) => ", better",
        Some(false) => ", worse",
        None => "",
    }
}

/// A line of each run.
fn overlaid(
    described: &str,
    both: &[(&'static str, &'static str, Vec<Point>); 2],
    across: Axis,
    up: Axis,
    up_words: &dyn Fn(f64) -> String,
    of: impl Fn(&Point) -> Option<f64>,
) -> Markup {
    let middle = |point: &Point| point.at + point.seconds / 2.0;
    let longest = both.iter().max_by_key(|(_, _, points)| points.len());
    let words = |points: &[Point], at: usize| {
        let figure = points.get(at).and_then(&of);
        figure.map_or("-".to_owned(), up_words)
    };
    let hints = longest.iter().flat_map(|(_, _, points)| points).enumerate();
    let chart = Chart {
        described: described.to_owned(),
        across,
        across_words: &at_words,
        up,
        up_words,
        bars: Vec::new(),
        lines: (both.iter())
            .map(|(name, class, points)| Line {
                name: (*name).to_owned(),
                class,
                points: points
                    .iter()
                    .map(|point| (middle(point), of(point)))
                    .collect(),
            })
            .collect(),
        marks: Vec::new(),
        hints: hints
            .map(|(at, point)| {
                let [a, b] = [0, 1].map(|run: usize| words(&both[run].2, at));
                let hint = format!("{} · A {a} · B {b}", at_words(point.at));
                (middle(point), hint)
            })
            .collect(),
    };
    chart.markup()
}
