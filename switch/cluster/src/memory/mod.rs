//! A replicated log in memory, for tests, with faults that a test commands. Time changes nothing in it: leases end when a test
//! says so.
//!
//! ```text
//! Memory        the log, and what happens to all: expire, fill, land
//! connect()     a node's line to it, and what happens to that one: lose, lose_claim, delay, cut
//! ```

mod engine;
mod follow;
mod lease;
mod line;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::protocol::Rule;
use crate::{Appended, Config, HandOver, Head, NodeId, NodeReport, Revision};

pub use line::{Loss, MemoryLog};

/// See the head of this file. Clones are the same log.
#[derive(Clone, Default)]
pub struct Memory(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// All of it, without locks and waiting.
#[derive(Default)]
pub(crate) struct State {
    config: Option<Config>,
    head: Option<(Head, Revision)>,
    /// Of the last change of anything.
    revision: i64,
    entries: BTreeMap<u64, Vec<u8>>,
    leases: BTreeSet<u64>,
    leases_granted: u64,
    /// As they were asked for.
    ttls: BTreeMap<u64, Duration>,
    owner: Option<(NodeId, u64)>,
    nodes: BTreeMap<NodeId, (NodeReport, u64)>,
    reports_written: u64,
    hand_over: Option<(HandOver, u64)>,
    is_full: bool,
    /// Appends on their way, which arrive when a test says so.
    under_way: Vec<Append>,
}

/// A transaction on the head.
#[derive(Clone, Debug)]
pub(crate) struct Append {
    pub expected: Revision,
    pub head: Head,
    pub entry: Vec<u8>,
    pub trim_below: u64,
}

impl Memory {
    /// A line to it, as a node has one.
    pub fn connect(&self) -> MemoryLog {
        MemoryLog::new(self.clone())
    }

    /// Ends the leases of this node.
    pub fn expire(&self, node: &NodeId) {
        let mut state = self.lock();
        let owner = state.owner.iter();
        let claims = owner
            .filter(|(owner, _)| owner == node)
            .map(|(_, lease)| *lease);
        let reports = state.nodes.get(node).map(|(_, lease)| *lease);
        let leases: Vec<u64> = claims.chain(reports).collect();
        for lease in leases {
            state.end(lease);
        }
        self.0.changed.notify_all();
    }

    /// Whether there is space for more entries.
    pub fn fill(&self, is_full: bool) {
        self.lock().is_full = is_full;
    }

    /// Has those appends arrive that were under way.
    pub fn land(&self) {
        let mut state = self.lock();
        for append in std::mem::take(&mut state.under_way) {
            state.append(append);
        }
        self.0.changed.notify_all();
    }

    /// The numbers of the entries that are there.
    pub fn numbers(&self) -> Vec<u64> {
        self.lock().entries.keys().copied().collect()
    }

    /// Deletes the log as a whole, as an operator may.
    pub fn wipe(&self) {
        *self.lock() = State::default();
        self.0.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// `None` where the log was not begun.
    pub(crate) fn append(&mut self, append: Append) -> Option<Appended> {
        let (head, revision) = self.head.clone()?;
        if revision != append.expected && Rule::FencedByRevision.holds() {
            return Some(Appended::Other(head, revision));
        }
        let revision = self.next_revision();
        self.entries.insert(append.head.number, append.entry);
        self.entries = self.entries.split_off(&append.trim_below);
        self.head = Some((append.head, revision));
        Some(Appended::Done(revision))
    }

    fn trim(&mut self, expected: Revision, below: u64) {
        if self
            .head
            .as_ref()
            .is_some_and(|(_, revision)| *revision == expected)
        {
            self.entries = self.entries.split_off(&below);
        }
    }

    pub(crate) fn begin(&mut self, config: &Config, head: &Head) -> bool {
        if self.config.is_some() || self.head.is_some() {
            return false;
        }
        let revision = self.next_revision();
        self.config = Some(config.clone());
        self.head = Some((head.clone(), revision));
        true
    }

    pub(crate) fn head(&self) -> Option<(Head, Revision)> {
        self.head.clone()
    }

    pub(crate) fn first(&self) -> Option<u64> {
        self.entries.keys().next().copied()
    }

    pub(crate) fn claimed(&self) -> Option<NodeId> {
        self.owner.as_ref().map(|(node, _)| node.clone())
    }

    pub(crate) fn reports(&self) -> Vec<NodeReport> {
        let reports = self.nodes.values();
        reports.map(|(report, _)| report.clone()).collect()
    }

    fn next_revision(&mut self) -> Revision {
        self.revision += 1;
        Revision(self.revision)
    }
}
