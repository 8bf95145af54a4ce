//! The parties of the moment, for those who are not on the road of a request.

use std::sync::{Arc, Mutex, PoisonError};

use super::Parties;

/// Where the parties stand. Workers have a hand of their own on them and are told when they change.
#[derive(Debug)]
pub struct PartyDirectory(Mutex<Arc<Parties>>);

impl PartyDirectory {
    /// Opened with these.
    pub fn new(parties: Parties) -> Self {
        Self(Mutex::new(Arc::new(parties)))
    }

    /// Those of now.
    pub fn parties(&self) -> Arc<Parties> {
        // It holds a whole value at any time, whoever has panicked.
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// These, from now on.
    pub fn turn(&self, parties: Arc<Parties>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = parties;
    }
}
