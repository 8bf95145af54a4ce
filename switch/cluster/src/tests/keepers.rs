//! The lease of a node, with an engine whose leases end when a test says so.

use std::sync::{Arc, Mutex};

use super::*;
use crate::keeper::{Keeper, Lost};
use crate::memory::{Memory, MemoryLog};

/// Longer than any test: only what a test does ends a lease.
const TTL: Duration = Duration::from_secs(60);
/// Renewed often enough to wait for.
const SHORT: Duration = Duration::from_millis(1_200);

struct Kept {
    keeper: Keeper,
    standing: Arc<Standing>,
    lost: Arc<Mutex<Vec<String>>>,
}

fn keep(log: &MemoryLog, name: &str, ttl: Duration) -> Kept {
    let standing: Arc<Standing> = Arc::default();
    standing.set_role(Role::Standby);
    let lost: Arc<Mutex<Vec<String>>> = Arc::default();
    let says = Arc::clone(&lost);
    let lose: Lost = Box::new(move |why| says.lock().unwrap().push(why.to_owned()));
    let log = Arc::new(log.clone());
    let keeper = Keeper::start(log, node(name), None, ttl, Arc::clone(&standing), lose).unwrap();
    Kept {
        keeper,
        standing,
        lost,
    }
}

fn claims(kept: &Kept) {
    wait_until(|| kept.keeper.claim().is_ok_and(|claimed| claimed));
    assert!(kept.keeper.holds());
}

#[test]
fn a_claim_whose_answer_is_lost_does_not_stay() {
    let memory = Memory::default();
    let [log, other] = [memory.connect(), memory.connect()];
    let [kept, another] = [(&log, "n1"), (&other, "n2")].map(|(log, name)| keep(log, name, TTL));
    wait_until(|| log.nodes().unwrap().len() == 2);
    log.lose_claim();
    assert!(kept.keeper.claim().is_err());
    assert!(!kept.keeper.holds());
    // It would live as long as the node.
    assert_eq!(log.claimed().unwrap(), None);
    claims(&another);
    assert_eq!(log.claimed().unwrap(), Some(node("n2")));
    another.keeper.end();
    claims(&kept);
    kept.keeper.give_up();
    assert_eq!(log.claimed().unwrap(), None);
    assert!(!kept.keeper.holds() && !kept.keeper.promote(1));
    kept.keeper.end();
}

/// Nothing changes in an idle cluster, but its owner has to know that a standby is there.
#[test]
fn a_node_reports_itself_under_each_lease() {
    let memory = Memory::default();
    let log = memory.connect();
    let kept = keep(&log, "n1", SHORT);
    let place = Place {
        position: 0,
        sequence: 1,
        chain: 0,
    };
    kept.standing.set_synced(7, place);
    for _ in 0..3 {
        wait_until(|| log.nodes().unwrap().iter().any(|report| report.synced == 7));
        memory.expire(&node("n1"));
    }
    kept.keeper.end();
}

#[test]
fn a_candidate_is_none_once_its_claim_has_ended() {
    let memory = Memory::default();
    let log = memory.connect();
    let kept = keep(&log, "n1", SHORT);
    claims(&kept);
    memory.expire(&node("n1"));
    wait_until(|| !kept.keeper.holds());
    assert!(!kept.keeper.promote(1));
    assert_eq!(log.claimed().unwrap(), None);
    claims(&kept);
    assert!(kept.keeper.promote(1));
    kept.keeper.end();
}

/// An owner of epoch 1, whose lease ends, while the head is of this epoch.
fn lease_ends_at(epoch: u64) -> (Kept, MemoryLog) {
    let memory = Memory::default();
    let log = memory.connect();
    let begun = begin(&log);
    let kept = keep(&log, "n1", SHORT);
    claims(&kept);
    assert!(kept.keeper.promote(1));
    let next = Head { epoch, ..head(1) };
    log.append(begun, &next, b"", 0).unwrap();
    memory.expire(&node("n1"));
    (kept, log)
}

#[test]
fn an_owner_goes_on_where_nobody_took_over() {
    let (kept, log) = lease_ends_at(1);
    wait_until(|| log.claimed().unwrap() == Some(node("n1")));
    wait_until(|| kept.keeper.holds());
    assert!(kept.lost.lock().unwrap().is_empty());
    kept.keeper.end();
}

/// Another node took over and ended, all while this one was not looking. Nobody has claimed the log; but it is not ours any more.
#[test]
fn an_owner_ends_where_another_epoch_has_begun() {
    let (kept, _log) = lease_ends_at(2);
    wait_until(|| !kept.lost.lock().unwrap().is_empty());
    assert!(!kept.keeper.holds());
    std::thread::sleep(SHORT / 2);
    assert!(!kept.keeper.holds());
    let lost = kept.lost.lock().unwrap();
    assert!(lost.len() == 1 && lost[0].contains("epoch 2"), "{lost:?}");
    drop(lost);
    kept.keeper.end();
}

#[test]
fn an_owner_ends_where_another_node_has_the_claim() {
    let memory = Memory::default();
    let [log, other] = [memory.connect(), memory.connect()];
    begin(&log);
    let [kept, another] = [(&log, "n1"), (&other, "n2")].map(|(log, name)| keep(log, name, SHORT));
    claims(&kept);
    assert!(kept.keeper.promote(1));
    log.cut(true);
    memory.expire(&node("n1"));
    claims(&another);
    log.cut(false);
    wait_until(|| !kept.lost.lock().unwrap().is_empty());
    assert!(kept.lost.lock().unwrap()[0].contains("n2"));
    assert!(!kept.keeper.holds() && another.keeper.holds());
    kept.keeper.end();
    another.keeper.end();
}

/// Its lease lives on, so only its claim says that another node may take over.
#[test]
fn an_owner_ends_whose_claim_was_seized() {
    let memory = Memory::default();
    let [log, other] = [memory.connect(), memory.connect()];
    begin(&log);
    let kept = keep(&log, "n1", SHORT);
    claims(&kept);
    assert!(kept.keeper.promote(1));
    let mut barrier = other.lease(TTL).unwrap();
    let fence = barrier.seize(&node("n1"), &node("n2"), TTL).unwrap();
    assert_eq!(fence, Some(SHORT));
    wait_until(|| !kept.lost.lock().unwrap().is_empty());
    assert!(kept.lost.lock().unwrap()[0].contains("n2 takes over"));
    assert!(!kept.keeper.holds());
    kept.keeper.end();
}

/// Nobody took over while the claim was seized: it is still the owner.
#[test]
fn an_owner_claims_anew_what_was_seized_and_given_up() {
    let memory = Memory::default();
    let [log, other] = [memory.connect(), memory.connect()];
    let begun = begin(&log);
    let kept = keep(&log, "n1", SHORT);
    claims(&kept);
    assert!(kept.keeper.promote(1));
    log.append(begun, &head(1), b"", 0).unwrap();
    log.cut(true);
    let mut barrier = other.lease(TTL).unwrap();
    assert!(
        barrier
            .seize(&node("n1"), &node("n2"), TTL)
            .unwrap()
            .is_some()
    );
    wait_until(|| !kept.keeper.holds());
    barrier.revoke().unwrap();
    log.cut(false);
    wait_until(|| kept.keeper.holds());
    assert_eq!(other.claimed().unwrap(), Some(node("n1")));
    assert!(kept.lost.lock().unwrap().is_empty());
    kept.keeper.end();
}

#[test]
fn a_candidate_whose_claim_was_seized_is_none() {
    let memory = Memory::default();
    let [log, other] = [memory.connect(), memory.connect()];
    let kept = keep(&log, "n1", SHORT);
    claims(&kept);
    let mut barrier = other.lease(TTL).unwrap();
    assert!(
        barrier
            .seize(&node("n1"), &node("n2"), TTL)
            .unwrap()
            .is_some()
    );
    wait_until(|| !kept.keeper.holds());
    assert!(!kept.keeper.promote(1));
    assert!(kept.lost.lock().unwrap().is_empty());
    kept.keeper.end();
}

/// What it says is written again when it changes, and not while it is the same.
#[test]
fn a_node_reports_how_it_is_when_that_changes() {
    let log = Memory::default().connect();
    let kept = keep(&log, "n1", TTL);
    let why = || log.nodes().unwrap().first()?.state.why_not.clone();
    wait_until(|| log.nodes().unwrap().len() == 1);
    assert_eq!(why(), None);
    kept.standing
        .set_why_not(Some("it lacks entries".to_owned()));
    wait_until(|| why().is_some());
    let revisions = log.reports_written();
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(log.reports_written(), revisions);
    kept.standing.set_why_not(None);
    wait_until(|| why().is_none());
    kept.keeper.end();
}

/// Its process is about to end: nothing opens the fence again.
#[test]
fn the_fence_of_a_superseded_owner_stays_shut() {
    let log = Memory::default().connect();
    let kept = keep(&log, "n1", TTL);
    kept.standing.supersede();
    wait_until(|| log.nodes().unwrap().len() == 1);
    kept.keeper.claim().unwrap();
    assert!(!kept.keeper.holds());
    kept.keeper.end();
}
