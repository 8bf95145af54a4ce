//! What every engine has to keep. A new engine is one more row in [`each_engine`].

use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::{TempDir, tempdir};

use super::super::testing::Memory;
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
    check(&InMemory::default());
}

struct SegmentFiles(TempDir);

impl Engine for SegmentFiles {
    fn open(&self, from: Option<Mark>) -> (Box<dyn Journal>, Vec<Record>) {
        let (journal, _, replayed) = open_from(self.0.path(), from).unwrap();
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

/// A sequence for each partition.
#[derive(Default)]
struct InMemory(Mutex<Memory>);

impl Engine for InMemory {
    fn open(&self, from: Option<Mark>) -> (Box<dyn Journal>, Vec<Record>) {
        let mut replayed = Vec::new();
        let mut replay = |record: RecordRef<'_>| {
            replayed.push(record.to_owned());
            Ok(())
        };
        let mut journal = self.0.lock().unwrap();
        *journal = journal.reopen(from, &mut replay).unwrap();
        (Box::new(journal.clone()), replayed)
    }
}

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
        let beside =
            |position: Position, bytes| Position::from_stored(position.to_stored() + bytes);
        assert!(
            journal
                .read(beside(written[3].position, 1).unwrap())
                .is_err()
        );
        let end = journal.append(0, b"later").position;
        for beyond in [beside(end, 1000).unwrap(), Position::MAX] {
            assert!(!journal.is_durable(beyond));
            let beyond = journal.read(beyond);
            assert!(matches!(beyond, Err(JournalError::NotDurable { .. })));
        }
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
            let mark = written[index].mark();
            let (journal, replayed) = engine.open(Some(mark));
            assert_eq!(replayed, written[index + 1..]);
            assert!(journal.has(mark).unwrap());
            let sequence = mark.sequence.after(1);
            assert!(!journal.has(Mark { sequence, ..mark }).unwrap());
            let position = Position::MAX;
            assert!(!journal.has(Mark { position, ..mark }).unwrap());
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

#[test]
fn a_tail_shows_every_record_once_as_it_becomes_durable() {
    each_engine(|engine| {
        let (journal, _) = engine.open(None);
        let mut tail = journal.tail(None);
        let mut shown = Vec::new();
        let mut look = |most: u64, shown: &mut Vec<Record>| {
            tail.show(most, &mut |record| {
                shown.push(record.to_owned());
                Ok(())
            })
            .unwrap()
        };
        assert_eq!(look(u64::MAX, &mut shown), 0);
        let mut written = Vec::new();
        for _ in 0..6 {
            written.extend(append_batches(journal.as_ref(), 40));
            journal.sync().unwrap();
            while look(3, &mut shown) > 0 {}
            assert_eq!(shown, written);
        }
        assert_eq!(look(u64::MAX, &mut shown), 0);
        // From a mark on.
        let mut later = Vec::new();
        let mut tail = journal.tail(Some(written[9].mark()));
        assert_eq!(journal.records_to(written[9].mark()), 10);
        tail.show(u64::MAX, &mut |record| {
            later.push(record.to_owned());
            Ok(())
        })
        .unwrap();
        assert_eq!(later, written[10..]);
        assert_eq!(tail.mark(), later.last().map(Record::mark));
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
