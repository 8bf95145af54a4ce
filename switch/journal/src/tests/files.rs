//! What is particular to segment files on a real disk.

use std::sync::Arc;

use tempfile::tempdir;

use super::super::{Location, Observer, reader};
use super::*;

#[test]
fn rolls_over_through_many_segments() {
    let directory = tempdir().unwrap();
    let (journal, _) = open(directory.path()).unwrap();
    let written = append_batches(&journal, 500);
    journal.close().unwrap();
    // Far more than stay open at once, also for reading.
    assert!(files(directory.path()).len() > 10);
    let (journal, recovered, replayed) = open_from(directory.path(), None).unwrap();
    assert_eq!(replayed, written);
    let found = Recovered {
        replayed: written.len() as u64,
        last: written.last().map(Record::mark),
        cut: false,
    };
    assert_eq!(recovered, found);
    for record in written.iter().rev() {
        assert_eq!(journal.read(record.position).unwrap(), *record);
    }
}

#[test]
fn scans_while_a_switch_writes() {
    let data = tempdir().unwrap();
    let (journal, _) = open(&data.path().join("journal")).unwrap();
    let reader = reader(&Location::in_data(data.path(), &keys()));
    let mut scans = 0;
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let waiter = Waiter::new(&journal);
            for number in 0..1500 {
                let record = append(&journal, number);
                if number % 3 == 0 {
                    waiter.durable(&journal, &record);
                }
            }
        });
        while !writing.is_finished() {
            let durable = journal.durable(0);
            let mut next = 1;
            let scanned = reader
                .scan(None, &mut |record| {
                    assert_eq!(Some(record.sequence), sequence(next));
                    assert_eq!(record.payload, payload(next - 1));
                    next += 1;
                    Ok(())
                })
                .unwrap();
            assert!(scanned.last.map(|last| last.sequence) >= durable);
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
fn calls_the_observer_after_every_sync() {
    let directory = tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observed = Arc::clone(&seen);
    let observer: Observer = Box::new(move |synced| observed.lock().unwrap().push(synced));
    let options = Options {
        observer: Some(observer),
        ..Options::default()
    };
    let (folder, nothing) = (in_directory(directory.path()), &mut |_: RecordRef<'_>| {
        Ok(())
    });
    let opened = Segments::open(folder, SEGMENT_BYTES, options, None, nothing, no_faults());
    let (journal, _) = opened.unwrap();
    (0..50).for_each(|number| drop(append(&journal, number)));
    journal.close().unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.iter().map(|synced| synced.records).sum::<u32>(), 50);
    assert_eq!(seen.last().unwrap().durable, 50);
}
