//! The threads of a pass: records come in batches, the buckets of their wallets go out.
//!
//! A wallet belongs to one worker, which gets its records in the order of the journal.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use tessera_journal::{Position, Reader, RecordRef, Sequence};

use super::closing::Closed;
use super::violation::Violation;
use super::wallets::{Bucket, Wallets};

/// Bytes of records that go to a worker together.
const BATCH_BYTES: usize = 64 << 10;
/// Batches that wait for a worker.
const WAITING_MAX: usize = 4;

/// Records, one behind the other.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// Where each ends, its position and sequence.
    records: Vec<(usize, Position, Sequence)>,
}

enum Message {
    Records(Batch),
    /// Bucket and what an earlier audit has proven of it.
    Proven(usize, Bucket),
    /// The pass is only about buckets below this one.
    Below(usize),
}

/// A bucket at the end of a pass.
pub(super) struct Finished {
    pub number: usize,
    pub bucket: Bucket,
    pub closed: Closed,
}

type Outcome = Result<Vec<Finished>, Violation>;

/// See the head of this file.
pub(super) struct Workers {
    threads: Vec<(SyncSender<Message>, JoinHandle<Outcome>)>,
    gathering: Vec<Batch>,
    /// What each worker's folded wallets take.
    bytes: Arc<[AtomicUsize]>,
    failed: Arc<AtomicBool>,
    /// Orders to let go of buckets that workers have not carried out yet.
    narrowing: Arc<AtomicUsize>,
}

impl Workers {
    /// Starts so many.
    pub fn start(count: usize, journal: &Arc<dyn Reader>) -> std::io::Result<Self> {
        let bytes: Arc<[AtomicUsize]> = (0..count).map(|_| AtomicUsize::new(0)).collect();
        let failed = Arc::new(AtomicBool::new(false));
        let narrowing = Arc::new(AtomicUsize::new(0));
        let threads = (0..count).map(|number| {
            let (sender, receiver) = sync_channel(WAITING_MAX);
            let worker = Worker {
                wallets: Wallets::new(Arc::clone(journal)),
                number,
                bytes: Arc::clone(&bytes),
                failed: Arc::clone(&failed),
                narrowing: Arc::clone(&narrowing),
            };
            let thread = thread::Builder::new().name(format!("audit-{number}"));
            let thread = thread.spawn(move || worker.run(&receiver))?;
            Ok((sender, thread))
        });
        Ok(Self {
            threads: threads.collect::<std::io::Result<_>>()?,
            gathering: (0..count).map(|_| Batch::default()).collect(),
            bytes,
            failed,
            narrowing,
        })
    }

    /// Whether one of them has found a violation.
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// What the folded wallets of all take.
    pub fn bytes(&self) -> usize {
        let of_each = self.bytes.iter();
        of_each.map(|bytes| bytes.load(Ordering::Relaxed)).sum()
    }

    /// Hands a record to the worker of its bucket. Says whether a batch went off with it.
    pub fn enter(&mut self, bucket: usize, record: &RecordRef<'_>) -> bool {
        let worker = bucket % self.threads.len();
        let batch = &mut self.gathering[worker];
        batch.bytes.extend_from_slice(record.payload);
        let end = batch.bytes.len();
        batch.records.push((end, record.position, record.sequence));
        let full = end >= BATCH_BYTES;
        if full {
            let batch = std::mem::take(batch);
            self.send(worker, Message::Records(batch));
        }
        full
    }

    /// Hands over what an earlier audit has proven of a bucket.
    pub fn give(&self, number: usize, bucket: Bucket) {
        // The worker counts it again when it has taken it.
        let worker = number % self.threads.len();
        self.send(worker, Message::Proven(number, bucket));
    }

    /// Whether they have let go of all that they were to let go of, so that their [`bytes`](Self::bytes) count.
    pub fn have_narrowed(&self) -> bool {
        self.narrowing.load(Ordering::Relaxed) == 0
    }

    /// Has them let go of all buckets from this one on.
    pub fn keep_below(&mut self, end: usize) {
        // First what they have not got yet: it may be of those buckets.
        self.flush();
        self.narrowing
            .fetch_add(self.threads.len(), Ordering::Relaxed);
        for worker in 0..self.threads.len() {
            self.send(worker, Message::Below(end));
        }
    }

    fn flush(&mut self) {
        for worker in 0..self.threads.len() {
            let batch = std::mem::take(&mut self.gathering[worker]);
            self.send(worker, Message::Records(batch));
        }
    }

    /// Waits for the buckets of this range, in their order.
    pub fn finish(mut self, range: &Range<usize>) -> Outcome {
        self.flush();
        let mut finished = Vec::with_capacity(range.len());
        let mut found: Option<Violation> = None;
        for (sender, thread) in self.threads {
            drop(sender);
            match thread.join() {
                Ok(Ok(buckets)) => finished.extend(buckets),
                Ok(Err(violation)) => {
                    let earlier = |other: &Violation| violation.sequence() < other.sequence();
                    if found.as_ref().is_none_or(earlier) {
                        found = Some(violation);
                    }
                }
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        match found {
            Some(violation) => Err(violation),
            None => {
                finished.sort_unstable_by_key(|one| one.number);
                Ok(finished)
            }
        }
    }

    fn send(&self, worker: usize, message: Message) {
        // One that has ended has found a violation, which `finish` returns.
        let _ = self.threads[worker].0.send(message);
    }
}

struct Worker {
    wallets: Wallets,
    number: usize,
    bytes: Arc<[AtomicUsize]>,
    failed: Arc<AtomicBool>,
    narrowing: Arc<AtomicUsize>,
}

impl Worker {
    fn run(mut self, messages: &Receiver<Message>) -> Outcome {
        let outcome = self.work(messages);
        if outcome.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        outcome
    }

    fn work(&mut self, messages: &Receiver<Message>) -> Outcome {
        for message in messages {
            match message {
                Message::Records(batch) => self.enter(&batch)?,
                Message::Proven(number, bucket) => {
                    self.wallets.buckets.insert(number, bucket);
                }
                Message::Below(end) => {
                    self.wallets.drop_from(end);
                    self.count();
                    self.narrowing.fetch_sub(1, Ordering::Relaxed);
                }
            }
            self.count();
        }
        self.wallets.fold();
        let buckets = std::mem::take(&mut self.wallets.buckets);
        let finished = buckets.into_iter().map(|(number, bucket)| {
            let closed = Closed::of(&bucket).map_err(Violation::Folded)?;
            Ok(Finished {
                number,
                bucket,
                closed,
            })
        });
        finished.collect()
    }

    fn count(&self) {
        self.bytes[self.number].store(self.wallets.bytes(), Ordering::Relaxed);
    }

    fn enter(&mut self, batch: &Batch) -> Result<(), Violation> {
        let mut begin = 0;
        for &(end, position, sequence) in &batch.records {
            let payload = &batch.bytes[begin..end];
            self.wallets.enter(position, sequence, payload)?;
            begin = end;
        }
        Ok(())
    }
}
