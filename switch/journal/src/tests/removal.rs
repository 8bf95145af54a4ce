//! The oldest segments go, and what is left is the end of the journal, whatever ended their deletion.

use rustix::io::Errno;

use super::super::archive::{archive_part, part_to_archive, remove_oldest};
use super::super::parts::parts;
use super::super::reader::SegmentsReader;
use super::log::Log;
use super::memory_disk::Failure;
use super::*;
use crate::{Part, Reader};

/// A journal of which all is in the archive that can be, and its parts.
fn archived() -> (Log, Vec<Part>) {
    let log = Log::write(150);
    let folder = on(&log.disk);
    while let Some(part) = part_to_archive(&folder, Position::MAX).unwrap() {
        archive_part(&folder, &part, &mut || true).unwrap();
    }
    let parts = parts(&folder).unwrap();
    assert!(parts.len() > 4, "{}", parts.len());
    (log, parts)
}

fn remove(disk: &MemoryDisk, part: &Part) -> bool {
    remove_oldest(&on(disk), part, "index").unwrap()
}

#[test]
fn only_the_oldest_goes_and_only_from_the_archive() {
    let (log, parts) = archived();
    assert!(!remove(&log.disk, &parts[1]));
    let before = SegmentsReader::new(on(&log.disk));
    let (first, last) = (&log.records[0], log.records.last().unwrap());
    assert_eq!(Reader::read(&before, last.position).unwrap(), *last);
    let (journal, _) = open_in_memory(&log.disk, None, no_faults()).unwrap();
    assert_eq!(journal.begins().unwrap(), None);
    let archived = parts.len() - 2;
    for part in &parts[..archived] {
        assert!(remove(&log.disk, part));
        assert!(!remove(&log.disk, part));
    }
    assert!(!remove(&log.disk, &parts[archived]), "it is no archive");
    // By those who knew of it, and by others.
    let after = SegmentsReader::new(on(&log.disk));
    for gone in [
        Reader::read(&before, first.position),
        Reader::read(&after, first.position),
        journal.read(first.position),
    ] {
        assert!(
            matches!(gone, Err(JournalError::Beginning { .. })),
            "{gone:?}"
        );
    }
    let begins = parts[archived].span().0;
    let kept = log
        .records
        .iter()
        .filter(|record| record.position.to_stored() >= begins);
    for record in kept.clone() {
        assert_eq!(Reader::read(&before, record.position).unwrap(), *record);
        assert_eq!(journal.read(record.position).unwrap(), *record);
    }
    // A tail shows what is kept.
    assert_eq!(journal.begins().unwrap(), Position::from_stored(begins));
    let mut shown = Vec::new();
    let mut tail = journal.tail(None);
    let show = &mut |record: RecordRef<'_>| {
        shown.push(record.to_owned());
        Ok(())
    };
    tail.show(u64::MAX, show).unwrap();
    assert_eq!(shown, kept.cloned().collect::<Vec<_>>());
    journal.close().unwrap();
    // A start goes on from a mark, and from nothing else.
    let replayed = start(
        &log.disk.after_kill(),
        Some(log.records.last().unwrap().mark()),
    )
    .unwrap();
    assert_eq!(replayed, []);
    let refused = start(&log.disk.after_kill(), None).unwrap_err().to_string();
    assert!(refused.contains("journal.keep"), "{refused}");
}

/// A failure, a kill, or a power cut at every step.
#[test]
fn leaves_no_gap_at_any_step() {
    let (log, parts) = archived();
    let starts: Vec<u64> = parts.iter().map(|part| part.span().0).collect();
    let mut steps = 0;
    for operation in 0.. {
        let disk = log.disk.after_kill();
        disk.fail(Failure {
            operation,
            forever: true,
            errno: Errno::IO,
        });
        let both = parts[..2].iter();
        let ends = both
            .map(|part| remove_oldest(&on(&disk), part, "index"))
            .all(|removed| removed.is_ok());
        let cut = |seed: usize| {
            let mut random = seed;
            disk.after_power_cut(|count| {
                random = (random * 75 + 74) % 65_537;
                random % count
            })
        };
        let crashed = [disk.after_kill(), disk.after_power_cut(|_| 0)];
        for disk in crashed.into_iter().chain((1..6).map(cut)) {
            let left = on(&disk).starts().unwrap();
            assert!(
                starts.ends_with(&left),
                "{operation}: {left:?} of {starts:?}"
            );
            assert!(left.len() + 2 >= starts.len());
            let mark = log.records.last().unwrap().mark();
            assert_eq!(start(&disk, Some(mark)).unwrap(), []);
        }
        if ends {
            steps = operation;
            break;
        }
    }
    assert!(steps >= 4, "{steps}");
}
