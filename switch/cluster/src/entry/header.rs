//! The header of an entry.

use tessera_encryption::{DataKeyId, TAG_BYTES};

use super::EntryError;
use crate::Place;

pub(crate) const HEADER_BYTES: usize = 176;
/// Of the salt of an epoch.
pub(crate) const SALT_BYTES: usize = 32;
/// The format of this build.
pub const VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"TSSRENTR";

const SEGMENT_BEGINS: u32 = 1;
const CHANGES_BESIDE: u32 = 2;

/// The longest body before it is compressed: a batch of one record of the greatest length, and changes beside the journal.
pub(crate) const BODY_BYTES_MAX: usize = 4 << 20;

/// The tag of an entry, which distinguishes it from all others.
pub(crate) type Tag = [u8; TAG_BYTES];

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A batch of the journal, or changes beside it.
    Batch,
    /// Another node begins to own the log.
    Epoch,
    /// The owner ends on purpose.
    Resignation,
}

/// See the head of the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryHeader {
    pub kind: EntryKind,
    pub log: [u8; 16],
    pub epoch: u64,
    pub number: u64,
    pub predecessor: Tag,
    pub key: DataKeyId,
    pub salt: [u8; SALT_BYTES],
    pub records: u32,
    pub before: Place,
    pub after: Place,
    /// How many entries before this one changed files beside the journal.
    pub beside: u64,
    pub checksum: u32,
    pub segment_begins: bool,
    pub changes_beside: bool,
    /// Of the body, before it is compressed.
    pub plaintext_bytes: u32,
    /// Of the body as it follows.
    pub body_bytes: u32,
}

impl EntryHeader {
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut at = 0;
        let mut put = |field: &[u8]| {
            bytes[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        };
        let kind = match self.kind {
            EntryKind::Batch => 1,
            EntryKind::Epoch => 2,
            EntryKind::Resignation => 3,
        };
        let begins = if self.segment_begins {
            SEGMENT_BEGINS
        } else {
            0
        };
        let changes = if self.changes_beside {
            CHANGES_BESIDE
        } else {
            0
        };
        put(&MAGIC);
        put(&VERSION.to_le_bytes());
        put(&[kind, 0, 0, 0]);
        put(&self.log);
        put(&self.epoch.to_le_bytes());
        put(&self.number.to_le_bytes());
        put(&self.predecessor);
        put(&self.key.0.to_le_bytes());
        put(&self.records.to_le_bytes());
        put(&self.salt);
        for place in [self.before, self.after] {
            put(&place.position.to_le_bytes());
            put(&place.sequence.to_le_bytes());
            put(&place.chain.to_le_bytes());
        }
        put(&self.beside.to_le_bytes());
        put(&self.checksum.to_le_bytes());
        put(&(begins | changes).to_le_bytes());
        put(&self.plaintext_bytes.to_le_bytes());
        put(&self.body_bytes.to_le_bytes());
        bytes
    }

    /// Reads the header of what was found under a number. Nothing in it is authenticated yet.
    pub fn decode(bytes: &[u8], number: u64) -> Result<Self, EntryError> {
        let damaged = |what| EntryError::Damaged { number, what };
        let header: &[u8; HEADER_BYTES] = bytes
            .first_chunk()
            .ok_or(damaged("it is shorter than a header"))?;
        if header[..8] != MAGIC {
            return Err(damaged("it does not begin as an entry"));
        }
        let version = u32_at(header, 8);
        if version > VERSION {
            return Err(EntryError::Version {
                number,
                found: version,
                known: VERSION,
            });
        }
        let kind = match header[12] {
            1 => EntryKind::Batch,
            2 => EntryKind::Epoch,
            3 => EntryKind::Resignation,
            _ => return Err(damaged("its kind is unknown")),
        };
        let flags = u32_at(header, 164);
        let place = |at| Place {
            position: u64_at(header, at),
            sequence: u64_at(header, at + 8),
            chain: u64_at(header, at + 16),
        };
        let decoded = Self {
            kind,
            log: std::array::from_fn(|at| header[16 + at]),
            epoch: u64_at(header, 32),
            number: u64_at(header, 40),
            predecessor: std::array::from_fn(|at| header[48 + at]),
            key: DataKeyId(u32_at(header, 64)),
            records: u32_at(header, 68),
            salt: std::array::from_fn(|at| header[72 + at]),
            before: place(104),
            after: place(128),
            beside: u64_at(header, 152),
            checksum: u32_at(header, 160),
            segment_begins: flags & SEGMENT_BEGINS != 0,
            changes_beside: flags & CHANGES_BESIDE != 0,
            plaintext_bytes: u32_at(header, 168),
            body_bytes: u32_at(header, 172),
        };
        if decoded.encode() != *header {
            return Err(damaged("its header has bits that mean nothing"));
        }
        if decoded.number != number {
            return Err(damaged("it is another entry"));
        }
        Ok(decoded)
    }

    /// How many entries up to this one changed files beside the journal.
    pub fn beside_after(&self) -> u64 {
        self.beside + u64::from(self.changes_beside)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]))
}
