//! Orders that have been announced over the wallet server's line and wait to be paid by one connection.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::Notify;

/// An order that the payer has agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Its number within the connection's terminal.
    pub number: u32,
    /// Index of the account that pays.
    pub account: u32,
    /// Minor units.
    pub amount: u64,
}

/// The orders of one connection. What is ordered here comes back announced, and wakes the connection.
pub struct Stock {
    /// The terminal that will ask; order numbers begin with it.
    pub terminal: [u8; 8],
    /// Field 42 of the mall.
    pub acceptor: String,
    announced: RefCell<VecDeque<Order>>,
    under_way: Cell<u32>,
    ordered: Cell<u32>,
    wake: Rc<Notify>,
}

impl Stock {
    /// An empty one; `wake` is notified when an order has been announced.
    pub fn new(terminal: [u8; 8], acceptor: String, wake: Rc<Notify>) -> Self {
        Self {
            terminal,
            acceptor,
            announced: RefCell::default(),
            under_way: Cell::new(0),
            ordered: Cell::new(0),
            wake,
        }
    }

    /// How many more must be announced so that `target` are there or on their way.
    pub fn missing(&self, target: u32) -> u32 {
        let there = self.announced.borrow().len() as u32 + self.under_way.get();
        target.saturating_sub(there)
    }

    /// The next order's number, and that it is on its way.
    pub fn order(&self, account: u32, amount: u64) -> Order {
        self.under_way.set(self.under_way.get() + 1);
        self.ordered.set(self.ordered.get() + 1);
        Order {
            number: self.ordered.get(),
            account,
            amount,
        }
    }

    /// An order was announced.
    pub fn arrived(&self, order: Order) {
        self.under_way.set(self.under_way.get() - 1);
        self.announced.borrow_mut().push_back(order);
        self.wake.notify_one();
    }

    /// An order was refused.
    pub fn refused(&self) {
        self.under_way.set(self.under_way.get() - 1);
        self.wake.notify_one();
    }

    /// The next order to ask for.
    pub fn next(&self) -> Option<Order> {
        self.announced.borrow_mut().pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_on_its_way() {
        let stock = Stock::new(*b"TERMINAL", "MALL-0001".to_owned(), Rc::default());
        assert_eq!(stock.missing(3), 3);
        let order = stock.order(7, 100);
        stock.order(8, 100);
        assert_eq!(stock.missing(3), 1);
        stock.arrived(order);
        stock.refused();
        assert_eq!(stock.missing(3), 2);
        assert_eq!(stock.next(), Some(order));
        assert_eq!(stock.next(), None);
    }
}
