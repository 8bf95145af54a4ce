//! Who can write to the files, and has no key, can change nothing unseen: whatever is copied from elsewhere, checksums put
//! right, is found.

use super::super::format::{BATCH_HEADER_BYTES, BatchHeader, RECORD_HEADER_BYTES, SegmentHeader};
use super::super::scan::scan;
use super::log::{Log, at, end, offset, with};
use super::*;

/// Records of one length, several to a batch, in several segments.
fn alike() -> Log {
    let disk = MemoryDisk::default();
    let options = || Options {
        by_turns: true,
        ..Options::default()
    };
    let mut records = Vec::new();
    let mut batches = Vec::new();
    for start in 0..2 {
        let (journal, ..) = start_in_memory(&disk, None, options(), no_faults()).unwrap();
        for batch in 0..3_u8 {
            batches.push(records.last().map_or(0, end));
            for record in 0..4_u8 {
                let payload = vec![start * 100 + batch * 10 + record + 1; 64];
                let Appended { sequence, position } = journal.append(7, &payload);
                records.push(Record {
                    partition: 7,
                    sequence,
                    position,
                    payload: payload.into(),
                });
            }
            journal.sync().unwrap();
        }
        journal.close().unwrap();
    }
    batches.push(records.last().map_or(0, end));
    Log {
        disk,
        records,
        batches,
    }
}

/// The file of a record, and where in it the record is.
fn place(log: &Log, record: &Record) -> (std::path::PathBuf, usize) {
    let starts = on(&log.disk).starts().unwrap();
    let begins = starts.into_iter().rfind(|&begins| begins <= at(record));
    let begins = begins.unwrap();
    (on(&log.disk).segment(begins), offset(at(record) - begins))
}

fn bytes(log: &Log, record: &Record) -> Vec<u8> {
    let (file, from) = place(log, record);
    let length = RECORD_HEADER_BYTES + record.payload.len();
    log.disk.contents(&file)[from..][..length].to_vec()
}

fn put(log: &Log, disk: &MemoryDisk, at: &Record, bytes: &[u8]) -> MemoryDisk {
    let (file, from) = place(log, at);
    with(disk, &file, |file| {
        file[from..][..bytes.len()].copy_from_slice(bytes)
    })
}

/// A start refuses it, a scan too, and a reader of that record.
#[track_caller]
fn assert_found(disk: &MemoryDisk, changed: &[&Record]) {
    let error = start(&disk.after_kill(), None).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
    assert!(scan(&on(disk), None, &mut |_| Ok(())).is_err());
    let reader = super::super::reader::SegmentsReader::new(on(disk));
    for record in changed {
        let read = crate::Reader::read(&reader, record.position);
        assert!(matches!(read, Err(JournalError::Damaged { .. })));
    }
}

#[test]
fn records_that_are_swapped_are_found() {
    let log = alike();
    let records = &log.records;
    let (starts, batches) = (records.len() / 2, 4);
    // Within a batch, between two batches, between two segments.
    for (one, other) in [(1, 2), (1, 1 + batches), (1, starts + 1)] {
        let (one, other) = (&records[one], &records[other]);
        let disk = put(&log, &log.disk, one, &bytes(&log, other));
        let disk = put(&log, &disk, other, &bytes(&log, one));
        assert_found(&disk, &[one, other]);
    }
}

#[test]
fn a_record_that_is_repeated_is_found() {
    let log = alike();
    let (one, later) = (&log.records[1], &log.records[5]);
    assert_found(&put(&log, &log.disk, later, &bytes(&log, one)), &[later]);
}

/// Also with the header in clear that belongs at that place.
#[test]
fn a_payload_from_elsewhere_is_found() {
    let log = alike();
    let (one, other) = (&log.records[1], &log.records[5]);
    for kept in [16, 24, RECORD_HEADER_BYTES] {
        let mut mixed = bytes(&log, one);
        mixed[kept..].copy_from_slice(&bytes(&log, other)[kept..]);
        assert_found(&put(&log, &log.disk, one, &mixed), &[one]);
        let mut mixed = bytes(&log, other);
        mixed[16..kept.max(17)].copy_from_slice(&bytes(&log, one)[16..kept.max(17)]);
        assert_found(&put(&log, &log.disk, one, &mixed), &[one]);
    }
}

/// A whole batch in the place of another of the same length, its header made to fit, and its records' headers too.
#[test]
fn a_batch_that_is_moved_is_found() {
    let log = alike();
    let file = log.disk.segments()[0].clone();
    let contents = log.disk.contents(&file);
    let salt = u32::from_le_bytes(contents[64..68].try_into().unwrap());
    let [first, second] = [0, 4].map(|record| &log.records[record]);
    let [from, to] = [first, second].map(|record| offset(at(record)) - BATCH_HEADER_BYTES);
    let length = to - from;
    for headers in [false, true] {
        let disk = with(&log.disk, &file, |file| {
            file.copy_within(from..from + length, to);
            let position = at(second) - BATCH_HEADER_BYTES as u64;
            let header = BatchHeader::decode(&contents[to..], position, salt).unwrap();
            let place = super::super::format::Place {
                position,
                sequence: Sequence::from_stored(header.sequence).unwrap(),
                chain: u64::from(header.predecessor),
            };
            BatchHeader::encode(&mut file[to..], place, 4, header.bytes, salt);
            for record in headers.then_some(&log.records[4..8]).into_iter().flatten() {
                let at = offset(at(record));
                file[at + 16..at + 40].copy_from_slice(&contents[at + 16..at + 40]);
            }
        });
        assert_found(&disk, &[second]);
    }
}

/// The segment file of an older copy of the journal, which went another way.
#[test]
fn a_segment_of_another_copy_is_found() {
    let log = Log::write(8);
    let [one, other] = [500, 900].map(|number| {
        let disk = log.disk.after_kill();
        let (journal, _) = open_in_memory(&disk, None, no_faults()).unwrap();
        let written = append(&journal, number);
        journal.close().unwrap();
        let (journal, _) = open_in_memory(&disk, None, no_faults()).unwrap();
        append(&journal, 1);
        journal.close().unwrap();
        (disk, written)
    });
    let file = one.0.segments()[1].clone();
    assert_eq!(file, other.0.segments()[1]);
    let disk = with(&one.0, &file, |bytes| *bytes = other.0.contents(&file));
    let error = start(&disk, None).unwrap_err();
    let expected = one.0.segments()[2].clone();
    assert!(
        matches!(&error, JournalError::Damaged { file, .. } if *file == expected)
            || matches!(&error, JournalError::Gap { .. }),
        "{error}"
    );
    // Its records alone, under the header of the right one.
    let disk = put(&log_of(&one), &one.0, &one.1, &{
        let (file, from) = place(&log_of(&other), &other.1);
        let length = RECORD_HEADER_BYTES + other.1.payload.len();
        let length = length.min(RECORD_HEADER_BYTES + one.1.payload.len());
        other.0.contents(&file)[from..][..length].to_vec()
    });
    assert_found(&disk, &[&one.1]);
}

fn log_of((disk, record): &(MemoryDisk, Record)) -> Log {
    Log {
        disk: disk.after_kill(),
        records: vec![record.clone()],
        batches: Vec::new(),
    }
}

/// A file that ends early, where more is known to follow.
#[test]
fn a_segment_that_is_cut_short_is_found() {
    let log = alike();
    let file = log.disk.segments()[0].clone();
    let contents = log.disk.contents(&file);
    for length in (SegmentHeader::decode(&contents).unwrap().bytes()..contents.len())
        .rev()
        .skip(BATCH_HEADER_BYTES + 1)
    {
        let disk = with(&log.disk, &file, |bytes| bytes.truncate(length));
        let error = start(&disk, None).unwrap_err();
        let found = matches!(
            error,
            JournalError::Gap { .. } | JournalError::Damaged { .. }
        );
        assert!(found, "at {length}: {error}");
    }
}
