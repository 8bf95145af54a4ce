//! Full snapshots: all that the store has, in one file. A start without a store begins with the newest good one, and replays only
//! what the journal has after it.
//!
//! ```text
//! data/snapshots/00000000000000004711.snapshot     named after the position of its mark; the newest two are kept
//!
//! header, 128 bytes                                 frame
//!  0  8  magic "TSSRSNAP"                            0  1  kind: 1 rows, 2 the end
//!  8  4  version, 2                                  1  4  bytes of the ciphertext
//! 12  4  data key                                    5  .  ciphertext
//! 16 16  salt                                           16 tag, over header and kind too
//! 32  8  sequence, 40 8 position: the mark
//! 48 32  SHA-256 of the journal's record there
//! 80  8  sequence, 88 8 position: the reach
//! 96 32  SHA-256 of the journal's record there
//!
//! a frame of rows, decompressed (zstd)              the end
//!  0  1  table  ┐                                    0  8  rows
//!  1  2  bytes of the key                            8 32  SHA-256 of header and rows
//!  3  4  bytes of the value
//!  7  .  key, value                                 all numbers little-endian
//! ```
//!
//! The key is derived from data key and salt; the nonce is the number of the frame. So frames can't be changed, moved or left
//! out, and neither can the end. Rows are as in the head of this crate, and their format belongs to the version.
//!
//! A row can be ahead of the mark, as in the store itself: the replay passes over what a wallet has already. None is ahead of the
//! reach. So a journal that has both records has all that the snapshot reflects, and another one, or an older copy, does not.

mod error;
mod format;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tessera_encryption::DataKeys;
use tessera_journal::{Mark, Reader};

pub use error::FullSnapshotError;
pub use format::SNAPSHOT_VERSION;

use error::at;

/// Files that are kept.
const KEPT: usize = 2;
const EXTENSION: &str = "snapshot";
/// Of a file that is being written.
const UNFINISHED: &str = "new";

/// The full snapshots of one folder of data.
#[derive(Debug, Clone)]
pub struct FullSnapshots {
    folder: PathBuf,
    keys: DataKeys,
}

/// What a full snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FullSnapshot {
    /// It reflects the journal up to there.
    pub mark: Mark,
    /// So many rows.
    pub rows: u64,
    /// Of header and rows.
    pub sha256: [u8; 32],
}

impl FullSnapshots {
    /// Those of a folder of data.
    pub fn in_data(data: &Path, keys: DataKeys) -> Self {
        Self {
            folder: data.join("snapshots"),
            keys,
        }
    }

    /// The files, newest first.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn files(&self) -> Result<Vec<PathBuf>, FullSnapshotError> {
        let mut found: Vec<PathBuf> = self.in_folder(EXTENSION)?;
        // Positions have as many digits as the highest one.
        found.sort_unstable_by(|one, other| other.cmp(one));
        Ok(found)
    }

    /// The mark in a file's header, which is not verified.
    ///
    /// # Errors
    /// When it can't be read, or is no snapshot of this version.
    pub fn mark(&self, path: &Path) -> Result<Mark, FullSnapshotError> {
        Ok(read::header(path)?.mark.mark)
    }

    /// The marks of those that a start on this journal can begin with, as far as their headers say, newest first.
    ///
    /// # Errors
    /// When the folder, a file or the journal can't be read.
    pub fn marks(&self, journal: &dyn Reader) -> Result<Vec<Mark>, FullSnapshotError> {
        let mut marks = Vec::new();
        for path in self.files()? {
            let header = match read::header(&path) {
                Err(FullSnapshotError::Damaged { .. } | FullSnapshotError::Version { .. }) => {
                    continue;
                }
                header => header?,
            };
            if header
                .missing(&|position| journal.read(position))?
                .is_none()
            {
                marks.push(header.mark.mark);
            }
        }
        Ok(marks)
    }

    /// Whether the data key that a file names is there, and is the one that encrypted it. Only the beginning is read.
    ///
    /// # Errors
    /// When it is not, or the file can't be read.
    pub fn check_key(&self, path: &Path) -> Result<(), FullSnapshotError> {
        read::check_key(path, &self.keys)
    }

    /// Removes all but this one, which was just written, and those before it that are kept; also what a killed process has left.
    /// What is newer than this one, or reflects what the journal does not have, is of a journal before it was restored.
    fn prune(&self, written: &Path, journal: &dyn Reader) -> Result<(), FullSnapshotError> {
        let is_foreign = |path: &Path| {
            let header = read::header(path);
            let missing = header.map(|header| header.missing(&|position| journal.read(position)));
            matches!(missing, Ok(Ok(Some(_))))
        };
        let (foreign, own): (Vec<_>, Vec<_>) = self
            .files()?
            .into_iter()
            .partition(|path| **path > *written || is_foreign(path));
        let old = own.into_iter().skip(KEPT);
        for path in foreign
            .into_iter()
            .chain(old)
            .chain(self.in_folder(UNFINISHED)?)
        {
            std::fs::remove_file(&path).map_err(at(&path))?;
        }
        Ok(())
    }

    fn in_folder(&self, extension: &str) -> Result<Vec<PathBuf>, FullSnapshotError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(at(&self.folder))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(at(&self.folder))?.path();
            if path.extension().is_some_and(|it| it == extension) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// Positions rise with every record; sequences do so within a partition only.
    fn path(&self, mark: Mark) -> PathBuf {
        let name = format!("{:020}.{EXTENSION}", mark.position.to_stored());
        self.folder.join(name)
    }

    fn sync_folder(&self) -> Result<(), FullSnapshotError> {
        let synced = File::open(&self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(at(&self.folder))
    }
}
