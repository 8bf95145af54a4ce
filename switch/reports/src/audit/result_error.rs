//! Why the result of an audit is not used, and how operators name one.

use std::path::PathBuf;

use tessera_encryption::KeysError;
use tessera_journal::{JournalError, Mark};
use tessera_ledger::Unreadable;

/// Why a result file can't be written, or is not used.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The operating system refused.
    #[error("{}: {error}", path.display())]
    File {
        /// Of the result file.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// A switch has not opened this data since it encrypts.
    #[error("this data has no keys yet, which a result is encrypted with: start the switch once")]
    NoKeys,
    /// Its key is not there.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// It is none, or was changed.
    #[error("{} is not the intact result of an audit: {what}; make a full audit, or restore the file if it is in `data/opening`", path.display())]
    Damaged {
        /// Of the result file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// Another build wrote it.
    #[error(
        "{} has version {found} of results, this build ({}) reads version {known}: make a full audit",
        path.display(), env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// Of the result file.
        path: PathBuf,
        /// What it says.
        found: u32,
        /// The version of this build.
        known: u32,
    },
    /// A part of it is no longer read by this build.
    #[error("{}: {error}; make a full audit", path.display())]
    Unreadable {
        /// Of the result file.
        path: PathBuf,
        /// Where.
        error: Unreadable,
    },
    /// It is about another journal.
    #[error(
        "{} is the result of another journal: its record {} is not the same here; make a full audit",
        path.display(), mark.sequence
    )]
    OtherJournal {
        /// Of the result file.
        path: PathBuf,
        /// The record that it goes up to.
        mark: Mark,
    },
    /// The record that it goes up to was deleted.
    #[error(
        "{} goes up to a record that is older than the journal keeps: leave it out; an audit begins with the opening balances then",
        path.display()
    )]
    NoLongerKept {
        /// Of the result file.
        path: PathBuf,
    },
    /// Segments were deleted, and what was proven of them is not there.
    #[error(
        "the journal begins at position {begins}, and there are no opening balances in {}: restore them, with the journal that \
         they belong to",
        folder.display()
    )]
    NoOpening {
        /// Where they should be.
        folder: PathBuf,
        /// Position of the oldest byte there is.
        begins: u64,
    },
    /// The operator has signed for others.
    #[error(
        "the opening balances have the SHA-256 {found}, and {attested} was attested: if segments were deleted since, sign the \
         new ones (--attest); otherwise restore `data/opening`"
    )]
    NotAttested {
        /// Theirs.
        found: ResultHash,
        /// That which the operator names.
        attested: ResultHash,
    },
    /// No segment was deleted.
    #[error("the journal is whole: there are no opening balances")]
    Whole,
    /// The record that it goes up to can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Bytes of a SHA-256.
pub(super) const DIGEST_BYTES: usize = 32;

/// The SHA-256 of a result file, as operators note it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultHash(pub [u8; DIGEST_BYTES]);

impl std::str::FromStr for ResultHash {
    type Err = String;

    /// From 64 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a SHA-256: 64 hexadecimal digits");
        let digits: Vec<u8> = text
            .chars()
            .map_while(|digit| digit.to_digit(16))
            .map(|digit| digit as u8)
            .collect();
        if digits.len() != 2 * DIGEST_BYTES || text.len() != digits.len() {
            return Err(wrong());
        }
        Ok(Self(std::array::from_fn(|at| {
            digits[2 * at] << 4 | digits[2 * at + 1]
        })))
    }
}

impl std::fmt::Display for ResultHash {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}
