//! What the switch is doing, as it happens.

use std::time::Duration;

use actix_web::HttpResponse;
use maud::{Markup, html};
use serde_json::Value;
use tessera_ledger::moment::rfc_3339;

use crate::watch::alerts::{ALL, JUDGED};
use crate::watch::figures::Point;
use crate::watch::samples::Samples;
use crate::watch::{Node, State, View};
use crate::web::table::{objects, table, text, time};
use crate::web::{Operator, Trouble};

/// `GET /`.
///
/// # Errors
/// Where nobody is signed in.
pub async fn show(operator: Operator) -> Result<HttpResponse, Trouble> {
    let view = operator.view();
    let cluster = operator.app.switch.cluster().await;
    let body = html! {
        h1 { "Overview" }
        div id="live" { (live(&view)) }
        noscript { p { a href="/" { "Load the page again" } " for newer figures." } }
        @if let Some(cluster) = cluster { (nodes_of(cluster)) }
    };
    Ok(operator.page("Overview", "/", &body))
}

/// The parts that move. Each has an id: the script replaces the contents of those that have changed.
pub fn live(view: &View) -> Markup {
    html! {
        section aria-labelledby="now" {
            h2 id="now" { "Now" }
            div id="health-part" data-part { (health(view)) }
            div id="tiles" data-part { @if let Some(samples) = view.samples() { (tiles(view, samples)) } }
        }
        section aria-labelledby="traffic" {
            h2 id="traffic" { "Purchases in the last two minutes" }
            div id="charts" data-part { (charts(&view.figures.chart)) }
        }
        div.columns {
            section aria-labelledby="declines" {
                h2 id="declines" { "Declines in the last minute" }
                div id="declines-part" data-part { (declines(view)) }
            }
            section aria-labelledby="alerts" {
                h2 id="alerts" { "Alerts" }
                div id="alerts-part" data-part { (alerts(view)) }
            }
            section aria-labelledby="waiting" {
                h2 id="waiting" { "Waits for an operator" }
                div id="waiting-part" data-part { @if let Some(samples) = view.samples() { (waiting(samples)) } }
                p.links-line { a href="/advices" { "Dead letters" } " · " a href="/notifications" { "Notifications" } " · " a href="/settlement" { "Settlement" } }
            }
            section aria-labelledby="queues" {
                h2 id="queues" { "Queues, journal and disk" }
                div id="queues-part" data-part { @if let Some(samples) = view.samples() { (inside(view, samples)) } }
            }
        }
        @if view.nodes.len() > 1 {
            section aria-labelledby="nodes" {
                h2 id="nodes" { "Nodes" }
                div id="nodes-part" data-part { (nodes(view)) }
            }
        }
    }
}

fn health(view: &View) -> Markup {
    let health = view.health();
    let since = view.nodes.get(view.active).map(|node| rfc_3339(node.since));
    html! {
        @if health.is_good() {
            p { strong { (view.words()) "." } " Purchases can be approved." }
        } @else {
            div.wrong {
                p { strong { (health.words()) "." } @if let Some(since) = &since { " Since " (time(since)) "." } }
            }
        }
    }
}

fn tiles(view: &View, samples: &Samples) -> Markup {
    let figures = &view.figures;
    let lines: Vec<_> = samples
        .of("tessera_host_line_up")
        .map(|line| line.value)
        .collect();
    let up = lines.iter().filter(|value| **value > 0.0).count();
    let in_flight = samples
        .sum("tessera_requests_in_flight")
        .unwrap_or_default();
    let connections = samples.sum("tessera_party_connections").unwrap_or_default();
    let tile = |name: &str, value: String, note: &str, bad: bool| {
        html! { div.tile.bad[bad] { dt { (name) } dd { (value) } @if !note.is_empty() { dd.note { (note) } } } }
    };
    html! {
        dl.tiles {
            (tile("Approved", rate(figures.approved), "in a second", false))
            (tile("Declined", rate(figures.declined), "in a second", false))
            (tile("Half within", milliseconds(figures.p50), "p50 of 10 s", false))
            (tile("99% within", milliseconds(figures.p99), "p99 of 10 s", false))
            (tile("Host lines", format!("{up} of {}", lines.len()), "signed on", up == 0))
            (tile("Under way", count(in_flight), "requests", false))
            (tile("Connections", count(connections), "of parties", false))
            (tile("Journal sync", milliseconds(figures.sync_p99), "p99 of 10 s", false))
        }
    }
}

fn charts(points: &[Point]) -> Markup {
    let approved = |point: &Point| Some(point.approved);
    let declined = |point: &Point| Some(point.declined);
    let seconds = |point: &Point| point.p99;
    let most =
        |value: &dyn Fn(&Point) -> Option<f64>| points.iter().filter_map(value).fold(0.0, f64::max);
    let top = nice(most(&approved).max(most(&declined)));
    let slowest = most(&seconds);
    html! {
        @if points.len() < 2 {
            p.hint { "The charts begin after two seconds." }
        } @else {
            div.charts {
                figure.chart {
                    figcaption { "In a second: " span.key.of-approved { "approved" } ", " span.key.of-declined { "declined" } }
                    (chart(points, top, &[("approved", &approved), ("declined", &declined)], &count(top)))
                }
                figure.chart {
                    figcaption { span.key.of-latency { "99% answered within" } }
                    (chart(points, nice(slowest), &[("latency", &seconds)], &milliseconds(Some(nice(slowest)))))
                }
            }
        }
    }
}

type Read = dyn Fn(&Point) -> Option<f64>;

/// Lines over two minutes, from 0 to `top`, which the label names.
fn chart(points: &[Point], top: f64, lines: &[(&str, &Read)], label: &str) -> Markup {
    let (width, height) = (480.0, 110.0);
    let span = crate::watch::figures::CHART.as_secs_f64();
    let place = |point: &Point, value: f64| {
        let across = width * (1.0 - point.ago / span);
        let up = match top > 0.0 {
            true => height * (1.0 - value / top),
            false => height,
        };
        format!("{across:.1},{up:.1}")
    };
    let drawn = |value: &Read| -> String {
        let places = points
            .iter()
            .filter_map(|point| Some(place(point, value(point)?)));
        places.collect::<Vec<_>>().join(" ")
    };
    let newest = |value: &Read| points.last().and_then(value).unwrap_or_default();
    let words: Vec<_> = lines
        .iter()
        .map(|&(name, value)| format!("{name} now {:.3}", newest(value)))
        .collect();
    html! {
        div.plot {
            span.top-label { (label) }
            svg viewBox={ "0 0 " (width) " " (height) } preserveAspectRatio="none" role="img" aria-label=(words.join(", ")) {
                line.grid x1="0" y1="0.5" x2=(width) y2="0.5" {}
                line.grid x1="0" y1=(height / 2.0) x2=(width) y2=(height / 2.0) {}
                line.grid x1="0" y1=(height - 0.5) x2=(width) y2=(height - 0.5) {}
                @for &(name, value) in lines {
                    polyline class={ "of-" (name) } points=(drawn(value)) fill="none" vector-effect="non-scaling-stroke" {}
                }
            }
            span.axis { span { "2 min ago" } span { "now" } }
        }
    }
}

fn declines(view: &View) -> Markup {
    let declines = &view.figures.declines;
    let most = declines.first().map_or(1.0, |(.., count)| *count);
    html! {
        @if declines.is_empty() {
            p.hint { "None." }
        } @else {
            ul.bars {
                @for (code, reason, number) in declines.iter().take(8) {
                    li {
                        span.what { code { (code) } " " (reason.replace('_', " ")) }
                        span.number { (count(*number)) }
                        meter min="0" max=(most) value=(number) aria-label={ (code) " " (reason) } {}
                    }
                }
            }
        }
    }
}

fn alerts(view: &View) -> Markup {
    let others = *ALL - JUDGED.len();
    html! {
        @if view.samples().is_none() {
            p.bad { "The figures of the switch can't be read: assume the worst." }
        } @else if view.alerts.is_empty() {
            p { "No rule on a present figure holds." }
        } @else {
            ul.alerts {
                @for alert in &view.alerts {
                    li.fires[alert.fires] {
                        strong { (alert.rule.name) } " " span.badge { (alert.rule.severity) }
                        br; (alert.rule.summary)
                        " It has held for " (seconds(alert.since.elapsed()))
                        @if alert.fires { "." } @else { ", and fires after " (seconds(alert.rule.lasts)) "." }
                    }
                }
            }
        }
        p.hint { "Judged here: the " (JUDGED.len()) " shipped rules on a present figure. Prometheus judges " (others) " more, on rates and other programs." }
    }
}

fn waiting(samples: &Samples) -> Markup {
    let row = |name: &str, metric: &str, bad: bool| {
        let value = samples.sum(metric).unwrap_or_default();
        html! { dt { (name) } dd.bad[bad && value > 0.0] { (count(value)) } }
    };
    html! {
        dl.pairs {
            (row("Advices given up", "tessera_store_and_forward_dead", true))
            (row("Notifications given up", "tessera_notifications_dead", true))
            (row("Settlement dates open", "tessera_host_settlement_dates_open", true))
            (row("Not recognised by payers, since the start", "tessera_transactions_disputed_total", false))
        }
    }
}

fn inside(view: &View, samples: &Samples) -> Markup {
    let sum = |metric: &str| count(samples.sum(metric).unwrap_or_default());
    let mut queues: Vec<(String, f64)> = Vec::new();
    for sample in samples.of("tessera_queue_depth") {
        let name = sample.label("queue");
        match queues.iter_mut().find(|(known, _)| known == name) {
            Some((_, depth)) => *depth += sample.value,
            None => queues.push((name.to_owned(), sample.value)),
        }
    }
    let appended = samples
        .sum("tessera_journal_appended_sequence")
        .unwrap_or_default();
    let durable = samples
        .sum("tessera_journal_durable_sequence")
        .unwrap_or_default();
    let sizes = samples.of("tessera_disk_size_bytes");
    let disks: Vec<_> = sizes
        .map(|size| {
            let folder = size.label("folder");
            let free = samples
                .of("tessera_disk_free_bytes")
                .find(|free| free.label("folder") == folder);
            (
                folder.to_owned(),
                free.map_or(0.0, |free| free.value),
                size.value,
            )
        })
        .collect();
    let version = samples
        .of("tessera_build_info")
        .next()
        .map(|info| info.label("version").to_owned());
    html! {
        dl.pairs {
            @for (name, depth) in &queues { dt { "Queue: " (name.replace('_', " ")) } dd { (count(*depth)) } }
            dt { "Requests at the financial system" } dd { (sum("tessera_host_requests_in_flight")) }
            dt { "Advices not acknowledged" } dd { (sum("tessera_store_and_forward_depth")) }
            dt { "Notifications waiting" } dd { (sum("tessera_notifications_waiting")) }
            dt { "Journal: records" } dd { (count(durable)) }
            dt { "Journal: not durable yet" } dd { (count((appended - durable).max(0.0))) }
            dt { "Wallets in memory" } dd { (sum("tessera_wallet_actors_active")) }
            dt { "Memory" } dd { (bytes(samples.sum("process_resident_memory_bytes").unwrap_or_default())) }
            @for (folder, free, size) in &disks { dt { "Disk free: " (folder) } dd { (bytes(*free)) " of " (bytes(*size)) } }
            @if let Some(version) = version { dt { "Version" } dd { (version) } }
            dt { "Asked at" } dd { (time(&rfc_3339(view.at))) }
        }
    }
}

fn nodes(view: &View) -> Markup {
    let rows: Vec<_> = view
        .nodes
        .iter()
        .enumerate()
        .map(|(number, node)| {
            vec![
                html! { strong { (node.name) } },
                html! { code { (node.address) } },
                html! {
                    @if node.is_active() { strong.good { "active" } }
                    @else if number == view.active { "was active last" }
                    @else if node.is_there() { "standby" }
                    @else { "–" }
                },
                html! { (state_words(node)) },
                html! { (time(&rfc_3339(node.since))) },
            ]
        })
        .collect();
    table(
        "Nodes",
        &["Node", "Operations port", "Role", "State", "Since"],
        &rows,
    )
}

fn state_words(node: &Node) -> String {
    match &node.state {
        State::Unknown => "not asked yet".to_owned(),
        State::Gone => "does not answer".to_owned(),
        State::There { reasons, .. } if reasons.is_empty() => "ready".to_owned(),
        State::There { reasons, .. } => reasons.join(", "),
    }
}

/// As `tessera cluster status` has it.
fn nodes_of(cluster: Result<Value, String>) -> Markup {
    let cluster = match cluster {
        Ok(cluster) => cluster,
        Err(why) => {
            return html! { section { h2 { "Cluster" } div.wrong { p { "The replicated log can't be read: " (why) } } } };
        }
    };
    let rows: Vec<_> = objects(&cluster["nodes"])
        .iter()
        .map(|node| {
            let could = match text(node, "why_not") {
                none if none.is_empty() && node["role"] == "active" => "–".to_owned(),
                none if none.is_empty() => "yes".to_owned(),
                why => format!("no: {why}"),
            };
            let cells = [
                "node",
                "role",
                "synced",
                "entries_behind",
                "lag_milliseconds",
                "build",
            ];
            let mut row: Vec<_> = cells
                .iter()
                .map(|key| html! { (text(node, key)) })
                .collect();
            row.push(html! { (could) });
            row
        })
        .collect();
    let etcd = &cluster["etcd"];
    html! {
        section aria-labelledby="cluster" {
            h2 id="cluster" { "Cluster" }
            p {
                "Epoch " (text(&cluster, "epoch")) ", entry " (text(&cluster, "entry")) "; etcd " (text(etcd, "version")) ": "
                (text(etcd, "members_up")) " of " (text(etcd, "members")) " members answer. As it was when this page was loaded."
            }
            (table("Cluster", &["Node", "Role", "Synced", "Behind", "Lag, ms", "Build", "Could take over"], &rows))
        }
    }
}

/// Minutes, where there are two of them.
fn seconds(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

fn rate(value: f64) -> String {
    match value {
        value if value >= 100.0 => count(value),
        value => format!("{value:.1}"),
    }
}

fn milliseconds(seconds: Option<f64>) -> String {
    match seconds.map(|seconds| seconds * 1000.0) {
        None => "–".to_owned(),
        Some(value) if value >= 10.0 => format!("{} ms", count(value)),
        Some(value) => format!("{value:.1} ms"),
    }
}

/// A whole number, its thousands apart.
fn count(value: f64) -> String {
    let digits = format!("{:.0}", value.max(0.0));
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn bytes(value: f64) -> String {
    let mut value = value;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return match unit {
                "B" => format!("{value:.0} B"),
                unit => format!("{value:.1} {unit}"),
            };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

/// The next of 1, 2 and 5 with any number of zeros.
fn nice(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let scale = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * scale);
    steps
        .into_iter()
        .find(|step| *step >= value)
        .unwrap_or(10.0 * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            (count(0.0), count(999.4), count(1_234_567.0)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
        assert_eq!((rate(3.25), rate(1_250.0)), ("3.2".into(), "1,250".into()));
        assert_eq!(
            (
                milliseconds(None),
                milliseconds(Some(0.0042)),
                milliseconds(Some(1.5))
            ),
            ("–".into(), "4.2 ms".into(), "1,500 ms".into())
        );
        assert_eq!(
            (
                bytes(512.0),
                bytes(1536.0),
                bytes(3.0 * 1024.0 * 1024.0 * 1024.0)
            ),
            ("512 B".into(), "1.5 KiB".into(), "3.0 GiB".into())
        );
        assert_eq!(
            [0.0, 0.9, 3.0, 5.0, 70.0, 180.0].map(nice),
            [1.0, 1.0, 5.0, 5.0, 100.0, 200.0]
        );
    }

    #[test]
    fn a_chart_has_its_newest_point_at_the_right() {
        let point = |ago, approved| Point {
            ago,
            approved,
            declined: 0.0,
            p99: None,
        };
        let value = |point: &Point| Some(point.approved);
        let drawn = chart(
            &[point(120.0, 10.0), point(0.0, 5.0)],
            10.0,
            &[("approved", &value)],
            "10",
        )
        .0;
        assert!(drawn.contains("0.0,0.0 480.0,55.0"), "{drawn}");
    }
}
