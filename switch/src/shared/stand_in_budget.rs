//! The limit of stand-in approvals of all workers together that the financial system has not acknowledged.

use std::sync::atomic::{AtomicU64, Ordering};

/// Shared by all workers; minor units.
#[derive(Debug)]
pub struct StandInBudget {
    most: u64,
    used: AtomicU64,
}

impl StandInBudget {
    /// So much.
    pub fn new(most: u64) -> Self {
        Self {
            most,
            used: AtomicU64::new(0),
        }
    }

    /// As much of this as is left, which is the caller's from now on.
    pub fn take(&self, wanted: u64) -> u64 {
        if wanted == 0 {
            return 0;
        }
        let mut taken = 0;
        // Nothing else hangs on it.
        let _ = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                taken = wanted.min(self.most.saturating_sub(used));
                Some(used + taken)
            });
        taken
    }

    /// The amount from before the last restart that is not acknowledged yet.
    pub fn was_taken(&self, amount: u64) {
        self.used.fetch_add(amount, Ordering::Relaxed);
    }

    /// This amount was not needed, or is acknowledged.
    pub fn give_back(&self, amount: u64) {
        let _ = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                Some(used.saturating_sub(amount))
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_no_more_than_there_is() {
        let budget = StandInBudget::new(100);
        assert_eq!(budget.take(60), 60);
        assert_eq!(budget.take(60), 40);
        assert_eq!(budget.take(1), 0);
        budget.give_back(70);
        assert_eq!(budget.take(100), 70);
        budget.was_taken(5);
        budget.give_back(105);
        assert_eq!(budget.take(1), 1);
    }
}
