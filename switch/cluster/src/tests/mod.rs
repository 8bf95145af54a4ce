//! What the engines promise, each promise with a test.

mod etcd;
mod following;
mod keepers;
mod memory;
mod model;
mod nodes;
mod reached;
mod suite;
mod transactions;

use std::time::{Duration, Instant};

use crate::*;

/// Long enough for anything that happens at all, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn node(name: &str) -> NodeId {
    NodeId::parse(name).unwrap()
}

fn config() -> Config {
    Config {
        version: 1,
        log: "0123456789abcdef0123456789abcdef".into(),
        partitions: 4,
    }
}

fn head(number: u64) -> Head {
    owned(number, "n1")
}

fn owned(number: u64, owner: &str) -> Head {
    Head {
        epoch: 1,
        number,
        owner: Some(node(owner)),
        tag: format!("{number:032x}"),
        place: Place {
            position: number * 4096,
            sequence: number + 1,
            chain: number ^ 7,
        },
        beside: 0,
    }
}

/// Different for each number, in content and length.
fn entry(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(1 + number as usize % 50)
}

/// Begins the log; the head's revision.
fn begin(log: &dyn ReplicatedLog) -> Revision {
    assert!(log.begin(&config(), &head(0)).unwrap());
    let (begun, revision) = log.head().unwrap().unwrap();
    assert_eq!(begun, head(0));
    revision
}

#[track_caller]
fn append(log: &dyn ReplicatedLog, expected: Revision, number: u64) -> Revision {
    append_and_trim(log, expected, number, 0)
}

#[track_caller]
fn append_and_trim(
    log: &dyn ReplicatedLog,
    expected: Revision,
    number: u64,
    trim_below: u64,
) -> Revision {
    match log.append(expected, &head(number), &entry(number), trim_below) {
        Ok(Appended::Done(revision)) => revision,
        other => panic!("entry {number}: {other:?}"),
    }
}

/// Appends these, one after the other.
#[track_caller]
fn append_all(
    log: &dyn ReplicatedLog,
    mut revision: Revision,
    numbers: impl IntoIterator<Item = u64>,
) -> Revision {
    for number in numbers {
        revision = append(log, revision, number);
    }
    revision
}

/// The next entry, however long it takes, and whatever fails meanwhile.
#[track_caller]
fn next(follow: &mut dyn Follow) -> (u64, Vec<u8>) {
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        match follow.next(Duration::from_secs(1)) {
            Ok(Followed::Entry { number, bytes }) => return (number, bytes),
            Ok(Followed::Nothing) | Err(LogError::Unavailable(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("no entry came");
}

#[track_caller]
fn assert_follows(follow: &mut dyn Follow, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        assert_eq!(next(follow), (number, entry(number)));
    }
}

/// Waits for something to become so.
#[track_caller]
fn wait_until(mut so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !so() {
        assert!(since.elapsed() < PATIENCE, "it did not become so");
        std::thread::sleep(Duration::from_millis(5));
    }
}
