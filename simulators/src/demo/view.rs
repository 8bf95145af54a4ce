//! What is shown, gathered once and then drawn on a terminal or written as lines: counters of both customers,
//! their rates over the last second, the last transactions, what the switch says of itself.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tessera_protocol::CardNumber;

use super::cluster::board::ClusterView;
use super::gauges::Gauges;
use super::own::Own;
use super::steps::Step;
use super::supervision::parts::PartsView;
use super::traffic::Customer;
use super::words;
use crate::load::{Kind, Latency, Seen, Statistics};

/// Seconds of throughput that are kept for the picture.
pub const HISTORY_MAX: usize = 120;

/// How long what has happened has the place of the transactions in a small picture.
const EVENTFUL_FOR: Duration = Duration::from_secs(15);

/// Transactions that are kept for the picture.
const RECENT_MAX: usize = 40;

/// Everything that is shown.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Since the customers came.
    pub elapsed: Duration,
    /// When they shall leave.
    pub duration: Option<Duration>,
    /// What is going on, in a word.
    pub phase: &'static str,
    /// What a visitor can do.
    pub steps: Vec<Step>,
    /// Where malls connect, to the switch or to each node, and where the figures are.
    pub mall_addresses: Vec<String>,
    /// `/metrics`, as a browser wants it.
    pub metrics_address: String,
    /// One for each customer.
    pub customers: Vec<Rates>,
    /// Of all customers together, over the last second.
    pub latency: Latency,
    /// Answers per second, oldest first.
    pub history: VecDeque<u64>,
    /// The last transactions, newest first.
    pub recent: VecDeque<Recent>,
    /// The last thing that the visitor has done at a shop.
    pub own: Option<Own>,
    /// `None` while the switch does not answer.
    pub gauges: Option<Gauges>,
    /// What all files of the demo take on the disk.
    pub disk_bytes: u64,
    /// What was wrong so far.
    pub violations: u64,
    /// The longest time in which a customer got no answer to a purchase.
    pub longest_gap: Duration,
    /// How long nobody has got an answer now.
    pub silence: Duration,
    /// What may fail, and what has happened to it.
    pub parts: PartsView,
    /// The nodes, where there are several.
    pub cluster: Option<ClusterView>,
    /// When the customers came.
    pub started: Option<Instant>,
}

impl View {
    /// Whether something has happened that a small picture should have in place of transactions.
    pub fn is_eventful(&self) -> bool {
        let last = self.parts.events.last();
        let is_new = last.is_some_and(|event| event.at.elapsed() < EVENTFUL_FOR);
        is_new || self.parts.missing().next().is_some()
    }

    /// Adds something that the visitor has done.
    pub fn add_own(&mut self, own: &Own) {
        self.recent.push_front(Recent {
            text: own.line(),
            is_own: true,
        });
        self.own = Some(own.clone());
    }

    /// The newest transactions, in so many lines. The visitor's last one stays, as the last line, when others have come after it.
    pub fn newest(&self, lines: usize) -> Vec<Recent> {
        let mut newest: Vec<_> = self.recent.iter().take(lines).cloned().collect();
        if let Some(own) = &self.own
            && !newest.iter().any(|recent| recent.is_own)
            && let Some(last) = newest.last_mut()
        {
            *last = Recent {
                text: own.line(),
                is_own: true,
            };
        }
        newest
    }

    /// What this is.
    pub fn title(&self) -> &'static str {
        match self.cluster {
            Some(_) => "Tessera: three switches, one active",
            None => "Tessera",
        }
    }
}

/// A transaction in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recent {
    /// In at most 78 columns.
    pub text: String,
    /// Whether it is the visitor's own.
    pub is_own: bool,
}

/// A customer's figures.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// Its name.
    pub name: &'static str,
    /// Answers over the last second.
    pub answers_per_second: u64,
    /// All approvals and declines.
    pub approved: u64,
    /// See `approved`.
    pub declined: u64,
    /// Minor units approved, less reversed.
    pub net_minor: i64,
}

/// Remembers the last sample, so that rates can be computed.
#[derive(Default)]
pub struct Watcher {
    last: Vec<Statistics>,
    /// Answers so far, and when that number was seen first.
    answered: Option<(u64, Instant)>,
}

impl Watcher {
    /// Looks whether an answer has come. To be called for each picture.
    pub fn glance(&mut self, customers: &[Customer], view: &mut View) {
        let answers = |customer: &Customer| customer.live.statistics.borrow().answered_total();
        let answered = customers.iter().map(answers).sum();
        let now = Instant::now();
        match self.answered {
            Some((before, since)) if before == answered => view.silence = now - since,
            _ => {
                view.silence = Duration::ZERO;
                self.answered = Some((answered, now));
            }
        }
    }

    /// Looks at every customer. To be called once a second.
    pub fn look(&mut self, customers: &[Customer], view: &mut View) {
        let now: Vec<Statistics> = customers
            .iter()
            .map(|customer| customer.live.statistics.borrow().clone())
            .collect();
        let before = std::mem::take(&mut self.last);
        let mut latency: Option<Histogram<u64>> = None;
        view.customers.clear();
        view.violations = now
            .iter()
            .map(|statistics| statistics.violations.count)
            .sum();
        let gap = now.iter().map(Statistics::longest_gap).max();
        view.longest_gap = Duration::from_nanos(gap.unwrap_or(0));
        for (place, (customer, statistics)) in customers.iter().zip(&now).enumerate() {
            let mut last_second = statistics.all_latencies();
            let mut answered = statistics.answered_total();
            if let Some(before) = before.get(place) {
                // Cannot fail: the earlier one is part of the later one.
                let _ = last_second.subtract(before.all_latencies());
                answered -= before.answered_total();
            }
            view.customers.push(Rates {
                name: customer.name,
                answers_per_second: answered,
                approved: statistics.approved,
                declined: statistics.declined,
                net_minor: statistics.net_approved,
            });
            match &mut latency {
                // Cannot fail either: all have the same bounds.
                Some(latency) => latency.add(&last_second).unwrap_or_default(),
                None => latency = Some(last_second),
            }
        }
        view.latency = latency.as_ref().map(Latency::from).unwrap_or_default();
        view.history.push_back(
            view.customers
                .iter()
                .map(|rates| rates.answers_per_second)
                .sum(),
        );
        if view.history.len() > HISTORY_MAX {
            view.history.pop_front();
        }
        for (customer, statistics) in customers.iter().zip(&now) {
            // The newest few of each: at a gentle rate that is enough to see both kinds.
            let newest = statistics.recent().rev().take(4).collect::<Vec<_>>();
            for seen in newest.into_iter().rev() {
                view.recent.push_front(Recent {
                    text: sentence(customer.name, seen),
                    is_own: false,
                });
            }
        }
        view.recent.truncate(RECENT_MAX);
        self.last = now;
    }
}

/// A transaction in words; the card is masked, and absent if a mall got none.
fn sentence(customer: &str, seen: &Seen) -> String {
    let payer = match seen.order {
        Some(order) => format!("order {order:08}"),
        None => CardNumber::development(seen.serial.into()).to_string(),
    };
    let code = String::from_utf8_lossy(&seen.code).into_owned();
    let outcome = words::outcome(seen.code);
    let amount = match seen.kind {
        Kind::Inquiry => String::new(),
        _ => words::money(seen.amount as i64),
    };
    let milliseconds = seen.microseconds as f64 / 1_000.0;
    let kind = seen.kind.noun();
    format!("{customer:8} {kind:8} {payer:16} {amount:>9} {milliseconds:>8.1} ms  {code} {outcome}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_card_number() {
        let seen = Seen {
            kind: Kind::Purchase,
            serial: 1,
            order: None,
            amount: 1_234,
            code: *b"00",
            microseconds: 1_500,
        };
        let shown = sentence("by card", &seen);
        assert!(
            shown.contains("990000******0010") && shown.contains("12.34 USD"),
            "{shown}"
        );
        let shown = sentence(
            "by order",
            &Seen {
                order: Some(7),
                ..seen
            },
        );
        assert!(!shown.contains("9900"), "{shown}");
    }

    #[test]
    fn the_visitors_last_purchase_stays_where_others_have_come_after_it() {
        let mut view = View::default();
        assert_eq!(view.newest(3), []);
        let own = Own {
            at: Duration::ZERO,
            shop: "Teacup & Co".to_owned(),
            kind: "purchase",
            amount: 1_999,
            code: Some(*b"00"),
        };
        view.add_own(&own);
        for number in 0..9 {
            let text = format!("of a customer {number}");
            view.recent.push_front(Recent {
                text,
                is_own: false,
            });
        }
        let texts = |lines| -> Vec<String> {
            let newest = view.newest(lines).into_iter();
            newest.map(|recent| recent.text).collect()
        };
        assert_eq!(texts(2), ["of a customer 8", &*own.line()]);
        assert_eq!(texts(40).len(), 10);
        assert_eq!(texts(10)[8..], ["of a customer 0", &*own.line()]);
        assert_eq!(texts(0), Vec::<String>::new());
    }

    /// The kinds of the demo's mix, its largest amount, and an answer that took half a minute.
    #[test]
    fn a_transaction_fits_into_80_columns() {
        for kind in [Kind::Purchase, Kind::Repeat, Kind::Reversal, Kind::Inquiry] {
            let seen = Seen {
                kind,
                serial: 1_000,
                order: None,
                amount: 5_000,
                code: *b"05",
                microseconds: 30_000_000,
            };
            let shown = sentence("by order", &seen);
            let outcome = words::outcome(seen.code).len();
            let longest = shown.chars().count() - outcome + words::OUTCOME;
            assert!(longest <= 78, "{longest}: {shown}");
        }
    }
}
