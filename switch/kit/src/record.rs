//! What a journal record is named by. Both numbers come from the engine that keeps the journal, which alone computes with
//! them; everybody else compares, stores and prints them.
//!
//! Neither is ever 0, so that "none" costs no memory: an `Option` of one has eight bytes. Where one is stored, 0 stands for
//! none.

use std::fmt;
use std::num::NonZeroU64;

/// Where a record is in its journal. Of two records of one journal, the one that was appended later has the higher
/// position, whatever their partitions are; positions have gaps. Below 2^62: the ledger keeps two bits beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Position(NonZeroU64);

/// The number of a record among those that its engine counts together: all of its partition at least. It rises by one from
/// record to record, and starts at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Sequence(NonZeroU64);

impl Position {
    /// Before or at every record.
    pub const MIN: Self = Self(NonZeroU64::MIN);
    /// After every record.
    pub const MAX: Self = Self(NonZeroU64::MAX);

    /// What was stored as this number; `None` for 0.
    pub const fn from_stored(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number that it is stored as, or sent to a peer that stores it. Not to be computed with.
    pub const fn to_stored(self) -> u64 {
        self.0.get()
    }
}

impl Sequence {
    /// That of the first record.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// What was stored as this number; `None` for 0.
    pub const fn from_stored(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number that it is stored as, and that metrics show.
    pub const fn to_stored(self) -> u64 {
        self.0.get()
    }

    /// That of the record so many records later.
    #[must_use]
    pub const fn after(self, records: u64) -> Self {
        Self(self.0.saturating_add(records))
    }

    /// That of the record before; `None` before the first.
    pub const fn before(self) -> Option<Self> {
        Self::from_stored(self.0.get() - 1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_stored_as_zero_and_costs_no_memory() {
        assert_eq!(Position::from_stored(0), None);
        assert_eq!(Sequence::from_stored(0), None);
        assert_eq!(size_of::<Option<Position>>(), 8);
        assert_eq!(size_of::<Option<Sequence>>(), 8);
        let position = Position::from_stored(4_096).unwrap();
        assert_eq!(
            (position.to_stored(), position.to_string()),
            (4_096, "4096".to_owned())
        );
        assert!(None < Some(Position::MIN) && Position::MIN < position && position < Position::MAX);
    }

    #[test]
    fn sequences_rise_by_one_from_the_first() {
        let third = Sequence::FIRST.after(2);
        assert_eq!(third.to_string(), "3");
        assert_eq!(third.before(), Some(Sequence::FIRST.after(1)));
        assert_eq!(Sequence::FIRST.before(), None);
    }
}
