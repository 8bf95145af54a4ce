//! What a journal whose batches go through a replicated log gives to that log, and gets from it: the batch in plaintext, which
//! can be compressed, and what else its bytes in the segment file follow from.
//!
//! ```text
//! gathered, in plaintext ─▶ Commit::take() ─▶ encrypted ─▶ Commit::commit() ─▶ the segment file, synced
//!                           (a copy)                       (the log has it)
//! ```
//!
//! The local file is written only after the log has the batch. So no file of any node ever has a batch that does not count, and
//! no node ever has to cut one off again.

mod cut;
mod rounds;

use tessera_encryption::DataKeyId;

pub use cut::Cut;
pub(crate) use rounds::{Pause, Rounds};

use super::format::SEGMENT_HEADER_BYTES;
use super::{JournalError, Sequence};

/// Bytes of the header of a segment.
pub const SEGMENT_BEGINS_BYTES: usize = SEGMENT_HEADER_BYTES;

/// What the bytes of a batch in its segment file follow from, beside its plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHead {
    /// Where it begins.
    pub before: Cut,
    /// Where the next one begins.
    pub after: Cut,
    /// The header of the segment that begins with it; `None` where it goes on in the one before.
    pub segment: Option<[u8; SEGMENT_BEGINS_BYTES]>,
    /// Records in it. 0 where nothing is written to the segment file: there are changes of files beside the journal only.
    pub records: u32,
    /// CRC-32C of its bytes in the segment file.
    pub checksum: u32,
}

/// The way of a batch into a replicated log. Called by the writer of the journal, on its thread, in this order for each batch.
pub trait Commit: Send {
    /// Takes what is to be committed next: the records, with space for the header of the batch in front, and the changes of files
    /// beside the journal since the last batch. Empty where there are none.
    fn take(&mut self, plaintext: &[u8], beside: &[u8]);

    /// Returns once no failure that the log is made for can lose the batch.
    ///
    /// # Errors
    /// Where another node owns the log now, or it can't be used: the process has to end.
    fn commit(&mut self, batch: &BatchHead) -> Result<(), JournalError>;

    /// The batch is in this node's segment file too, synced.
    fn synced(&mut self);

    /// The journal is closed in order: nothing more will be committed.
    fn close(&mut self);
}

/// How an engine commits, where it does.
pub struct Replication {
    /// The way into the log.
    pub commit: Box<dyn Commit>,
    /// The longest batch in bytes, unless a single record is longer.
    pub batch_bytes_max: usize,
}

/// The data key that a segment with this header is encrypted with.
pub fn segment_key(header: &[u8; SEGMENT_BEGINS_BYTES]) -> DataKeyId {
    let mut key = [0; 4];
    key.copy_from_slice(&header[48..52]);
    DataKeyId(u32::from_le_bytes(key))
}

impl BatchHead {
    /// The last record of it, or before it.
    pub fn last(&self) -> Option<Sequence> {
        self.after.last()
    }
}
