//! How much of the disk a journal takes.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::{JournalError, Location};

/// Files, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Segments that are not in the archive.
    pub segments: u64,
    /// Their bytes, with what is allocated ahead in the newest.
    pub segment_bytes: u64,
    /// Segments in the archive.
    pub archived: u64,
    /// Their bytes.
    pub archived_bytes: u64,
}

/// Counts the files of a journal.
///
/// # Errors
/// If the disk refuses.
pub fn usage(location: &Location) -> Result<Usage, JournalError> {
    let folder = location.folder();
    let mut usage = Usage::default();
    for start in folder.segments()? {
        if let Some(bytes) = length(&folder.segment(start))? {
            usage.segments += 1;
            usage.segment_bytes += bytes;
        }
    }
    for start in folder.archives()? {
        if let Some(bytes) = length(&folder.archived(start))? {
            usage.archived += 1;
            usage.archived_bytes += bytes;
        }
    }
    Ok(usage)
}

/// `None` of a file that was moved meanwhile.
fn length(path: &Path) -> Result<Option<u64>, JournalError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        metadata => {
            let metadata = metadata.map_err(JournalError::disk("measure", path))?;
            Ok(Some(metadata.len()))
        }
    }
}
