//! The lock on a journal's directory, so that two switches never write the same journal.

use std::path::Path;

use tessera_common::lock_file::{LockFile, LockFileError};

use super::JournalError;

/// Held for as long as the journal is open, or is written anew.
#[derive(Debug)]
pub struct JournalLock(#[expect(dead_code, reason = "released on drop")] LockFile);

impl JournalLock {
    pub(super) fn take(directory: &Path) -> Result<Self, JournalError> {
        match LockFile::take(&directory.join("lock")) {
            Ok(held) => Ok(Self(held)),
            Err(LockFileError::Held { path: _, holder }) => Err(JournalError::Locked {
                directory: directory.to_owned(),
                holder,
            }),
            Err(LockFileError::Io { path, why }) => Err(JournalError::disk("lock", &path)(why)),
        }
    }
}
