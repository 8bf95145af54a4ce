//! Records as they are appended, read back and named.

use zeroize::Zeroizing;

use super::{Position, Sequence};

/// What [`Journal::append`](super::Journal::append) promises: the record will have this sequence, at this position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// One more than that of the record before.
    pub sequence: Sequence,
    /// Grows with every record.
    pub position: Position,
}

/// A record, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The partition of wallets it belongs to.
    pub partition: u16,
    /// Its sequence.
    pub sequence: Sequence,
    /// Its position.
    pub position: Position,
    /// What was appended. Wiped when it is dropped.
    pub payload: Zeroizing<Vec<u8>>,
}

/// A record, borrowed from the reader's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// The partition of wallets it belongs to.
    pub partition: u16,
    /// Its sequence.
    pub sequence: Sequence,
    /// Its position.
    pub position: Position,
    /// What was appended.
    pub payload: &'a [u8],
}

/// Names a record, and with it all that were appended before, in whatever partition: the last one that a checkpoint
/// reflects, or that a follower has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The record's sequence: with it an engine finds out that a mark is another journal's.
    pub sequence: Sequence,
    /// The record's own position (where it begins).
    pub position: Position,
}

impl Mark {
    /// The bytes that it is stored as: sequence and position, little-endian.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.sequence.to_stored().to_le_bytes());
        bytes[8..].copy_from_slice(&self.position.to_stored().to_le_bytes());
        bytes
    }

    /// What was stored as these bytes; `None` where they name no record.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let bytes = u128::from_le_bytes(bytes);
        Some(Self {
            sequence: Sequence::from_stored(bytes as u64)?,
            position: Position::from_stored((bytes >> 64) as u64)?,
        })
    }
}

impl From<Appended> for Mark {
    fn from(appended: Appended) -> Self {
        let Appended { sequence, position } = appended;
        Self { sequence, position }
    }
}

impl RecordRef<'_> {
    /// Its name.
    pub fn mark(&self) -> Mark {
        let Self {
            sequence, position, ..
        } = *self;
        Mark { sequence, position }
    }

    /// A copy.
    pub fn to_owned(&self) -> Record {
        let Self {
            partition,
            sequence,
            position,
            payload,
        } = *self;
        Record {
            partition,
            sequence,
            position,
            payload: Zeroizing::new(payload.to_vec()),
        }
    }
}

impl Record {
    /// Its name.
    pub fn mark(&self) -> Mark {
        self.borrow().mark()
    }

    /// The same, borrowed.
    pub fn borrow(&self) -> RecordRef<'_> {
        RecordRef {
            partition: self.partition,
            sequence: self.sequence,
            position: self.position,
            payload: &self.payload,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_stored_as_sequence_and_position() {
        let mark = Mark {
            sequence: Sequence::FIRST.after(6),
            position: Position::from_stored(4_711).unwrap(),
        };
        let bytes = mark.to_bytes();
        assert_eq!(bytes[..8], 7_u64.to_le_bytes());
        assert_eq!(bytes[8..], 4_711_u64.to_le_bytes());
        assert_eq!(Mark::from_bytes(bytes), Some(mark));
        assert_eq!(Mark::from_bytes([0; 16]), None);
    }
}
