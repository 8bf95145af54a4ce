//! The lock on a folder of data: one process at a time upgrades it, restores its store, or writes anything else in it, but for
//! the key table, which has a lock of its own. Commands that only read need none.

use std::path::{Path, PathBuf};

use tessera_common::lock_file::{LockFile, LockFileError};

/// Held for as long as a process writes in the folder: `data/lock`.
#[derive(Debug)]
pub struct DataLock(#[expect(dead_code, reason = "released on drop")] LockFile);

/// Why a folder of data is not ours.
#[derive(Debug, thiserror::Error)]
pub enum DataLockError {
    /// Another process writes in it.
    #[error(
        "the data in {} is in use by another process ({holder}): a switch, `tessera provision` or `tessera journal repair`; \
         stop it, or wait until it ends",
        data.display()
    )]
    Held {
        /// The folder.
        data: PathBuf,
        /// Who does, as far as it said.
        holder: String,
    },
    /// The lock can't be taken.
    #[error("the data can't be locked")]
    Io(#[source] LockFileError),
}

impl DataLock {
    /// Takes the lock of a folder that is there.
    pub(super) fn take(data: &Path) -> Result<Self, DataLockError> {
        match LockFile::take(&data.join("lock")) {
            Ok(held) => Ok(Self(held)),
            Err(LockFileError::Held { path: _, holder }) => Err(DataLockError::Held {
                data: data.to_owned(),
                holder,
            }),
            Err(error @ LockFileError::Io { .. }) => Err(DataLockError::Io(error)),
        }
    }
}
