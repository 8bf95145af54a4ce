//! What a visitor buys at the demo's shops. The simulated customers ask the switch themselves and never go to a shop, so
//! every order there is a visitor's. In comes the list of newest orders of each shop, once a second; out goes everything that has
//! become of an order, once. What never happens here: an order of an earlier run is taken for a new one.

use std::collections::HashSet;
use std::time::Duration;

use serde::Deserialize;

use super::words;
use crate::load::http;

/// Something that a visitor has done at one of the shops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Since the customers came.
    pub at: Duration,
    /// The shop's name.
    pub shop: String,
    /// Purchase, refund or reversal.
    pub kind: &'static str,
    /// Minor units.
    pub amount: u64,
    /// Response code; none where there was no answer in time.
    pub code: Option<[u8; 2]>,
}

impl Own {
    /// What became of it, in a few words.
    pub fn outcome(&self) -> &'static str {
        self.code.map_or("no answer in time", words::outcome)
    }

    /// Whether the money has moved.
    pub fn is_approved(&self) -> bool {
        self.code == Some(*b"00")
    }

    /// A line like those of the customers, marked as the visitor's and with the shop in place of the payer.
    pub fn line(&self) -> String {
        let Self {
            shop, kind, amount, ..
        } = self;
        let amount = words::money(*amount as i64);
        let code = self.code.unwrap_or(*b"--");
        let code = String::from_utf8_lossy(&code).into_owned();
        let shop: String = shop.chars().take(SHOP).collect();
        // A shop sells more at once than the customers do: the amount may go on where they have milliseconds.
        let amount = format!("{amount:>9}");
        format!(
            "{NAME:8} {kind:8} {shop:SHOP$} {amount:23}{code} {}",
            self.outcome()
        )
    }
}

/// In place of a customer's name.
const NAME: &str = "you";

/// Of a shop's name, in a line.
const SHOP: usize = 16;

/// The shops' list of orders, as they state it.
#[derive(Debug, Deserialize)]
struct Listed {
    shop: String,
    orders: Vec<Order>,
}

#[derive(Debug, Deserialize)]
struct Order {
    order: String,
    status: String,
    amount: u64,
    code: Option<String>,
    refunds: Vec<Refund>,
}

#[derive(Debug, Deserialize)]
struct Refund {
    amount: u64,
    status: String,
    code: Option<String>,
}

/// One thing that became of an order; an order has each once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    Purchase,
    Refund(usize),
    Reversal,
}

/// Follows one shop.
#[derive(Debug)]
pub struct Follower {
    address: String,
    /// What its list had last; nothing before the first one.
    seen: Option<HashSet<(String, Step)>>,
}

impl Follower {
    /// Of the shop at this address, `HOST:PORT`.
    pub fn new(address: String) -> Self {
        Self {
            address,
            seen: None,
        }
    }

    /// What is new since the last time, the oldest first. Nothing while the shop does not answer: it is there the next time.
    pub async fn look(&mut self, at: Duration) -> Vec<Own> {
        match http::fetch(&self.address, "/orders.json").await {
            Ok(body) => self.read(&body, at),
            Err(_) => Vec::new(),
        }
    }

    fn read(&mut self, body: &str, at: Duration) -> Vec<Own> {
        let Ok(listed) = serde_json::from_str::<Listed>(body) else {
            return Vec::new();
        };
        let before = self.seen.take();
        let mut seen = HashSet::new();
        let mut news = Vec::new();
        // The list has the newest first.
        for order in listed.orders.iter().rev() {
            for (step, kind, amount, code) in steps(order) {
                let step = (order.order.clone(), step);
                if before
                    .as_ref()
                    .is_some_and(|before| !before.contains(&step))
                {
                    let shop = listed.shop.clone();
                    news.push(Own {
                        at,
                        shop,
                        kind,
                        amount,
                        code,
                    });
                }
                seen.insert(step);
            }
        }
        self.seen = Some(seen);
        news
    }
}

/// What has become of an order so far: each step stays in every later list.
fn steps(order: &Order) -> Vec<(Step, &'static str, u64, Option<[u8; 2]>)> {
    let purchase = match order.status.as_str() {
        "open" | "asked" => return Vec::new(),
        "paid" | "cancelling" | "cancelled" => Some(*b"00"),
        _ => code(order.code.as_ref()),
    };
    let mut steps = vec![(Step::Purchase, "purchase", order.amount, purchase)];
    for (number, refund) in order.refunds.iter().enumerate() {
        let code = match refund.status.as_str() {
            "asked" => continue,
            "refunded" => Some(*b"00"),
            _ => code(refund.code.as_ref()),
        };
        steps.push((Step::Refund(number), "refund", refund.amount, code));
    }
    if order.status == "cancelled" {
        steps.push((Step::Reversal, "reversal", order.amount, Some(*b"00")));
    }
    steps
}

fn code(text: Option<&String>) -> Option<[u8; 2]> {
    text?.as_bytes().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Duration = Duration::from_secs(7);

    fn list(orders: &str) -> String {
        format!("{{\"shop\":\"Teacup & Co\",\"orders\":[{orders}]}}")
    }

    fn order(number: &str, status: &str, more: &str) -> String {
        let refunds = match more.contains("refunds") {
            true => "",
            false => ",\"refunds\":[]",
        };
        format!("{{\"order\":\"{number}\",\"status\":\"{status}\",\"amount\":1999{refunds}{more}}}")
    }

    fn lines(news: &[Own]) -> Vec<String> {
        let words = |own: &Own| format!("{} {} {}", own.kind, own.amount, own.outcome());
        news.iter().map(words).collect()
    }

    #[test]
    fn says_each_thing_once_and_nothing_of_an_earlier_run() {
        let mut follower = Follower::new(String::new());
        let old = order("TC-1", "paid", "");
        assert_eq!(follower.read(&list(&old), AT), []);
        let asked = [order("TC-2", "asked", ""), old.clone()].join(",");
        assert_eq!(follower.read(&list(&asked), AT), []);
        assert_eq!(follower.read("the shop is starting", AT), []);
        let refunds = ",\"refunds\":[{\"amount\":500,\"status\":\"asked\"}]";
        let paid = order("TC-2", "paid", refunds);
        let declined = order("TC-3", "declined", ",\"code\":\"51\"");
        let both = list(&[declined.clone(), paid, old.clone()].join(","));
        assert_eq!(
            lines(&follower.read(&both, AT)),
            ["purchase 1999 approved", "purchase 1999 not enough money"]
        );
        assert_eq!(follower.read(&both, AT), []);
        let refunds = ",\"refunds\":[{\"amount\":500,\"status\":\"refunded\"}]";
        let refunded = order("TC-2", "paid", refunds);
        let undone = order("TC-1", "cancelled", "");
        let last = list(&[declined, refunded, undone].join(","));
        assert_eq!(
            lines(&follower.read(&last, AT)),
            ["reversal 1999 approved", "refund 500 approved"]
        );
    }

    #[test]
    fn what_was_not_answered_in_time_is_said_once() {
        let mut follower = Follower::new(String::new());
        follower.read(&list(""), AT);
        let news = follower.read(&list(&order("TC-1", "undoing", "")), AT);
        assert_eq!(lines(&news), ["purchase 1999 no answer in time"]);
        assert!(!news[0].is_approved());
        // Its reversal is acknowledged.
        assert_eq!(follower.read(&list(&order("TC-1", "declined", "")), AT), []);
    }

    #[test]
    fn a_line_fits_into_80_columns_below_those_of_the_customers() {
        for (amount, code) in [(1_999, Some(*b"00")), (123_456_789, None)] {
            let own = Own {
                at: AT,
                shop: "Paper Lantern and Sons".to_owned(),
                kind: "purchase",
                amount,
                code,
            };
            let line = own.line();
            let longest = line.chars().count() - own.outcome().len() + words::OUTCOME;
            assert!(longest <= 78, "{longest}: {line}");
            assert!(
                line.starts_with("you      purchase Paper Lantern an "),
                "{line}"
            );
        }
        // Where the customers' lines have amount and code: see `view::tests`.
        let own = Own {
            at: AT,
            shop: "Teacup & Co".to_owned(),
            kind: "purchase",
            amount: 1_999,
            code: Some(*b"00"),
        };
        assert_eq!(
            own.line(),
            "you      purchase Teacup & Co      19.99 USD              00 approved"
        );
    }
}
