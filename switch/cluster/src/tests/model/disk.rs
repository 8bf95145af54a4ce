//! What a node has on its disk.

use super::random::{Random, mixed};
use crate::Place;

/// A batch of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    pub before: Place,
    pub after: Place,
    /// Stands for its records; no two batches have the same.
    pub what: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Disk {
    pub batches: Vec<Batch>,
    /// So many of them survive a power cut.
    pub synced: usize,
    /// Changes beside the journal, each durable at once.
    pub beside: u64,
}

/// Where every journal begins.
pub const BEGINNING: Place = Place {
    position: 0,
    sequence: 1,
    chain: 0,
};

impl Batch {
    /// The batch that goes on there.
    pub fn after(before: Place, what: u64) -> Self {
        let after = Place {
            position: before.position + 4096,
            sequence: before.sequence + 1,
            chain: mixed(before.chain ^ what),
        };
        Self {
            before,
            after,
            what,
        }
    }
}

impl Disk {
    pub fn place(&self) -> Place {
        self.batches.last().map_or(BEGINNING, |batch| batch.after)
    }

    pub fn sync(&mut self) {
        self.synced = self.batches.len();
    }

    /// Of what was not synced some may have reached the disk.
    pub fn lose_power(&mut self, random: &mut Random) {
        let unsynced = (self.batches.len() - self.synced) as u64;
        let kept = self.synced + random.below(unsynced + 1) as usize;
        self.batches.truncate(kept);
    }

    /// What another node gets of it.
    pub fn copied(&self) -> Self {
        Self {
            batches: self.batches[..self.synced].to_vec(),
            synced: self.synced,
            beside: self.beside,
        }
    }
}
