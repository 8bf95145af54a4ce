//! Whole nodes, with their threads, on the engine in memory.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tempfile::TempDir;
use tessera_encryption::DataKeys;
use tessera_journal::{BatchHead, Commit as _, Cut};

use super::*;
use crate::memory::{Memory, MemoryLog};
use crate::peer::Peers;

/// Longer than any test.
const TTL: Duration = Duration::from_secs(60);

/// The batches that a node has. Each is one record, and its checksum its number.
#[derive(Clone, Default)]
struct Files(Arc<Mutex<Batches>>);

type Batches = Vec<(u64, Vec<u8>)>;

struct Machine {
    node: Node,
    log: MemoryLog,
    files: Files,
    folder: TempDir,
}

fn cut(batches: u64) -> Cut {
    Cut::from_stored((batches * 4096, batches + 1, batches)).unwrap()
}

fn batch(number: u64) -> BatchHead {
    BatchHead {
        before: cut(number),
        after: cut(number + 1),
        segment: None,
        records: 1,
        checksum: number as u32,
    }
}

impl Replica for Files {
    fn adopt_wallet_keys(&mut self, _: u64, _: &[u8; 4096]) -> Result<(), AnyError> {
        Ok(())
    }

    fn place(&self) -> Cut {
        cut(self.0.lock().unwrap().len() as u64)
    }

    fn append(&mut self, batch: &BatchHead, plaintext: &[u8]) -> Result<(), AnyError> {
        assert_eq!(batch.before, self.place());
        let batches = &mut self.0.lock().unwrap();
        batches.push((u64::from(batch.checksum), plaintext.to_vec()));
        Ok(())
    }

    fn change_beside(&mut self, _: &[u8]) -> Result<(), AnyError> {
        Ok(())
    }

    fn sync(&mut self) -> Result<(), AnyError> {
        Ok(())
    }
}

impl Machine {
    fn start(memory: &Memory, name: &str) -> Self {
        Self::of_build(memory, name, 1)
    }

    /// One whose build knows this format of events.
    fn of_build(memory: &Memory, name: &str, event_format: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let membership = Membership {
            active: false,
            epoch: 0,
            version: 1,
            log: config().log,
            beside: 0,
        };
        membership.write(folder.path()).unwrap();
        let settings = NodeSettings {
            peers: Peers::default(),
            node: node(name),
            peer: None,
            ttl: TTL,
            standbys_min: 0,
            data: folder.path().to_owned(),
            partitions: 4,
            event_format,
            digests: Digests::default(),
        };
        let log = memory.connect();
        let lost = Box::new(|why: &str| panic!("{why}"));
        let node = Node::start(settings, Arc::new(log.clone()), lost).unwrap();
        Self {
            node,
            log,
            files: Files::default(),
            folder,
        }
    }

    /// On a thread of its own, until it owns the log or is stopped.
    fn stand_by(self, keys: &Path) -> JoinHandle<(Self, Result<Ended, StandbyError>)> {
        let keys = DataKeys::for_tests(keys);
        std::thread::spawn(move || {
            let ended = self.node.stand_by(&keys, &mut self.files.clone());
            (self, ended)
        })
    }

    /// As the journal's writer does.
    fn commits(&self, owner: &mut Owner, count: u64) {
        for _ in 0..count {
            let number = self.files.0.lock().unwrap().len() as u64;
            owner.take(&number.to_le_bytes(), &[]);
            owner.commit(&batch(number)).unwrap();
            let written = (number, number.to_le_bytes().to_vec());
            self.files.0.lock().unwrap().push(written);
            owner.synced();
        }
    }
}

fn promoted(ended: Result<Ended, StandbyError>) -> Box<Owner> {
    match ended {
        Ok(Ended::Promoted(owner)) => owner,
        Ok(Ended::Stopped) => panic!("it was stopped"),
        Err(error) => panic!("{error}"),
    }
}

fn cluster() -> (Memory, TempDir) {
    let memory = Memory::default();
    let begun = Head {
        epoch: 0,
        number: 0,
        owner: None,
        tag: "0".repeat(32),
        place: Place::of(cut(0)),
        beside: 0,
    };
    assert!(memory.connect().begin(&config(), &begun).unwrap());
    let keys = tempfile::tempdir().unwrap();
    // All nodes have the same.
    drop(DataKeys::for_tests(keys.path()));
    (memory, keys)
}

/// One node after the other owns the log, and has all that was before.
#[test]
fn the_log_goes_from_node_to_node() {
    let (memory, keys) = cluster();
    let mut active = Machine::start(&memory, "n0").stand_by(keys.path());
    for round in 1..=4 {
        let (machine, ended) = active.join().unwrap();
        let mut owner = promoted(ended);
        assert_eq!(machine.node.standing().role(), Role::Active);
        let standby = Machine::start(&memory, &format!("n{round}"));
        // What the log does not have any more it would have to copy.
        standby
            .files
            .0
            .lock()
            .unwrap()
            .clone_from(&machine.files.0.lock().unwrap());
        let files = standby.files.clone();
        let standby = standby.stand_by(keys.path());
        machine.commits(&mut owner, 20);
        wait_until(|| files.0.lock().unwrap().len() == 20 * round);
        owner.close();
        let (head, _) = machine.log.head().unwrap().unwrap();
        assert_eq!((head.epoch, head.owner), (round as u64, None));
        machine.node.end();
        active = standby;
        drop(machine.folder);
    }
    let (machine, ended) = active.join().unwrap();
    promoted(ended);
    let batches = machine.files.0.lock().unwrap();
    let expected = (0..80_u64).map(|number| (number, number.to_le_bytes().to_vec()));
    assert!(batches.iter().cloned().eq(expected));
}

/// It was asked to stop while it did not know yet whether it took over.
#[test]
fn a_candidate_stops_when_it_is_asked() {
    let (memory, keys) = cluster();
    let machine = Machine::start(&memory, "n0");
    let (log, standing) = (machine.log.clone(), Arc::clone(machine.node.standing()));
    log.delay(Duration::from_millis(300));
    let running = machine.stand_by(keys.path());
    wait_until(|| standing.role() == Role::TakingOver);
    log.cut(true);
    std::thread::sleep(Duration::from_millis(400));
    standing.stop();
    let (machine, ended) = running.join().unwrap();
    assert!(matches!(ended, Ok(Ended::Stopped)));
    machine.node.end();
}

/// The entries that a standby has taken are synced, and said to be, though the log is silent.
#[test]
fn a_standby_syncs_while_the_log_is_silent() {
    let (memory, keys) = cluster();
    let (machine, ended) = Machine::start(&memory, "n0")
        .stand_by(keys.path())
        .join()
        .unwrap();
    let mut owner = promoted(ended);
    let standby = Machine::start(&memory, "n1");
    let (log, standing) = (standby.log.clone(), Arc::clone(standby.node.standing()));
    let running = standby.stand_by(keys.path());
    wait_until(|| standing.role() == Role::Standby);
    machine.commits(&mut owner, 1);
    wait_until(|| standing.overview().seen == 2);
    log.cut(true);
    wait_until(|| standing.overview().synced == 2);
    standing.stop();
    running.join().unwrap().1.map(drop).unwrap();
}

/// Nodes of these names, of which the first is the owner and the others follow.
fn running(names: [&str; 3]) -> (Memory, TempDir, (Machine, Box<Owner>), [Running; 2]) {
    let (memory, keys) = cluster();
    let [first, others @ ..] = names;
    let (machine, ended) = Machine::start(&memory, first)
        .stand_by(keys.path())
        .join()
        .unwrap();
    let owner = promoted(ended);
    machine.node.standing().set_serves();
    let others = others.map(|name| {
        let machine = Machine::start(&memory, name);
        let standing = Arc::clone(machine.node.standing());
        let thread = machine.stand_by(keys.path());
        wait_until(|| standing.role() == Role::Standby);
        Running { standing, thread }
    });
    wait_until(|| memory.connect().nodes().unwrap().len() == 3);
    (memory, keys, (machine, owner), others)
}

struct Running {
    standing: Arc<Standing>,
    thread: JoinHandle<(Machine, Result<Ended, StandbyError>)>,
}

impl Running {
    /// It serves as soon as it owns the log; its owner.
    fn serves(self) -> Box<Owner> {
        let (machine, ended) = self.thread.join().unwrap();
        machine.node.standing().set_serves();
        // Its lease lives on.
        std::mem::forget(machine);
        promoted(ended)
    }

    fn stops(self) {
        self.standing.stop();
        let (machine, _) = self.thread.join().unwrap();
        machine.node.end();
    }
}

fn asked(standing: &Standing) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(standing.asked_to_hand_over());
}

/// The other standby would be as fast.
#[test]
fn an_active_node_hands_over_to_the_one_that_is_named() {
    for named in ["n2", "n3"] {
        let (memory, _keys, (machine, mut owner), [n2, n3]) = running(["n1", "n2", "n3"]);
        let (to, other) = if named == "n2" { (n2, n3) } else { (n3, n2) };
        let log = memory.connect();
        let asks = std::thread::spawn(move || hand_over(&log, Some(node(named))));
        asked(machine.node.standing());
        owner.close();
        machine.node.end();
        drop(to.serves());
        let taken_over = asks.join().unwrap().unwrap();
        assert_eq!((taken_over.node, taken_over.epoch), (node(named), 2));
        assert_eq!(memory.connect().hand_over().unwrap(), None);
        other.stops();
    }
}

#[test]
fn an_active_node_says_why_it_does_not_hand_over() {
    let (memory, _keys, (machine, owner), [n2, n3]) = running(["n1", "n2", "n3"]);
    let refused = |to: &str| hand_over(&memory.connect(), Some(node(to))).unwrap_err();
    let why = refused("n4").to_string();
    assert_eq!(
        why,
        "n4 does not follow: its lease does not live. Nothing was changed"
    );
    let why = refused("n1").to_string();
    assert_eq!(why, "n1 is active already. Nothing was changed");
    let head = memory.connect().head().unwrap().unwrap().0;
    assert_eq!((head.epoch, head.owner), (1, Some(node("n1"))));
    drop(owner);
    machine.node.end();
    [n2, n3].into_iter().for_each(Running::stops);
}

/// It renews its lease, but answers nothing.
#[test]
fn a_node_takes_over_by_force_once_the_other_certainly_does_nothing_more() {
    const TTL_OF_ACTIVE: Duration = Duration::from_secs(1);
    let (memory, keys) = cluster();
    let mut hangs = memory.connect().lease(TTL_OF_ACTIVE).unwrap();
    assert_eq!(hangs.claim(&node("n1")).unwrap(), Claim::Ours);
    let machine = Machine::start(&memory, "n2");
    let standing = Arc::clone(machine.node.standing());
    let thread = machine.stand_by(keys.path());
    wait_until(|| standing.role() == Role::Standby);
    let log = memory.connect();
    wait_until(|| log.nodes().unwrap().len() == 1);
    let force = |node: &NodeId, begins: &mut dyn FnMut()| {
        take_over_by_force(&log, node, TTL_OF_ACTIVE, |from, fence| {
            assert_eq!((from.as_str(), fence), ("n1", TTL_OF_ACTIVE));
            begins();
        })
    };
    for (name, why) in [("n1", "n1 has claimed"), ("n3", "n3 does not follow")] {
        let refused = force(&node(name), &mut || panic!("it begins")).unwrap_err();
        assert!(refused.to_string().starts_with(why), "{refused}");
    }
    assert!(hangs.has_claim().unwrap());
    let (began, mut seized) = (Instant::now(), None);
    let running = Running { standing, thread };
    let taken_over = std::thread::scope(|scope| {
        let serves = scope.spawn(|| {
            let owner = running.serves();
            (owner, Instant::now())
        });
        let taken_over = force(&node("n2"), &mut || seized = Some(Instant::now())).unwrap();
        let (_owner, promoted) = serves.join().unwrap();
        assert!(promoted >= seized.unwrap() + TTL_OF_ACTIVE);
        taken_over
    });
    assert_eq!((taken_over.node, taken_over.epoch), (node("n2"), 1));
    assert!(taken_over.after >= TTL_OF_ACTIVE && taken_over.after <= began.elapsed());
    assert!(!hangs.has_claim().unwrap());
}

/// It reads none of what the epoch's owner may write.
#[test]
fn a_standby_of_an_older_build_stops_where_an_epoch_has_a_newer_format() {
    let (memory, keys) = cluster();
    let newer = Machine::of_build(&memory, "n1", 2).stand_by(keys.path());
    let (newer, ended) = newer.join().unwrap();
    let owner = promoted(ended);
    let older = Machine::of_build(&memory, "n2", 1).stand_by(keys.path());
    let (older, ended) = older.join().unwrap();
    let why = ended.map(drop).unwrap_err().to_string();
    assert!(
        why.contains("event format 2") && why.contains("install the build"),
        "{why}"
    );
    let same = Machine::of_build(&memory, "n3", 2);
    let standing = Arc::clone(same.node.standing());
    let running = same.stand_by(keys.path());
    wait_until(|| standing.overview().owner == Some(node("n1")));
    standing.stop();
    let (same, _) = running.join().unwrap();
    drop(owner);
    [newer, older, same]
        .into_iter()
        .for_each(|machine| machine.node.end());
}

#[test]
fn a_node_does_not_take_over_while_another_one_could_not_read_what_it_writes() {
    let (memory, keys) = cluster();
    let log = memory.connect();
    let mut older = log.lease(TTL).unwrap();
    let mut report = NodeReport {
        node: node("n2"),
        synced: 0,
        build: String::new(),
        peer: None,
        needs: None,
        state: Default::default(),
    };
    report.state.reads = Some(Formats {
        event: 1,
        ..Formats::of_build(1)
    });
    older.report(&report).unwrap();
    let newer = Machine::of_build(&memory, "n1", 2);
    let running = newer.stand_by(keys.path());
    let why = || {
        let nodes = log.nodes().unwrap();
        let found = nodes.into_iter().find(|report| report.node == node("n1"));
        found?.state.why_not
    };
    wait_until(|| why().is_some_and(|why| why.starts_with("n2 reads event formats up to 1")));
    assert_eq!(log.claimed().unwrap(), None);
    assert_eq!(log.head().unwrap().unwrap().0.epoch, 0);
    older.revoke().unwrap();
    let (machine, ended) = running.join().unwrap();
    promoted(ended);
    machine.node.end();
}

/// An upgrade: the active node, which could not read it, is gone by then, and comes back with the new build.
#[test]
fn a_node_of_a_newer_build_takes_over_from_an_older_one_that_hands_over() {
    let (memory, keys) = cluster();
    let older = Machine::of_build(&memory, "n1", 1).stand_by(keys.path());
    let (older, ended) = older.join().unwrap();
    let mut owner = promoted(ended);
    older.node.standing().set_serves();
    let newer = Machine::of_build(&memory, "n2", 2);
    let standing = Arc::clone(newer.node.standing());
    let thread = newer.stand_by(keys.path());
    wait_until(|| standing.role() == Role::Standby);
    wait_until(|| memory.connect().nodes().unwrap().len() == 2);
    let log = memory.connect();
    let asks = std::thread::spawn(move || hand_over(&log, None));
    asked(older.node.standing());
    owner.close();
    older.node.end();
    drop(Running { standing, thread }.serves());
    let taken_over = asks.join().unwrap().unwrap();
    assert_eq!(taken_over.node, node("n2"));
}

/// What a broken process decided must not reach the other nodes.
#[test]
fn nothing_is_appended_after_a_fault_that_ends_the_process() {
    let (memory, keys) = cluster();
    let first = Machine::start(&memory, "n1").stand_by(keys.path());
    let (machine, ended) = first.join().unwrap();
    let mut owner = promoted(ended);
    machine.commits(&mut owner, 1);
    let standing = Arc::clone(machine.node.standing());
    machine.log.cut(true);
    let before = memory.numbers();
    // It waits for the log, and then for ever.
    let writer = std::thread::spawn(move || owner.commit(&batch(1)).is_ok());
    wait_until(|| standing.is_stalled());
    let end = machine.node.ends_within(Duration::from_millis(1));
    end();
    machine.log.cut(false);
    // Without the fault it would take 50 ms.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(memory.numbers(), before);
    assert!(!writer.is_finished());
}

/// Segments are deleted only while enough of them have the whole journal.
#[test]
fn a_node_counts_the_others_that_have_the_whole_journal() {
    let (memory, _keys, (machine, owner), [n2, n3]) = running(["n1", "n2", "n3"]);
    let standing = machine.node.standing();
    wait_until(|| standing.whole_others() == 2);
    let mut copying = memory.connect().lease(TTL).unwrap();
    let report = NodeReport {
        node: node("n4"),
        synced: 0,
        build: String::new(),
        peer: None,
        needs: Some(1),
        state: Default::default(),
    };
    copying.report(&report).unwrap();
    n3.stops();
    wait_until(|| standing.others() == 2 && standing.whole_others() == 1);
    machine.log.cut(true);
    wait_until(|| standing.whole_others() == 0);
    machine.log.cut(false);
    wait_until(|| standing.whole_others() == 1);
    drop(owner);
    machine.node.end();
    n2.stops();
}
