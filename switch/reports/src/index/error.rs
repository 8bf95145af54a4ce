//! Why nothing can be looked up.

use std::path::{Path, PathBuf};

use tessera_encryption::KeysError;
use tessera_journal::{JournalError, Position, Sequence};
use tessera_ledger::{Unreadable, WalletId};
use tessera_store::ReadBackError;

/// Why nothing can be looked up.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The journal can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A record is no event.
    #[error("record {0}: {1}")]
    Unreadable(Sequence, Unreadable),
    /// A record of a wallet's chain can't be read back.
    #[error(transparent)]
    ReadBack(#[from] ReadBackError),
    /// The chain of a wallet leads to a record of another wallet, or forward.
    #[error("the events of wallet {wallet} do not lead to each other at position {position}: delete the files `*.index` beside the journal \
         and try again; if that does not help, a record of the journal is wrong, which `tessera audit` names",
        wallet = wallet.0
    )]
    Chain {
        /// Whose.
        wallet: WalletId,
        /// Of the record.
        position: Position,
    },
    /// The operating system refused.
    #[error("{}: {error}", path.display())]
    File {
        /// Of the index.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// A block of the file is not what was written.
    #[error("the index is damaged")]
    Damaged,
    /// The caller wants it no longer.
    #[error("the index is not made: the process ends")]
    Stopped,
    /// Its part is longer than 4 GiB.
    #[error("a part of more than 4 GiB has no index")]
    TooLong,
}

impl IndexError {
    pub(super) fn file(path: &Path, error: std::io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            error,
        }
    }
}
