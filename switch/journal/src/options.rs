//! How an engine is run, and what it finds when it starts.

use super::{Mark, Observer, Replication};

/// How to run the engine.
#[derive(Default)]
pub struct Options {
    /// Is called after every sync.
    pub observer: Option<Observer>,
    /// Whether a batch waits for [`Journal::end_turn`](super::Journal::end_turn) (or for 256 records), so that what a worker appends
    /// in one turn is synced at once, and not its first record apart from the others.
    pub by_turns: bool,
    /// Where every batch goes before it is written here; `None` for a journal of one node.
    pub replication: Option<Replication>,
}

/// What opening found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Records replayed.
    pub replayed: u64,
    /// The last record; `None` for a new journal.
    pub last: Option<Mark>,
    /// Whether remains of a batch that a crash had torn were removed. It was never reported durable.
    pub cut: bool,
}
