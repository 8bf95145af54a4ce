//! A run as one page: no other file, nothing from a network, readable without a script, on a phone, in the dark and on
//! paper. In comes a report; out goes HTML.

pub(super) mod axis;
pub(super) mod chart;
pub(super) mod series;
pub(super) mod tables;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::axis::Axis;
use self::chart::Chart;
use crate::load::report::Report;
use crate::load::report::advice::advice;
use crate::load::words::{count, latency, share};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Nothing is fetched, whatever a page is given to show.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The page of a run.
pub fn page(report: &Report) -> String {
    let body = html! {
        (head(report))
        (tiles(report))
        (remedies(report))
        (tables::thresholds(report))
        section {
            h2 { "Throughput" }
            (series::throughput(report))
        }
        section {
            h2 { "Latency over time" }
            p class="pale" { (series::about_points(report)) }
            (series::latencies(report))
        }
        section {
            h2 { "Distribution of latencies" }
            p class="pale" { "From the planned instant of a request to its answer, in an open loop; from its sending in a closed one." }
            (histogram(report))
        }
        section {
            h2 { "Answers" }
            (tables::codes(report))
        }
        (tables::stages(report))
        section {
            h2 { "Kinds of requests" }
            (tables::kinds(report))
        }
        section {
            h2 { "Proof" }
            (tables::proof(report))
        }
        section {
            h2 { "Machine and settings" }
            (tables::about(&report.about))
        }
        section {
            h2 { "Figures of each second" }
            (series::table(report))
        }
    };
    document(&report.about.name, &body)
}

/// A whole document.
pub(super) fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) " - tessera load" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn head(report: &Report) -> Markup {
    html! {
        header {
            h1 { (report.about.name) }
            @if report.clean() && report.passed() {
                span class="verdict good" { "✓ passed" }
            } @else {
                span class="verdict bad" { "✗ failed" }
            }
        }
        p class="pale" {
            (report.about.started.replace('T', " ").replace('Z', " UTC")) ", "
            (tables::number(report.seconds)) " s of load on " (report.target) ": " (report.pace) ", "
            (count(report.connections.into())) @if report.connections == 1 { " connection" } @else { " connections" } "."
        }
    }
}

/// The figures that matter most.
fn tiles(report: &Report) -> Markup {
    let of = |microseconds: u64| latency(microseconds as f64);
    let decided = report.approved + report.declined;
    let errors = report.errors();
    html! {
        dl class="tiles" {
            div { dt { "Answers/s" } dd { (count(report.steady.requests_per_second.round() as u64)) small { "of " (count(report.answered)) " answers" } } }
            div { dt { "Approved" } dd { (share(report.approved, decided)) small { "of " (count(decided)) " purchases" } } }
            div { dt { "Errors" } dd class=[(errors > 0).then_some("bad")] { (count(errors)) small { (share(errors, report.sent)) " of the requests" } } }
            div { dt { "p50" } dd { (of(report.latency.p50_us)) } }
            div { dt { "p90" } dd { (of(report.latency.p90_us)) } }
            div { dt { "p99" } dd { (of(report.latency.p99_us)) } }
            div { dt { "p99.9" } dd { (of(report.latency.p999_us)) } }
            div { dt { "Longest" } dd { (of(report.latency.max_us)) } }
        }
    }
}

/// What went wrong, and what to do.
fn remedies(report: &Report) -> Markup {
    let all = advice(report);
    html! {
        @if !all.is_empty() {
            section {
                h2 { "What to look at" }
                ul class="remedies" {
                    @for one in &all {
                        li {
                            strong class=(if one.is_error { "bad" } else { "note" }) { (one.what) "." }
                            " " (one.remedy)
                        }
                    }
                }
            }
        }
    }
}

/// All latencies on a logarithmic axis, and where the percentiles are.
fn histogram(report: &Report) -> Markup {
    let (Some(first), Some(last)) = (report.histogram.first(), report.histogram.last()) else {
        return html! { p { "No request was answered." } };
    };
    let most = report.histogram.iter().map(|bucket| bucket.count).max();
    let of = &report.latency;
    let marks = [
        ("p50", of.p50_us),
        ("p90", of.p90_us),
        ("p99", of.p99_us),
        ("p99.9", of.p999_us),
    ];
    let total = report.histogram.iter().map(|bucket| bucket.count).sum();
    let words = |figure: f64| count(figure.round() as u64);
    let chart = Chart {
        described: format!(
            "Histogram of {} latencies from {} to {}. Half were below {}, 99 of 100 below {}.",
            count(total),
            latency(first.from_us),
            latency(of.max_us as f64),
            latency(of.p50_us as f64),
            latency(of.p99_us as f64)
        ),
        across: Axis::log(first.from_us, last.to_us),
        across_words: &axis::latency_words,
        up: Axis::linear(most.unwrap_or(0) as f64),
        up_words: &words,
        bars: (report.histogram.iter())
            .map(|bucket| (bucket.from_us, bucket.to_us, bucket.count as f64))
            .collect(),
        lines: Vec::new(),
        marks: (marks.into_iter())
            .map(|(name, at)| (at as f64, name.to_owned()))
            .collect(),
        hints: (report.histogram.iter())
            .map(|bucket| {
                let hint = format!(
                    "{} to {} · {} answers · {}",
                    latency(bucket.from_us),
                    latency(bucket.to_us),
                    count(bucket.count),
                    share(bucket.count, total)
                );
                ((bucket.from_us * bucket.to_us).sqrt(), hint)
            })
            .collect(),
    };
    chart.markup()
}

#[cfg(test)]
mod tests;
