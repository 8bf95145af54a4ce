//! The current parties, for code outside the path of a request.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Parties, Register};

/// Where the parties stand. Workers have their own copy and get a message when they change.
#[derive(Debug)]
pub struct PartyDirectory {
    parties: Mutex<Arc<Parties>>,
    /// Their open connections.
    pub register: Arc<Register>,
}

impl PartyDirectory {
    /// Opened with these.
    pub fn new(parties: Parties) -> Self {
        Self {
            parties: Mutex::new(Arc::new(parties)),
            register: Arc::default(),
        }
    }

    /// Those of now.
    pub fn parties(&self) -> Arc<Parties> {
        // It contains a complete value at any time, even after a panic.
        Arc::clone(&self.parties.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// These, from now on.
    pub fn turn(&self, parties: Arc<Parties>) {
        *self.parties.lock().unwrap_or_else(PoisonError::into_inner) = parties;
    }
}
