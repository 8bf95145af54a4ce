//! Segments in the archive are read as before, whatever ended the archiving of one.

use rustix::io::Errno;

use super::super::archive::{Archived, archive_part, part_to_archive};
use super::super::reader::SegmentsReader;
use super::super::scan::scan;
use super::crash::{collected, found};
use super::log::{Log, flip, with};
use super::memory_disk::Failure;
use super::*;
use crate::Reader;

/// The oldest segment that can be archived, if there is one.
fn archive(disk: &MemoryDisk, below: u64) -> Result<Option<Archived>, JournalError> {
    let folder = on(disk);
    let part = part_to_archive(&folder, Position::from_stored(below).unwrap())?;
    part.map(|part| archive_part(&folder, &part, &mut || true))
        .transpose()
}

/// How many segments and how many archives there are.
fn counts(disk: &MemoryDisk) -> [usize; 2] {
    let folder = on(disk);
    let segments = folder.segments().unwrap().len();
    let all = folder.starts().unwrap().len();
    [segments, all - segments]
}

/// By position, from the beginning, from a mark, and by a start.
#[track_caller]
fn assert_reads(disk: &MemoryDisk, records: &[Record]) {
    let reader = SegmentsReader::new(on(disk));
    for record in records.iter().rev().chain(records.iter().step_by(7)) {
        assert_eq!(Reader::read(&reader, record.position).unwrap(), *record);
    }
    let mut seen = Vec::new();
    scan(&on(disk), None, &mut |record| {
        seen.push(record.to_owned());
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, records);
    let mark = records[records.len() / 3].mark();
    let after = start(&disk.after_kill(), Some(mark)).unwrap();
    assert_eq!(after, records[records.len() / 3 + 1..]);
    assert_eq!(found(&disk.after_kill()), records);
}

#[test]
fn readers_do_not_notice() {
    let log = Log::write(150);
    let segments = log.disk.segments().len();
    assert!(segments > 3);
    let mut bytes = [0, 0];
    while let Some(archived) = archive(&log.disk, log.end()).unwrap() {
        bytes[0] += archived.bytes_before;
        bytes[1] += archived.bytes_after;
        assert_reads(&log.disk, &log.records);
    }
    assert_eq!(counts(&log.disk), [2, segments - 2]);
    // Even of records that do not repeat each other, and frames of 4 KiB.
    assert!(bytes[1] < bytes[0], "{bytes:?}");
    let (journal, replayed) = open_in_memory(&log.disk, None, no_faults()).unwrap();
    assert_eq!(replayed, log.records);
    let mut tail = journal.tail(None);
    let mut all = log.records.clone();
    all.extend(append_batches(&journal, 40));
    journal.sync().unwrap();
    let mut followed = Vec::new();
    tail.show(u64::MAX, &mut |record| {
        followed.push(record.to_owned());
        Ok(())
    })
    .unwrap();
    assert_eq!(followed, all);
    for record in &all {
        assert_eq!(journal.read(record.position).unwrap(), *record);
    }
    journal.close().unwrap();
}

/// One that was opened before, and one that knew of the file.
#[test]
fn a_reader_goes_on_over_the_archiving() {
    let log = Log::write(150);
    let reader = SegmentsReader::new(on(&log.disk));
    let [first, .., last] = &log.records[..] else {
        panic!("no records")
    };
    assert_eq!(Reader::read(&reader, last.position).unwrap(), *last);
    let mut seen = Vec::new();
    let scanned = scan(&on(&log.disk), None, &mut |record| {
        seen.push(record.to_owned());
        archive(&log.disk, log.end())?;
        Ok(())
    });
    scanned.unwrap();
    assert_eq!(seen, log.records);
    assert_eq!(counts(&log.disk)[0], 2);
    assert_eq!(Reader::read(&reader, first.position).unwrap(), *first);
}

/// A backup has some segments from before they were archived: what it gives back has archives between segments.
#[test]
fn a_segment_before_an_archived_one_is_archived() {
    let log = Log::write(150);
    let first = log.disk.segments()[0].clone();
    let bytes = log.disk.contents(&first);
    for _ in 0..2 {
        archive(&log.disk, log.end()).unwrap().expect("a segment");
    }
    let restored = with(&log.disk, &log.disk.segments()[0], |_| {});
    restored.put(&first, bytes);
    let begin = on(&restored).starts().unwrap()[0];
    restored.remove(&on(&restored).archived(begin));
    let [segments, archives] = counts(&restored);
    archive(&restored, log.end()).unwrap().expect("the first");
    assert_eq!(counts(&restored), [segments - 1, archives + 1]);
    assert_reads(&restored, &log.records);
}

/// Batches that are many frames, and one that is longer than a frame.
#[test]
fn long_segments_have_many_frames() {
    let disk = MemoryDisk::default();
    let mut records = Vec::new();
    for length in [70_000, 200, 40_000, 1_000] {
        let nothing = &mut |_: RecordRef<'_>| Ok(());
        let options = Options::default();
        let opened = Segments::open_on(on(&disk), 1 << 20, options, None, nothing, no_faults());
        let (journal, _) = opened.unwrap();
        for number in 0..60_u64 {
            let payload = [payload(number), vec![7; length]].concat();
            let Appended { sequence, position } = journal.append(3, &payload);
            records.push(Record {
                partition: 3,
                sequence,
                position,
                payload: payload.into(),
            });
            journal.sync().unwrap();
        }
        journal.close().unwrap();
    }
    let end = records.last().unwrap().position.to_stored();
    while let Some(archived) = archive(&disk, end).unwrap() {
        assert!(archived.bytes_after < archived.bytes_before);
    }
    assert_eq!(counts(&disk)[0], 2);
    assert_reads(&disk, &records);
}

#[test]
fn what_the_store_lacks_and_the_newest_two_stay() {
    let log = Log::write(150);
    let starts = on(&log.disk).segments().unwrap();
    assert_eq!(archive(&log.disk, starts[1] - 1).unwrap(), None);
    assert!(archive(&log.disk, starts[1]).unwrap().is_some());
    assert_eq!(archive(&log.disk, starts[2] - 1).unwrap(), None);
    while archive(&log.disk, u64::MAX >> 1).unwrap().is_some() {}
    assert_eq!(counts(&log.disk), [2, starts.len() - 2]);
}

/// Segments that 0.2.0 wrote are encrypted in the archive too.
#[test]
fn plain_segments_are_archived_encrypted() {
    let (disk, _) = version_2::journal();
    let records = start(&disk, None).unwrap();
    let mut all = records.clone();
    for _ in 0..3 {
        let (journal, _) = open_in_memory(&disk, None, no_faults()).unwrap();
        all.extend(append_batches(&journal, 2));
        journal.close().unwrap();
    }
    let plain = records[1].payload.to_vec();
    let is_in = |bytes: &[u8]| bytes.windows(plain.len()).any(|piece| piece == plain);
    assert!(disk.files().values().any(|bytes| is_in(bytes)));
    assert!(archive(&disk, u64::MAX >> 1).unwrap().is_some());
    assert!(!disk.files().values().any(|bytes| is_in(bytes)));
    assert_reads(&disk, &all);
}

/// A failure, a kill, or a power cut at every step.
#[test]
fn an_archive_of_other_data_is_not_replaced() {
    let [ours, others] = [Log::write(150), Log::write(160)];
    archive(&others.disk, others.end()).unwrap().expect("one");
    let path = on(&others.disk).archived(on(&others.disk).starts().unwrap()[0]);
    let bytes = others.disk.contents(&path);
    // Under the same keys, as after a restore; and unreadable.
    for bytes in [bytes, vec![7; 10_000]] {
        ours.disk.put(&path, bytes.clone());
        let segments = ours.disk.segments();
        let refused = archive(&ours.disk, ours.end()).unwrap_err().to_string();
        assert!(
            refused.contains("an archive folder of its own"),
            "{refused}"
        );
        assert_eq!(ours.disk.contents(&path), bytes);
        assert_eq!(ours.disk.segments(), segments);
    }
}

#[test]
fn loses_nothing_at_any_step() {
    let log = Log::write(60);
    let before = counts(&log.disk);
    let mut steps = 0;
    for operation in 0.. {
        let disk = log.disk.after_kill();
        disk.fail(Failure {
            operation,
            forever: true,
            errno: Errno::IO,
        });
        let ends = archive(&disk, log.end()).is_ok();
        let cut = |seed: usize| {
            let mut random = seed;
            disk.after_power_cut(|count| {
                random = (random * 75 + 74) % 65_537;
                random % count
            })
        };
        let crashed = [disk.after_kill(), disk.after_power_cut(|_| 0)];
        for disk in crashed.into_iter().chain((1..6).map(cut)) {
            assert_reads(&disk, &log.records);
            while archive(&disk, log.end()).unwrap().is_some() {}
            assert_reads(&disk, &log.records);
            assert_eq!(counts(&disk), [2, before[0] - 2], "{operation}");
            let (journal, _) = open_in_memory(&disk, None, collected().0).unwrap();
            journal.close().unwrap();
        }
        if ends {
            steps = operation;
            break;
        }
    }
    assert!(steps >= 8, "{steps}");
}

#[test]
fn every_flipped_bit_is_found() {
    let log = Log::write(60);
    archive(&log.disk, log.end()).unwrap().unwrap();
    let file = on(&log.disk).archived(0);
    for at in 0..log.disk.contents(&file).len() {
        let disk = with(&log.disk, &file, |bytes| flip(bytes, at));
        assert!(start(&disk, None).is_err(), "{at}");
        let short = with(&log.disk, &file, |bytes| bytes.truncate(at));
        assert!(start(&short, None).is_err(), "{at}");
    }
}

/// Wherever it is stopped, the segment is there, and the next time it is archived.
#[test]
fn stops_when_it_is_asked_to() {
    let log = Log::write(60);
    let folder = on(&log.disk);
    let mut stopped = 0;
    for most in 0.. {
        let part = part_to_archive(&folder, Position::MAX).unwrap().unwrap();
        let mut asked = 0;
        let archived = archive_part(&folder, &part, &mut || {
            asked += 1;
            asked <= most
        });
        match archived {
            Err(JournalError::Stopped) => assert_eq!(counts(&log.disk)[1], 0),
            archived => {
                archived.unwrap();
                stopped = most;
                break;
            }
        }
    }
    assert!(stopped > 1, "{stopped}");
    assert_eq!(counts(&log.disk)[1], 1);
    assert_reads(&log.disk, &log.records);
}
