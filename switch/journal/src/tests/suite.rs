//! What every engine has to keep. A new engine is one more row in [`each_engine`].

use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::{TempDir, tempdir};

use super::memory_disk::MemoryDisk;
use super::*;

/// A place where an engine keeps a journal, to be opened again and again.
trait Engine {
    /// The journal, and what it replays after the mark.
    fn open(&self, from: Option<Mark>) -> (Box<dyn Journal>, Vec<Record>);
}

fn each_engine(check: fn(&dyn Engine)) {
    check(&SegmentFiles(tempdir().unwrap()));
    check(&SegmentsInMemory(MemoryDisk::default()));
}

struct SegmentFiles(TempDir);

impl Engine for SegmentFiles {
    fn open(&self, from: Option<Mark>) -> (Box<dyn Journal>, Vec<Record>) {
        let (journal, replayed) = open_from(self.0.path(), from).unwrap();
        (Box::new(journal), replayed)
    }
}

struct SegmentsInMemory(MemoryDisk);

impl Engine for SegmentsInMemory {
    fn open(&self, from: Option<Mark>) -> (Box<dyn Journal>, Vec<Record>) {
        let (journal, replayed) = open_in_memory(&self.0, from, no_faults()).unwrap();
        (Box::new(journal), replayed)
    }
}

#[test]
fn replays_what_was_appended() {
    each_engine(|engine| {
        let (journal, replayed) = engine.open(None);
        assert_eq!(
            (replayed.len(), journal.durable(), journal.last()),
            (0, 0, 0)
        );
        let written = append_batches(journal.as_ref(), 10);
        let last = written.len() as u64;
        journal.close().unwrap();
        assert_eq!((journal.durable(), journal.last()), (last, last));
        drop(journal);
        let (journal, replayed) = engine.open(None);
        assert_eq!(replayed, written);
        assert_eq!((journal.durable(), journal.last()), (last, last));
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
        assert!(written.iter().map(|record| record.sequence).eq(1..=5));
    });
}

#[test]
fn makes_everything_durable_before_it_closes() {
    each_engine(|engine| {
        let (journal, _) = engine.open(None);
        let written: Vec<Record> = (0..300)
            .map(|number| append(journal.as_ref(), number))
            .collect();
        journal.close().unwrap();
        assert_eq!(journal.durable(), 300);
        drop(journal);
        assert_eq!(engine.open(None).1, written);
    });
}

#[test]
fn reads_every_durable_record_by_its_position() {
    each_engine(|engine| {
        let (journal, _) = engine.open(None);
        let written = append_batches(journal.as_ref(), 100);
        for record in &written {
            assert_eq!(journal.read(record.position).unwrap(), *record);
        }
        journal.close().unwrap();
        drop(journal);
        let (journal, _) = engine.open(None);
        for record in &written {
            assert_eq!(journal.read(record.position).unwrap(), *record);
        }
        assert!(journal.read(written[3].position + 1).is_err());
        let end = journal.append(0, b"later").position;
        let beyond = journal.read(end + 1000);
        assert!(matches!(beyond, Err(JournalError::NotDurable { .. })));
    });
}

#[test]
fn replays_only_what_follows_the_mark() {
    each_engine(|engine| {
        let (journal, _) = engine.open(None);
        let written = append_batches(journal.as_ref(), 60);
        journal.close().unwrap();
        drop(journal);
        for index in (0..written.len()).step_by(11) {
            let Record {
                sequence, position, ..
            } = written[index];
            let (_journal, replayed) = engine.open(Some(Mark { sequence, position }));
            assert_eq!(replayed, written[index + 1..]);
        }
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
        appended.sort_by_key(|record| record.sequence);
        assert!(appended.iter().map(|record| record.sequence).eq(1..=2000));
        assert!(appended.is_sorted_by_key(|record| record.position));
        drop(journal);
        assert_eq!(engine.open(None).1, appended);
    });
}

/// Appends, and sees that what is durable only grows and is never ahead of what was appended.
fn append_watching(journal: &dyn Journal, from: u64) -> Vec<Record> {
    let step = |number| {
        let durable = journal.durable();
        let record = append(journal, number);
        assert!(durable < record.sequence && durable <= journal.durable());
        assert!(journal.durable() <= journal.last());
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

#[test]
fn a_tail_shows_every_record_once_as_it_becomes_durable() {
    each_engine(|engine| {
        let (journal, _) = engine.open(None);
        let mut tail = journal.tail(None);
        let mut shown = Vec::new();
        let mut look = |most: u64, shown: &mut Vec<Record>| {
            tail.show(most, &mut |record| {
                shown.push(Record {
                    partition: record.partition,
                    sequence: record.sequence,
                    position: record.position,
                    payload: record.payload.to_vec(),
                });
                Ok(())
            })
            .unwrap()
        };
        assert_eq!(look(u64::MAX, &mut shown), 0);
        let mut written = Vec::new();
        for _ in 0..6 {
            let batches = append_batches(journal.as_ref(), 40);
            let last = batches.last().map(|record| record.sequence).unwrap();
            written.extend(batches);
            while journal.durable() < last {
                std::thread::yield_now();
            }
            while look(3, &mut shown) > 0 {}
            assert_eq!(shown, written);
        }
        assert_eq!(look(u64::MAX, &mut shown), 0);
        // From a mark on.
        let mark = Mark {
            sequence: written[9].sequence,
            position: written[9].position,
        };
        let mut later = Vec::new();
        let mut tail = journal.tail(Some(mark));
        tail.show(u64::MAX, &mut |record| {
            later.push(record.sequence);
            Ok(())
        })
        .unwrap();
        assert_eq!(later.len(), written.len() - 10);
        assert_eq!(tail.mark().map(|mark| mark.sequence), later.last().copied());
    });
}
