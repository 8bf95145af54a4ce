//! Segments of 0.2.0, which are not encrypted: read as they are, and gone on from in encrypted ones. They are written here by
//! hand, as that release wrote them.

use super::super::format::{BATCH_HEADER_BYTES, Kind, SegmentHeader};
use super::super::scan::scan;
use super::log::{flip, with};
use super::*;

const HEADER: usize = 64;
const RECORD: usize = 24;
const SALT: u32 = 0x1234_5678;

struct Written {
    disk: MemoryDisk,
    file: std::path::PathBuf,
    records: Vec<Record>,
    /// Position of the end.
    end: u64,
}

fn checksum(salt: u32, parts: &[&[u8]]) -> u32 {
    parts
        .iter()
        .fold(salt, |checksum, part| crc32c::crc32c_append(checksum, part))
}

fn segment_header() -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes[..8].copy_from_slice(b"TSSRJRNL");
    bytes[12..16].copy_from_slice(&2_u32.to_le_bytes());
    bytes[24..32].copy_from_slice(&1_u64.to_le_bytes());
    bytes[32..40].copy_from_slice(&(SEGMENT_BYTES - HEADER as u64).to_le_bytes());
    bytes[44..48].copy_from_slice(&SALT.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes[12..]);
    bytes[8..12].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// A journal of one segment, in batches of so many records, sealed.
fn write(batches: &[u64]) -> Written {
    let mut bytes = segment_header();
    let (mut chain, mut number, mut records) = (0_u32, 0, Vec::new());
    for &count in batches.iter().chain([&0]) {
        let position = (bytes.len() - HEADER) as u64;
        let numbers = number..number + count;
        let length: usize = numbers
            .clone()
            .map(|number| RECORD + payload(number).len())
            .sum();
        let mut header = [0; BATCH_HEADER_BYTES];
        header[..4].copy_from_slice(b"TJB\x01");
        header[8..12].copy_from_slice(&chain.to_le_bytes());
        header[12..16].copy_from_slice(&(count as u32).to_le_bytes());
        header[16..24].copy_from_slice(&(length as u64).to_le_bytes());
        header[24..32].copy_from_slice(&(number + 1).to_le_bytes());
        let sum = checksum(SALT, &[&position.to_le_bytes(), &header[8..]]);
        header[4..8].copy_from_slice(&sum.to_le_bytes());
        bytes.extend_from_slice(&header);
        if count > 0 {
            chain = sum;
        }
        for number in numbers {
            let payload = payload(number);
            let mut header = [0; RECORD];
            header[4..8].copy_from_slice(&chain.to_le_bytes());
            header[8..16].copy_from_slice(&(number + 1).to_le_bytes());
            header[16..20].copy_from_slice(&(payload.len() as u32).to_le_bytes());
            header[20..22].copy_from_slice(&partition(number).to_le_bytes());
            header[22] = 1;
            chain = checksum(SALT, &[&header[4..], &payload]);
            header[..4].copy_from_slice(&chain.to_le_bytes());
            records.push(Record {
                partition: partition(number),
                sequence: sequence(number + 1).unwrap(),
                position: Position::from_stored((bytes.len() - HEADER) as u64).unwrap(),
                payload: payload.clone().into(),
            });
            bytes.extend_from_slice(&header);
            bytes.extend_from_slice(&payload);
        }
        number += count;
    }
    let end = (bytes.len() - HEADER - BATCH_HEADER_BYTES) as u64;
    bytes.resize(SEGMENT_BYTES as usize, 0);
    let disk = MemoryDisk::default();
    let file = on(&disk).segment(0);
    disk.put(&file, bytes);
    Written {
        disk,
        file,
        records,
        end,
    }
}

/// A journal of 0.2.0, and how many records it has.
pub fn journal() -> (MemoryDisk, u64) {
    let written = write(&[2, 3]);
    (written.disk, written.records.len() as u64)
}

#[test]
fn is_read_and_gone_on_from_in_encrypted_segments() {
    let Written {
        disk,
        file,
        records,
        end,
    } = write(&[3, 1, 4]);
    let before = disk.contents(&file);
    assert_eq!(start(&disk.after_kill(), None).unwrap(), records);
    let (journal, recovered, replayed) =
        start_in_memory(&disk, None, Options::default(), no_faults()).unwrap();
    assert_eq!((replayed, recovered.cut), (records.clone(), false));
    let mut tail = journal.tail(Some(records[5].mark()));
    let mut all = records;
    all.extend(append_batches(&journal, 30));
    journal.sync().unwrap();
    for record in &all {
        assert_eq!(journal.read(record.position).unwrap(), *record);
    }
    let mut followed = Vec::new();
    tail.show(u64::MAX, &mut |record| {
        followed.push(record.to_owned());
        Ok(())
    })
    .unwrap();
    assert_eq!(followed, all[6..]);
    journal.close().unwrap();
    drop(journal);
    // The old file is as it was, but for the zeros behind its seal.
    let ends = HEADER + end as usize + BATCH_HEADER_BYTES;
    assert_eq!(disk.contents(&file), before[..ends]);
    for newer in &disk.segments()[1..] {
        let header = SegmentHeader::decode(&disk.contents(newer)).unwrap();
        assert!(matches!(header.kind, Kind::Encrypted { .. }));
    }
    assert_eq!(start(&disk, None).unwrap(), all);
    for mark in [all[2].mark(), all[20].mark()] {
        let from = all.iter().position(|record| record.mark() == mark).unwrap();
        assert_eq!(start(&disk, Some(mark)).unwrap(), all[from + 1..]);
    }
}

/// Also where newer segments follow.
#[test]
fn every_flipped_bit_is_found() {
    let Written {
        disk, file, end, ..
    } = write(&[3, 1, 4]);
    let (journal, _) = open_in_memory(&disk, None, no_faults()).unwrap();
    append_batches(&journal, 3);
    journal.close().unwrap();
    for at in 0..HEADER + end as usize {
        let damaged = with(&disk, &file, |bytes| flip(bytes, at));
        let error = start(&damaged, None).unwrap_err();
        assert!(
            matches!(&error, JournalError::Damaged { file: named, .. } if *named == file),
            "{at}: {error}"
        );
        assert!(scan(&on(&damaged), None, &mut |_| Ok(())).is_err());
    }
}

/// A torn batch at its end is cut off, as ever.
#[test]
fn a_log_that_ends_at_any_byte_is_cut() {
    let Written {
        disk,
        file,
        records,
        end,
    } = write(&[2, 3]);
    let whole = records[2].position.to_stored() - BATCH_HEADER_BYTES as u64;
    for ends in whole..end {
        let torn = with(&disk, &file, |bytes| {
            bytes[HEADER + ends as usize..].fill(0);
        });
        let (journal, replayed) = open_in_memory(&torn, None, no_faults()).unwrap();
        assert_eq!(replayed, records[..2], "at {ends}");
        let more = append_batches(&journal, 2);
        journal.close().unwrap();
        assert_eq!(
            start(&torn, None).unwrap(),
            [&records[..2], &more].concat(),
            "at {ends}"
        );
    }
}
