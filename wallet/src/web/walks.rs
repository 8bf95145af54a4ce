//! Long walks through histories: one at a time for each wallet, because the worker that reads a history also decides the
//! wallet's purchases.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The wallets whose history is being walked through.
#[derive(Default, Clone)]
pub struct Walks(Arc<Mutex<HashSet<u64>>>);

impl Walks {
    /// `None` where somebody is on it already.
    pub fn begin(&self, wallet: u64) -> Option<Alone> {
        self.lock().insert(wallet).then(|| Alone {
            walks: self.clone(),
            wallet,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<u64>> {
        // Nothing in here is left half done by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody else walks through this wallet's history until this is dropped.
pub struct Alone {
    walks: Walks,
    wallet: u64,
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.walks.lock().remove(&self.wallet);
    }
}
