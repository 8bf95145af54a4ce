//! The folder of a journal: its disk, its path, and the keys of what is in it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tessera_encryption::DataKeys;

use super::JournalError;
use super::disk::Disk;

/// Shared by all that read and write the journal.
pub(super) struct Folder {
    pub disk: Arc<dyn Disk>,
    pub path: PathBuf,
    /// Of archived segments. It need not be there.
    pub archive: PathBuf,
    /// None where nothing is encrypted: in a folder of 0.2.0 that no switch has opened since.
    pub keys: Option<DataKeys>,
}

impl Folder {
    /// Where the segments start, in order, the archived ones too.
    pub fn starts(&self) -> Result<Vec<u64>, JournalError> {
        // This folder first: a segment is removed from here after it has come there.
        let mut starts = self.segments()?;
        starts.extend(self.archives()?);
        starts.sort_unstable();
        starts.dedup();
        Ok(starts)
    }

    /// Where those start, in order, that are not archived, or not yet removed from here.
    pub fn segments(&self) -> Result<Vec<u64>, JournalError> {
        let names = self
            .disk
            .list(&self.path)
            .map_err(JournalError::disk("list", &self.path))?;
        let starts = names.iter().filter_map(|name| start(name, ".journal"));
        let mut starts: Vec<u64> = starts.collect();
        starts.sort_unstable();
        Ok(starts)
    }

    /// Where the archived ones start, in no order.
    pub fn archives(&self) -> Result<Vec<u64>, JournalError> {
        let names = match self.disk.list(&self.archive) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            listed => listed.map_err(JournalError::disk("list", &self.archive))?,
        };
        let starts = names.iter().filter_map(|name| start(name, ".archive"));
        Ok(starts.collect())
    }

    /// The file of the archived segment that starts at a position.
    pub fn archived(&self, start: u64) -> PathBuf {
        self.archive.join(format!("{start:020}.archive"))
    }

    /// The file of the segment that starts at a position.
    pub fn segment(&self, start: u64) -> PathBuf {
        self.path.join(format!("{start:020}.journal"))
    }

    /// The keys, which this file needs.
    pub fn keys(&self, file: &Path) -> Result<&DataKeys, JournalError> {
        self.keys.as_ref().ok_or_else(|| JournalError::NoKeys {
            file: file.to_owned(),
        })
    }

    /// Makes names durable.
    pub fn sync(&self) -> Result<(), JournalError> {
        self.disk
            .sync_directory(&self.path)
            .map_err(JournalError::disk("sync", &self.path))
    }
}

fn start(name: &str, extension: &str) -> Option<u64> {
    let digits = name.strip_suffix(extension)?;
    (digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}
