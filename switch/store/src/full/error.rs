//! Why a full snapshot can't be written or read.

use std::io;
use std::path::{Path, PathBuf};

use tessera_encryption::KeysError;
use tessera_journal::{JournalError, Mark};

use crate::StoreError;

/// See the head of this file.
#[derive(Debug, thiserror::Error)]
pub enum FullSnapshotError {
    /// The operating system refused.
    #[error("the full snapshot, {}: {source}", path.display())]
    Disk {
        /// Which file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// It is not what was written.
    #[error("the full snapshot {} is damaged: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// In what way.
        what: &'static str,
    },
    /// Another build wrote it.
    #[error(
        "the full snapshot {} has version {found}, this build ({}) reads version {known}",
        path.display(), env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// Which file.
        path: PathBuf,
        /// The version that it says.
        found: u32,
        /// That of this build.
        known: u32,
    },
    /// It reflects what the journal does not have: one of them was restored.
    #[error(
        "the full snapshot {} is not of this journal, or newer than it: it reflects the record with sequence {} at position {}, \
         which the journal does not have",
        path.display(), missing.sequence, missing.position
    )]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// The record.
        missing: Mark,
    },
    /// Its key is missing.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The process ends, and with it what was under way.
    #[error("the full snapshot was not finished")]
    Stopped,
}

/// For `map_err`: the operating system refused something with this file.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> FullSnapshotError {
    move |source| FullSnapshotError::Disk {
        path: path.to_owned(),
        source,
    }
}

/// This file is damaged so.
pub(super) fn damaged(path: &Path, what: &'static str) -> FullSnapshotError {
    FullSnapshotError::Damaged {
        path: path.to_owned(),
        what,
    }
}
