//! A start begins a new segment, whatever ended the run before, and at whatever step of a start.

use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::super::disk::Access;
use super::super::format::{BATCH_HEADER_BYTES, SEGMENT_HEADER_BYTES};
use super::crash::{assert_kept, collected, found};
use super::log::{Log, end, offset};
use super::memory_disk::Failure;
use super::*;

fn names(disk: &MemoryDisk) -> Vec<String> {
    let names = disk.segments().into_iter();
    names
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect()
}

/// Half of a batch behind the last whole one.
fn tear(disk: &MemoryDisk, log: &Log) {
    let file = disk.segments().pop().unwrap();
    let opened = on(disk).disk.open(&file, Access::Write).unwrap();
    opened
        .write_all_at(&[0x5A; 300], offset(log.end()) as u64)
        .unwrap();
}

/// Fails, or is killed, or loses power, at every step of a start: before, between and after the old segment's end and the new
/// one's beginning.
#[test]
fn loses_nothing_at_any_step_of_a_start() {
    for torn in [false, true] {
        let log = Log::write(8);
        if torn {
            tear(&log.disk, &log);
        }
        let mut steps = 0;
        for operation in 0.. {
            let disk = log.disk.after_kill();
            disk.fail(Failure {
                operation,
                forever: true,
                errno: Errno::IO,
            });
            let opened = open_in_memory(&disk, None, collected().0);
            let ends = opened.is_ok();
            drop(opened);
            let crashed: Vec<MemoryDisk> = std::iter::once(disk.after_kill())
                .chain((1..12).map(|seed| {
                    let mut random = seed;
                    disk.after_power_cut(|count| {
                        random = (random * 75 + 74) % 65_537;
                        random % count
                    })
                }))
                .chain([disk.after_power_cut(|_| 0)])
                .collect();
            for disk in crashed {
                assert_eq!(found(&disk.after_kill()), log.records, "{operation}");
                let (journal, replayed) = open_in_memory(&disk, None, no_faults()).unwrap();
                assert_eq!(replayed, log.records, "{operation}");
                let more = append_batches(&journal, 2);
                journal.close().unwrap();
                let all = [&log.records[..], &more].concat();
                assert_eq!(found(&disk), all, "{operation}");
            }
            if ends {
                steps = operation;
                break;
            }
        }
        // Two writes of two steps each, a cut, a sync; a file made, and its header written, synced, and given a name.
        assert!(steps >= 10, "{steps}");
    }
}

/// The old segment ends behind its seal, and the new one begins there.
#[test]
fn cuts_the_segment_before_and_begins_another() {
    let log = Log::write(8);
    tear(&log.disk, &log);
    let (journal, recovered, _) =
        start_in_memory(&log.disk, None, Options::default(), no_faults()).unwrap();
    assert!(recovered.cut);
    let next = format!("{:020}.journal", log.end());
    assert_eq!(
        names(&log.disk),
        ["00000000000000000000.journal".to_owned(), next]
    );
    let old = &log.disk.segments()[0];
    let length = offset(end(log.records.last().unwrap())) + BATCH_HEADER_BYTES;
    assert_eq!(log.disk.contents(old).len(), length);
    journal.close().unwrap();
}

/// Starts after which nothing is written leave nothing; those after which little is written leave little.
#[test]
fn many_starts_leave_short_segments() {
    let disk = MemoryDisk::default();
    let mut written = Vec::new();
    for number in 0..30 {
        let (journal, replayed) = open_in_memory(&disk, None, no_faults()).unwrap();
        assert_eq!(replayed, written);
        assert_eq!(names(&disk).len() as u64, number / 3 + 1);
        if number % 3 == 2 {
            written.push(append(&journal, number));
        }
        journal.close().unwrap();
    }
    let segments = disk.segments();
    let (_, ended) = segments.split_last().unwrap();
    for (file, record) in ended.iter().zip(&written) {
        let length = SEGMENT_HEADER_BYTES + 2 * BATCH_HEADER_BYTES + 40 + record.payload.len();
        assert_eq!(disk.contents(file).len(), length);
    }
    let (journal, _) = open_in_memory(&disk, None, no_faults()).unwrap();
    for record in &written {
        assert_eq!(journal.read(record.position).unwrap(), *record);
    }
}

/// What one segment was replaced with is another file: its salt differs, so that what a crash has torn there never shares a key with
/// what comes later.
#[test]
fn a_segment_without_a_batch_is_replaced() {
    let disk = MemoryDisk::default();
    let salt = |disk: &MemoryDisk| disk.contents(&disk.segments()[0])[64..96].to_vec();
    let mut salts = Vec::new();
    for _ in 0..3 {
        let (journal, ..) = open_in_memory(&disk, None, no_faults()).unwrap();
        journal.close().unwrap();
        salts.push(salt(&disk));
        let opened = on(&disk).disk.open(&disk.segments()[0], Access::Write);
        opened.unwrap().write_all_at(&[1; 100], 128).unwrap();
    }
    salts.dedup();
    assert_eq!(salts.len(), 3);
    assert_eq!(disk.segments().len(), 1);
    let (journal, recovered, _) =
        start_in_memory(&disk, None, Options::default(), no_faults()).unwrap();
    assert!(recovered.cut);
    let written = append_batches(&journal, 3);
    journal.close().unwrap();
    assert_eq!(found(&disk), written);
}

/// The segment that was made ahead is used, so that a start does not wait for one; without it the first is a short one.
#[test]
fn a_start_uses_what_was_made_ahead() {
    const SEGMENT: u64 = 32 << 20;
    let directory = tempfile::tempdir().unwrap();
    let open = || {
        let folder = in_directory(directory.path());
        let nothing = &mut |_: RecordRef<'_>| Ok(());
        let opened = Segments::open(
            folder,
            SEGMENT,
            Options::default(),
            None,
            nothing,
            no_faults(),
        );
        opened.unwrap().0
    };
    let newest = || {
        let file = files(directory.path()).pop().unwrap();
        std::fs::metadata(file).unwrap().len()
    };
    let spare = directory.path().join("spare.ready");
    let journal = open();
    append(&journal, 1);
    assert_eq!(newest(), 8 << 20);
    let begun = Instant::now();
    while !spare.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
    journal.close().unwrap();
    drop(journal);
    let journal = open();
    assert_eq!(newest(), SEGMENT);
    append(&journal, 2);
    journal.close().unwrap();
}

/// Where a whole spare has no space there is a short one, with which a journal starts on a disk that has become full.
#[test]
fn a_full_disk_stops_no_start() {
    const SEGMENT: u64 = 8 << 20;
    let disk = MemoryDisk::default();
    let open = |disk: &MemoryDisk| {
        let nothing = &mut |_: RecordRef<'_>| Ok(());
        let options = Options::default();
        Segments::open_on(on(disk), SEGMENT, options, None, nothing, no_faults()).map(|(it, _)| it)
    };
    let has_spare = |disk: &MemoryDisk| {
        let spare = Path::new(HERE).join("spare.ready");
        disk.files().contains_key(&spare)
    };
    disk.has_space_for(4 << 20);
    let journal = open(&disk).unwrap();
    append(&journal, 1);
    let begun = Instant::now();
    while !has_spare(&disk) {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(journal);

    let disk = disk.after_kill();
    disk.has_space_for(0);
    let journal = open(&disk).unwrap();
    let newest = disk.segments().pop().unwrap();
    assert_eq!(disk.contents(&newest).len(), 1 << 20);
    append(&journal, 2);
    journal.close().unwrap();
    drop(journal);
    assert!(!has_spare(&disk), "there was no space for another one");
    assert!(open(&disk).is_err(), "and then a start has nothing");
    disk.has_space_for(SEGMENT);
    open(&disk).unwrap().close().unwrap();
    assert_eq!(disk.segments().len(), 3);
}

/// A reader that began before a start goes on behind it.
#[test]
fn a_read_goes_on_over_a_start() {
    let log = Log::write(8);
    let mut seen = Vec::new();
    let mut more = Vec::new();
    super::super::scan::scan(&on(&log.disk), None, &mut |record| {
        seen.push(record.to_owned());
        if seen.len() == log.records.len() {
            let (journal, _) = open_in_memory(&log.disk, None, no_faults()).unwrap();
            more = append_batches(&journal, 3);
            journal.close().unwrap();
        }
        Ok(())
    })
    .unwrap();
    assert_kept(&seen, &[&log.records[..], &more].concat(), 1);
    assert_eq!(seen.len(), log.records.len() + more.len());
}
