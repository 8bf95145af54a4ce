//! What can go wrong with a backup, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use tessera_encryption::KeysError;
use tessera_journal::{JournalError, Sequence};
use tessera_kit::clock::Timestamp;
use tessera_ledger::Unreadable;
use tessera_ledger::moment::rfc_3339;
use tessera_vault::WalletKeysError;

use crate::versions::{MANIFEST_VERSION, PROTOCOL_VERSION};

/// See the head of this file.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Disk {
        /// What was tried, as an infinitive.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The journal can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A key is missing.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A key of a wallet is not what was written.
    #[error(transparent)]
    WalletKeys(#[from] WalletKeysError),
    /// The keys of wallets in the data are missing or older than those of the backup, which would be lost.
    #[error(
        "the backup has a newer version of the keys of wallets than the data, and keeps it: stop the switch and put the file \
         wallet.keys of the backup in the place of {}; or, if that is meant to be older, begin a new backup in another folder",
        path.display()
    )]
    OlderWalletKeys {
        /// The file of the data, or its name in the backup.
        path: PathBuf,
    },
    /// A record is no event.
    #[error("record {0}: {1}")]
    Unreadable(Sequence, Unreadable),
    /// The folder has other files.
    #[error(
        "{} is not empty and has no backup: name an empty folder, or one that a backup has made",
        path.display()
    )]
    NoBackupFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The folder of the backup is in the data, or the other way round.
    #[error("{} and the data are in one another: name a folder elsewhere, best on another disk", path.display())]
    Inside {
        /// The folder.
        path: PathBuf,
    },
    /// Another process writes to the folder.
    #[error("another backup or restore is writing to {} ({holder}): wait for it, or end it", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Who it is, as far as it said.
        holder: String,
    },
    /// There is no backup in the folder.
    #[error("there is no complete backup in {}: it has no manifest", path.display())]
    NoManifest {
        /// The folder.
        path: PathBuf,
    },
    /// The manifest is not what was written.
    #[error(
        "the manifest {} is damaged: {what}; use another copy of the backup, or begin a new one in another folder",
        path.display()
    )]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Another build wrote the manifest.
    #[error(
        "the manifest {} has version {found}, this build ({}) reads version {MANIFEST_VERSION}: use the build that wrote it",
        path.display(), env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that it says.
        found: u64,
    },
    /// The copy is of another journal, or of one that went on otherwise.
    #[error(
        "the backup belongs to another journal ({what}): it is of other data, or this data was restored from an earlier \
         time; begin a new backup in another folder"
    )]
    OtherJournal {
        /// What differs.
        what: String,
    },
    /// Between the copy and the journal something is missing.
    #[error(
        "the backup ends at position {ends}, but the journal now begins at {begins}: segments between them are missing; begin a \
         new backup in another folder"
    )]
    Gap {
        /// Of the journal.
        begins: u64,
        /// Of the backup.
        ends: u64,
    },
    /// The switch says that more is durable than its journal has.
    #[error(
        "the journal in {} ends before the record that the running switch reports as durable: check that --config and --data \
         name the data of this switch",
        path.display()
    )]
    NoParts {
        /// The folder of data.
        path: PathBuf,
    },
    /// Segments were deleted while the backup was made.
    #[error(
        "the switch has deleted segments, the journal begins at position {begins} now, and the full snapshot or the opening \
         balances that go with that are not there yet: run the backup again, while the switch runs"
    )]
    NoOpening {
        /// Of the journal.
        begins: u64,
    },
    /// A file of the backup is missing, or shorter than the manifest says.
    #[error("the backup is damaged: {} is missing, or shorter than its manifest says; use another copy of the backup", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file of the backup is not what was copied.
    #[error("the backup is damaged: {} is not what was copied (its SHA-256 differs); use another copy of the backup", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// What was written reads back otherwise.
    #[error("{} reads back otherwise than it was written: check the disk", path.display())]
    ReadBack {
        /// The file.
        path: PathBuf,
    },
    /// The line to the receiver can't be read or written.
    #[error("the line to the other side of the backup: {0}")]
    Line(io::Error),
    /// The line ends where an answer should come.
    #[error(
        "no `tessera backup --receive` answers on the other machine: run `ssh HOST tessera --version` by hand; set \
         --remote-program if it is not in the path there"
    )]
    NoReceiver,
    /// The other side says something that the protocol does not have.
    #[error(
        "the other machine sends {0}: check that --remote-program names tessera, and that its login scripts print nothing"
    )]
    Protocol(&'static str),
    /// The other side is another build.
    #[error(
        "the other side of the backup speaks version {found} of the protocol, this build ({}) version {PROTOCOL_VERSION}: install \
         the same build on both sides",
        env!("CARGO_PKG_VERSION")
    )]
    ProtocolVersion {
        /// What it says.
        found: u32,
    },
    /// The receiver has an error.
    #[error("on the other side: {0}")]
    Refused(String),
    /// The folder to restore to has files.
    #[error("{} is not empty: restore to a new folder", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The folder in which a restore makes its files is something else.
    #[error(
        "{} is in the way: it is no restore that was not finished; move it away, or restore to another folder",
        path.display()
    )]
    InTheWay {
        /// The folder.
        path: PathBuf,
    },
    /// Nothing is old enough.
    #[error("the backup begins at {}, which is after the time that is wanted", rfc_3339(*begins))]
    TooEarly {
        /// The time of its first event.
        begins: Timestamp,
    },
    /// No snapshot is old enough, and the journal does not begin with its first record.
    #[error(
        "the oldest segments were deleted (the journal of the backup begins with record {first}), and the backup has no full \
         snapshot or no opening balances from before the wanted time: choose a later --at, or leave it out"
    )]
    NoSnapshot {
        /// The first record.
        first: u64,
    },
}

impl BackupError {
    /// Whether trying again later can help.
    pub fn may_pass(&self) -> bool {
        !matches!(
            self,
            Self::NoBackupFolder { .. }
                | Self::Inside { .. }
                | Self::Manifest { .. }
                | Self::Version { .. }
                | Self::OtherJournal { .. }
                | Self::Gap { .. }
                | Self::OlderWalletKeys { .. }
                | Self::ProtocolVersion { .. }
        )
    }
}

/// For `map_err`: the operating system refused this.
pub(crate) fn disk(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    move |source| BackupError::Disk {
        doing,
        path: path.to_owned(),
        source,
    }
}
