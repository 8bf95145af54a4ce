//! How many requests may be unanswered at once: on a connection, of a party, in all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use smallvec::SmallVec;
use tokio::sync::Notify;

/// A count with a maximum. Whoever finds it full stops reading until something has gone out.
#[derive(Debug)]
pub struct Admission {
    taken: AtomicUsize,
    max: usize,
    waiting: AtomicUsize,
    freed: Notify,
}

impl Admission {
    /// At most `max` at once.
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: AtomicUsize::new(0),
            max,
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        })
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Takes one, or says that it is full.
    pub fn try_take(&self) -> bool {
        if self.taken.fetch_add(1, Ordering::AcqRel) < self.max {
            return true;
        }
        self.give_back();
        false
    }

    /// Gives one back.
    pub fn give_back(&self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
        if self.waiting.load(Ordering::Acquire) > 0 {
            self.freed.notify_waiters();
        }
    }

    /// Waits until there may be room. Somebody else may be faster: ask again.
    pub async fn room(&self) {
        let freed = self.freed.notified();
        tokio::pin!(freed);
        freed.as_mut().enable();
        self.waiting.fetch_add(1, Ordering::AcqRel);
        if self.taken.load(Ordering::Acquire) >= self.max {
            freed.await;
        }
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The right to one unanswered request at every door that it passed. Given back when dropped, so
/// that no way of ending a request can forget it.
#[derive(Debug)]
pub struct Permit {
    doors: SmallVec<[Arc<Admission>; 3]>,
}

impl Permit {
    /// Passes all `doors`, or says which one is full.
    pub fn take(doors: &[Arc<Admission>]) -> Result<Self, Arc<Admission>> {
        for (index, door) in doors.iter().enumerate() {
            if !door.try_take() {
                doors[..index].iter().for_each(|passed| passed.give_back());
                return Err(Arc::clone(door));
            }
        }
        Ok(Self {
            doors: doors.iter().map(Arc::clone).collect(),
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.doors.iter().for_each(|door| door.give_back());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_door_gives_back_what_was_taken_before_it() {
        let doors = [Admission::new(2), Admission::new(1), Admission::new(9)];
        let first = Permit::take(&doors).expect("room");
        assert!(Permit::take(&doors).is_err());
        assert_eq!(doors.each_ref().map(|door| door.taken()), [1, 1, 1]);
        drop(first);
        assert_eq!(doors.each_ref().map(|door| door.taken()), [0, 0, 0]);
    }
}
