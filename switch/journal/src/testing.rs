//! An engine for tests of other crates: a journal in memory, which keeps a sequence for each partition. What is durable and
//! what fails is up to the test.
//!
//! ```text
//! Memory::default()   each record is durable at once
//! Memory::by_hand()   none is, until `sync` or `sync_partition`; no change beside it is committed, until `commit_beside`
//! reopen()            what a start finds after a kill: the durable records
//! ```

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{ChangesBeside, JournalError, Mark, Position, Record, Sequence, Visit};

mod engine;

/// See the head of this file. Clones are the same journal.
#[derive(Clone, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
    subscribers: Arc<Mutex<Vec<Wake>>>,
}

type Wake = Box<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct State {
    /// In the order of their positions.
    records: Vec<Record>,
    /// The last durable sequence of each partition that has one.
    durable: BTreeMap<u16, Sequence>,
    by_hand: bool,
    beside: ChangesBeside,
    /// How many reads succeed before one fails.
    reads_left: Option<usize>,
    /// How many looks of tails fail from now on.
    failing_looks: usize,
    /// Where it begins, once older records were deleted.
    begins: Option<Position>,
}

/// Between two records, so that a position is no index.
const GAP: u64 = 32;

impl Memory {
    /// One that makes nothing durable by itself.
    pub fn by_hand() -> Self {
        let memory = Self::default();
        memory.lock().by_hand = true;
        memory
    }

    /// What a start finds after a kill: the records that are durable. Those after the mark are replayed.
    ///
    /// # Errors
    /// As those of [`open`](super::open).
    pub fn reopen(&self, from: Option<Mark>, replay: &mut Visit<'_>) -> Result<Self, JournalError> {
        let state = self.lock();
        let found = State {
            records: state.durable_records().cloned().collect(),
            durable: state.durable.clone(),
            by_hand: state.by_hand,
            begins: state.begins,
            ..State::default()
        };
        drop(state);
        found.expect(from)?;
        show(&found.records, from, replay)?;
        Ok(Self {
            state: Arc::new(Mutex::new(found)),
            ..Self::default()
        })
    }

    /// Makes durable what was appended to this partition.
    pub fn sync_partition(&self, partition: u16) {
        self.make_durable(|record| record.partition == partition);
    }

    /// The other nodes have what was appended beside it.
    pub fn commit_beside(&self) {
        let beside = &mut self.lock().beside;
        beside.committed = beside.appended;
    }

    /// After so many more reads one fails.
    pub fn fail_read_after(&self, reads: usize) {
        self.lock().reads_left = Some(reads);
    }

    /// So many looks of tails fail from now on.
    pub fn fail_looks(&self, looks: usize) {
        self.lock().failing_looks = looks;
    }

    /// Becomes an older copy of itself, with so many records.
    pub fn restore_older(&self, records: usize) {
        let mut state = self.lock();
        state.records.truncate(records);
        state.durable.clear();
        state.make_durable(|_| true);
    }

    /// Deletes the records before this position.
    pub fn delete_before(&self, position: Position) {
        let mut state = self.lock();
        state.records.retain(|record| record.position >= position);
        state.begins = Some(position);
    }

    fn make_durable(&self, which: impl Fn(&Record) -> bool) {
        self.lock().make_durable(which);
        self.call_subscribers();
    }

    fn call_subscribers(&self) {
        let subscribers = self.subscribers.lock();
        for wake in subscribers.unwrap_or_else(PoisonError::into_inner).iter() {
            wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn last(&self, partition: u16) -> Option<Sequence> {
        let mut newest = self.records.iter().rev();
        let found = newest.find(|record| record.partition == partition);
        found.map(|record| record.sequence)
    }

    fn is_durable(&self, record: &Record) -> bool {
        Some(record.sequence) <= self.durable.get(&record.partition).copied()
    }

    fn durable_records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| self.is_durable(record))
    }

    fn make_durable(&mut self, which: impl Fn(&Record) -> bool) {
        for record in self.records.iter().filter(|record| which(record)) {
            self.durable.insert(record.partition, record.sequence);
        }
    }

    fn at(&self, position: Position) -> Option<&Record> {
        let found = self
            .records
            .binary_search_by_key(&position, |record| record.position);
        found.ok().map(|index| &self.records[index])
    }

    /// Whether the journal reaches as far as a mark, and is the one that it is of.
    fn expect(&self, mark: Option<Mark>) -> Result<(), JournalError> {
        let Some(mark) = mark else {
            return match self.begins {
                Some(begins) => Err(JournalError::Beginning {
                    directory: "memory".into(),
                    begins: begins.to_stored(),
                    wanted: 0,
                }),
                None => Ok(()),
            };
        };
        match self.at(mark.position) {
            Some(record) if record.sequence == mark.sequence => Ok(()),
            None if self.records.last().map(|last| last.position) < Some(mark.position) => {
                Err(JournalError::StoreAhead {
                    store: mark.sequence,
                    journal: self.records.last().map(|last| last.sequence),
                })
            }
            _ => Err(JournalError::StoreForeign { mark }),
        }
    }
}

fn show(
    records: &[Record],
    from: Option<Mark>,
    visit: &mut Visit<'_>,
) -> Result<u64, JournalError> {
    let after = from.map(|mark| mark.position);
    let mut shown = 0;
    for record in records
        .iter()
        .filter(|record| Some(record.position) > after)
    {
        let sequence = record.sequence;
        visit(record.borrow()).map_err(|source| JournalError::Refused { sequence, source })?;
        shown += 1;
    }
    Ok(shown)
}
