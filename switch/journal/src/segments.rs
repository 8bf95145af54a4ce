//! The engine that keeps the journal in files of one directory.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::folder::Folder;
use super::format::{PAYLOAD_BYTES_MAX, SEGMENT_HEADER_BYTES};
use super::lock::JournalLock;
use super::prepare::Prepare;
use super::recovery::{Recovery, recover};
use super::shelf::Shelf;
use super::tail::SegmentsTail;
use super::writer::{Shared, Writer};
use super::{
    Appended, ChangesBeside, Faults, Journal, JournalError, Mark, Options, Position, Progress,
    Record, Recovered, Sequence, Tail, Visit,
};

/// How often [`Journal::sync`] looks: about as long as a sync takes.
const LOOK_EVERY: Duration = Duration::from_micros(200);

/// The journal in segment files; see `format.rs` for what is in them.
pub(super) struct Segments {
    shared: Arc<Shared>,
    prepare: Arc<Prepare>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lock: Mutex<Option<JournalLock>>,
    folder: Arc<Folder>,
    /// There is a replicated log that batches go through.
    replicates: bool,
}

impl Segments {
    /// Does what `open` of this crate says.
    pub fn open(
        folder: Folder,
        segment_bytes: u64,
        options: Options,
        from: Option<Mark>,
        replay: &mut Visit<'_>,
        faults: Faults,
    ) -> Result<(Self, Recovered), JournalError> {
        let directory = &folder.path;
        std::fs::create_dir_all(directory).map_err(JournalError::disk("make", directory))?;
        let lock = JournalLock::take(directory)?;
        let (journal, recovered) =
            Self::open_on(folder, segment_bytes, options, from, replay, faults)?;
        *journal.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
        Ok((journal, recovered))
    }

    pub(super) fn open_on(
        folder: Folder,
        segment_bytes: u64,
        options: Options,
        from: Option<Mark>,
        replay: &mut Visit<'_>,
        faults: Faults,
    ) -> Result<(Self, Recovered), JournalError> {
        let Recovery {
            place,
            replayed,
            last,
            cut,
        } = recover(&folder, from, replay)?;
        let recovered = Recovered {
            replayed,
            last,
            cut,
        };
        let folder = Arc::new(folder);
        let bytes = segment_bytes.max(2 * SEGMENT_HEADER_BYTES as u64);
        let prepare = Arc::new(Prepare::start(Arc::clone(&folder), bytes)?);
        let begun = prepare.segment(place, 0)?;
        let shelf = Shelf::new(Arc::clone(&folder), &folder.starts()?);
        shelf.add(Arc::clone(&begun.segment));
        let (commit, batch_bytes_max) = match options.replication {
            Some(replication) => (Some(replication.commit), replication.batch_bytes_max),
            None => (None, usize::MAX),
        };
        let replicates = commit.is_some();
        let shared = Shared::new(place, shelf, options.by_turns, batch_bytes_max);
        let shared = Arc::new(shared);
        let writer = Writer::new(
            Arc::clone(&shared),
            Arc::clone(&prepare),
            begun,
            place,
            options.observer,
            commit,
        );
        let writer = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(&faults))
            .map_err(JournalError::disk("start a thread for", &folder.path))?;
        let journal = Self {
            shared,
            prepare,
            writer: Mutex::new(Some(writer)),
            lock: Mutex::new(None),
            folder,
            replicates,
        };
        Ok((journal, recovered))
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

    fn append_beside(&self, change: &[u8]) {
        // Without a replicated log there is nobody to take it.
        if self.replicates {
            self.shared.gathering.append_beside(change);
        }
    }

    fn changes_beside(&self) -> ChangesBeside {
        ChangesBeside {
            appended: self.shared.gathering.changes(),
            committed: self.shared.changes(),
        }
    }

    fn end_turn(&self) {
        self.shared.gathering.end_turn();
    }

    fn durable(&self, _: u16) -> Option<Sequence> {
        self.shared.durable()
    }

    fn last(&self, _: u16) -> Option<Sequence> {
        self.shared.gathering.last()
    }

    fn is_durable(&self, position: Position) -> bool {
        self.shared.is_durable(position)
    }

    fn mark(&self) -> Option<Mark> {
        self.shared.gathering.mark()
    }

    fn progress(&self) -> Progress {
        self.shared.progress()
    }

    fn records_to(&self, mark: Mark) -> u64 {
        mark.sequence.to_stored()
    }

    fn read(&self, position: Position) -> Result<Record, JournalError> {
        if !self.is_durable(position) {
            return Err(JournalError::NotDurable { position });
        }
        self.shared.shelf.read(position)
    }

    fn begins(&self) -> Result<Option<Position>, JournalError> {
        let starts = self.folder.starts()?;
        Ok(starts.first().copied().and_then(Position::from_stored))
    }

    fn subscribe(&self, wake: Box<dyn Fn() + Send + Sync>) {
        self.shared.subscribe(wake);
    }

    fn tail(&self, from: Option<Mark>) -> Box<dyn Tail> {
        Box::new(SegmentsTail::new(
            Arc::clone(&self.folder),
            from,
            Arc::clone(&self.shared),
        ))
    }

    fn gathered_bytes(&self) -> u64 {
        self.shared.gathering.bytes()
    }

    fn sync(&self) -> Result<(), JournalError> {
        let last = self.shared.gathering.last();
        self.end_turn();
        while self.shared.durable() < last {
            if self.shared.stopped() {
                return Err(JournalError::Stopped);
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
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
