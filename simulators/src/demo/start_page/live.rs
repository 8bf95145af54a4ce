//! The live part of the page: what the terminal shows, for a browser.

use maud::{Markup, html};

use crate::demo::own::Own;
use crate::demo::supervision::process::Condition;
use crate::demo::view::{HISTORY_MAX, Rates, View};
use crate::demo::words::{clock, count, money, size};

/// Events on the page.
const EVENTS: usize = 8;

/// Units of the chart's height.
const HEIGHT: f64 = 40.0;

/// The live part.
pub(super) fn live(view: &View) -> Markup {
    let sum = |of: fn(&Rates) -> u64| view.customers.iter().map(of).sum::<u64>();
    let net = view.customers.iter().map(|rates| rates.net_minor).sum();
    let (state, is_good) = state(view);
    let events = view.parts.events.iter().rev().take(EVENTS);
    html! {
        p.state.good[is_good].bad[!is_good] id="state" { (state) }
        (own(view.own.as_ref()))
        p { "For " (clock(view.elapsed)) ", simulated malls and acquirers have bought with 1,000 cards." }
        (chart(view))
        dl {
            dt { "Answers per second" } dd { (count(sum(|rates| rates.answers_per_second))) }
            dt { "Approved" } dd id="approved" { (count(sum(|rates| rates.approved))) }
            dt { "Declined" } dd { (count(sum(|rates| rates.declined))) }
            dt { "Paid, less reversed" } dd { (money(net)) }
            dt { "Half of the answers within" } dd { (milliseconds(view.latency.p50_us)) }
            dt { "99 of 100 within" } dd { (milliseconds(view.latency.p99_us)) }
            dt { "Longest time without answers" } dd { (format!("{:.1} s", view.longest_gap.as_secs_f64())) }
            @if let Some(gauges) = view.gauges {
                dt { "Link to the host" } dd { (gauges.lines_up) " of " (gauges.lines) " up" }
                dt { "Advices waiting" } dd { (count(gauges.advices as u64)) }
                dt { "Memory of the switch" } dd { (size(gauges.memory as u64)) }
            }
            dt { "Disk, whole demo" } dd { (size(view.disk_bytes)) }
        }
        ul.parts aria-label="Parts of the demo" {
            @for (name, condition) in &view.parts.conditions {
                @let is_up = *condition == Condition::Up;
                li { (name) " " span.good[is_up].bad[!is_up] { (condition.words()) } }
            }
            @if let Some(cluster) = &view.cluster {
                @for (number, name) in cluster.names() {
                    li { (name) " " span { (cluster.role(number)) } }
                }
            }
        }
        @if view.parts.events.is_empty() {
            p { "Nothing has failed yet." }
        } @else {
            ol.events id="events" {
                @for event in events {
                    li { time { (event.when(view.started)) } span { (event.text) } }
                }
            }
        }
    }
}

/// The last thing that the visitor has done at a shop.
fn own(own: Option<&Own>) -> Markup {
    let Some(own) = own else {
        return html! { p.own id="own" { "Your own purchases at the two shops appear here." } };
    };
    let is_good = own.is_approved();
    html! {
        p.own id="own" {
            span.you { "You" } " " time { (clock(own.at)) } " "
            (own.kind) " of " strong { (money(own.amount as i64)) } " at " (own.shop) ": "
            strong.good[is_good].bad[!is_good] { (own.outcome()) }
        }
    }
}

/// How everything is, in a few words, and whether it is well.
fn state(view: &View) -> (String, bool) {
    if view.violations > 0 {
        return (format!("{} answers were wrong", view.violations), false);
    }
    let missing = view.parts.missing();
    let missing: Vec<_> = missing
        .map(|(name, condition)| format!("{name} {}", condition.words()))
        .collect();
    match (missing.is_empty(), view.phase) {
        (false, _) => (missing.join(", "), false),
        (true, "") => ("starting".to_owned(), true),
        (true, phase) => (format!("everything is up: {phase}"), true),
    }
}

fn milliseconds(microseconds: u64) -> String {
    match microseconds {
        0 => "-".to_owned(),
        _ => format!("{:.1} ms", microseconds as f64 / 1_000.0),
    }
}

/// Answers per second of the last two minutes, the newest at the right.
fn chart(view: &View) -> Markup {
    let most = view.history.iter().copied().max().unwrap_or(0).max(1);
    let first = HISTORY_MAX.saturating_sub(view.history.len());
    let points = view.history.iter().enumerate().map(|(place, answers)| {
        let down = HEIGHT - HEIGHT * (*answers as f64) / (most as f64);
        format!("{},{down:.1}", first + place)
    });
    let points: Vec<_> = points.collect();
    html! {
        svg viewBox=(format!("0 -1 {HISTORY_MAX} {}", HEIGHT + 2.0)) preserveAspectRatio="none" role="img"
            aria-label={ "Answers per second in the last two minutes, at most " (most) } {
            polyline points=(points.join(" ")) {}
        }
        p.caption aria-hidden="true" { "Answers per second, last two minutes; at most " (most) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::demo::supervision::parts::PartsView;

    #[test]
    fn shows_figures_and_what_is_down() {
        let rates = Rates {
            approved: 1_234,
            net_minor: 123_456,
            ..Rates::default()
        };
        let down = Condition::Down(Duration::from_millis(2_500));
        let mut view = View {
            phase: "running",
            customers: vec![rates; 2],
            history: [0, 4].into(),
            parts: PartsView {
                conditions: vec![("switch", Condition::Up), ("host", Condition::Up)],
                ..PartsView::default()
            },
            ..View::default()
        };
        let shown = live(&view).into_string();
        let expected = [
            "everything is up: running",
            "2,468",
            "2,469.12 USD",
            "118,40.0 119,0.0",
            "Nothing has failed yet",
        ];
        for text in expected {
            assert!(shown.contains(text), "{text} in {shown}");
        }
        assert!(shown.contains("Your own purchases"), "{shown}");
        view.own = Some(Own {
            at: Duration::from_secs(75),
            shop: "Teacup & Co".to_owned(),
            kind: "purchase",
            amount: 1_999,
            code: Some(*b"00"),
        });
        let shown = live(&view).into_string();
        let expected = "<time>1:15</time> purchase of <strong>19.99 USD</strong> at Teacup &amp; Co: \
                        <strong class=\"good\">approved</strong>";
        assert!(shown.contains(expected), "{shown}");
        view.parts.conditions[1].1 = down;
        let shown = live(&view).into_string();
        assert!(shown.contains("id=\"state\">host back in 3 s<"), "{shown}");
        view.violations = 1;
        let shown = live(&view).into_string();
        assert!(shown.contains("1 answers were wrong"), "{shown}");
    }
}
