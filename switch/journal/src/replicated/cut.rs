//! Places between two batches.

use crate::Sequence;
use crate::format::Place;

/// A place between two batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut(pub(crate) Place);

impl Cut {
    pub(crate) fn at(place: Place) -> Self {
        Self(place)
    }

    pub(crate) fn place(self) -> Place {
        self.0
    }

    /// Position of the next batch, sequence of the next record, and what that names as its predecessor.
    pub fn to_stored(self) -> (u64, u64, u64) {
        let Place {
            position,
            sequence,
            chain,
        } = self.0;
        (position, sequence.to_stored(), chain)
    }

    /// What was stored as these numbers; `None` where no record can have the sequence.
    pub fn from_stored((position, sequence, chain): (u64, u64, u64)) -> Option<Self> {
        Some(Self(Place {
            position,
            sequence: Sequence::from_stored(sequence)?,
            chain,
        }))
    }

    /// The last record before it; `None` at the beginning of the journal.
    pub fn last(self) -> Option<Sequence> {
        self.0.sequence.before()
    }
}
