//! Orders: what a payer agrees to, and what a mall makes of it.

use tessera_protocol::OrderKey;
use tessera_protocol::leased::{EventKind, Operation, tag};

use super::{Given, Reply, Wallet};

impl Wallet {
    pub(super) fn order(&mut self, operation: Operation, given: &Given, at: u64) -> Reply {
        let key = (
            given.text(tag::ACCEPTOR).to_owned(),
            given.text(tag::ORDER).to_owned(),
        );
        let amount = given.number(tag::AMOUNT);
        let known = self.orders.get_mut(&key);
        let stands = known.as_ref().is_some_and(|order| match order.0.as_str() {
            "open" => order.1 != amount,
            state => ["paying", "paid"].contains(&state),
        });
        match (operation, known) {
            (Operation::AnnounceOrder, _) if stands => Reply::code("94"),
            (Operation::AnnounceOrder, _) if amount > self.available => Reply::code("51"),
            (Operation::AnnounceOrder, _) => {
                let name = order_name(&key.1);
                self.orders.insert(key, ("open".into(), amount));
                let row = self.row(at, EventKind::OrderAnnounced, "", amount);
                row.order = name;
                row.text = given.text(tag::DESCRIPTION).into();
                Reply::code("00")
            }
            (_, Some(order)) if operation == Operation::CancelOrder && order.0 == "paid" => {
                Reply::code("94")
            }
            (_, None) => Reply::code("25"),
            (Operation::CancelOrder, Some(order)) => {
                order.0 = "cancelled".into();
                Reply::code("00")
            }
            (_, Some(order)) => Reply::code("00")
                .data(tag::STATE, &order.0)
                .data(tag::AMOUNT, order.1)
                .data(tag::CURRENCY, "840"),
        }
    }

    /// What has become of an order of the mall.
    pub fn turn_order(&mut self, number: &str, state: &str) {
        let key = ("MALL-0001".to_owned(), number.to_owned());
        self.orders.get_mut(&key).unwrap().0 = state.into();
    }

    /// The mall has asked, and the financial system has said so.
    pub fn decide_order(&mut self, number: &str, code: &str) {
        let key = ("MALL-0001".to_owned(), number.to_owned());
        let amount = self.orders[&key].1;
        let at = 1_795_000_500_000;
        let reference = format!("P{:011}", self.rows.len());
        let held = self.row(at, EventKind::Held, &reference, amount);
        held.order = order_name(number);
        self.available -= amount;
        self.held += amount;
        let kind = if code == "00" {
            EventKind::Approved
        } else {
            EventKind::Released
        };
        self.row(at, kind, &reference, amount).code = code.into();
        self.held -= amount;
        if code == "00" {
            self.turn_order(number, "paid");
        } else {
            self.available += amount;
        }
    }
}

/// As the switch names an order of the mall in a wallet's history.
fn order_name(number: &str) -> String {
    OrderKey::of(b"MALL-0001", number.as_bytes()).to_string()
}
