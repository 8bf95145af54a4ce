//! Whether this process may still act towards the outside. On a machine of its own it always may. In a cluster it may as long as
//! its lease lives by its own reckoning: a process that was stopped for a while, or cut off, must not send anything that rests on
//! a role which another node may have by now.
//!
//! It is one for the process, as the role is. What has to pass is every write to a mall, a wallet server or the financial system.
//! What it can't prevent is a pause between passing and the system call.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use rustix::time::{ClockId, clock_gettime};

/// Milliseconds of the clock that counts suspended time too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Boottime(u64);

/// Closed from this moment on; never, before there is a lease.
static UNTIL: AtomicU64 = AtomicU64::new(u64::MAX);
static LOCK: Mutex<()> = Mutex::new(());
static CHANGED: Condvar = Condvar::new();

impl Boottime {
    /// Now. It goes on while the machine is suspended and never back, whatever the system's clock is set to.
    pub fn now() -> Self {
        let now = clock_gettime(ClockId::Boottime);
        Self(now.tv_sec.unsigned_abs() * 1_000 + now.tv_nsec.unsigned_abs() / 1_000_000)
    }

    /// So many milliseconds later.
    #[must_use]
    pub fn plus(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }
}

/// Closes it until further notice.
pub fn close() {
    UNTIL.store(0, Ordering::SeqCst);
}

/// From now on it is open until this moment.
pub fn open_until(moment: Boottime) {
    let lock = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    UNTIL.store(moment.0, Ordering::SeqCst);
    drop(lock);
    CHANGED.notify_all();
}

/// Whether it is open now.
pub fn is_open() -> bool {
    let until = UNTIL.load(Ordering::SeqCst);
    until == u64::MAX || Boottime::now().0 < until
}

/// Returns when it is open. Blocks the thread: there is nothing that it may do meanwhile, and a lease that is lost for good ends the
/// process.
pub fn pass() {
    if is_open() {
        return;
    }
    let mut lock = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    while !is_open() {
        lock = CHANGED.wait(lock).unwrap_or_else(PoisonError::into_inner);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// One test: the fence is one for the process.
    #[test]
    fn lets_nothing_pass_after_its_moment() {
        assert!(is_open());
        pass();
        close();
        assert!(!is_open());
        let (passed, waits) = channel();
        let thread = thread::spawn(move || {
            pass();
            passed.send(()).unwrap();
        });
        assert!(waits.recv_timeout(Duration::from_millis(50)).is_err());
        open_until(Boottime::now());
        assert!(waits.recv_timeout(Duration::from_millis(50)).is_err());
        open_until(Boottime::now().plus(60_000));
        waits.recv().unwrap();
        thread.join().unwrap();
        UNTIL.store(u64::MAX, Ordering::SeqCst);
    }
}
