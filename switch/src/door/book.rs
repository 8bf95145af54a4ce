//! The parties of the moment, for those who are not on the road of a request.

use std::sync::{Arc, Mutex, PoisonError};

use super::Guests;

/// Where the parties stand. Workers have a hand of their own on them and are told when they change.
#[derive(Debug)]
pub struct GuestBook(Mutex<Arc<Guests>>);

impl GuestBook {
    /// Opened with these.
    pub fn new(guests: Guests) -> Self {
        Self(Mutex::new(Arc::new(guests)))
    }

    /// Those of now.
    pub fn guests(&self) -> Arc<Guests> {
        // It holds a whole value at any time, whoever has panicked.
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// These, from now on.
    pub fn turn(&self, guests: Arc<Guests>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = guests;
    }
}
