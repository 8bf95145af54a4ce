//! The view where there is no terminal: a line each second.

use super::cluster::lines;
use super::view::View;

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
    let wrong = match view.violations {
        0 => String::new(),
        count => format!("  {count} WRONG"),
    };
    let nodes = match &view.cluster {
        Some(cluster) => format!("  {}", lines::state(cluster)),
        None => String::new(),
    };
    format!(
        "{:>4} s  {rate:>4} answers/s  {approved:>6} approved  {declined:>5} declined  p50 {:.1} ms  p99 {:.1} ms  link {link}{nodes}{wrong}",
        view.elapsed.as_secs(),
        view.latency.p50_us as f64 / 1_000.0,
        view.latency.p99_us as f64 / 1_000.0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_that_the_link_is_unknown() {
        assert!(line(&View::default()).ends_with("link unknown"));
    }
}
