//! The oldest segments of the archive are deleted, one after the other, so that what is left is always the end of the journal.

use std::io::ErrorKind;
use std::path::Path;

use crate::JournalError;
use crate::folder::Folder;
use crate::parts::Part;

/// Does what `remove` of this crate says.
pub(crate) fn remove_oldest(
    folder: &Folder,
    part: &Part,
    companion: &str,
) -> Result<bool, JournalError> {
    let oldest = folder.starts()?.first().copied();
    let is_archived = !folder.segments()?.contains(&part.begin);
    if oldest != Some(part.begin) || !part.is_closed() || !is_archived {
        return Ok(false);
    }
    // It can be made again as long as the segment is there, and is of no use without it.
    remove(folder, &part.companion(companion))?;
    folder.sync()?;
    remove(folder, &folder.archived(part.begin))?;
    // Before the next one goes: a loss of power leaves no gap.
    folder
        .disk
        .sync_directory(&folder.archive)
        .map_err(JournalError::disk("sync", &folder.archive))?;
    Ok(true)
}

fn remove(folder: &Folder, path: &Path) -> Result<(), JournalError> {
    match folder.disk.remove(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(JournalError::disk("remove", path)),
    }
}
