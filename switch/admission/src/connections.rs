//! The connections of a worker, so that they can be asked to end.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Weak};

use hashbrown::HashMap;

use super::Connection;
use tessera_metrics::ConnectionClosed;

/// A worker's open connections at one port. Bounded by `connections_max`.
#[derive(Debug, Default)]
pub struct Connections {
    open: RefCell<HashMap<u64, Weak<Connection>>>,
    next: Cell<u64>,
    draining: Cell<bool>,
}

impl Connections {
    /// Adds one; what comes back takes it out again.
    pub fn add(&self, connection: &Arc<Connection>) -> u64 {
        let number = self.next.get();
        self.next.set(number + 1);
        self.open
            .borrow_mut()
            .insert(number, Arc::downgrade(connection));
        if self.draining.get() {
            connection.drain(ConnectionClosed::Stopping);
        }
        number
    }

    /// Takes one out.
    pub fn remove(&self, number: u64) {
        self.open.borrow_mut().remove(&number);
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open.borrow().is_empty()
    }

    /// Asks all of them to read no more and to end when everything is answered.
    pub fn drain(&self) {
        self.draining.set(true);
        for connection in self.all() {
            connection.drain(ConnectionClosed::Stopping);
        }
    }

    /// All that are open.
    pub fn all(&self) -> Vec<Arc<Connection>> {
        let open = self.open.borrow();
        open.values().filter_map(Weak::upgrade).collect()
    }
}
