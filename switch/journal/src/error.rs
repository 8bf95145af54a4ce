//! What can go wrong in the journal, and what an operator should do about it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use tessera_encryption::KeysError;
use tessera_kit::record::{Position, Sequence};
use thiserror::Error;

use super::format::OLDEST_SEGMENT_VERSION;

/// A fault of the journal.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another process holds the directory.
    #[error(
        "the journal in {} is open in another switch ({holder}); \
         two must never write the same journal",
        directory.display()
    )]
    Locked {
        /// The journal's directory.
        directory: PathBuf,
        /// Who holds it, as far as it said.
        holder: String,
    },

    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Disk {
        /// What was tried, as an infinitive.
        doing: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },

    /// Bytes that were durable are not what was written.
    #[error(
        "the journal is damaged in {} at byte {offset}{}: {what}; \
         restore this file from a copy, it can't be repaired from the others",
        file.display(), named(*sequence)
    )]
    Damaged {
        /// The segment file.
        file: PathBuf,
        /// Where in the file the damaged header or record begins.
        offset: u64,
        /// The sequence that belongs there, where that is known.
        sequence: Option<Sequence>,
        /// What is wrong.
        what: &'static str,
    },

    /// Another build wrote a segment file, in another format.
    #[error(
        "the journal file {} has format {found}, this build ({}) reads formats {OLDEST_SEGMENT_VERSION} to {known}: {}",
        file.display(), env!("CARGO_PKG_VERSION"), remedy(*found, *known)
    )]
    Version {
        /// The segment file.
        file: PathBuf,
        /// The format that it says.
        found: u32,
        /// The newest format of this build.
        known: u32,
    },

    /// The key of a segment file is not there, or can't be used.
    #[error("cannot decrypt the journal file {}: {error}", file.display())]
    Key {
        /// The segment file.
        file: PathBuf,
        /// Why.
        error: KeysError,
    },

    /// A segment file is encrypted, and there are no keys.
    #[error(
        "the journal file {} is encrypted, and there is no key table; \
         restore the one (`keys.table`) that belongs to this journal",
        file.display()
    )]
    NoKeys {
        /// The segment file.
        file: PathBuf,
    },

    /// A segment file was encrypted with another key of the same number.
    #[error(
        "cannot decrypt the journal file {}: data key {key} of the key table is not the one that encrypted it; \
         restore the key table (`keys.table`) that belongs to this journal",
        file.display()
    )]
    OtherKey {
        /// The segment file.
        file: PathBuf,
        /// The number of the data key.
        key: u32,
    },

    /// A newer build archived a segment, in another format.
    #[error(
        "the archived segment {} has format {found}, this build ({}) reads up to format {known}: start the newer build again",
        file.display(), env!("CARGO_PKG_VERSION")
    )]
    ArchiveVersion {
        /// The archived segment.
        file: PathBuf,
        /// The format that it says.
        found: u32,
        /// The format of this build.
        known: u32,
    },

    /// The archive has another segment under the name of one that is to be archived.
    #[error(
        "{} is not the archive of this journal's segment: it is of other data, or damaged; give each data folder an archive \
         folder of its own, or move the file away",
        file.display()
    )]
    ArchiveOfOthers {
        /// The archived segment.
        file: PathBuf,
    },

    /// What a replicated log brought does not fit this journal.
    #[error(
        "the batch at position {position}, before sequence {sequence}, can't be taken from the replicated log: {what}; \
         if this node's files were changed, delete its data folder and let it copy the data of another node"
    )]
    NotReplicated {
        /// Where the batch begins.
        position: u64,
        /// Of its first record.
        sequence: Sequence,
        /// What is wrong.
        what: &'static str,
    },

    /// Another node owns the replicated log now. What this process has decided since does not count.
    #[error("another node is active now: {why}")]
    Superseded {
        /// How that was found out.
        why: String,
    },

    /// The replicated log can't be used any more.
    #[error("the journal can't be replicated: {why}")]
    Replication {
        /// Why, and what to do.
        why: String,
    },

    /// A segment file is missing, or two overlap.
    #[error(
        "the journal has a gap: {} ends at position {end}, before sequence {sequence}, \
         but the next file is {}; restore the missing files",
        file.display(), next.display()
    )]
    Gap {
        /// The last file before the gap.
        file: PathBuf,
        /// The position where it ends.
        end: u64,
        /// The sequence that should follow.
        sequence: Sequence,
        /// The file that should begin at `end`.
        next: PathBuf,
    },

    /// The log does not reach back to where reading must begin.
    #[error(
        "the journal in {} begins at position {begins}, but has to be read from {wanted}: older segments are missing, or were \
         deleted because they were older than `journal.keep`; restore a full snapshot (`snapshots`) or a store that is newer \
         than the oldest segment, or the older files",
        directory.display()
    )]
    Beginning {
        /// The journal's directory.
        directory: PathBuf,
        /// Position of the oldest byte there is.
        begins: u64,
        /// Position to read from.
        wanted: u64,
    },

    /// The checkpoint reflects events that the journal doesn't have.
    #[error(
        "the store is ahead of the journal: it reflects sequence {store}, the journal ends at \
         {}; restore the journal's newest files, or, only if this journal is known to be \
         whole, delete the store to have it rebuilt",
        journal.map_or(0, Sequence::to_stored)
    )]
    StoreAhead {
        /// Sequence that the store reflects.
        store: Sequence,
        /// Last sequence of the journal; `None` where it is empty.
        journal: Option<Sequence>,
    },

    /// The checkpoint was made from another journal.
    #[error(
        "the store does not belong to this journal: there is no record with sequence {} at \
         position {}; restore the one that fits, or delete the store to have it rebuilt",
        mark.sequence, mark.position
    )]
    StoreForeign {
        /// What the store names.
        mark: super::Mark,
    },

    /// The receiver of replayed records refused one.
    #[error("the record with sequence {sequence} was refused: {source}")]
    Refused {
        /// Its sequence.
        sequence: Sequence,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },

    /// Nothing durable is at this position yet.
    #[error("what is at position {position} is not durable yet")]
    NotDurable {
        /// Position asked for.
        position: Position,
    },

    /// No record begins at this position.
    #[error("no record begins at position {position}")]
    NoRecord {
        /// Position asked for.
        position: Position,
    },

    /// A write or sync failed earlier; the fault handler was called.
    #[error("the journal has stopped after a failed write or sync")]
    Stopped,
}

impl JournalError {
    /// Whether the journal was read and is not whole, in contrast to one that could not be read.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. }
            | Self::Gap { .. }
            | Self::Beginning { .. }
            | Self::StoreAhead { .. }
            | Self::StoreForeign { .. }
            | Self::Refused { .. }
            | Self::NoRecord { .. } => true,
            Self::Locked { .. }
            | Self::Disk { .. }
            | Self::Version { .. }
            | Self::ArchiveVersion { .. }
            | Self::ArchiveOfOthers { .. }
            | Self::Key { .. }
            | Self::NoKeys { .. }
            | Self::OtherKey { .. }
            | Self::NotDurable { .. }
            | Self::NotReplicated { .. }
            | Self::Superseded { .. }
            | Self::Replication { .. }
            | Self::Stopped => false,
        }
    }

    /// Whether the journal has no intact record there, which was found out by reading it.
    pub fn is_no_record(&self) -> bool {
        matches!(
            self,
            Self::NoRecord { .. }
                | Self::NotDurable { .. }
                | Self::Damaged { .. }
                | Self::Beginning { .. }
        )
    }

    /// For `map_err`: the operating system refused to do something to a path.
    pub(super) fn disk(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Disk {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    /// For `map_err`: the key of a segment file can't be had.
    pub(super) fn key(file: &Path) -> impl FnOnce(KeysError) -> Self {
        move |error| Self::Key {
            file: file.to_owned(),
            error,
        }
    }
}

fn remedy(found: u32, known: u32) -> &'static str {
    match found > known {
        true => "a newer build wrote it; start that build again",
        false => {
            "a build before 0.2.0 wrote it, whose data no later build reads; begin with another data folder"
        }
    }
}

fn named(sequence: Option<Sequence>) -> String {
    sequence.map_or_else(String::new, |sequence| format!(", sequence {sequence}"))
}
