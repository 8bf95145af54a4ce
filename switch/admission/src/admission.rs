//! How many requests may be unanswered at once: on a connection, of a party, in all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// A count with a maximum. A connection that finds it full stops reading until answers have been sent.
#[derive(Debug)]
pub struct Admission {
    taken: AtomicUsize,
    max: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
}

impl Admission {
    /// At most `max` at once.
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: AtomicUsize::new(0),
            max: AtomicUsize::new(max),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        })
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// At most `max` from now on; more that are taken already are let be.
    pub fn set_max(&self, max: usize) {
        self.max.store(max, Ordering::Relaxed);
        self.freed.notify_waiters();
    }

    /// Takes one, or says that it is full.
    pub fn try_take(&self) -> bool {
        if self.taken.fetch_add(1, Ordering::AcqRel) < self.max.load(Ordering::Relaxed) {
            return true;
        }
        self.give_back();
        false
    }

    /// Takes one, full or not.
    pub fn take(&self) {
        self.taken.fetch_add(1, Ordering::AcqRel);
    }

    /// Gives one back.
    pub fn give_back(&self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
        if self.waiting.load(Ordering::Acquire) > 0 {
            self.freed.notify_waiters();
        }
    }

    /// Waits until there may be capacity. Somebody else may be faster: ask again.
    pub async fn capacity(&self) {
        let freed = self.freed.notified();
        tokio::pin!(freed);
        freed.as_mut().enable();
        self.waiting.fetch_add(1, Ordering::AcqRel);
        if self.taken.load(Ordering::Acquire) >= self.max.load(Ordering::Relaxed) {
            freed.await;
        }
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One that was taken. Given back when dropped.
#[derive(Debug)]
pub struct Permit(Arc<Admission>);

impl Permit {
    /// Takes a place below `limit`; `None` where there is none.
    pub fn take(limit: &Arc<Admission>) -> Option<Self> {
        limit.try_take().then(|| Self(Arc::clone(limit)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.give_back();
    }
}
