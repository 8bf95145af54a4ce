//! What the operator has decided about all wallets, as all workers read it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tessera_ledger::Supervision;

/// Shared by all workers: each compares the number, and reads only what is new to it.
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

/// One worker's view of the operator policy: takes the lock only after a change.
#[derive(Debug)]
pub struct PolicyReader {
    policy: Arc<OperatorPolicy>,
    /// The number of the policy when it was last read, and its content.
    known: RefCell<(u64, Rc<Supervision>)>,
}

impl PolicyReader {
    /// Reads this policy.
    pub fn new(policy: Arc<OperatorPolicy>) -> Self {
        Self {
            policy,
            // Numbers begin at 1: the first read takes what there is.
            known: RefCell::default(),
        }
    }

    /// Rises with every change of the policy.
    #[inline]
    pub fn number(&self) -> u64 {
        self.policy.number()
    }

    /// What counts now.
    #[inline]
    pub fn read(&self) -> Rc<Supervision> {
        let number = self.policy.number();
        let mut known = self.known.borrow_mut();
        if known.0 != number {
            *known = (number, Rc::new(Supervision::clone(&self.policy.read())));
        }
        Rc::clone(&known.1)
    }
}

#[cfg(test)]
mod tests {
    use tessera_kit::clock::Timestamp;
    use tessera_ledger::Day;

    use super::*;

    #[test]
    fn a_reader_follows_every_change() {
        let policy = Arc::new(OperatorPolicy::new(Supervision::default()));
        let reader = PolicyReader::new(Arc::clone(&policy));
        let before = reader.read();
        assert!(Rc::ptr_eq(&before, &reader.read()), "nothing has changed");

        let mut changed = Supervision::default();
        changed
            .days
            .begin(Timestamp::from_milliseconds(5), Day(20_000));
        policy.publish(changed.clone());
        assert_eq!(*reader.read(), changed);
        assert_eq!(reader.number(), 2);
    }
}
