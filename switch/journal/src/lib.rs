//! The journal: payloads come in, a sequence number and a position go out at once, and a moment later the journal says
//! up to which sequence everything is durable. It is the only source of truth about money; everything else can be
//! rebuilt from it.
//!
//! Never here: what a payload means, waiting for the disk on the caller's thread, or a second try
//! after a failed write.
//!
//! ```text
//! append() ─▶ batch ─▶ writer ─▶ segment files ─▶ read(), scan()
//!  (copy under  (what    (encryption,     ▲
//!   a short      waits    one write,      └─ prepare (zero-filled files ahead)
//!   lock)        now)     one sync)
//!                            └─▶ durable(), subscribers
//! ```
//!
//! No code outside this crate knows which engine runs: [`open`] starts it, [`reader`] reads what it has written. There is one, `Segments`: files in a local directory. Tests of other crates use the one in memory, in
//! `testing`.

mod archive;
mod archived;
mod batch;
mod copies;
mod disk;
mod error;
mod folder;
mod format;
mod key_check;
mod lock;
mod open;
mod options;
mod pages;
mod parts;
mod plaintext;
mod prepare;
mod protection;
mod reader;
mod record;
mod recovery;
mod replicated;
mod rewrite;
mod scan;
mod segment;
mod segments;
mod shelf;
mod tail;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod usage;
mod walk;
mod window;
mod writer;

pub use archive::Archived;
pub use copies::{Batch, Copies, Follower, VisitBatch, VisitReplicated, Walked};
pub use error::JournalError;
pub use format::{OLDEST_SEGMENT_VERSION, PAYLOAD_BYTES_MAX, SEGMENT_VERSION};
pub use key_check::check_keys;
pub use lock::JournalLock;
pub use open::{Location, Opened, archive, open, reader, remove, to_archive};
pub use options::{Options, Recovered};
pub use parts::Part;
pub use record::{Appended, Mark, Record, RecordRef};
pub use replicated::{BatchHead, Commit, Cut, Replication, SEGMENT_BEGINS_BYTES, segment_key};
pub use rewrite::{Convert, is_outdated, rewrite, take_lock};
pub use scan::Scanned;
pub use tessera_kit::record::{Position, Sequence};
pub use usage::{Usage, usage};

use std::error::Error;
use std::time::Duration;

/// An engine that keeps the journal of one store.
///
/// # What another engine has to keep
///
/// - Its [positions](Position) rise with every append, over all partitions: a position is enough to find a record, and a
///   [`Mark`] is enough to go on from it, whatever wrote to which partition meanwhile. What a position is made of is the
///   engine's own business.
/// - Its [sequences](Sequence) rise by one within a partition. They may do so in the whole log too, as those of segment files
///   do: nobody compares sequences of two partitions. How many partitions there are is fixed for a journal's life.
/// - What is durable is said for each partition. An engine with one mark answers the same for all of them.
/// - Durable means that no failure that the engine is made for can lose it. Where it writes is its own business too: on
///   other machines for instance.
///
/// Besides this trait it implements [`Tail`] and [`Reader`], gets a case in [`open`] and [`reader`] and a row in the
/// common tests (`tests/suite/engines.rs`). Nothing outside this crate changes. A switch that is given several logs, each
/// with positions of its own, opens one journal and one store for each.
pub trait Journal: Send + Sync {
    /// Takes a payload in and says where it will be. Never waits for the disk.
    ///
    /// What waits for the disk is bounded by admission, not here: a switch that admits
    /// N requests never has more than a few records for each of them under way.
    ///
    /// # Panics
    /// If the payload is longer than [`PAYLOAD_BYTES_MAX`]: no caller makes such an event.
    fn append(&self, partition: u16, payload: &[u8]) -> Appended;

    /// Takes a change of a file beside the journal, which a replicated log carries to the other nodes: not after any record that is
    /// appended later. An engine of one node has nobody to carry it to.
    fn append_beside(&self, change: &[u8]) {
        let _ = change;
    }

    /// How many of those changes there were, and how many of them the replicated log has.
    fn changes_beside(&self) -> ChangesBeside {
        ChangesBeside::default()
    }

    /// The calling thread, which appends, has done all that there was to do: what has gathered need not wait
    /// for more of it.
    fn end_turn(&self);

    /// The highest sequence of this partition that is durable, and with it all lower ones; `None` where none is. Where
    /// partitions are counted together it may be another partition's. Called for every effect: an atomic load.
    fn durable(&self, partition: u16) -> Option<Sequence>;

    /// The highest sequence given out by [`append`](Self::append) in this partition, or in those that are counted with it.
    fn last(&self, partition: u16) -> Option<Sequence>;

    /// Whether the record at this position is durable, and can be read back. Not whether there is one.
    fn is_durable(&self, position: Position) -> bool;

    /// The last record appended since the start; `None` where there was none.
    fn mark(&self) -> Option<Mark>;

    /// How far all partitions are together, for metrics.
    fn progress(&self) -> Progress;

    /// How many records there are up to the one that a mark names, itself included: comparable with
    /// [`progress`](Self::progress).
    fn records_to(&self, mark: Mark) -> u64;

    /// Reads a durable record back by its position. May read the disk.
    ///
    /// # Errors
    /// [`JournalError::NotDurable`] where [`is_durable`](Self::is_durable) says so,
    /// [`JournalError::Damaged`] or [`JournalError::NoRecord`] where no intact record begins.
    fn read(&self, position: Position) -> Result<Record, JournalError>;

    /// Whether the record that a mark names is in this journal, and durable.
    ///
    /// # Errors
    /// Where that could not be found out.
    fn has(&self, mark: Mark) -> Result<bool, JournalError> {
        has(mark, self.read(mark.position))
    }

    /// Where the journal begins, if older records were deleted; `None` where it has all of them. Nothing can be read below it.
    ///
    /// # Errors
    /// If the disk refuses.
    fn begins(&self) -> Result<Option<Position>, JournalError>;

    /// Has `wake` called on the writer's thread after every sync, and once at shutdown. It must be
    /// quick, and must not subscribe in turn.
    fn subscribe(&self, wake: Box<dyn Fn() + Send + Sync>);

    /// Reads every durable record after the mark, or all that are kept, and then goes on with what becomes durable.
    fn tail(&self, from: Option<Mark>) -> Box<dyn Tail>;

    /// Bytes that were appended and that the writer has not yet taken up.
    fn gathered_bytes(&self) -> u64;

    /// Waits until everything that was appended before is durable. For commands and tests: a worker never waits.
    ///
    /// # Errors
    /// If a write or sync failed, now or before.
    fn sync(&self) -> Result<(), JournalError>;

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

/// Reads a journal without opening it, also while a switch has it open. Changes nothing.
pub trait Reader: Send + Sync {
    /// The record at a position.
    ///
    /// # Errors
    /// Where no intact record begins there.
    fn read(&self, position: Position) -> Result<Record, JournalError>;

    /// Whether the record that a mark names is in this journal.
    ///
    /// # Errors
    /// Where that could not be found out.
    fn has(&self, mark: Mark) -> Result<bool, JournalError> {
        has(mark, self.read(mark.position))
    }

    /// Shows every record of a journal that has to reach at least as far as `known`, verifying each. Ends at the first
    /// batch that is not complete; under a running switch the last batch shown may be complete but not yet synced.
    ///
    /// # Errors
    /// As for [`open`], except for what only writing can meet. A journal that is shorter than what is known of it is such a
    /// fault: its newest files are missing.
    fn scan(&self, known: Option<Mark>, visit: &mut Visit<'_>) -> Result<Scanned, JournalError>;

    /// Shows every record after the mark, verifying each, and that the mark names a record of this journal.
    ///
    /// # Errors
    /// As for [`scan`](Self::scan).
    fn scan_after(&self, mark: Mark, visit: &mut Visit<'_>) -> Result<Scanned, JournalError>;

    /// The parts of the journal, oldest first. All but the newest are closed.
    ///
    /// # Errors
    /// If the disk refuses.
    fn parts(&self) -> Result<Vec<Part>, JournalError>;

    /// Shows every record of a part, verifying each; of the newest part also what is appended meanwhile.
    ///
    /// # Errors
    /// As for [`scan`](Self::scan).
    fn scan_part(&self, part: &Part, visit: &mut Visit<'_>) -> Result<Scanned, JournalError>;
}

fn has(mark: Mark, there: Result<Record, JournalError>) -> Result<bool, JournalError> {
    match there {
        Ok(record) => Ok(record.sequence == mark.sequence),
        Err(error) if error.is_no_record() => Ok(false),
        Err(error) => Err(error),
    }
}

/// How far a journal is, counted from its first record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records appended.
    pub appended: u64,
    /// Records that are durable.
    pub durable: u64,
}

/// How many changes of files beside the journal a replicated log was given. Both are 0 for an engine of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangesBeside {
    /// Appended.
    pub appended: u64,
    /// That the log has.
    pub committed: u64,
}

/// One batch made durable: the figures for the operator's histograms.
#[derive(Clone, Copy, Debug)]
pub struct Synced {
    /// Records in the batch.
    pub records: u32,
    /// Bytes written, headers included.
    pub bytes: u64,
    /// Time that the replicated log took, where there is one.
    pub commit: Duration,
    /// Time that encryption and the write took.
    pub write: Duration,
    /// Time that the sync took.
    pub sync: Duration,
    /// Records of the journal that are durable now.
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
