//! What this node is in its cluster, as all of its threads and its operators see it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tessera_encryption::DataKeys;
use tokio::sync::Notify;

use crate::commits::Commits;
use crate::{
    Digests, Formats, HandOverAnswer, Lag, LogStatus, NodeId, NodeReport, NodeState, Place,
};

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
#[derive(Debug, Default)]
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
    window_max: WindowMax,
    /// Other nodes whose leases live.
    others: AtomicU64,
    /// Of those, the ones that do not copy.
    whole_others: AtomicUsize,
    /// Of this node as the owner.
    commits: Mutex<Commits>,
    /// It is active, and its ports accept.
    serves: AtomicBool,
    /// That this build reads and writes; `None` in a test that has none.
    formats: Option<Formats>,
    /// Once they are open.
    keys: OnceLock<DataKeys>,
    /// It is to hand over.
    hands_over: Notify,
    stopping: AtomicBool,
    /// The owner waits: the log takes nothing, or too few standbys follow.
    stalled: AtomicBool,
    /// A fault ends the process: nothing more may leave it.
    ending: AtomicBool,
    /// Another node has begun an epoch after this node's own.
    superseded: AtomicBool,
}

#[derive(Clone, Debug, Default)]
struct State {
    role: Role,
    epoch: u64,
    owner: Option<NodeId>,
    nodes: Vec<NodeReport>,
    /// This node.
    me: Option<NodeId>,
    why_not: Option<String>,
    engine: EngineView,
    /// How far the others are behind, on the active node.
    lags: BTreeMap<NodeId, Lag>,
    answer: Option<HandOverAnswer>,
    digests: Digests,
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
fn window_max(status: &LogStatus) -> u64 {
    let quota = status.quota_bytes.unwrap_or(QUOTA_BYTES);
    match status.used_bytes < quota / 2 {
        true => WINDOW_BYTES_MAX.min(quota / 4),
        false => 0,
    }
}

/// Bytes of entries that may be in the log and on no second node.
#[derive(Debug)]
struct WindowMax(AtomicU64);

impl Default for WindowMax {
    fn default() -> Self {
        Self(AtomicU64::new(WINDOW_BYTES_MAX))
    }
}

impl State {
    /// The other nodes whose leases live.
    fn others(&self) -> impl Iterator<Item = &NodeReport> {
        let is_other = |report: &&NodeReport| Some(&report.node) != self.me.as_ref();
        self.nodes.iter().filter(is_other)
    }

    /// Not by this node: at its take-over it is gone, or comes back with another build.
    fn refused_by(&self, formats: Formats, except: Option<&NodeId>) -> Option<String> {
        let others = self.others();
        let others = others.filter(|report| Some(&report.node) != except);
        formats.refused_by(others.map(|report| (&report.node, report.state.reads)))
    }
}

impl Standing {
    /// Of a node that starts.
    pub(crate) fn of(formats: Formats, digests: Digests) -> Self {
        let state = State {
            digests,
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            formats: Some(formats),
            ..Self::default()
        }
    }

    /// All of it.
    pub fn overview(&self) -> Overview {
        let State {
            role,
            epoch,
            owner,
            nodes,
            why_not,
            engine: _,
            me: _,
            lags: _,
            answer: _,
            digests: _,
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

    /// What this node says of itself in its report.
    pub(crate) fn state(&self) -> NodeState {
        let state = self.lock();
        let is_owner = matches!(state.role, Role::Active);
        let why_not = match state.role {
            Role::Starting => Some(state.why_not.clone().unwrap_or("it starts".to_owned())),
            Role::Standby => {
                let except = state.owner.as_ref();
                let refused = self
                    .formats
                    .and_then(|formats| state.refused_by(formats, except));
                state.why_not.clone().or(refused)
            }
            Role::TakingOver | Role::Active | Role::Resigned => None,
        };
        NodeState {
            epoch: state.epoch,
            serves: is_owner && self.serves(),
            why_not,
            lags: match is_owner {
                true => state.lags.clone(),
                false => BTreeMap::new(),
            },
            held_bytes: match is_owner {
                true => self.window_bytes(),
                false => 0,
            },
            digests: state.digests.clone(),
            data_key: self.keys.get().map(|keys| keys.newest().0),
            reads: self.formats,
            clock: 0,
            answer: state.answer.clone(),
        }
    }

    /// Why this node must not own the log: a node that is there could not read what it writes.
    pub(crate) fn refused_by(&self) -> Option<String> {
        self.lock().refused_by(self.formats?, None)
    }

    /// Other nodes that are there and have other parties or vault keys, or lack a data key that this node has.
    pub fn differing(&self) -> u64 {
        let mine = self.state();
        let state = self.lock();
        let differing = state.others().filter(|report| {
            let theirs = &report.state;
            let lacks_key = theirs.data_key.is_some() && theirs.data_key < mine.data_key;
            lacks_key || !mine.digests.differences(&theirs.digests).is_empty()
        });
        differing.count() as u64
    }

    /// The parties were read again.
    pub fn set_digests(&self, digests: Digests) {
        self.lock().digests = digests;
    }

    pub(crate) fn use_keys(&self, keys: DataKeys) {
        self.keys.get_or_init(|| keys);
    }

    /// Whether this node is active, or could take over.
    pub fn can_take_over(&self) -> bool {
        self.state().why_not.is_none()
    }

    /// How far this node is behind, as the active node measured last; `None` where that is not known.
    pub fn lag(&self) -> Option<Lag> {
        let state = self.lock();
        let (owner, me) = (state.owner.as_ref()?, state.me.as_ref()?);
        let report = state.nodes.iter().find(|report| report.node == *owner)?;
        report.state.lags.get(me).copied()
    }

    /// The log has taken an entry of this node as the owner.
    pub(crate) fn committed(&self, number: u64, bytes: u64) {
        let now = Instant::now();
        self.commits().add(number, bytes, now);
        self.see(number);
    }

    /// Returns once this node is asked to hand over to another one: its process is to end in order.
    pub async fn asked_to_hand_over(&self) {
        self.hands_over.notified().await;
    }

    /// The last answer that was given.
    pub(crate) fn answer(&self) -> Option<HandOverAnswer> {
        self.lock().answer.clone()
    }

    /// Answers a request to hand over, and has that be done where it is not refused.
    pub(crate) fn answer_hand_over(&self, answer: HandOverAnswer) {
        let agreed = answer.refused.is_none();
        self.lock().answer = Some(answer);
        if agreed {
            self.hands_over.notify_one();
        }
    }

    /// Measures how far the other nodes are behind.
    pub(crate) fn measure_lags(&self, me: &NodeId) -> BTreeMap<NodeId, Lag> {
        let now = Instant::now();
        let mut state = self.lock();
        let commits = self.commits();
        let others = state.nodes.iter().filter(|report| report.node != *me);
        let lags: BTreeMap<_, _> = others
            .map(|report| (report.node.clone(), commits.lag(report.synced, now)))
            .collect();
        drop(commits);
        state.lags.clone_from(&lags);
        lags
    }

    fn commits(&self) -> MutexGuard<'_, Commits> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the ports of this node accept.
    pub(crate) fn serves(&self) -> bool {
        self.serves.load(Ordering::Acquire)
    }

    /// The ports of the active node accept from now on.
    pub fn set_serves(&self) {
        self.serves.store(true, Ordering::Release);
    }

    /// The engine that keeps the log.
    pub fn engine(&self) -> EngineView {
        self.lock().engine.clone()
    }

    pub(crate) fn set_engine(&self, status: Option<LogStatus>) {
        if let Some(status) = &status {
            self.window_max
                .0
                .store(window_max(status), Ordering::Release);
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
    pub(crate) fn window_max(&self) -> u64 {
        self.window_max.0.load(Ordering::Acquire)
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

    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    pub(crate) fn set_ending(&self) {
        self.ending.store(true, Ordering::SeqCst);
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
        let mut state = self.lock();
        (state.nodes, state.me) = (nodes, Some(me.clone()));
    }

    /// Other nodes whose leases live.
    pub fn others(&self) -> u64 {
        self.others.load(Ordering::Acquire)
    }

    /// The other nodes can't be seen.
    pub(crate) fn lose_sight(&self) {
        self.whole_others.store(0, Ordering::Release);
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

    fn lock(&self) -> MutexGuard<'_, State> {
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
        assert_eq!(standing.window_max(), 1 << 30);
        for (used, quota, window_max) in [
            (0, None, 1 << 30),
            ((2 << 30) - 1, None, 1 << 30),
            (2 << 30, None, 0),
            (2 << 30, Some(8 << 30), 1 << 30),
            (1 << 20, Some(64 << 20), 16 << 20),
            (32 << 20, Some(64 << 20), 0),
        ] {
            standing.set_engine(Some(says(used, quota)));
            assert_eq!(standing.window_max(), window_max, "{used} of {quota:?}");
        }
        // What it said last counts while it does not answer.
        standing.set_engine(None);
        assert_eq!(standing.window_max(), 0);
    }

    fn report(name: &str, parties: &str, data_key: u32) -> NodeReport {
        let mut report = NodeReport {
            node: NodeId::parse(name).unwrap(),
            synced: 0,
            build: String::new(),
            peer: None,
            needs: None,
            state: NodeState::default(),
        };
        report.state.digests.parties = Some(parties.to_owned());
        report.state.data_key = Some(data_key);
        report
    }

    #[test]
    fn nodes_with_other_parties_or_without_a_data_key_differ() {
        let folder = tempfile::tempdir().unwrap();
        let digests = Digests {
            parties: Some("p1".to_owned()),
            vault_keys: Some(Vec::new()),
        };
        let standing = Standing::of(Formats::of_build(1), digests.clone());
        standing.use_keys(DataKeys::for_tests(folder.path()));
        let me = NodeId::parse("n1").unwrap();
        let see = |others: &[NodeReport]| {
            let mine = report("n1", "p1", 2);
            standing.set_nodes([&[mine], others].concat(), &me);
            standing.differing()
        };
        assert_eq!(see(&[]), 0);
        // What an older build does not say is no difference.
        let mut silent = report("n2", "p1", 2);
        silent.state = NodeState::default();
        assert_eq!(see(&[silent]), 0);
        assert_eq!(see(&[report("n2", "p1", 2), report("n3", "p1", 3)]), 0);
        assert_eq!(see(&[report("n2", "p2", 2), report("n3", "p1", 1)]), 2);
        standing.set_digests(Digests {
            parties: Some("p2".to_owned()),
            ..digests
        });
        assert_eq!(see(&[report("n2", "p2", 2), report("n3", "p1", 2)]), 1);
    }
}
