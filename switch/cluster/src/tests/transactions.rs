//! The transactions of owners and candidates, with an engine that loses answers.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;
use tessera_encryption::DataKeys;
use tessera_journal::JournalError;

use super::*;
use crate::memory::{Loss, Memory};
use crate::owner::settle;
use crate::protocol::{Appending, Reached, Tip, Verdict};
use crate::take_over::{Begun, Candidate, begin_epoch};

const ALL: [Loss; 3] = [Loss::Done, Loss::NotDone, Loss::Late];

fn keys() -> (TempDir, DataKeys) {
    let folder = tempfile::tempdir().unwrap();
    let keys = DataKeys::for_tests(folder.path());
    (folder, keys)
}

/// A node that has all up to the head.
fn at_the_head(log: &dyn ReplicatedLog) -> Reached {
    let (head, _) = log.head().unwrap().unwrap();
    Reached {
        last: Some((head.number, Tip::tag_of(&head).unwrap())),
        place: head.place,
        beside: head.beside,
        epoch: head.epoch,
    }
}

fn begins(
    log: &dyn ReplicatedLog,
    name: &str,
    keys: &DataKeys,
    lives: &dyn Fn() -> bool,
) -> Option<Begun> {
    let candidate = Candidate {
        formats: Formats::of_build(1),
        key: keys.newest(),
        node: &node(name),
        log_id: [7; 16],
        keys,
        reached: &at_the_head(log),
        lives,
    };
    begin_epoch(log, &candidate).unwrap()
}

/// Whatever becomes of the first sendings, the entry is there once, and no sending that is late changes anything.
#[test]
fn an_append_whose_answer_is_lost_is_done_once() {
    for losses in [&ALL[..1], &ALL[1..2], &ALL[2..], &ALL[1..]] {
        let memory = Memory::default();
        let log = memory.connect();
        let begun = begin(&log);
        losses.iter().for_each(|loss| log.lose(*loss));
        let mut appending = Appending::new(begun, head(1));
        let revision = settle(&log, &mut appending, &entry(1), &|| 0, None, &|_| ()).unwrap();
        assert_eq!(log.head().unwrap(), Some((head(1), revision)));
        memory.land();
        assert_eq!(log.head().unwrap(), Some((head(1), revision)), "{losses:?}");
        append(&log, revision, 2);
        memory.land();
        assert_eq!(memory.numbers(), [1, 2]);
        assert_follows(log.follow(1).unwrap().as_mut(), 1..=2);
    }
}

/// The first sending arrives while the second one waits.
#[test]
fn an_append_that_lands_late_is_found_by_the_next_sending() {
    let memory = Memory::default();
    let log = memory.connect();
    let begun = begin(&log);
    log.lose(Loss::Late);
    let mut appending = Appending::new(begun, head(1));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(25));
            memory.land();
        });
        settle(&log, &mut appending, &entry(1), &|| 0, None, &|_| ()).unwrap();
    });
    assert_eq!(memory.numbers(), [1]);
}

#[test]
fn an_owner_is_superseded_by_whatever_it_did_not_append() {
    for loss in [None, Some(Loss::NotDone)] {
        let log = Memory::default().connect();
        let begun = begin(&log);
        let other = Head {
            tag: "f".repeat(32),
            ..head(1)
        };
        log.append(begun, &other, &entry(1), 0).unwrap();
        loss.into_iter().for_each(|loss| log.lose(loss));
        let mut appending = Appending::new(begun, head(1));
        let error = settle(&log, &mut appending, &entry(1), &|| 0, None, &|_| ()).unwrap_err();
        assert!(matches!(error, JournalError::Superseded { .. }), "{error}");
    }
}

#[test]
fn a_resignation_does_not_wait_for_ever() {
    let memory = Memory::default();
    let log = memory.connect();
    let begun = begin(&log);
    log.cut(true);
    let mut appending = Appending::new(begun, head(1));
    let until = Some(Instant::now());
    assert!(settle(&log, &mut appending, &entry(1), &|| 0, until, &|_| ()).is_err());
    log.cut(false);
    memory.wipe();
    let error = settle(&log, &mut appending, &entry(1), &|| 0, None, &|_| ()).unwrap_err();
    assert!(error.to_string().contains("deleted"), "{error}");
}

/// A full log takes it once there is space; one that refuses it for good ends the owner, if it is not there already.
#[test]
fn an_append_that_is_refused_for_good_is_not_sent_again() {
    let memory = Memory::default();
    let log = memory.connect();
    let begun = begin(&log);
    memory.fill(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            memory.fill(false);
        });
        let mut appending = Appending::new(begun, head(1));
        settle(&log, &mut appending, &entry(1), &|| 0, None, &|_| ()).unwrap();
    });
    let refused = || Err(LogError::Unusable("it is too long".into()));
    let mut appending = Appending::new(begun, head(1));
    assert_eq!(appending.answered(refused()), Verdict::Ask);
    let there = Ok(log.head().unwrap());
    assert!(matches!(appending.head_is(there), Verdict::Done(_)));
    assert_eq!(appending.answered(refused()), Verdict::Ask);
    let unchanged = || Ok(Some((head(0), begun)));
    let failed = Verdict::Failed("it is too long".into());
    assert_eq!(appending.head_is(unchanged()), failed);
    // Only the last answer counts.
    let silence = Err(LogError::Unavailable("no answer".into()));
    assert_eq!(appending.answered(silence), Verdict::Ask);
    assert_eq!(appending.head_is(unchanged()), Verdict::SendAgain);
}

#[test]
fn an_epoch_whose_answer_is_lost_begins_once() {
    let (_folder, keys) = keys();
    for losses in [&ALL[..1], &ALL[1..2], &ALL[2..], &ALL[1..]] {
        let memory = Memory::default();
        let log = memory.connect();
        append(&log, begin(&log), 1);
        losses.iter().for_each(|loss| log.lose(*loss));
        let begun = begins(&log, "n2", &keys, &|| true).unwrap();
        memory.land();
        let found = log.head().unwrap().unwrap();
        assert_eq!(found, (begun.tip.head.clone(), begun.tip.revision));
        let Head { epoch, number, .. } = found.0;
        assert_eq!((epoch, number), (2, 2), "{losses:?}");
        assert_eq!(memory.numbers(), [1, 2]);
    }
}

/// Both read the same head; one epoch begins, and the other candidate gives up.
#[test]
fn of_two_candidates_one_begins_an_epoch() {
    let (_folder, keys) = keys();
    let memory = Memory::default();
    let logs = [memory.connect(), memory.connect()];
    begin(&logs[0]);
    for round in 1..=1000 {
        let both = Barrier::new(2);
        let candidate = |at: usize| {
            // It is asked for the first time when the head was read.
            let waits = AtomicBool::new(true);
            let lives = || {
                if waits.swap(false, Ordering::Relaxed) {
                    both.wait();
                }
                true
            };
            begins(&logs[at], ["n1", "n2"][at], &keys, &lives)
        };
        let begun = std::thread::scope(|scope| {
            let other = scope.spawn(|| candidate(1));
            [candidate(0), other.join().unwrap()]
        });
        let winners: Vec<&Begun> = begun.iter().flatten().collect();
        assert_eq!(winners.len(), 1, "round {round}");
        let (head, revision) = logs[0].head().unwrap().unwrap();
        assert_eq!((head.epoch, head.number), (1 + round, round));
        assert_eq!(head, winners[0].tip.head);
        assert_eq!(revision, winners[0].tip.revision);
    }
}

/// The owner before was not dead: it appends while the candidate is on its way.
#[test]
fn a_candidate_begins_its_epoch_behind_a_living_owner() {
    let (_folder, keys) = keys();
    let memory = Memory::default();
    let log = memory.connect();
    let mut revision = begin(&log);
    revision = append(&log, revision, 1);
    let appended = AtomicBool::new(false);
    let owner = || {
        if !appended.swap(true, Ordering::Relaxed) {
            append(&log, revision, 2);
        }
        true
    };
    let begun = begins(&log, "n2", &keys, &owner).unwrap();
    assert_eq!((begun.tip.head.epoch, begun.tip.head.number), (2, 3));
    assert_eq!(memory.numbers(), [1, 2, 3]);
}

/// What it lacks is deleted while it is on its way.
#[test]
fn a_candidate_gives_up_where_it_lacks_entries() {
    let (_folder, keys) = keys();
    let memory = Memory::default();
    let log = memory.connect();
    let revision = append(&log, begin(&log), 1);
    let appended = AtomicBool::new(false);
    let owner = || {
        if !appended.swap(true, Ordering::Relaxed) {
            let revision = append(&log, revision, 2);
            append_and_trim(&log, revision, 3, 3);
        }
        true
    };
    assert!(begins(&log, "n2", &keys, &owner).is_none());
    assert_eq!(memory.numbers(), [3]);
}

#[test]
fn a_candidate_gives_up_when_its_lease_may_have_ended() {
    let (_folder, keys) = keys();
    let log = Memory::default().connect();
    begin(&log);
    let reads = AtomicBool::new(true);
    let lives = || reads.swap(false, Ordering::Relaxed);
    assert!(begins(&log, "n2", &keys, &lives).is_none());
    let cut = || {
        log.cut(true);
        false
    };
    assert!(begins(&log, "n2", &keys, &cut).is_none());
    log.cut(false);
    assert_eq!(log.head().unwrap().unwrap().0, head(0));
}
