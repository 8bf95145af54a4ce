//! What every engine has to keep: what it promises of what was appended. What it promises to readers is in `reading.rs`.

mod engines;
mod reading;

use std::sync::atomic::{AtomicU64, Ordering};

use super::memory_disk::MemoryDisk;
use super::*;
use crate::testing::Memory;
use engines::each_engine;

/// Every record is durable, by its position and in its partition, and no partition has more.
#[track_caller]
fn assert_durable(journal: &dyn Journal, written: &[Record]) {
    for record in written {
        let sequence = Some(record.sequence);
        assert!(sequence <= journal.durable(record.partition));
        assert_eq!(
            journal.durable(record.partition),
            journal.last(record.partition)
        );
        assert!(journal.is_durable(record.position));
    }
    let records = written.len() as u64;
    let progress = journal.progress();
    assert_eq!((progress.appended, progress.durable), (records, records));
}

#[test]
fn replays_what_was_appended() {
    each_engine(|engine| {
        let (journal, replayed) = engine.open(None);
        assert_eq!(
            (replayed.len(), journal.durable(0), journal.last(0)),
            (0, None, None)
        );
        assert_eq!((journal.mark(), journal.progress().appended), (None, 0));
        let written = append_batches(journal.as_ref(), 10);
        assert_eq!(journal.mark(), written.last().map(Record::mark));
        journal.close().unwrap();
        assert_durable(journal.as_ref(), &written);
        drop(journal);
        let (journal, replayed) = engine.open(None);
        assert_eq!(replayed, written);
        assert_durable(journal.as_ref(), &written);
    });
}

#[test]
fn goes_on_where_it_ended() {
    each_engine(|engine| {
        let mut written = Vec::new();
        for number in 0..5 {
            let (journal, replayed) = engine.open(None);
            assert_eq!(replayed, written);
            written.push(append(journal.as_ref(), number));
            journal.close().unwrap();
        }
        assert_rising(&written);
    });
}

/// Positions rise, and sequences without a gap: within the log, or within each partition.
#[track_caller]
fn assert_rising(written: &[Record]) {
    assert!(written.is_sorted_by(|one, next| one.position < next.position));
    let rises = |records: &[&Record]| {
        let all = records.iter().map(|record| Some(record.sequence));
        all.eq((1..=records.len() as u64).map(sequence))
    };
    let all: Vec<&Record> = written.iter().collect();
    let of = |partition| {
        all.iter()
            .copied()
            .filter(move |record| record.partition == partition)
    };
    let apart = (0..=u16::MAX).all(|partition| rises(&of(partition).collect::<Vec<_>>()));
    assert!(rises(&all) || apart, "{written:?}");
}

#[test]
fn makes_everything_durable_before_it_closes() {
    each_engine(|engine| {
        let (journal, _) = engine.open(None);
        let written: Vec<Record> = (0..300)
            .map(|number| append(journal.as_ref(), number))
            .collect();
        journal.close().unwrap();
        assert_durable(journal.as_ref(), &written);
        drop(journal);
        assert_eq!(engine.open(None).1, written);
    });
}

#[test]
fn takes_payloads_of_any_length() {
    each_engine(|engine| {
        let lengths = [
            0,
            1,
            500,
            3 * SEGMENT_BYTES as usize,
            PAYLOAD_BYTES_MAX,
            0,
            7,
        ];
        let (journal, _) = engine.open(None);
        let appended = lengths.map(|length| journal.append(1, &vec![7; length]));
        journal.close().unwrap();
        drop(journal);
        let (journal, replayed) = engine.open(None);
        assert!(
            replayed
                .iter()
                .map(|record| record.payload.len())
                .eq(lengths)
        );
        for (record, appended) in replayed.iter().zip(appended) {
            assert_eq!(journal.read(appended.position).unwrap(), *record);
        }
    });
}

#[test]
fn gives_out_sequences_without_gaps_to_many_threads() {
    each_engine(|engine| {
        let (journal, _) = engine.open(None);
        let mut appended: Vec<Record> = std::thread::scope(|scope| {
            let journal = journal.as_ref();
            let threads = [0, 1, 2, 3]
                .map(|thread| scope.spawn(move || append_watching(journal, thread * 1000)));
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        journal.close().unwrap();
        appended.sort_by_key(|record| record.position);
        assert_eq!(appended.len(), 2000);
        assert_rising(&appended);
        drop(journal);
        assert_eq!(engine.open(None).1, appended);
    });
}

/// Appends, and sees that what is durable only grows and is never ahead of what was appended.
fn append_watching(journal: &dyn Journal, from: u64) -> Vec<Record> {
    let step = |number| {
        let partition = partition(number);
        let durable = journal.durable(partition);
        let record = append(journal, number);
        assert!(durable <= journal.durable(partition));
        assert!(journal.durable(partition) <= journal.last(partition));
        assert!(durable < Some(record.sequence));
        assert!(Some(record.sequence) <= journal.last(partition));
        record
    };
    (from..from + 500).map(step).collect()
}

#[test]
fn wakes_subscribers_after_each_sync_and_at_shutdown() {
    each_engine(|engine| {
        let (journal, _) = engine.open(None);
        let woken = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&woken);
        journal.subscribe(Box::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        }));
        append_batches(journal.as_ref(), 5);
        journal.close().unwrap();
        assert!(woken.load(Ordering::Relaxed) > 5);
        assert_eq!(journal.gathered_bytes(), 0);
    });
}

/// What waits for one partition need not wait for another.
#[test]
fn a_partition_may_be_durable_before_another() {
    let journal = Memory::by_hand();
    let [one, other] = [1, 2].map(|number| append(&journal, number));
    assert_eq!((journal.durable(1), journal.last(1)), (None, sequence(1)));
    journal.sync_partition(other.partition);
    assert_eq!(
        (journal.durable(1), journal.durable(2)),
        (None, sequence(1))
    );
    assert!(!journal.is_durable(one.position) && journal.is_durable(other.position));
    // Records are shown in the order of their positions.
    let mut tail = journal.tail(None);
    let mut look = || tail.show(u64::MAX, &mut |_| Ok(())).unwrap();
    assert_eq!(look(), 0);
    journal.sync().unwrap();
    assert_eq!(look(), 2);
}

/// A worker that appends in turns is done with this one.
#[test]
fn waits_for_what_was_appended() {
    let options = Options {
        by_turns: true,
        ..Options::default()
    };
    let opened = start_in_memory(&MemoryDisk::default(), None, options, no_faults());
    let (journal, ..) = opened.unwrap();
    let record = append(&journal, 7);
    journal.sync().unwrap();
    assert_durable(&journal, &[record]);
}
