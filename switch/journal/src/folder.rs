//! The folder of a journal: its disk, its path, and the keys of what is in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tessera_encryption::DataKeys;

use super::JournalError;
use super::disk::Disk;

/// Shared by all that read and write the journal.
pub(super) struct Folder {
    pub disk: Arc<dyn Disk>,
    pub path: PathBuf,
    /// None where nothing is encrypted: in a folder of 0.2.0 that no switch has opened since.
    pub keys: Option<DataKeys>,
}

impl Folder {
    /// Where the segments start, in order.
    pub fn starts(&self) -> Result<Vec<u64>, JournalError> {
        let names = self
            .disk
            .list(&self.path)
            .map_err(JournalError::disk("list", &self.path))?;
        let mut starts: Vec<u64> = names.iter().filter_map(|name| start(name)).collect();
        starts.sort_unstable();
        Ok(starts)
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

fn start(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".journal")?;
    (digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}
