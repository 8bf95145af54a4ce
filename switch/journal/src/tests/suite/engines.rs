//! The engines, each of which keeps what this folder says. A new one is one more row in [`each_engine`].

use tempfile::{TempDir, tempdir};

use super::*;
use crate::Reader;
use crate::reader::SegmentsReader;

/// A place where an engine keeps a journal, to be opened again and again.
pub(super) trait Engine {
    /// The journal, and what it replays after the mark.
    fn open(&self, from: Option<Mark>) -> (Box<dyn Journal>, Vec<Record>);

    /// Reads it without opening it.
    fn reader(&self) -> Box<dyn Reader>;
}

pub(super) fn each_engine(check: fn(&dyn Engine)) {
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

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(SegmentsReader::new(in_directory(self.0.path())))
    }
}

struct SegmentsInMemory(MemoryDisk);

impl Engine for SegmentsInMemory {
    fn open(&self, from: Option<Mark>) -> (Box<dyn Journal>, Vec<Record>) {
        let (journal, replayed) = open_in_memory(&self.0, from, no_faults()).unwrap();
        (Box::new(journal), replayed)
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(SegmentsReader::new(on(&self.0)))
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

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(self.0.lock().unwrap().clone())
    }
}
