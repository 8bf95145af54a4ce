//! Segment files, read without opening the journal, also while a switch appends to it.

use std::sync::{Arc, OnceLock};

use super::folder::Folder;
use super::parts::{self, Part};
use super::scan::{Scanned, scan, scan_after};
use super::shelf::Shelf;
use super::{JournalError, Mark, Position, Reader, Record, Visit};

pub(super) struct SegmentsReader {
    folder: Arc<Folder>,
    shelf: OnceLock<Shelf>,
}

impl SegmentsReader {
    /// For the journal in this folder; nothing is opened before something is read.
    pub fn new(folder: Folder) -> Self {
        Self {
            folder: Arc::new(folder),
            shelf: OnceLock::new(),
        }
    }
}

impl Reader for SegmentsReader {
    fn read(&self, position: Position) -> Result<Record, JournalError> {
        if let Some(shelf) = self.shelf.get() {
            let read = shelf.read(position);
            if !read.as_ref().is_err_and(JournalError::is_no_record) {
                return read;
            }
            // A segment may have begun since.
            shelf.renew(&self.folder.starts()?);
            return shelf.read(position);
        }
        let shelf = Shelf::new(Arc::clone(&self.folder), &self.folder.starts()?);
        self.shelf.get_or_init(|| shelf).read(position)
    }

    fn scan(&self, known: Option<Mark>, visit: &mut Visit<'_>) -> Result<Scanned, JournalError> {
        scan(&self.folder, known, visit)
    }

    fn scan_after(&self, mark: Mark, visit: &mut Visit<'_>) -> Result<Scanned, JournalError> {
        scan_after(&self.folder, mark, visit)
    }

    fn parts(&self) -> Result<Vec<Part>, JournalError> {
        parts::parts(&self.folder)
    }

    fn scan_part(&self, part: &Part, visit: &mut Visit<'_>) -> Result<Scanned, JournalError> {
        parts::scan_part(&self.folder, part, visit)
    }
}
