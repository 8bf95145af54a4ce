//! The orders of a shop: what was ordered, at which prices. The acquiring module knows whether it was paid.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tessera_protocol::OrderKey;

use super::log::{Entry, Log, LogError};

/// Remembered; the oldest are forgotten first.
pub(super) const ORDERS_MAX: usize = 10_000;

/// Without those that are mistaken for others.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Of them, in a number.
const LENGTH: usize = 12;

/// An order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    /// What both sides of the wire call it.
    pub number: String,
    /// Seconds since 1970.
    pub placed: u64,
    pub lines: Vec<Line>,
}

/// A line of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Line {
    pub text: String,
    /// What was ordered, to order it again.
    #[serde(default)]
    pub good: String,
    /// Pieces of it.
    #[serde(default)]
    pub count: u64,
    /// All pieces together, minor units.
    pub amount: u64,
}

impl Order {
    /// Minor units.
    pub fn amount(&self) -> u64 {
        self.lines.iter().map(|line| line.amount).sum()
    }

    /// What was bought, in at most 100 ASCII characters.
    pub fn purpose(&self) -> String {
        let texts: Vec<_> = self.lines.iter().map(|line| line.text.as_str()).collect();
        let text = texts.join(", ");
        let plain = text.chars().filter(char::is_ascii).take(100);
        plain.collect()
    }
}

impl Entry for Order {
    fn key(&self) -> &str {
        &self.number
    }
}

/// All orders of a shop.
pub(super) struct Orders {
    prefix: &'static str,
    inner: Mutex<Inner>,
}

struct Inner {
    /// Card acceptor, which the keys are made with.
    acceptor: String,
    orders: HashMap<String, Order>,
    /// Their numbers by how webhooks name them.
    keys: HashMap<OrderKey, String>,
    /// Their numbers, newest last.
    numbers: VecDeque<String>,
    log: Log<Order>,
}

impl Orders {
    /// Those of an earlier run, and capacity for more.
    pub fn open(prefix: &'static str, acceptor: &str, log: &Path) -> Result<Self, LogError> {
        let (log, old) = Log::open(log)?;
        let mut inner = Inner {
            acceptor: acceptor.to_owned(),
            orders: HashMap::new(),
            keys: HashMap::new(),
            numbers: VecDeque::new(),
            log,
        };
        old.into_iter().for_each(|order| inner.add(order));
        Ok(Self {
            prefix,
            inner: Mutex::new(inner),
        })
    }

    /// The number of an order that is yet to be placed.
    pub fn draw(&self) -> String {
        let letters: [u8; LENGTH] = rand::random();
        let letters = letters.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
        format!("{}-{}", self.prefix, String::from_iter(letters))
    }

    /// Whether a number is one of ours, placed or yet to be.
    pub fn drawn(&self, number: &str) -> bool {
        let letters = number.strip_prefix(self.prefix);
        let letters = letters.and_then(|rest| rest.strip_prefix('-'));
        letters.is_some_and(|letters| {
            letters.len() == LENGTH && letters.bytes().all(|letter| LETTERS.contains(&letter))
        })
    }

    /// Places an order under a number that was drawn for it. Placed before, it is the order that it was. Waits for the disk.
    pub fn place(&self, number: &str, lines: Vec<Line>) -> io::Result<Order> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(order) = inner.orders.get(number) {
            return Ok(order.clone());
        }
        let placed = SystemTime::now().duration_since(UNIX_EPOCH);
        let order = Order {
            number: number.to_owned(),
            placed: placed.unwrap_or_default().as_secs(),
            lines,
        };
        inner.log.write(&order)?;
        inner.add(order.clone());
        Ok(order)
    }

    /// The order of this number.
    pub fn find(&self, number: &str) -> Option<Order> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.orders.get(number).cloned()
    }

    /// The order that webhooks name so.
    pub fn find_by_key(&self, key: &OrderKey) -> Option<Order> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.orders.get(inner.keys.get(key)?).cloned()
    }

    /// The newest so many, newest first.
    pub fn newest(&self, count: usize) -> Vec<Order> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = inner.numbers.iter().rev().take(count);
        newest
            .filter_map(|number| inner.orders.get(number).cloned())
            .collect()
    }
}

impl Inner {
    fn key(&self, number: &str) -> OrderKey {
        OrderKey::of(self.acceptor.as_bytes(), number.as_bytes())
    }

    fn add(&mut self, order: Order) {
        self.numbers.push_back(order.number.clone());
        self.keys
            .insert(self.key(&order.number), order.number.clone());
        self.orders.insert(order.number.clone(), order);
        while self.numbers.len() > ORDERS_MAX {
            if let Some(oldest) = self.numbers.pop_front() {
                self.keys.remove(&self.key(&oldest));
                self.orders.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_outlive_the_shop() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("orders");
        let line = |text: &str| Line {
            text: text.to_owned(),
            good: "tea".to_owned(),
            count: 1,
            amount: 1_999,
        };
        let placed = {
            let orders = Orders::open("TC", "MALL-0001", &log).unwrap();
            orders.place(&orders.draw(), vec![line("old")]).unwrap();
            let lines = vec![line("2 × tea"), line("pot")];
            orders.place(&orders.draw(), lines).unwrap()
        };
        assert!(placed.number.starts_with("TC-") && placed.number.len() == 15);
        assert_eq!(placed.purpose(), "2  tea, pot");
        let orders = Orders::open("TC", "MALL-0001", &log).unwrap();
        let found = orders.find(&placed.number).unwrap();
        assert_eq!((found.amount(), found.lines.len()), (3_998, 2));
        assert_eq!(orders.newest(1)[0].number, placed.number);
        assert!(orders.find("TC-").is_none());
        let key = |acceptor: &[u8]| OrderKey::of(acceptor, placed.number.as_bytes());
        let found = orders.find_by_key(&key(b"MALL-0001      ")).unwrap();
        assert_eq!(found.number, placed.number);
        assert!(orders.find_by_key(&key(b"MALL-0002")).is_none());
        let again = orders.place(&placed.number, vec![line("other")]).unwrap();
        assert_eq!((again.amount(), orders.newest(9).len()), (3_998, 2));
    }

    #[test]
    fn a_number_is_the_shops_own() {
        let folder = tempfile::tempdir().unwrap();
        let orders = Orders::open("TC", "MALL-0001", &folder.path().join("orders")).unwrap();
        assert!(orders.drawn(&orders.draw()));
        for number in [
            "",
            "TC-",
            "PL-23456789ABCD",
            "TC-23456789ABC",
            "TC-23456789ABCDE",
            "TC-23456789ABC0",
        ] {
            assert!(!orders.drawn(number), "{number}");
        }
    }
}
