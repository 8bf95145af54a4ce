//! What a start says to files that are not as they were written.

use std::path::{Path, PathBuf};

use super::super::format::{self, BATCH_HEADER_BYTES, Place, SEGMENT_HEADER_BYTES};
use super::super::scan::scan;
use super::log::{Log, at, end, flip, offset, with};
use super::*;

#[track_caller]
fn assert_damaged(disk: &MemoryDisk, file: &Path, expected_offset: usize, expected_sequence: u64) {
    let error = start(disk, None).expect_err("damage was not seen");
    let text = error.to_string();
    let JournalError::Damaged {
        file: named,
        offset,
        sequence,
        ..
    } = error
    else {
        panic!("{text}")
    };
    assert_eq!(
        (named.as_path(), offset, sequence),
        (
            file,
            expected_offset as u64,
            super::sequence(expected_sequence)
        ),
        "{text}"
    );
    assert!(
        text.contains(&format!(
            "byte {expected_offset}, sequence {expected_sequence}"
        )),
        "{text}"
    );
    assert!(scan(&on(disk), None, &mut |_| Ok(())).is_err());
}

fn only(disk: &MemoryDisk) -> PathBuf {
    let segments = disk.segments();
    assert_eq!(segments.len(), 1);
    segments[0].clone()
}

#[test]
fn cuts_a_log_that_ends_at_any_byte() {
    let log = Log::write(12);
    let file = only(&log.disk);
    for ends in 0..=log.end() {
        let truncated = with(&log.disk, &file, |bytes| bytes.truncate(offset(ends)));
        let zeroed = with(&log.disk, &file, |bytes| bytes[offset(ends)..].fill(0));
        for disk in [truncated, zeroed] {
            assert_eq!(start(&disk, None).unwrap(), log.before(ends), "at {ends}");
            assert_eq!(
                start(&disk, None).unwrap(),
                log.before(ends),
                "at {ends}, the second time"
            );
            // A segment without a batch is replaced, not shortened.
            if let Some(last) = log.before(ends).last() {
                let seal = offset(end(last));
                assert_eq!(disk.contents(&file).len(), seal + BATCH_HEADER_BYTES);
            }
        }
    }
}

#[test]
fn goes_on_after_a_cut_at_any_byte_of_the_last_batch() {
    let log = Log::write(8);
    let file = only(&log.disk);
    let last = log.batches[log.batches.len() - 2];
    for end in last..log.end() {
        let disk = with(&log.disk, &file, |bytes| bytes[offset(end)..].fill(0));
        let mut expected = log.before(end).to_vec();
        let (journal, recovered, _) =
            start_in_memory(&disk, None, Options::default(), no_faults()).unwrap();
        let more = append_batches(&journal, 2);
        journal.close().unwrap();
        assert!(recovered.cut || end == last);
        expected.extend(more);
        assert_eq!(start(&disk, None).unwrap(), expected);
    }
}

#[test]
fn refuses_a_flipped_bit_in_every_byte_of_the_middle() {
    let log = Log::write(12);
    let file = only(&log.disk);
    for position in 0..log.end() {
        let (element, sequence) = log.element(position);
        let disk = with(&log.disk, &file, |bytes| flip(bytes, offset(position)));
        assert_damaged(&disk, &file, offset(element), sequence);
    }
}

#[test]
fn refuses_every_bit_of_the_lengths() {
    let log = Log::write(3);
    let file = only(&log.disk);
    let lengths = [(log.batches[1], 12..24), (at(&log.records[1]), 32..36)];
    for (element, bytes) in lengths {
        for (byte, bit) in bytes.flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
            let disk = with(&log.disk, &file, |bytes| {
                bytes[offset(element) + byte] ^= 1 << bit
            });
            assert_damaged(&disk, &file, offset(element), log.element(element).1);
        }
    }
}

#[test]
fn refuses_bytes_of_zeros_in_the_middle() {
    let log = Log::write(12);
    let file = only(&log.disk);
    for batches in log.batches.windows(2) {
        let erased = offset(batches[0])..offset(batches[1]);
        let disk = with(&log.disk, &file, |bytes| bytes[erased].fill(0));
        let (element, sequence) = log.element(batches[0]);
        assert_damaged(&disk, &file, offset(element), sequence);
    }
}

#[test]
fn does_without_the_seal() {
    let log = Log::write(4);
    let file = only(&log.disk);
    let seal = offset(log.end());
    for at in seal..seal + BATCH_HEADER_BYTES {
        let disk = with(&log.disk, &file, |bytes| flip(bytes, at));
        assert_eq!(start(&disk, None).unwrap(), log.records);
    }
}

#[test]
fn refuses_a_flipped_bit_in_every_byte_of_a_segment_header() {
    let log = Log::write(150);
    for file in log.disk.segments() {
        let header = format::SegmentHeader::decode(&log.disk.contents(&file)).unwrap();
        for at in 0..SEGMENT_HEADER_BYTES {
            let disk = with(&log.disk, &file, |bytes| flip(bytes, at));
            assert_damaged(&disk, &file, 0, header.start.sequence.to_stored());
        }
    }
}

/// Also where older segments can be read, and before anything is changed: a torn tail would be cut off.
#[test]
fn refuses_a_segment_of_another_build() {
    let log = Log::write(150);
    let last = log.disk.segments().pop().unwrap();
    let known = format::SEGMENT_VERSION;
    let cases = [
        (known + 1, "a newer build wrote it; start that build again"),
        (1, "a build before 0.2.0 wrote it"),
    ];
    for (version, remedy) in cases {
        let disk = with(&log.disk, &last, |bytes| {
            bytes[12..16].copy_from_slice(&version.to_le_bytes());
            let checksum = crc32c::crc32c(&bytes[12..64]);
            bytes[8..12].copy_from_slice(&checksum.to_le_bytes());
        });
        let before = disk.contents(&last);
        let error = start(&disk, None).unwrap_err();
        assert!(matches!(
            &error,
            JournalError::Version { file, found, known: reads }
                if (file, *found, *reads) == (&last, version, known)
        ));
        let said = error.to_string();
        assert!(
            said.contains(&format!("has format {version}, this build (")),
            "{said}"
        );
        assert!(
            said.contains(&format!("reads formats 2 to {known}: {remedy}")),
            "{said}"
        );
        assert_eq!(disk.contents(&last), before);
    }
}

#[test]
fn refuses_a_flipped_bit_at_the_end_of_an_older_segment() {
    let log = Log::write(150);
    let files = log.disk.segments();
    let second: u64 = files[1]
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let (element, sequence) = log.element(second - 1);
    for position in element..second {
        let disk = with(&log.disk, &files[0], |bytes| flip(bytes, offset(position)));
        assert_damaged(&disk, &files[0], offset(element), sequence);
    }
}

#[test]
fn refuses_a_journal_with_a_file_missing() {
    let log = Log::write(150);
    let files = log.disk.segments();
    assert!(files.len() > 3);
    for (index, file) in files.iter().enumerate() {
        let disk = log.disk.after_kill();
        disk.remove(file);
        let outcome = start(&disk, None);
        if index == 0 {
            assert!(matches!(outcome, Err(JournalError::Beginning { begins, .. }) if begins > 0));
        } else if index + 1 < files.len() {
            let Err(JournalError::Gap { file, next, .. }) = outcome else {
                panic!("{outcome:?}")
            };
            assert_eq!(
                (file, next),
                (files[index - 1].clone(), files[index + 1].clone())
            );
        } else {
            // From the files alone nobody can know; the store does.
            let last = log.records.last().unwrap();
            let mark = last.mark();
            assert!(outcome.unwrap().len() < log.records.len());
            assert!(matches!(
                start(&disk, Some(mark)),
                Err(JournalError::StoreAhead { .. })
            ));
        }
    }
}

#[test]
fn refuses_files_in_each_others_place() {
    let log = Log::write(150);
    let files = log.disk.segments();
    let disk = with(&log.disk, &files[1], |bytes| {
        *bytes = log.disk.contents(&files[2])
    });
    let header = format::SegmentHeader::decode(&log.disk.contents(&files[1])).unwrap();
    assert_damaged(&disk, &files[1], 0, header.start.sequence.to_stored());
}

#[test]
fn refuses_a_segment_of_another_journal() {
    // The same payloads at the same places, except the first one: only the chain shows the difference.
    let log = Log::write(150);
    let files = log.disk.segments();
    let header = format::SegmentHeader::decode(&log.disk.contents(&files[1])).unwrap();
    let start = Place {
        chain: 7,
        ..header.start
    };
    let format::Kind::Encrypted { key, salt, .. } = header.kind else {
        panic!("not encrypted")
    };
    let encryption = format::Encryption::new(&keys(), key, &salt).unwrap();
    let capacity = header.capacity;
    let (_, foreign) = format::SegmentHeader::encrypted(start, capacity, key, salt, &encryption);
    let disk = with(&log.disk, &files[1], |bytes| {
        bytes[..SEGMENT_HEADER_BYTES].copy_from_slice(&foreign)
    });
    assert_damaged(&disk, &files[1], 0, header.start.sequence.to_stored());
}

#[test]
fn refuses_a_store_that_is_ahead_or_foreign() {
    let log = Log::write(10);
    let last = log.records.last().unwrap();
    let ahead = Mark {
        sequence: last.sequence.after(1),
        position: Position::from_stored(log.end() + 32).unwrap(),
    };
    let error = start(&log.disk, Some(ahead)).unwrap_err();
    assert!(matches!(error, JournalError::StoreAhead { .. }));
    assert!(
        error
            .to_string()
            .starts_with("the store is ahead of the journal: "),
        "{error}"
    );
    let foreign = Mark {
        sequence: last.sequence,
        position: Position::from_stored(at(last) - 1).unwrap(),
    };
    assert!(matches!(
        start(&log.disk, Some(foreign)),
        Err(JournalError::StoreForeign { .. })
    ));
    let empty = start(&MemoryDisk::default(), Some(ahead));
    assert!(matches!(
        empty,
        Err(JournalError::StoreAhead { journal: None, .. })
    ));
}

#[test]
fn is_not_fooled_by_a_payload_that_looks_like_a_batch() {
    let log = Log::write(2);
    let file = only(&log.disk);
    let (torn, forged) = (log.end(), log.end() + 100);
    let mut header = [0; BATCH_HEADER_BYTES];
    let place = Place {
        position: forged,
        sequence: Sequence::FIRST.after(99),
        chain: 0,
    };
    // Right in everything that an outsider could know.
    format::BatchHeader::encode(&mut header, place, 1, 50, 0);
    let disk = with(&log.disk, &file, |bytes| {
        bytes[offset(torn)..offset(forged)].fill(1);
        bytes[offset(forged)..][..BATCH_HEADER_BYTES].copy_from_slice(&header);
    });
    assert_eq!(start(&disk, None).unwrap(), log.records);
}

#[test]
fn stops_where_the_receiver_refuses() {
    let log = Log::write(4);
    let refused = recover(&on(&log.disk), None, &mut |record| {
        if Some(record.sequence) == sequence(3) {
            Err("unknown event".into())
        } else {
            Ok(())
        }
    });
    let Err(JournalError::Refused { sequence: at, .. }) = refused else {
        panic!("it was not refused")
    };
    assert_eq!(Some(at), sequence(3));
}
