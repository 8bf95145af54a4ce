//! Segment files, read without opening the journal, also while a switch appends to it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::disk::Disk;
use super::parts::{self, Part};
use super::scan::{Scanned, scan, scan_after};
use super::shelf::Shelf;
use super::{JournalError, Mark, Position, Reader, Record, Visit, segment};

pub(super) struct SegmentsReader {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    shelf: OnceLock<Shelf>,
}

impl SegmentsReader {
    /// For the journal in `directory`; nothing is opened before something is read.
    pub fn new(disk: Arc<dyn Disk>, directory: &Path) -> Self {
        Self {
            disk,
            directory: directory.to_owned(),
            shelf: OnceLock::new(),
        }
    }
}

impl Reader for SegmentsReader {
    fn read(&self, position: Position) -> Result<Record, JournalError> {
        if let Some(shelf) = self.shelf.get() {
            return shelf.read(position);
        }
        let starts = segment::starts(self.disk.as_ref(), &self.directory)?;
        let shelf = Shelf::new(Arc::clone(&self.disk), self.directory.clone(), &starts);
        self.shelf.get_or_init(|| shelf).read(position)
    }

    fn scan(&self, known: Option<Mark>, visit: &mut Visit<'_>) -> Result<Scanned, JournalError> {
        scan(self.disk.as_ref(), &self.directory, known, visit)
    }

    fn scan_after(&self, mark: Mark, visit: &mut Visit<'_>) -> Result<Scanned, JournalError> {
        scan_after(self.disk.as_ref(), &self.directory, mark, visit)
    }

    fn parts(&self) -> Result<Vec<Part>, JournalError> {
        parts::parts(self.disk.as_ref(), &self.directory)
    }

    fn scan_part(&self, part: &Part, visit: &mut Visit<'_>) -> Result<Scanned, JournalError> {
        parts::scan_part(self.disk.as_ref(), &self.directory, part, visit)
    }
}
