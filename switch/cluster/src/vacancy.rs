//! Looks, on a thread of its own, whether anybody has claimed the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::ReplicatedLog;

/// How long one look at the claim waits for its end.
const CLAIM_WAIT: Duration = Duration::from_secs(1);
/// Between two looks while nobody has claimed it, or the log does not answer.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// See the head of this file.
pub(crate) struct Vacancy {
    vacant: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    _thread: JoinHandle<()>,
}

impl Vacancy {
    pub fn watch(log: Arc<dyn ReplicatedLog>) -> std::io::Result<Self> {
        let (vacant, ended) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (says, ends) = (Arc::clone(&vacant), Arc::<AtomicBool>::clone(&ended));
        let thread = thread::Builder::new()
            .name("cluster-claim".to_owned())
            .spawn(move || {
                while !ends.load(Ordering::Acquire) {
                    let claimed = log.unclaimed(CLAIM_WAIT);
                    says.store(matches!(claimed, Ok(None)), Ordering::Release);
                    // It has waited where somebody has.
                    if !matches!(claimed, Ok(Some(_))) {
                        thread::sleep(TRY_AGAIN_AFTER);
                    }
                }
            })?;
        Ok(Self {
            vacant,
            ended,
            _thread: thread,
        })
    }

    /// Whether nobody had claimed it a moment ago.
    pub fn is_vacant(&self) -> bool {
        self.vacant.load(Ordering::Acquire)
    }

    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }
}

impl Drop for Vacancy {
    fn drop(&mut self) {
        self.end();
    }
}
