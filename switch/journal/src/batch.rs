//! The batch that gathers: what was appended while the last one was being synced. Appending copies
//! the payload under a lock that is held for a few dozen nanoseconds; the writer swaps the whole
//! buffer for an empty one.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Instant;

use super::format::{self, BATCH_HEADER_BYTES, Place, RECORD_HEADER_BYTES};
use super::plaintext::Plaintext;
use super::replicated::Pause;
use super::{Appended, Mark, Position, Sequence};
use tessera_kit::invariant;

/// A batch's bytes, with space for the header in front.
pub(super) struct Batch {
    /// Plaintext until the writer encrypts it, in place.
    pub bytes: Plaintext,
    pub records: u32,
    /// Changes of files beside the journal that go along to other nodes.
    pub beside: Vec<u8>,
    /// How many such changes there were up to the last one of this batch; 0 where it has none.
    pub changes: u64,
}

impl Batch {
    pub fn new() -> Self {
        let mut bytes = Plaintext::default();
        bytes.copy(&[0; BATCH_HEADER_BYTES]);
        Self {
            bytes,
            records: 0,
            beside: Vec::new(),
            changes: 0,
        }
    }

    /// Empties it; the memory stays, so that nothing is allocated in steady state.
    pub fn clear(&mut self) {
        self.bytes.truncate(BATCH_HEADER_BYTES);
        self.records = 0;
        self.beside.clear();
        self.changes = 0;
    }

    fn is_empty(&self) -> bool {
        self.records == 0 && self.beside.is_empty()
    }

    /// How far the positions of records go on behind it. A batch without records has none.
    fn length(&self) -> u64 {
        if self.records == 0 {
            0
        } else {
            self.bytes.len() as u64
        }
    }

    /// Bytes of it in an entry of a replicated log.
    fn carried(&self) -> usize {
        self.bytes.len() + self.beside.len()
    }
}

/// So many records are a batch even if the workers have more to come: enough for the sync to cost each
/// of them little, few enough to be written in the time of the sync.
const RIPE_RECORDS: u32 = 256;

/// What there is for the writer to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Batch,
    /// More is coming in this turn of a worker: better waited for than synced apart.
    Unripe,
    Nothing,
}

/// Why the writer woke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    Gathered,
    Closing,
}

/// Where appenders and the writer meet.
pub(super) struct Gathering {
    state: Mutex<State>,
    last: AtomicU64,
    writer: OnceLock<Thread>,
}

struct State {
    /// Batches that are as long as a batch may be, oldest first.
    full: VecDeque<Batch>,
    batch: Batch,
    /// Position at which `batch` begins.
    position: u64,
    /// Sequence of the next record.
    sequence: Sequence,
    /// The last record appended here.
    mark: Option<Mark>,
    /// Batches wait for the end of the turns of those who append to them.
    by_turns: bool,
    batch_bytes_max: usize,
    /// Changes of files beside the journal so far.
    changes: u64,
    /// Distinguishes `batch` from all others that there were in this process.
    number: u64,
    /// Threads that have appended to `batch` and have more to do in their turns.
    turns: usize,
    /// The writer waits for so many records, though fewer are a batch.
    wanted: u32,
    asleep: bool,
    closing: bool,
}

thread_local! {
    /// The batch that this thread's turn has added to; 0 for none.
    static TURN: Cell<u64> = const { Cell::new(0) };
}

fn next_number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

impl State {
    fn is_ripe(&self) -> bool {
        !self.full.is_empty() || self.is_batch_ripe()
    }

    fn is_batch_ripe(&self) -> bool {
        !self.batch.is_empty()
            && (self.closing || self.batch.records >= self.wanted)
            && (!self.by_turns
                || self.turns == 0
                || self.closing
                || self.batch.records >= RIPE_RECORDS)
    }

    /// Begins another batch where the one that gathers would be too long with so many bytes more.
    fn make_space(&mut self, bytes: usize) {
        if !self.batch.is_empty() && self.batch.carried() + bytes > self.batch_bytes_max {
            let mut full = Batch::new();
            self.exchange(&mut full);
            self.full.push_back(full);
        }
    }

    /// Exchanges the batch that gathers for an empty one.
    fn exchange(&mut self, empty: &mut Batch) {
        (self.number, self.turns) = (next_number(), 0);
        std::mem::swap(&mut self.batch, empty);
        // A batch may change its file, but not its position: those count the bytes of batches only.
        self.position += empty.length();
    }
}

impl Gathering {
    pub fn new(place: Place, by_turns: bool, batch_bytes_max: usize) -> Self {
        let state = State {
            full: VecDeque::new(),
            batch: Batch::new(),
            position: place.position,
            sequence: place.sequence,
            mark: None,
            by_turns,
            batch_bytes_max,
            changes: 0,
            number: next_number(),
            turns: 0,
            wanted: 0,
            asleep: false,
            closing: false,
        };
        Self {
            state: Mutex::new(state),
            last: AtomicU64::new(place.sequence.to_stored() - 1),
            writer: OnceLock::new(),
        }
    }

    pub fn append(&self, partition: u16, payload: &[u8]) -> Appended {
        let mut state = self.lock();
        state.make_space(RECORD_HEADER_BYTES + payload.len());
        let sequence = state.sequence;
        let position = state.position + state.batch.bytes.len() as u64;
        let position =
            Position::from_stored(position).expect("the header of its batch is before it");
        invariant!(
            state
                .mark
                .is_none_or(|last| last.sequence < sequence && last.position < position),
            "sequences and positions of records rise",
            None,
            Some(sequence)
        );
        state
            .batch
            .bytes
            .reserve(RECORD_HEADER_BYTES + payload.len());
        format::push_record(&mut state.batch.bytes, partition, sequence, payload);
        state.batch.records += 1;
        if state.by_turns && TURN.replace(state.number) != state.number {
            state.turns += 1;
        }
        state.sequence = sequence.after(1);
        state.mark = Some(Mark { sequence, position });
        self.last.store(sequence.to_stored(), Ordering::Release);
        let wake = state.is_ripe() && std::mem::take(&mut state.asleep);
        drop(state);
        // Waking costs a system call, so only the append that finds the writer asleep does it.
        if wake {
            self.wake();
        }
        Appended { sequence, position }
    }

    /// Has a change of a file beside the journal go along with the next batch, or alone.
    pub fn append_beside(&self, change: &[u8]) {
        let mut state = self.lock();
        state.make_space(change.len());
        state.batch.beside.extend_from_slice(change);
        state.changes += 1;
        state.batch.changes = state.changes;
        let wake = state.is_ripe() && std::mem::take(&mut state.asleep);
        drop(state);
        if wake {
            self.wake();
        }
    }

    /// How many changes beside the journal there were.
    pub fn changes(&self) -> u64 {
        self.lock().changes
    }

    pub fn last(&self) -> Option<Sequence> {
        Sequence::from_stored(self.last.load(Ordering::Acquire))
    }

    /// The last record appended; `None` where none was since the start.
    pub fn mark(&self) -> Option<Mark> {
        self.lock().mark
    }

    /// Bytes of records that wait for the writer.
    pub fn bytes(&self) -> u64 {
        let state = self.lock();
        let batches = state.full.iter().chain([&state.batch]);
        let bytes = batches.map(|batch| batch.bytes.len() - BATCH_HEADER_BYTES);
        bytes.sum::<usize>() as u64
    }

    /// Nothing more comes from this thread for now. When that is true of all that appended, what has gathered
    /// is a batch: one sync for all of them costs each the fewest wake-ups.
    pub fn end_turn(&self) {
        let mut state = self.lock();
        if TURN.replace(0) != state.number {
            return;
        }
        state.turns -= 1;
        let wake = state.is_ripe() && std::mem::take(&mut state.asleep);
        drop(state);
        if wake {
            self.wake();
        }
    }

    /// Exchanges what has gathered for an empty batch, if it is one.
    pub fn swap(&self, empty: &mut Batch) -> Taken {
        invariant!(
            empty.is_empty() && empty.bytes.len() == BATCH_HEADER_BYTES,
            "a batch is written before the next one takes its memory",
            None,
            None
        );
        let mut state = self.lock();
        if let Some(full) = state.full.pop_front() {
            *empty = full;
            return Taken::Batch;
        }
        if state.batch.is_empty() {
            return Taken::Nothing;
        }
        if !state.is_batch_ripe() {
            return Taken::Unripe;
        }
        state.exchange(empty);
        Taken::Batch
    }

    /// Puts the calling thread, the writer, to sleep until there is something to do.
    pub fn wait(&self) -> Wake {
        self.writer.get_or_init(thread::current);
        loop {
            let mut state = self.lock();
            if state.is_ripe() {
                return Wake::Gathered;
            }
            if state.closing {
                return Wake::Closing;
            }
            state.asleep = true;
            drop(state);
            // An append between these lines has already left its token, and park() returns at once.
            thread::park();
        }
    }

    /// Puts the calling thread, the writer, to sleep until more records have gathered, or the pause ends. Whether they have.
    pub fn gather(&self, pause: Pause) -> bool {
        self.writer.get_or_init(thread::current);
        let until = Instant::now() + pause.at_most;
        let mut state = self.lock();
        state.wanted = state.batch.records.saturating_add(pause.more);
        loop {
            let is_ripe = state.is_ripe();
            let left = until.saturating_duration_since(Instant::now());
            if is_ripe || state.closing || left.is_zero() {
                state.wanted = 0;
                state.asleep = false;
                return is_ripe;
            }
            state.asleep = true;
            drop(state);
            thread::park_timeout(left);
            state = self.lock();
        }
    }

    /// Lets [`wait`](Self::wait) return [`Wake::Closing`] once nothing is left to write.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        let wake = std::mem::take(&mut state.asleep);
        drop(state);
        if wake {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the state is half changed, except running out of memory, which ends
        // the process.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn take(gathering: &Gathering) -> Taken {
        gathering.swap(&mut Batch::new())
    }

    #[test]
    fn a_batch_waits_for_the_turns_of_all_that_added_to_it() {
        let gathering = Gathering::new(Place::BEGINNING, true, usize::MAX);
        gathering.append(0, b"mine");
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                gathering.append(1, b"another's");
                gathering.end_turn();
            });
            other.join().expect("the other thread");
        });
        assert_eq!(take(&gathering), Taken::Unripe);
        gathering.end_turn();
        assert_eq!(take(&gathering), Taken::Batch);
        // A turn that has added nothing to this batch says nothing about it.
        gathering.append(0, b"mine");
        thread::scope(|scope| {
            scope.spawn(|| gathering.end_turn());
        });
        assert_eq!(take(&gathering), Taken::Unripe);
        gathering.end_turn();
        assert_eq!(take(&gathering), Taken::Batch);
        assert_eq!(take(&gathering), Taken::Nothing);
    }

    #[test]
    fn a_batch_that_is_large_enough_waits_for_nobody() {
        let gathering = Gathering::new(Place::BEGINNING, true, usize::MAX);
        for _ in 1..RIPE_RECORDS {
            gathering.append(0, b"");
        }
        assert_eq!(take(&gathering), Taken::Unripe);
        gathering.append(0, b"");
        assert_eq!(take(&gathering), Taken::Batch);
    }

    #[test]
    fn the_writer_waits_for_more_records_and_not_for_ever() {
        let gathering = Gathering::new(Place::BEGINNING, false, usize::MAX);
        gathering.append(0, b"was there");
        let pause = |at_most| Pause { more: 2, at_most };
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let enough = gathering.gather(pause(Duration::from_secs(600)));
                let mut batch = Batch::new();
                assert_eq!(gathering.swap(&mut batch), Taken::Batch);
                (enough, batch.records)
            });
            while gathering.lock().wanted == 0 {
                thread::yield_now();
            }
            gathering.append(0, b"one");
            assert!(!writer.is_finished());
            gathering.append(0, b"another");
            assert_eq!(writer.join().expect("the writer"), (true, 3));
        });
        gathering.append(0, b"alone");
        assert!(!gathering.gather(pause(Duration::from_millis(1))));
        assert_eq!(take(&gathering), Taken::Batch);
    }

    #[test]
    fn the_writer_does_not_wait_for_more_once_the_journal_is_closed() {
        let gathering = Gathering::new(Place::BEGINNING, false, usize::MAX);
        let pause = Pause {
            more: 2,
            at_most: Duration::from_secs(600),
        };
        thread::scope(|scope| {
            let writer = scope.spawn(|| gathering.gather(pause));
            while gathering.lock().wanted == 0 {
                thread::yield_now();
            }
            gathering.close();
            writer.join().expect("the writer");
        });
    }

    #[test]
    fn a_batch_that_is_full_is_followed_by_another() {
        let record = RECORD_HEADER_BYTES + 4;
        let full = BATCH_HEADER_BYTES + 2 * record;
        let gathering = Gathering::new(Place::BEGINNING, true, full);
        let positions: Vec<u64> = (0..5)
            .map(|_| gathering.append(0, b"four").position.to_stored())
            .collect();
        let (first, second) = (full as u64, 2 * full as u64);
        let header = BATCH_HEADER_BYTES as u64;
        let record = record as u64;
        let expected = [0, record, first, first + record, second].map(|at| at + header);
        assert_eq!(positions, expected);
        assert_eq!(gathering.bytes(), 5 * record);
        // Those are batches whatever the worker has to do yet.
        for records in [2, 2] {
            let mut batch = Batch::new();
            assert_eq!(gathering.swap(&mut batch), Taken::Batch);
            assert_eq!(batch.records, records);
        }
        assert_eq!(take(&gathering), Taken::Unripe);
        gathering.end_turn();
        assert_eq!(take(&gathering), Taken::Batch);
    }

    #[test]
    fn a_change_of_another_file_goes_along_or_alone() {
        let gathering = Gathering::new(Place::BEGINNING, true, usize::MAX);
        gathering.append_beside(b"alone");
        let mut batch = Batch::new();
        assert_eq!(gathering.swap(&mut batch), Taken::Batch);
        assert_eq!((batch.records, &*batch.beside), (0, &b"alone"[..]));
        batch.clear();
        gathering.append_beside(b"along");
        let appended = gathering.append(0, b"");
        // The batch before had no records, and has no place in the files.
        assert_eq!(appended.position.to_stored(), BATCH_HEADER_BYTES as u64);
        gathering.end_turn();
        assert_eq!(gathering.swap(&mut batch), Taken::Batch);
        assert_eq!((batch.records, &*batch.beside), (1, &b"along"[..]));
        assert_eq!((batch.changes, gathering.changes()), (2, 2));
    }

    #[test]
    fn changes_of_other_files_count_in_the_size_of_a_batch() {
        let full = BATCH_HEADER_BYTES + 50;
        let gathering = Gathering::new(Place::BEGINNING, true, full);
        gathering.append_beside(&[0; 40]);
        gathering.append(0, &[0; 20]);
        let lengths = std::iter::from_fn(|| {
            let mut batch = Batch::new();
            gathering.end_turn();
            (gathering.swap(&mut batch) == Taken::Batch).then_some((
                batch.records,
                batch.beside.len(),
                batch.changes,
            ))
        });
        assert_eq!(lengths.collect::<Vec<_>>(), [(0, 40, 1), (1, 0, 0)]);
        for _ in 0..3 {
            gathering.append_beside(&[0; 30]);
        }
        let lengths = std::iter::from_fn(|| {
            let mut batch = Batch::new();
            (gathering.swap(&mut batch) == Taken::Batch)
                .then_some((batch.beside.len(), batch.changes))
        });
        assert_eq!(lengths.collect::<Vec<_>>(), [(30, 2), (30, 3), (30, 4)]);
    }
}
