//! A node's line to the log, and the faults of it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Append, Memory, State};
use crate::LogError;

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
pub(super) struct Faults {
    pub losses: VecDeque<Loss>,
    pub claims: u32,
    pub delay: Duration,
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

    /// How often nodes have said something of themselves.
    pub fn reports_written(&self) -> u64 {
        self.memory.lock().reports_written
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

    pub(super) fn lost(&self, loss: Loss, append: Append) -> LogError {
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

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
