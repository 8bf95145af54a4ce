//! The engine that keeps the journal in files of one directory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::disk::{Disk, Files};
use super::format::{PAYLOAD_BYTES_MAX, SEGMENT_HEADER_BYTES};
use super::lock::Lock;
use super::prepare::Prepare;
use super::recovery::{Recovery, recover};
use super::segment;
use super::shelf::Shelf;
use super::tail::SegmentsTail;
use super::writer::{Shared, Writer};
use super::{Appended, Faults, Journal, JournalError, Mark, Observer, Record, Tail, Visit};

/// How to keep the journal.
pub struct Options {
    /// Length of a segment file. A batch that is longer gets a longer one.
    pub segment_bytes: u64,
    /// Is called after every sync.
    pub observer: Option<Observer>,
    /// Whether a batch waits for [`Journal::end_turn`] (or for 256 records), so that what a worker appends
    /// in one turn is synced at once, and not its first record apart from the others.
    pub by_turns: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 256 << 20,
            observer: None,
            by_turns: false,
        }
    }
}

/// What opening found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Records replayed.
    pub replayed: u64,
    /// Sequence of the last record; 0 for a new journal.
    pub last: u64,
    /// Whether remains of a batch that a crash had torn were removed. It was never reported durable.
    pub cut: bool,
}

/// The journal in segment files; see `format.rs` for what is in them.
pub struct Segments {
    shared: Arc<Shared>,
    prepare: Arc<Prepare>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lock: Mutex<Option<Lock>>,
    recovered: Recovered,
    disk: Arc<dyn Disk>,
    directory: PathBuf,
}

impl Segments {
    /// Opens the journal in a directory (made if missing): verifies it from the mark's segment on,
    /// or from the beginning, shows every record after the mark to `replay`, removes what a crash
    /// left half written, and starts the writer.
    ///
    /// # Errors
    /// If another process has it open, if it is damaged or incomplete, if `from` is not in it, if
    /// `replay` refuses a record, or if the disk fails. Nothing on the disk has been changed then,
    /// except by a failure of the disk itself.
    pub fn open(
        directory: &Path,
        options: Options,
        from: Option<Mark>,
        replay: &mut Visit<'_>,
        faults: Faults,
    ) -> Result<Self, JournalError> {
        std::fs::create_dir_all(directory).map_err(JournalError::disk("make", directory))?;
        let lock = Lock::take(directory)?;
        let journal = Self::open_on(Arc::new(Files), directory, options, from, replay, faults)?;
        *journal.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
        Ok(journal)
    }

    pub(super) fn open_on(
        disk: Arc<dyn Disk>,
        directory: &Path,
        options: Options,
        from: Option<Mark>,
        replay: &mut Visit<'_>,
        faults: Faults,
    ) -> Result<Self, JournalError> {
        let Recovery {
            place,
            segment,
            replayed,
            cut,
        } = recover(disk.as_ref(), directory, from, replay)?;
        let recovered = Recovered {
            replayed,
            last: place.sequence - 1,
            cut,
        };
        let tail_disk = Arc::clone(&disk);
        let starts = segment::starts(disk.as_ref(), directory)?;
        let shelf = Shelf::new(Arc::clone(&disk), directory.to_owned(), &starts);
        let bytes = options.segment_bytes.max(2 * SEGMENT_HEADER_BYTES as u64);
        let prepare = Arc::new(Prepare::start(disk, directory.to_owned(), bytes)?);
        let segment = match segment {
            Some(segment) => Arc::new(segment),
            None => {
                prepare.hurry();
                Arc::new(prepare.segment(place, 0)?)
            }
        };
        shelf.add(Arc::clone(&segment));
        let shared = Arc::new(Shared::new(place, shelf, options.by_turns));
        let writer = Writer::new(
            Arc::clone(&shared),
            Arc::clone(&prepare),
            segment,
            place,
            options.observer,
        );
        let writer = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(&faults))
            .map_err(JournalError::disk("start a thread for", directory))?;
        Ok(Self {
            shared,
            prepare,
            writer: Mutex::new(Some(writer)),
            lock: Mutex::new(None),
            recovered,
            disk: tail_disk,
            directory: directory.to_owned(),
        })
    }

    /// What opening found.
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }
}

impl Journal for Segments {
    fn append(&self, partition: u16, payload: &[u8]) -> Appended {
        assert!(
            payload.len() <= PAYLOAD_BYTES_MAX,
            "an event of {} bytes",
            payload.len()
        );
        self.shared.gathering.append(partition, payload)
    }

    fn end_turn(&self) {
        self.shared.gathering.end_turn();
    }

    fn durable(&self) -> u64 {
        self.shared.durable()
    }

    fn durable_end(&self) -> u64 {
        self.shared.durable_end()
    }

    fn last(&self) -> u64 {
        self.shared.gathering.last()
    }

    fn mark(&self) -> Option<Mark> {
        self.shared.gathering.mark()
    }

    fn read(&self, position: u64) -> Result<Record, JournalError> {
        let end = self.shared.durable_end();
        if position >= end {
            return Err(JournalError::NotDurable { position, end });
        }
        self.shared.shelf.read(position)
    }

    fn subscribe(&self, wake: Box<dyn Fn() + Send + Sync>) {
        self.shared.subscribe(wake);
    }

    fn tail(&self, from: Option<Mark>) -> Box<dyn Tail> {
        let shared = Arc::clone(&self.shared);
        Box::new(SegmentsTail::new(
            Arc::clone(&self.disk),
            self.directory.clone(),
            from,
            Box::new(move || shared.durable_end()),
        ))
    }

    fn gathered_bytes(&self) -> u64 {
        self.shared.gathering.bytes()
    }

    fn close(&self) -> Result<(), JournalError> {
        self.shared.gathering.close();
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let panicked = writer.is_some_and(|writer| writer.join().is_err());
        self.prepare.close();
        drop(
            self.lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        if panicked || self.shared.stopped() {
            Err(JournalError::Stopped)
        } else {
            Ok(())
        }
    }
}

impl Drop for Segments {
    fn drop(&mut self) {
        // The fault handler was called for every fault that can occur here.
        let _ = self.close();
    }
}
