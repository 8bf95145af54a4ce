//! Why a key of a wallet can't be had.

use std::io;
use std::path::PathBuf;

use tessera_encryption::KeysError;

/// See the head of this file.
#[derive(Debug, thiserror::Error)]
pub enum WalletKeysError {
    /// The file can't be read or written.
    #[error("the keys of wallets {}: {why}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// The file is something else, or a newer build wrote it.
    #[error(
        "{} is no file of wallet keys of version 1, which this build ({}) reads",
        path.display(), env!("CARGO_PKG_VERSION")
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It was there before.
    #[error(
        "there is no file of wallet keys {}, but the key table says that there was one: restore its newest copy. Without it the funding \
         sources and contacts of all payers are lost, and nothing else; to accept that, run `tessera keys accept-lost-wallet-keys`",
        path.display()
    )]
    Lost {
        /// Where it should be.
        path: PathBuf,
    },
    /// The data key is not there.
    #[error("the key of a wallet: {0}")]
    Keys(#[from] KeysError),
    /// It was changed, or belongs elsewhere.
    #[error("the key of a wallet was changed in {}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The system has no random numbers.
    #[error("the system has no random numbers for the key of a wallet")]
    NoRandomness,
}
