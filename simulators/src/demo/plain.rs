//! The view where there is no terminal: a line each second, and one for each purchase of the visitor.

use super::cluster::lines;
use super::own::Own;
use super::view::View;
use super::words::clock;

/// The line.
pub fn line(view: &View) -> String {
    let rate: u64 = view
        .customers
        .iter()
        .map(|rates| rates.answers_per_second)
        .sum();
    let approved: u64 = view.customers.iter().map(|rates| rates.approved).sum();
    let declined: u64 = view.customers.iter().map(|rates| rates.declined).sum();
    let link = match view.gauges {
        Some(gauges) => format!("{}/{} up", gauges.lines_up, gauges.lines),
        None => "unknown".to_owned(),
    };
    let missing: String = (view.parts.missing())
        .map(|(name, condition)| format!("  {name} {}", condition.words()))
        .collect();
    let wrong = match view.violations {
        0 => String::new(),
        count => format!("  {count} WRONG"),
    };
    let nodes = match &view.cluster {
        Some(cluster) => format!("  {}", lines::state(cluster)),
        None => String::new(),
    };
    format!(
        "{:>6}  {rate:>4} answers/s  {approved:>6} approved  {declined:>5} declined  p50 {:.1} ms  p99 {:.1} ms  link {link}{missing}{nodes}{wrong}",
        clock(view.elapsed),
        view.latency.p50_us as f64 / 1_000.0,
        view.latency.p99_us as f64 / 1_000.0,
    )
}

/// The line about something that the visitor has done.
pub fn own(own: &Own) -> String {
    format!("{:>6}  {}", clock(own.at), own.line())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::demo::supervision::parts::PartsView;
    use crate::demo::supervision::process::Condition;

    #[test]
    fn says_that_the_link_is_unknown() {
        assert!(line(&View::default()).ends_with("link unknown"));
    }

    #[test]
    fn says_when_and_where_the_visitor_has_bought() {
        let bought = Own {
            at: Duration::from_secs(75),
            shop: "Teacup & Co".to_owned(),
            kind: "purchase",
            amount: 1_999,
            code: Some(*b"51"),
        };
        assert_eq!(
            own(&bought),
            "  1:15  you      purchase Teacup & Co      19.99 USD              51 not enough money"
        );
    }

    #[test]
    fn names_what_is_down() {
        let host = ("host", Condition::Down(Duration::from_millis(4_200)));
        let view = View {
            elapsed: Duration::from_secs(765),
            parts: PartsView {
                conditions: vec![("link", Condition::Up), host],
                ..PartsView::default()
            },
            ..View::default()
        };
        let line = line(&view);
        assert!(line.ends_with("link unknown  host back in 5 s"), "{line}");
        assert!(line.starts_with(" 12:45 "), "{line}");
    }
}
