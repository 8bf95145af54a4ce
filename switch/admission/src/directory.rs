//! The current parties, for code outside the path of a request.

use std::sync::{Arc, Mutex, PoisonError};

use super::Parties;

/// Where the parties stand. Workers have their own copy and get a message when they change.
#[derive(Debug)]
pub struct PartyDirectory(Mutex<Arc<Parties>>);

impl PartyDirectory {
    /// Opened with these.
    pub fn new(parties: Parties) -> Self {
        Self(Mutex::new(Arc::new(parties)))
    }

    /// Those of now.
    pub fn parties(&self) -> Arc<Parties> {
        // It contains a complete value at any time, even after a panic.
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// These, from now on.
    pub fn turn(&self, parties: Arc<Parties>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = parties;
    }
}
