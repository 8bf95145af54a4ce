//! Single records of a journal that nobody writes to at the moment.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::disk::{Disk, Files};
use super::shelf::Shelf;
use super::{JournalError, Record, segment};

/// Reads records by their positions, while the journal is opened and replayed.
pub struct Lookup {
    directory: PathBuf,
    shelf: OnceLock<Shelf>,
}

impl Lookup {
    /// For the journal in `directory`; nothing is opened before something is read.
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            shelf: OnceLock::new(),
        }
    }

    /// The record at a position.
    ///
    /// # Errors
    /// Where no intact record begins there.
    pub fn read(&self, position: u64) -> Result<Record, JournalError> {
        if let Some(shelf) = self.shelf.get() {
            return shelf.read(position);
        }
        let disk: Arc<dyn Disk> = Arc::new(Files);
        let starts = segment::starts(disk.as_ref(), &self.directory)?;
        let shelf = Shelf::new(disk, self.directory.clone(), &starts);
        self.shelf.get_or_init(|| shelf).read(position)
    }
}
