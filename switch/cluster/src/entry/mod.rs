//! An entry of the replicated log: what a batch, a take-over or a resignation looks like while it is on its way from the active
//! node to the others. All numbers are little-endian.
//!
//! ```text
//! header, 176 bytes                                        body, compressed with zstd, then encrypted
//!   0  8  magic "TSSRENTR"                                 [128]  header of the segment that begins, where one does
//!   8  4  version, 1                                       4      bytes of the changes beside the journal
//!  12  1  kind: 1 batch, 2 epoch, 3 resignation            .      these
//!  13  3  zero                                             .      the batch in plaintext; of an epoch or resignation: JSON
//!  16 16  log
//!  32  8  epoch
//!  40  8  number
//!  48 16  predecessor: the tag of the entry before         tag, 16 bytes, between header and body: of AES-256-GCM over both
//!  64  4  data key
//!  68  4  records
//!  72 32  salt of the epoch
//! 104 24  before: position, sequence, chain of the journal
//! 128 24  after
//! 152  8  entries before this one that change files beside the journal
//! 160  4  checksum of the batch in its segment file
//! 164  4  bit 0: a segment begins; bit 1: changes beside the journal
//! 168  4  bytes of the body in plaintext
//! 172  4  bytes of the body as it follows
//! ```
//!
//! **Encryption.** Each epoch has a key of its own, derived from a data key and a random salt. Numbers of entries rise, and an
//! entry that may have been appended is only ever sent again with the same bytes, so the number is a nonce. The engine that keeps
//! the log can lose an entry, but it can't read, forge, move or repeat one: the header is authenticated, and names log, epoch, number
//! and the entry before.
//!
//! **Plaintext.** The batch is carried as it was before its records were encrypted, because that can be compressed. Every node
//! encrypts it with the same key under the same positions, and the checksum shows that the same bytes came of it.

mod header;
mod seal;
#[cfg(test)]
mod tests;

pub(crate) use header::{EntryHeader, EntryKind, Tag, VERSION as ENTRY_VERSION};
pub(crate) use seal::{Body, EpochKey, EpochKeys, Opened};

/// Why an entry can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// It is not what the active node wrote.
    #[error("entry {number} of the replicated log is damaged, or of another log: {what}")]
    Damaged {
        /// Under which number it was found.
        number: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// A newer build wrote it.
    #[error(
        "entry {number} of the replicated log has format {found}, this build ({}) reads up to format {known}: install the build of \
         the active node here",
        env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// Of the entry.
        number: u64,
        /// The format that it says.
        found: u32,
        /// The newest format of this build.
        known: u32,
    },
    /// A newer build writes what this one can't read.
    #[error(
        "the epoch that begins with entry {number} of the replicated log has {what} format {found}, this build ({}) reads up to format \
         {known}: install the build of the active node here",
        env!("CARGO_PKG_VERSION")
    )]
    Epoch {
        /// Of the entry.
        number: u64,
        /// Of what the format is.
        what: &'static str,
        /// The format that its owner writes.
        found: u32,
        /// The newest format of this build.
        known: u32,
    },
    /// The data key is not in this node's key table.
    #[error(
        "entry {number} of the replicated log needs a key that this node does not have: {error}"
    )]
    Key {
        /// Of the entry.
        number: u64,
        /// Which.
        error: String,
    },
}
