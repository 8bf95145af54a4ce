//! The shipped alert rules, as far as they are about one figure at one moment: `metric > number`. Whether they hold is read off the
//! switch's own figures, so that operators see it before, and without, Prometheus. Rules about rates and times of hours are not
//! imitated here: the page says how many of them Prometheus alone can judge.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::samples::Samples;

const RULES: &str = include_str!("../../../config/alerts.yml");

/// A rule that can be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// As in the file.
    pub name: String,
    /// In one sentence.
    pub summary: String,
    /// `page` or `ticket`.
    pub severity: String,
    /// How long it has to hold.
    pub lasts: Duration,
    metric: String,
    /// Over all labels together, or for each of them.
    is_sum: bool,
    comparison: Comparison,
    bound: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Above,
    Below,
    Equal,
}

/// A rule that holds.
#[derive(Debug, Clone)]
pub struct Alert {
    /// Which.
    pub rule: &'static Rule,
    /// Since when.
    pub since: Instant,
    /// Whether it has held for long enough to fire.
    pub fires: bool,
}

/// Those that can be judged here.
pub static JUDGED: LazyLock<Vec<Rule>> = LazyLock::new(|| blocks().filter_map(rule).collect());
/// All.
pub static ALL: LazyLock<usize> = LazyLock::new(|| blocks().count());

/// The rules that hold now.
#[derive(Debug, Default)]
pub struct Alerts(Vec<(&'static Rule, Instant)>);

impl Alerts {
    /// Judges all of them.
    pub fn judge(&mut self, samples: &Samples, now: Instant) -> Vec<Alert> {
        let holding = JUDGED.iter().filter(|rule| rule.holds(samples));
        let before = std::mem::take(&mut self.0);
        self.0 = holding
            .map(|rule| {
                let known = before.iter().find(|(known, _)| *known == rule);
                (rule, known.map_or(now, |(_, since)| *since))
            })
            .collect();
        let alerts = self.0.iter().map(|(rule, since)| Alert {
            rule,
            since: *since,
            fires: now.duration_since(*since) >= rule.lasts,
        });
        alerts.collect()
    }
}

impl Rule {
    fn holds(&self, samples: &Samples) -> bool {
        let compare = |value: f64| match self.comparison {
            Comparison::Above => value > self.bound,
            Comparison::Below => value < self.bound,
            Comparison::Equal => value == self.bound,
        };
        match self.is_sum {
            true => samples.sum(&self.metric).is_some_and(compare),
            false => samples.of(&self.metric).any(|sample| compare(sample.value)),
        }
    }
}

/// The text of each rule.
fn blocks() -> impl Iterator<Item = &'static str> {
    RULES.split("- alert: ").skip(1)
}

fn rule(block: &'static str) -> Option<Rule> {
    let value = |key: &str| {
        let line = block
            .lines()
            .find_map(|line| line.trim().strip_prefix(key))?;
        Some(line.trim().trim_matches(['"', '\'']))
    };
    let expression = value("expr:")?;
    let (left, comparison, bound) = [
        (" > ", Comparison::Above),
        (" < ", Comparison::Below),
        (" == ", Comparison::Equal),
    ]
    .into_iter()
    .find_map(|(sign, comparison)| {
        let (left, bound) = expression.split_once(sign)?;
        Some((left, comparison, bound.parse().ok()?))
    })?;
    let (metric, is_sum) = match left.strip_prefix("sum by (instance) (") {
        Some(inner) => (inner.strip_suffix(')')?, true),
        None => (left, false),
    };
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    // Of this switch: `up` is Prometheus' own word about it, and the lines are the wallet server's.
    let is_ours = metric.starts_with("tessera_")
        && metric != "tessera_wallet_lines_up"
        && metric.chars().all(is_name);
    is_ours.then(|| Rule {
        name: block.lines().next().unwrap_or_default().trim().to_owned(),
        summary: value("summary:").unwrap_or_default().to_owned(),
        severity: block
            .split_once("severity: ")
            .and_then(|(_, rest)| rest.split([' ', '}', '\n']).next())
            .unwrap_or_default()
            .to_owned(),
        lasts: value("for:").and_then(lasts).unwrap_or_default(),
        metric: metric.to_owned(),
        is_sum,
        comparison,
        bound,
    })
}

fn lasts(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.len().checked_sub(1)?);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()? * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_one_figure_are_understood_and_others_are_left_to_prometheus() {
        let named = |name: &str| JUDGED.iter().find(|rule| rule.name == name);
        let down = named("HostLinkDown").unwrap();
        assert_eq!(
            (down.severity.as_str(), down.lasts),
            ("page", Duration::from_secs(30))
        );
        assert!(down.is_sum && down.summary.contains("financial system"));
        assert_eq!(
            named("SettlementDateOpen").unwrap().lasts,
            Duration::from_secs(7_200)
        );
        for complex in [
            "SwitchDown",
            "HostSilent",
            "JournalSlow",
            "SwitchFaults",
            "HostLineOfWorkerDown",
        ] {
            assert_eq!(named(complex), None, "{complex}");
        }
        assert!(
            JUDGED.len() >= 12 && *ALL >= 50,
            "{} of {}",
            JUDGED.len(),
            *ALL
        );
        assert!(
            JUDGED
                .iter()
                .all(|rule| ["page", "ticket"].contains(&rule.severity.as_str()))
        );
    }

    #[test]
    fn an_alert_fires_when_it_has_held_for_long_enough() {
        let mut alerts = Alerts::default();
        let begun = Instant::now();
        let down = Samples::read(
            "tessera_host_line_up{worker=\"0\"} 0\ntessera_host_line_up{worker=\"1\"} 0\n",
        );
        let half = Samples::read(
            "tessera_host_line_up{worker=\"0\"} 1\ntessera_host_line_up{worker=\"1\"} 0\n",
        );
        assert!(alerts.judge(&half, begun).is_empty());
        let found = alerts.judge(&down, begun);
        assert!(found.len() == 1 && !found[0].fires);
        let later = begun + Duration::from_secs(30);
        assert!(alerts.judge(&down, later)[0].fires);
        assert!(alerts.judge(&half, later).is_empty());
        assert!(!alerts.judge(&down, later)[0].fires);
    }
}
