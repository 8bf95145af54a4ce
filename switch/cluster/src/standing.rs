//! What this node is in its cluster, as all of its threads and its operators see it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::{LogStatus, NodeId, NodeReport, Place};

/// What a node does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It has started, and does not know yet how far it lags behind.
    #[default]
    Starting,
    /// It follows the log.
    Standby,
    /// Its claim was accepted; it takes what the log has before its own epoch.
    TakingOver,
    /// It owns the log.
    Active,
    /// It has resigned.
    Resigned,
}

/// See the head of this file.
#[derive(Debug)]
pub struct Standing {
    state: Mutex<State>,
    /// The last entry whose effects are on this node's disk.
    synced: AtomicU64,
    /// The last record of the journal that is.
    synced_sequence: AtomicU64,
    /// The last entry of the log that this node knows of.
    seen: AtomicU64,
    /// Entries from this one on have to stay in the log; 0: no such wish.
    needs: AtomicU64,
    /// Entries below this number may be deleted.
    trim_below: AtomicU64,
    /// Bytes of entries that this node, as the owner, has put into the log and that may not be deleted yet.
    window_bytes: AtomicU64,
    /// How many of those there may be; 0 while the engine's database is half full.
    room: AtomicU64,
    /// Other nodes whose leases live.
    others: AtomicU64,
    /// Of those, the ones that do not copy.
    whole_others: AtomicUsize,
    stopping: AtomicBool,
    /// The owner waits: the log takes nothing, or too few standbys follow.
    stalled: AtomicBool,
    /// Another node has begun an epoch after this node's own.
    superseded: AtomicBool,
}

#[derive(Clone, Debug, Default)]
struct State {
    role: Role,
    epoch: u64,
    owner: Option<NodeId>,
    nodes: Vec<NodeReport>,
    why_not: Option<String>,
    engine: EngineView,
}

/// What this node has seen of the engine that keeps the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineView {
    /// What it said last of itself; `None` while it does not answer.
    pub status: Option<LogStatus>,
    /// How often another member led than at the look before.
    pub leader_changes: u64,
    /// The last member that led.
    leader: u64,
}

/// What an operator is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// Of this node.
    pub role: Role,
    /// Of the last entry that it knows.
    pub epoch: u64,
    /// Who owns the log, as far as this node knows.
    pub owner: Option<NodeId>,
    /// The last entry that this node knows of.
    pub seen: u64,
    /// The last one that is on its disk.
    pub synced: u64,
    /// All nodes whose leases live.
    pub nodes: Vec<NodeReport>,
    /// Why this node could not take over now.
    pub why_not: Option<String>,
}

/// What the owner may have in the log that no second node has yet. Above it, it waits.
const WINDOW_BYTES_MAX: u64 = 1 << 30;
/// The quota of an engine that does not say it: the one that the documentation asks for.
const QUOTA_BYTES: u64 = 4 << 30;

/// An engine that is full takes nothing more, from nobody, until a person has helped. So the owner stops long before, whatever
/// fills it: its database never shrinks by itself, and old versions stay for some seconds.
fn room(status: &LogStatus) -> u64 {
    let quota = status.quota_bytes.unwrap_or(QUOTA_BYTES);
    match status.used_bytes < quota / 2 {
        true => WINDOW_BYTES_MAX.min(quota / 4),
        false => 0,
    }
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            synced: AtomicU64::default(),
            synced_sequence: AtomicU64::default(),
            seen: AtomicU64::default(),
            needs: AtomicU64::default(),
            trim_below: AtomicU64::default(),
            window_bytes: AtomicU64::default(),
            room: AtomicU64::new(WINDOW_BYTES_MAX),
            others: AtomicU64::default(),
            whole_others: AtomicUsize::default(),
            stopping: AtomicBool::default(),
            stalled: AtomicBool::default(),
            superseded: AtomicBool::default(),
        }
    }
}

impl Standing {
    /// All of it.
    pub fn overview(&self) -> Overview {
        let State {
            role,
            epoch,
            owner,
            nodes,
            why_not,
            engine: _,
        } = self.lock().clone();
        Overview {
            role,
            epoch,
            owner,
            seen: self.seen.load(Ordering::Acquire),
            synced: self.synced(),
            nodes,
            why_not,
        }
    }

    /// The engine that keeps the log.
    pub fn engine(&self) -> EngineView {
        self.lock().engine.clone()
    }

    pub(crate) fn set_engine(&self, status: Option<LogStatus>) {
        if let Some(status) = &status {
            self.room.store(room(status), Ordering::Release);
        }
        let engine = &mut self.lock().engine;
        if let Some(leader) = status.as_ref().map(|status| status.leader) {
            let has_changed = engine.leader != 0 && engine.leader != leader;
            engine.leader_changes += u64::from(has_changed);
            engine.leader = leader;
        }
        engine.status = status;
    }

    /// Bytes of entries that are on no second node yet, on the active node.
    pub fn window_bytes(&self) -> u64 {
        self.window_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn set_window_bytes(&self, bytes: u64) {
        self.window_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Bytes of entries that may be in the log and on no second node.
    pub(crate) fn room(&self) -> u64 {
        self.room.load(Ordering::Acquire)
    }

    /// What this node does.
    pub fn role(&self) -> Role {
        self.lock().role
    }

    /// Has the node end: a standby stops following.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether it is asked to end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Whether this node, as the owner, waits with a batch: the log takes nothing, or too few standbys follow.
    pub fn is_stalled(&self) -> bool {
        self.stalled.load(Ordering::Acquire)
    }

    pub(crate) fn set_stalled(&self, stalled: bool) {
        self.stalled.store(stalled, Ordering::Release);
    }

    pub(crate) fn is_superseded(&self) -> bool {
        self.superseded.load(Ordering::Acquire)
    }

    pub(crate) fn supersede(&self) {
        self.superseded.store(true, Ordering::Release);
    }

    pub(crate) fn set_role(&self, role: Role) {
        self.lock().role = role;
    }

    pub(crate) fn set_why_not(&self, why: Option<String>) {
        self.lock().why_not = why;
    }

    pub(crate) fn set_owner(&self, epoch: u64, owner: Option<NodeId>) {
        let mut state = self.lock();
        (state.epoch, state.owner) = (epoch, owner);
    }

    pub(crate) fn set_nodes(&self, nodes: Vec<NodeReport>, me: &NodeId) {
        let others = nodes.iter().filter(|report| report.node != *me).count();
        self.others.store(others as u64, Ordering::Release);
        let is_whole = |report: &&NodeReport| report.node != *me && report.needs.is_none();
        let whole = nodes.iter().filter(is_whole).count();
        self.whole_others.store(whole, Ordering::Release);
        self.lock().nodes = nodes;
    }

    /// Other nodes whose leases live.
    pub fn others(&self) -> u64 {
        self.others.load(Ordering::Acquire)
    }

    /// Other nodes whose leases live and that have the whole journal up to what they say.
    pub fn whole_others(&self) -> usize {
        self.whole_others.load(Ordering::Acquire)
    }

    pub(crate) fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    pub(crate) fn set_synced(&self, number: u64, place: Place) {
        let last = place.sequence.saturating_sub(1);
        self.synced_sequence.store(last, Ordering::Release);
        self.synced.store(number, Ordering::Release);
        self.see(number);
    }

    /// The last record of the journal that is on this node's disk, and that the log had.
    pub(crate) fn synced_sequence(&self) -> u64 {
        self.synced_sequence.load(Ordering::Acquire)
    }

    pub(crate) fn needs(&self) -> Option<u64> {
        Some(self.needs.load(Ordering::Acquire)).filter(|needs| *needs > 0)
    }

    pub(crate) fn set_needs(&self, number: Option<u64>) {
        self.needs.store(number.unwrap_or(0), Ordering::Release);
    }

    pub(crate) fn see(&self, number: u64) {
        self.seen.fetch_max(number, Ordering::AcqRel);
    }

    pub(crate) fn trim_below(&self) -> u64 {
        self.trim_below.load(Ordering::Acquire)
    }

    pub(crate) fn set_trim_below(&self, number: u64) {
        self.trim_below.fetch_max(number, Ordering::AcqRel);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Its fields are replaced whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_stops_long_before_the_engine_is_full() {
        let says = |used_bytes, quota_bytes| LogStatus {
            used_bytes,
            quota_bytes,
            ..LogStatus::default()
        };
        let standing = Standing::default();
        assert_eq!(standing.room(), 1 << 30);
        for (used, quota, room) in [
            (0, None, 1 << 30),
            ((2 << 30) - 1, None, 1 << 30),
            (2 << 30, None, 0),
            (2 << 30, Some(8 << 30), 1 << 30),
            (1 << 20, Some(64 << 20), 16 << 20),
            (32 << 20, Some(64 << 20), 0),
        ] {
            standing.set_engine(Some(says(used, quota)));
            assert_eq!(standing.room(), room, "{used} of {quota:?}");
        }
        // What it said last counts while it does not answer.
        standing.set_engine(None);
        assert_eq!(standing.room(), 0);
    }
}
