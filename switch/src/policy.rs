//! What the operator has decided about all wallets, as all workers read it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tessera_ledger::Supervision;

/// Shared by all workers: each looks at the number, and reads only what is new to it.
#[derive(Debug)]
pub struct OperatorPolicy {
    number: AtomicU64,
    text: Mutex<Arc<Supervision>>,
}

impl OperatorPolicy {
    /// With what was decided before.
    pub fn new(text: Supervision) -> Self {
        Self {
            number: AtomicU64::new(1),
            text: Mutex::new(Arc::new(text)),
        }
    }

    /// From now on this counts.
    pub fn publish(&self, text: Supervision) {
        *self.text.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(text);
        self.number.fetch_add(1, Ordering::Release);
    }

    /// Rises with every change; from 1.
    pub fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// What counts now.
    pub fn read(&self) -> Arc<Supervision> {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&text)
    }
}
