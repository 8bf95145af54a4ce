//! The batch that gathers: what was appended while the last one was being synced. Appending copies
//! the payload under a lock that is held for a few dozen nanoseconds; the writer swaps the whole
//! buffer for an empty one.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};

use super::format::{self, BATCH_HEADER_BYTES, Place, RECORD_HEADER_BYTES};
use super::plaintext::Plaintext;
use super::{Appended, Mark, Position, Sequence};
use tessera_kit::invariant;

/// A batch's bytes, with space for the header in front.
pub(super) struct Batch {
    /// Plaintext until the writer encrypts it, in place.
    pub bytes: Plaintext,
    pub records: u32,
}

impl Batch {
    pub fn new() -> Self {
        let mut bytes = Plaintext::default();
        bytes.copy(&[0; BATCH_HEADER_BYTES]);
        Self { bytes, records: 0 }
    }

    /// Empties it; the memory stays, so that nothing is allocated in steady state.
    pub fn clear(&mut self) {
        self.bytes.truncate(BATCH_HEADER_BYTES);
        self.records = 0;
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
    batch: Batch,
    /// Position at which `batch` begins.
    position: u64,
    /// Sequence of the next record.
    sequence: Sequence,
    /// The last record appended here.
    mark: Option<Mark>,
    /// Batches wait for the end of the turns of those who append to them.
    by_turns: bool,
    /// Distinguishes `batch` from all others that there were in this process.
    number: u64,
    /// Threads that have appended to `batch` and have more to do in their turns.
    turns: usize,
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
        self.batch.records > 0
            && (!self.by_turns
                || self.turns == 0
                || self.closing
                || self.batch.records >= RIPE_RECORDS)
    }
}

impl Gathering {
    pub fn new(place: Place, by_turns: bool) -> Self {
        let state = State {
            batch: Batch::new(),
            position: place.position,
            sequence: place.sequence,
            mark: None,
            by_turns,
            number: next_number(),
            turns: 0,
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

    pub fn last(&self) -> Option<Sequence> {
        Sequence::from_stored(self.last.load(Ordering::Acquire))
    }

    /// The last record appended; `None` where none was since the start.
    pub fn mark(&self) -> Option<Mark> {
        self.lock().mark
    }

    /// Bytes of records that wait for the writer.
    pub fn bytes(&self) -> u64 {
        (self.lock().batch.bytes.len() - BATCH_HEADER_BYTES) as u64
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
            empty.records == 0 && empty.bytes.len() == BATCH_HEADER_BYTES,
            "a batch is written before the next one takes its memory",
            None,
            None
        );
        let mut state = self.lock();
        if state.batch.records == 0 {
            return Taken::Nothing;
        }
        if !state.is_ripe() {
            return Taken::Unripe;
        }
        (state.number, state.turns) = (next_number(), 0);
        std::mem::swap(&mut state.batch, empty);
        // A batch may change its file, but not its position: those count the bytes of batches only.
        state.position += empty.bytes.len() as u64;
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
    use super::*;

    fn take(gathering: &Gathering) -> Taken {
        gathering.swap(&mut Batch::new())
    }

    #[test]
    fn a_batch_waits_for_the_turns_of_all_that_added_to_it() {
        let gathering = Gathering::new(Place::BEGINNING, true);
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
        let gathering = Gathering::new(Place::BEGINNING, true);
        for _ in 1..RIPE_RECORDS {
            gathering.append(0, b"");
        }
        assert_eq!(take(&gathering), Taken::Unripe);
        gathering.append(0, b"");
        assert_eq!(take(&gathering), Taken::Batch);
    }
}
