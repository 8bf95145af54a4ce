//! What webhooks have confirmed about the orders of a shop: durable, and each event once.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::shop::log::{Entry, Log, LogError};
use crate::shop::orders::ORDERS_MAX;

/// Of an order: more refunds than a clerk has patience for. The oldest are forgotten first.
const CONFIRMATIONS_MAX: usize = 200;

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// `payment.approved`.
    Paid,
    /// `payment.reversed`.
    Reversed,
    /// `payment.refunded`.
    Refunded,
    /// `refund.reversed`.
    RefundReversed,
    /// `order.expired`.
    Expired,
}

impl What {
    /// Of the type of an event; none where it is about nothing that a shop does.
    pub(crate) fn of(kind: &str) -> Option<Self> {
        match kind {
            "payment.approved" => Some(Self::Paid),
            "payment.reversed" => Some(Self::Reversed),
            "payment.refunded" => Some(Self::Refunded),
            "refund.reversed" => Some(Self::RefundReversed),
            "order.expired" => Some(Self::Expired),
            _ => None,
        }
    }
}

/// An event about an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confirmation {
    /// Of the event: the same in every delivery.
    pub id: String,
    pub what: What,
    /// Minor units.
    pub amount: u64,
    /// When it came first, seconds since 1970.
    pub at: u64,
}

/// Those of an order, as the log has them.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct OfOrder {
    order: String,
    confirmations: Vec<Confirmation>,
}

impl Entry for OfOrder {
    fn key(&self) -> &str {
        &self.order
    }
}

/// Those of a shop.
pub(crate) struct Confirmations(Mutex<Inner>);

struct Inner {
    orders: HashMap<String, OfOrder>,
    /// Order numbers, the one that was confirmed first at the front.
    numbers: VecDeque<String>,
    log: Log<OfOrder>,
}

impl Confirmations {
    /// Those of an earlier run, and capacity for more.
    pub(crate) fn open(log: &Path) -> Result<Self, LogError> {
        let (log, old) = Log::open(log)?;
        let mut inner = Inner {
            orders: HashMap::new(),
            numbers: VecDeque::new(),
            log,
        };
        old.into_iter().for_each(|of_order| inner.put(of_order));
        Ok(Self(Mutex::new(inner)))
    }

    /// Adds one to an order, unless it was added before. Waits for the disk.
    pub(crate) fn add(&self, order: &str, confirmation: Confirmation) -> io::Result<()> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_order = inner.orders.get(order).cloned().unwrap_or_else(|| OfOrder {
            order: order.to_owned(),
            confirmations: Vec::new(),
        });
        let confirmations = &mut of_order.confirmations;
        if confirmations.iter().any(|old| old.id == confirmation.id) {
            return Ok(());
        }
        confirmations.push(confirmation);
        let over = confirmations.len().saturating_sub(CONFIRMATIONS_MAX);
        confirmations.drain(..over);
        inner.log.write(&of_order)?;
        inner.put(of_order);
        Ok(())
    }

    /// Those of an order, in the order in which they came.
    pub(crate) fn of(&self, order: &str) -> Vec<Confirmation> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_order = inner.orders.get(order);
        of_order.map_or_else(Vec::new, |of_order| of_order.confirmations.clone())
    }
}

impl Inner {
    fn put(&mut self, of_order: OfOrder) {
        let number = of_order.order.clone();
        if self.orders.insert(number.clone(), of_order).is_none() {
            self.numbers.push_back(number);
        }
        while self.numbers.len() > ORDERS_MAX {
            if let Some(oldest) = self.numbers.pop_front() {
                self.orders.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confirmation(id: &str, what: What, at: u64) -> Confirmation {
        Confirmation {
            id: id.to_owned(),
            what,
            amount: 1_999,
            at,
        }
    }

    #[test]
    fn an_event_counts_once_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("confirmed");
        let (paid, refunded) = (
            confirmation("evt_1", What::Paid, 10),
            confirmation("evt_2", What::Refunded, 20),
        );
        {
            let confirmations = Confirmations::open(&path).unwrap();
            confirmations.add("TC-1", paid.clone()).unwrap();
            let again = confirmation("evt_1", What::Paid, 11);
            confirmations.add("TC-1", again).unwrap();
            confirmations.add("TC-1", refunded.clone()).unwrap();
        }
        let confirmations = Confirmations::open(&path).unwrap();
        let again = confirmation("evt_2", What::Refunded, 30);
        confirmations.add("TC-1", again).unwrap();
        assert_eq!(confirmations.of("TC-1"), [paid, refunded]);
        assert_eq!(confirmations.of("TC-2"), []);
    }

    #[test]
    fn the_oldest_of_very_many_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let confirmations = Confirmations::open(&folder.path().join("confirmed")).unwrap();
        for number in 0..=CONFIRMATIONS_MAX {
            let id = format!("evt_{number}");
            let one = confirmation(&id, What::Refunded, 1);
            confirmations.add("TC-1", one).unwrap();
        }
        let kept = confirmations.of("TC-1");
        assert_eq!((kept.len(), &*kept[0].id), (CONFIRMATIONS_MAX, "evt_1"));
    }
}
