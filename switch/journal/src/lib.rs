//! The journal: payloads come in, a sequence number and a position go out at once, and a moment later the journal says
//! up to which sequence everything is durable. It is the only source of truth about money; everything else can be
//! rebuilt from it.
//!
//! Never here: what a payload means, waiting for the disk on the caller's thread, or a second try
//! after a failed write.
//!
//! ```text
//! append() ─▶ batch ─▶ writer ─▶ segment files ─▶ read(), scan()
//!  (copy under  (what    (checksums,      ▲
//!   a short      waits    one write,      └─ prepare (zero-filled files ahead)
//!   lock)        now)     one sync)
//!                            └─▶ durable(), subscribers
//! ```
//!
//! No code outside this crate knows which engine runs; [`Segments`], files in a local directory, is the default.

mod batch;
mod disk;
mod error;
mod format;
mod lock;
mod lookup;
mod pages;
mod prepare;
mod recovery;
mod scan;
mod segment;
mod segments;
mod shelf;
mod tail;
#[cfg(test)]
mod tests;
mod walk;
mod window;
mod writer;

pub use error::JournalError;
pub use format::PAYLOAD_BYTES_MAX;
pub use lookup::Lookup;
pub use scan::{Scanned, scan};
pub use segments::{Options, Recovered, Segments};

use std::error::Error;
use std::time::Duration;

/// An engine that keeps the journal.
pub trait Journal: Send + Sync {
    /// Takes a payload in and says where it will be. Never waits for the disk.
    ///
    /// What waits for the disk is bounded by admission at the door, not here: a switch that admits
    /// N requests never has more than a few records for each of them under way.
    ///
    /// # Panics
    /// If the payload is longer than [`PAYLOAD_BYTES_MAX`]: no caller makes such an event.
    fn append(&self, partition: u16, payload: &[u8]) -> Appended;

    /// The calling thread, which appends, has done all that there was to do: what has gathered need not wait
    /// for more of it.
    fn end_turn(&self);

    /// The highest sequence that is durable, and with it all lower ones; 0 for none.
    fn durable(&self) -> u64;

    /// The position where the durable part of the log ends.
    fn durable_end(&self) -> u64;

    /// The highest sequence given out by [`append`](Self::append); 0 for none.
    fn last(&self) -> u64;

    /// The last record appended since the start; `None` where there was none.
    fn mark(&self) -> Option<Mark>;

    /// Reads a durable record back by its position.
    ///
    /// # Errors
    /// [`JournalError::NotDurable`] for a position at or after the durable end,
    /// [`JournalError::Damaged`] where no intact record begins.
    fn read(&self, position: u64) -> Result<Record, JournalError>;

    /// Has `wake` called on the writer's thread after every sync, and once at shutdown. It must be
    /// quick, and must not subscribe in turn.
    fn subscribe(&self, wake: Box<dyn Fn() + Send + Sync>);

    /// Reads every durable record after the mark, or all, and then goes on with what becomes durable.
    fn tail(&self, from: Option<Mark>) -> Box<dyn Tail>;

    /// Bytes that were appended and that the writer has not yet taken up.
    fn gathered_bytes(&self) -> u64;

    /// Makes everything appended durable and ends the writer. Nothing may be appended afterwards.
    ///
    /// # Errors
    /// If a write or sync failed, now or before.
    fn close(&self) -> Result<(), JournalError>;
}

/// Follows the journal as it grows.
pub trait Tail: Send {
    /// Shows what has become durable since the last time, at least `most` records where there are so many, and
    /// hardly more. Says how many that were; none where there is nothing new.
    ///
    /// # Errors
    /// Where the log is damaged or can't be read, or `visit` refuses a record.
    fn show(&mut self, most: u64, visit: &mut Visit<'_>) -> Result<u64, JournalError>;

    /// The last record that was shown.
    fn mark(&self) -> Option<Mark>;
}

/// What [`Journal::append`] promises: the record will have this sequence, at this position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Sequences start at 1 and have no gaps.
    pub sequence: u64,
    /// A byte offset into the whole log, through all its files; grows with the sequence.
    pub position: u64,
}

/// A record, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The partition of wallets it belongs to.
    pub partition: u16,
    /// Its sequence.
    pub sequence: u64,
    /// Its position.
    pub position: u64,
    /// What was appended.
    pub payload: Vec<u8>,
}

/// A record, borrowed from the reader's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// The partition of wallets it belongs to.
    pub partition: u16,
    /// Its sequence.
    pub sequence: u64,
    /// Its position.
    pub position: u64,
    /// What was appended.
    pub payload: &'a [u8],
}

/// Names a record: the last one that a checkpoint reflects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The record's sequence.
    pub sequence: u64,
    /// The record's own position (where it begins).
    pub position: u64,
}

impl Mark {
    /// Before the first record.
    pub(crate) const NONE: Self = Self {
        sequence: 0,
        position: 0,
    };
}

/// One batch made durable: the figures for the operator's histograms.
#[derive(Clone, Copy, Debug)]
pub struct Synced {
    /// Records in the batch.
    pub records: u32,
    /// Bytes written, headers included.
    pub bytes: u64,
    /// Time that checksums and the write took.
    pub write: Duration,
    /// Time that the sync took.
    pub sync: Duration,
    /// The highest durable sequence now.
    pub durable: u64,
}

/// Is shown every record in order; an error ends the reading.
pub type Visit<'a> = dyn FnMut(RecordRef<'_>) -> Result<(), Box<dyn Error + Send + Sync>> + 'a;

/// Is called on the writer's thread when a write or sync has failed. The state of the file is unknown from then on and
/// nothing becomes durable any more, so the handler is expected to end the process at once; a restart finds out what is
/// on the disk.
pub type Faults = Box<dyn Fn(&JournalError) + Send + Sync>;

/// Is called on the writer's thread after every sync, after the subscribers.
pub type Observer = Box<dyn Fn(Synced) + Send + Sync>;
