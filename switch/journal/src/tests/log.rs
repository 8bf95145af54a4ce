//! A journal whose bytes are known, to be damaged.

use super::super::format::{self, SEGMENT_HEADER_BYTES};
use super::*;

/// A journal on a disk in memory, with what is in it and where its batches begin.
pub struct Log {
    pub disk: MemoryDisk,
    pub records: Vec<Record>,
    /// Position of every batch, and of the end.
    pub batches: Vec<u64>,
}

impl Log {
    /// No batch ends with a zero: a test that fills the rest with zeros changes all that it means to change.
    pub fn write(batches: u64) -> Self {
        loop {
            let log = Self::write_once(batches);
            let (ends, segments) = (&log.batches[1..], log.disk.segments());
            let bytes = log.disk.contents(&segments[0]);
            // Where there are several segments, the others begin elsewhere.
            if segments.len() > 1 || ends.iter().all(|end| bytes[offset(*end) - 1] != 0) {
                return log;
            }
        }
    }

    fn write_once(batches: u64) -> Self {
        let disk = MemoryDisk::default();
        let (journal, _) = open_in_memory(&disk, None, no_faults()).unwrap();
        let records = append_batches(&journal, batches);
        journal.close().unwrap();
        let mut starts = Vec::new();
        for (index, record) in records.iter().enumerate() {
            let before = records[..index].last().map_or(0, end);
            if at(record) > before {
                starts.push(before);
            }
        }
        starts.extend(records.last().map(end));
        Self {
            disk,
            records,
            batches: starts,
        }
    }

    pub fn end(&self) -> u64 {
        *self.batches.last().unwrap()
    }

    /// What the log holds if it ends at a position: the records of whole batches.
    pub fn before(&self, position: u64) -> &[Record] {
        let whole = *self
            .batches
            .iter()
            .rfind(|&&batch| batch <= position)
            .unwrap();
        &self.records[..self.records.partition_point(|record| at(record) < whole)]
    }

    /// The element that a position is in, a batch header or a record: its position, and the
    /// sequence there.
    pub fn element(&self, position: u64) -> (u64, u64) {
        let batch = *self
            .batches
            .iter()
            .rfind(|&&batch| batch <= position)
            .unwrap();
        let record = self
            .records
            .iter()
            .rfind(|record| at(record) <= position && at(record) > batch);
        let next = self.records.partition_point(|record| at(record) < batch) as u64 + 1;
        record.map_or((batch, next), |record| {
            (at(record), record.sequence.to_stored())
        })
    }
}

pub fn at(record: &Record) -> u64 {
    record.position.to_stored()
}

pub fn end(record: &Record) -> u64 {
    at(record) + (format::RECORD_HEADER_BYTES + record.payload.len()) as u64
}

pub fn offset(position: u64) -> usize {
    position as usize + SEGMENT_HEADER_BYTES
}

/// The same disk with one file changed.
pub fn with(disk: &MemoryDisk, file: &Path, change: impl FnOnce(&mut Vec<u8>)) -> MemoryDisk {
    let disk = disk.after_kill();
    let mut bytes = disk.contents(file);
    change(&mut bytes);
    disk.put(file, bytes);
    disk
}

/// Flips a bit, another one in every byte.
pub fn flip(bytes: &mut [u8], at: usize) {
    bytes[at] ^= 1 << (at * 5 % 8);
}
