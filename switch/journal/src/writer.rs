//! The journal's only writer, on a thread of its own: swap, encryption, one write, one sync, say so,
//! again. A batch is what gathered while the one before was synced; where there is a replicated log, it may wait a little more.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::batch::{Batch, Gathering, Taken, Wake};
use super::format::{self, Encryption, Place, SEGMENT_HEADER_BYTES};
use super::pages::Pages;
use super::prepare::Prepare;
use super::replicated::{BatchHead, Commit, Cut, Rounds};
use super::segment::{Begun, Segment};
use super::shelf::Shelf;
use super::{Faults, JournalError, Observer, Position, Progress, Sequence, Synced};
use tessera_kit::invariant;

/// What the writer and the journal's callers share.
pub(super) struct Shared {
    pub gathering: Gathering,
    pub shelf: Shelf,
    durable: AtomicU64,
    durable_end: AtomicU64,
    /// Changes beside the journal that the replicated log has.
    changes: AtomicU64,
    stopped: AtomicBool,
    subscribers: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
}

impl Shared {
    pub fn new(place: Place, shelf: Shelf, by_turns: bool, batch_bytes_max: usize) -> Self {
        Self {
            gathering: Gathering::new(place, by_turns, batch_bytes_max),
            shelf,
            durable: AtomicU64::new(place.sequence.to_stored() - 1),
            durable_end: AtomicU64::new(place.position),
            changes: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            subscribers: Mutex::new(Vec::new()),
        }
    }

    /// The highest durable sequence.
    pub fn durable(&self) -> Option<Sequence> {
        Sequence::from_stored(self.durable.load(Ordering::Acquire))
    }

    /// Whether the record at this position is durable.
    pub fn is_durable(&self, position: Position) -> bool {
        position.to_stored() < self.durable_end()
    }

    /// Sequences have no gaps: the last one is the number of records.
    pub fn progress(&self) -> Progress {
        let records = |last: Option<Sequence>| last.map_or(0, Sequence::to_stored);
        Progress {
            durable: records(self.durable()),
            appended: records(self.gathering.last()),
        }
    }

    /// The position where the durable log ends.
    pub fn durable_end(&self) -> u64 {
        self.durable_end.load(Ordering::Acquire)
    }

    /// How many changes beside the journal the replicated log has.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Whether a write or sync has failed.
    pub fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub fn subscribe(&self, wake: Box<dyn Fn() + Send + Sync>) {
        self.subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(wake);
    }

    fn publish(&self, place: Place) {
        let durable = place.sequence.before();
        invariant!(
            self.durable() < durable && durable <= self.gathering.last(),
            "what is durable was appended, and more of it than before",
            None,
            durable
        );
        self.durable_end.store(place.position, Ordering::Release);
        let durable = durable.map_or(0, Sequence::to_stored);
        self.durable.store(durable, Ordering::Release);
        self.call_subscribers();
    }

    fn call_subscribers(&self) {
        for wake in self
            .subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            wake();
        }
    }
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    prepare: Arc<Prepare>,
    segment: Arc<Segment>,
    encryption: Arc<Encryption>,
    /// Where the next batch begins.
    place: Place,
    batch: Batch,
    pages: Pages,
    sealed: bool,
    observer: Option<Observer>,
    commit: Option<Box<dyn Commit>>,
    rounds: Rounds,
    /// The header of the segment, until a batch of it was committed.
    begins: Option<[u8; SEGMENT_HEADER_BYTES]>,
}

impl Writer {
    pub fn new(
        shared: Arc<Shared>,
        prepare: Arc<Prepare>,
        begun: Begun,
        place: Place,
        observer: Option<Observer>,
        commit: Option<Box<dyn Commit>>,
    ) -> Self {
        let Begun {
            segment,
            encryption,
            header,
        } = begun;
        Self {
            shared,
            prepare,
            segment,
            encryption,
            place,
            batch: Batch::new(),
            pages: Pages::default(),
            sealed: false,
            observer,
            commit,
            rounds: Rounds::default(),
            begins: Some(header),
        }
    }

    /// Runs until the journal is closed, or until the first fault.
    pub fn run(mut self, faults: &Faults) {
        if let Err(error) = self.work() {
            self.shared.stopped.store(true, Ordering::Release);
            faults(&error);
        }
        self.shared.call_subscribers();
    }

    fn work(&mut self) -> Result<(), JournalError> {
        loop {
            let taken = self.shared.gathering.swap(&mut self.batch);
            if taken == Taken::Batch {
                self.write()?;
            } else if taken == Taken::Nothing && !self.sealed {
                self.seal()?;
            } else if self.shared.gathering.wait() == Wake::Closing {
                self.segment.sync()?;
                if let Some(commit) = &mut self.commit {
                    commit.close();
                }
                return Ok(());
            }
        }
    }

    fn write(&mut self) -> Result<(), JournalError> {
        if let Some(commit) = &mut self.commit {
            commit.take(&self.batch.bytes, &self.batch.beside);
        }
        let records = self.batch.records;
        if records == 0 {
            self.commit(self.place)?;
            self.batch.clear();
            self.say_synced();
            return Ok(());
        }
        let bytes = self.batch.bytes.len() as u64;
        if !self.segment.has_space(self.place.position, bytes) {
            self.begin_segment(bytes)?;
        }
        let begun = Instant::now();
        let first = format::first_sequence(&self.batch.bytes);
        invariant!(
            first == Some(self.place.sequence),
            "a batch goes on where the one before it ended",
            None,
            first
        );
        let reached = format::finish(&mut self.batch.bytes, records, self.place, &self.encryption);
        let encrypted = Instant::now();
        self.commit(reached)?;
        let committed = Instant::now();
        self.pages
            .write(&self.segment, &self.batch.bytes, self.place.position)?;
        let written = Instant::now();
        self.segment.sync()?;
        let synced = Instant::now();
        self.place = reached;
        self.sealed = false;
        self.begins = None;
        self.batch.clear();
        self.say_synced();
        self.shared.publish(reached);
        if let Some(observer) = &self.observer {
            observer(Synced {
                records,
                bytes,
                commit: committed - encrypted,
                write: (encrypted - begun) + (written - committed),
                sync: synced - written,
                durable: self.shared.progress().durable,
            });
        }
        self.pause(records, synced - begun);
        Ok(())
    }

    /// Has the next entry of the replicated log wait for what this batch leads to, where that is of use.
    fn pause(&mut self, records: u32, took: Duration) {
        if self.commit.is_none() {
            return;
        }
        if let Some(pause) = self.rounds.pause_after(records, took) {
            let enough = self.shared.gathering.gather(pause);
            self.rounds.paused(enough);
        }
    }

    /// The segment that is written has no space for a batch of so many bytes.
    fn begin_segment(&mut self, bytes: u64) -> Result<(), JournalError> {
        // As a start does, and every other node of a cluster: a segment that has ended is the same file everywhere.
        self.segment.end_at(self.place)?;
        let Begun {
            segment,
            encryption,
            header,
        } = self.prepare.segment(self.place, bytes)?;
        (self.segment, self.encryption) = (segment, encryption);
        self.begins = Some(header);
        self.shared.shelf.add(Arc::clone(&self.segment));
        Ok(())
    }

    /// Has the replicated log take the batch, where there is one: nothing of it is in a file before.
    fn commit(&mut self, reached: Place) -> Result<(), JournalError> {
        let Some(commit) = &mut self.commit else {
            return Ok(());
        };
        let records = self.batch.records;
        let has_records = records > 0;
        commit.commit(&BatchHead {
            before: Cut::at(self.place),
            after: Cut::at(reached),
            segment: self.begins.filter(|_| has_records),
            records,
            checksum: match has_records {
                true => crc32c::crc32c(&self.batch.bytes),
                false => 0,
            },
        })?;
        if self.batch.changes > 0 {
            self.shared
                .changes
                .store(self.batch.changes, Ordering::Release);
        }
        Ok(())
    }

    fn say_synced(&mut self) {
        if let Some(commit) = &mut self.commit {
            commit.synced();
        }
    }

    /// Marks the end of a log that is idle. Not synced: it is for a process that gets killed, not
    /// for a power cut.
    fn seal(&mut self) -> Result<(), JournalError> {
        self.sealed = true;
        let seal = format::seal(self.place, self.encryption.salt());
        self.segment.write(&seal, self.place.position)
    }
}
