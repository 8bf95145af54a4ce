//! Nothing goes wrong here.

use std::sync::Arc;

use tempfile::tempdir;

use super::super::scan;
use super::*;

#[test]
fn replays_what_was_appended() {
    let directory = tempdir().unwrap();
    let written = write(directory.path(), 10);
    let (journal, replayed) = open(directory.path()).unwrap();
    assert_eq!(replayed, written);
    assert_eq!(journal.recovered().replayed, written.len() as u64);
    assert!(!journal.recovered().cut);
    assert_eq!(journal.durable(), written.len() as u64);
}

#[test]
fn goes_on_where_it_ended() {
    let directory = tempdir().unwrap();
    let mut written = write(directory.path(), 5);
    for number in 100..103 {
        let (journal, replayed) = open(directory.path()).unwrap();
        assert_eq!(replayed, written);
        written.push(append(&journal, number));
        journal.close().unwrap();
    }
    let (_journal, replayed) = open(directory.path()).unwrap();
    assert_eq!(replayed, written);
}

#[test]
fn reads_every_record_by_its_position_through_many_segments() {
    let directory = tempdir().unwrap();
    let written = write(directory.path(), 500);
    assert!(files(directory.path()).len() > 10);
    let (journal, replayed) = open(directory.path()).unwrap();
    assert_eq!(replayed, written);
    for record in &written {
        assert_eq!(journal.read(record.position).unwrap(), *record);
    }
    let end = journal.append(0, b"later").position;
    assert!(journal.read(written[3].position + 1).is_err());
    assert!(matches!(
        journal.read(end + 1000),
        Err(JournalError::NotDurable { .. })
    ));
}

#[test]
fn replays_only_what_follows_the_mark() {
    let directory = tempdir().unwrap();
    let written = write(directory.path(), 100);
    for (index, record) in written.iter().enumerate() {
        let mark = Mark {
            sequence: record.sequence,
            position: record.position,
        };
        let (_journal, replayed) = open_from(directory.path(), Some(mark)).unwrap();
        assert_eq!(replayed, written[index + 1..]);
    }
}

#[test]
fn takes_a_batch_longer_than_a_segment() {
    let directory = tempdir().unwrap();
    let (journal, _) = open(directory.path()).unwrap();
    let first = append(&journal, 1);
    let long = vec![7; 3 * SEGMENT_BYTES as usize];
    let position = journal.append(3, &long).position;
    journal.close().unwrap();
    drop(journal);
    let (journal, replayed) = open(directory.path()).unwrap();
    assert_eq!(replayed[0], first);
    assert_eq!(replayed[1].payload, long);
    assert_eq!(journal.read(position).unwrap().payload, long);
}

#[test]
fn gives_out_sequences_without_gaps_to_many_threads() {
    let directory = tempdir().unwrap();
    let (journal, _) = open(directory.path()).unwrap();
    let journal = Arc::new(journal);
    let mut appended: Vec<Record> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let journal = Arc::clone(&journal);
                scope.spawn(move || {
                    (0..500)
                        .map(|number| {
                            let durable = journal.durable();
                            let record = append(journal.as_ref(), thread * 1000 + number);
                            assert!(durable <= journal.durable() && durable < record.sequence);
                            record
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    journal.close().unwrap();
    assert_eq!(journal.durable(), 2000);
    appended.sort_by_key(|record| record.sequence);
    assert!(appended.iter().map(|record| record.sequence).eq(1..=2000));
    assert!(appended.is_sorted_by_key(|record| record.position));
    drop(journal);
    assert_eq!(open(directory.path()).unwrap().1, appended);
}

#[test]
fn scans_while_a_switch_writes() {
    let directory = tempdir().unwrap();
    let (journal, _) = open(directory.path()).unwrap();
    let mut scans = 0;
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let waiter = Waiter::new(&journal);
            for number in 0..1500 {
                append(&journal, number);
                if number % 3 == 0 {
                    waiter.durable(&journal, journal.last());
                }
            }
        });
        while !writing.is_finished() {
            let durable = journal.durable();
            let mut next = 1;
            let scanned = scan(directory.path(), None, &mut |record| {
                assert_eq!(record.sequence, next);
                assert_eq!(record.payload, payload(next - 1));
                next += 1;
                Ok(())
            })
            .unwrap();
            assert!(scanned.last >= durable);
            scans += 1;
        }
    });
    assert!(scans > 1);
}

#[test]
fn is_open_once() {
    let directory = tempdir().unwrap();
    let (journal, _) = open(directory.path()).unwrap();
    let Err(error) = open(directory.path()) else {
        panic!("opened twice")
    };
    assert!(matches!(error, JournalError::Locked { .. }));
    assert!(
        error.to_string().contains(&std::process::id().to_string()),
        "{error}"
    );
    journal.close().unwrap();
    assert!(open(directory.path()).is_ok());
}

#[test]
fn tells_the_observer_of_every_sync() {
    let directory = tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observed = Arc::clone(&seen);
    let observer: super::super::Observer =
        Box::new(move |synced| observed.lock().unwrap().push(synced));
    let options = Options {
        observer: Some(observer),
        ..options()
    };
    let journal = Segments::open(
        directory.path(),
        options,
        None,
        &mut |_| Ok(()),
        no_faults(),
    )
    .unwrap();
    (0..50).for_each(|number| drop(append(&journal, number)));
    journal.close().unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.iter().map(|synced| synced.records).sum::<u32>(), 50);
    assert_eq!(seen.last().unwrap().durable, 50);
}
