//! A node's line to the log, and the faults of it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::follow::Follower;
use super::lease::MemoryLease;
use super::{Append, Memory, State};
use crate::{
    Appended, Config, Follow, Head, Lease, LogError, LogStatus, NodeId, NodeReport, ReplicatedLog,
    Revision,
};

/// What becomes of an append whose answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It was done.
    Done,
    /// It was not, and never will be.
    NotDone,
    /// It is done later, when [`Memory::land`] is called, if the head is still as it expects.
    Late,
}

/// A line of one node. Clones are the same line.
#[derive(Clone)]
pub struct MemoryLog {
    pub(super) memory: Memory,
    pub(super) line: Arc<Line>,
}

#[derive(Default)]
pub(super) struct Line {
    is_cut: AtomicBool,
    faults: Mutex<Faults>,
}

#[derive(Default)]
struct Faults {
    losses: VecDeque<Loss>,
    claims: u32,
    delay: Duration,
}

impl MemoryLog {
    pub(super) fn new(memory: Memory) -> Self {
        let line = Arc::default();
        Self { memory, line }
    }

    /// Loses the answer to the next append that has not lost its own yet.
    pub fn lose(&self, loss: Loss) {
        self.line.faults().losses.push_back(loss);
    }

    /// Loses the answer to the next claim, which is made.
    pub fn lose_claim(&self) {
        self.line.faults().claims += 1;
    }

    /// Has each append take so long from now on.
    pub fn delay(&self, delay: Duration) {
        self.line.faults().delay = delay;
    }

    /// Cuts the line, with its followers and leases, or mends it.
    pub fn cut(&self, is_cut: bool) {
        self.line.is_cut.store(is_cut, Ordering::Relaxed);
        self.memory.0.changed.notify_all();
    }

    pub(super) fn state(&self) -> Result<MutexGuard<'_, State>, LogError> {
        self.line.check()?;
        Ok(self.memory.lock())
    }

    fn lost(&self, loss: Loss, append: Append) -> LogError {
        let mut state = self.memory.lock();
        match loss {
            Loss::Done => drop(state.append(append)),
            Loss::NotDone => {}
            Loss::Late => state.under_way.push(append),
        }
        self.memory.0.changed.notify_all();
        LogError::Unavailable("the answer was lost".into())
    }
}

impl Line {
    pub(super) fn loses_claim(&self) -> bool {
        let claims = &mut self.faults().claims;
        let loses = *claims > 0;
        *claims -= u32::from(loses);
        loses
    }

    pub(super) fn check(&self) -> Result<(), LogError> {
        match self.is_cut.load(Ordering::Relaxed) {
            true => Err(LogError::Unavailable("the line is cut".into())),
            false => Ok(()),
        }
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplicatedLog for MemoryLog {
    fn config(&self) -> Result<Option<Config>, LogError> {
        Ok(self.state()?.config.clone())
    }

    fn begin(&self, config: &Config, head: &Head) -> Result<bool, LogError> {
        let begun = self.state()?.begin(config, head);
        self.memory.0.changed.notify_all();
        Ok(begun)
    }

    fn head(&self) -> Result<Option<(Head, Revision)>, LogError> {
        Ok(self.state()?.head())
    }

    fn append(
        &self,
        expected: Revision,
        head: &Head,
        entry: &[u8],
        trim_below: u64,
    ) -> Result<Appended, LogError> {
        assert!(trim_below <= head.number, "an append that trims itself");
        let append = Append {
            expected,
            head: head.clone(),
            entry: entry.to_vec(),
            trim_below,
        };
        let (delay, loss) = {
            let mut faults = self.line.faults();
            (faults.delay, faults.losses.pop_front())
        };
        std::thread::sleep(delay);
        if let Some(loss) = loss {
            return Err(self.lost(loss, append));
        }
        let mut state = self.state()?;
        if state.is_full {
            return Err(LogError::Full("as the test says".into()));
        }
        let appended = state.append(append);
        self.memory.0.changed.notify_all();
        appended.ok_or_else(|| LogError::Unusable("the head of the log is gone".into()))
    }

    fn first(&self) -> Result<Option<u64>, LogError> {
        Ok(self.state()?.first())
    }

    fn follow(&self, from: u64) -> Result<Box<dyn Follow>, LogError> {
        Ok(Box::new(Follower::new(self.clone(), from)))
    }

    fn lease(&self, _ttl: Duration) -> Result<Box<dyn Lease>, LogError> {
        let lease = self.state()?.grant();
        Ok(Box::new(MemoryLease::new(self.clone(), lease)))
    }

    fn claimed(&self) -> Result<Option<NodeId>, LogError> {
        Ok(self.state()?.claimed())
    }

    fn unclaimed(&self, wait: Duration) -> Result<Option<NodeId>, LogError> {
        let until = Instant::now() + wait;
        let mut state = self.state()?;
        while state.owner.is_some()
            && let Some(left) = until.checked_duration_since(Instant::now())
        {
            let waited = self.memory.0.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            self.line.check()?;
        }
        Ok(state.claimed())
    }

    fn nodes(&self) -> Result<Vec<NodeReport>, LogError> {
        Ok(self.state()?.reports())
    }

    fn status(&self) -> Result<LogStatus, LogError> {
        let state = self.state()?;
        let bytes: usize = state.entries.values().map(Vec::len).sum();
        Ok(LogStatus {
            version: "memory".into(),
            leader: 1,
            database_bytes: bytes as u64,
            members_up: 1,
            members: 1,
            alarms: Vec::new(),
        })
    }

    fn compact(&self) -> Result<(), LogError> {
        self.state().map(drop)
    }
}
