//! A place in the journal, as the log and its entries name it.

use serde::{Deserialize, Serialize};
use tessera_journal::Cut;

/// A place in the journal between two batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Position of the next batch.
    pub position: u64,
    /// Sequence of the next record.
    pub sequence: u64,
    /// What the next record names as its predecessor.
    pub chain: u64,
}

impl Place {
    /// That of the journal.
    pub fn of(cut: Cut) -> Self {
        let (position, sequence, chain) = cut.to_stored();
        Self {
            position,
            sequence,
            chain,
        }
    }
}
