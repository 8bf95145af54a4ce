//! Header, frames and rows of a full snapshot, byte for byte; drawn in the head of this folder.

use std::path::Path;

use sha2::{Digest, Sha256};
use tessera_encryption::{DataKeyId, NONCE_BYTES};
use tessera_journal::{JournalError, Mark, Position, Record};

use super::error::{FullSnapshotError, damaged};
use crate::tables::Table;

const MAGIC: [u8; 8] = *b"TSSRSNAP";
/// Rises with every change of the file, and with every one of rows.
pub const SNAPSHOT_VERSION: u32 = 2;
pub(super) const HEADER_BYTES: usize = 128;
pub(super) const FRAME_HEAD_BYTES: usize = 5;
const ROW_HEAD_BYTES: usize = 7;
/// Rows are compressed and encrypted when they come to this.
pub(super) const FRAME_BYTES: usize = 1 << 20;
/// Far above any row.
pub(super) const ROW_BYTES_MAX: usize = 8 << 20;
/// A damaged length can't make a reader allocate more.
pub(super) const FRAME_BYTES_MAX: usize = 16 << 20;

/// The head of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub key: DataKeyId,
    pub salt: [u8; 16],
    pub mark: Bound,
    pub reach: Bound,
}

/// A record of the journal that the snapshot is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    pub mark: Mark,
    pub sha256: [u8; 32],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    Rows,
    End,
}

impl Header {
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.key.0.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.salt);
        bytes[32..80].copy_from_slice(&self.mark.to_bytes());
        bytes[80..].copy_from_slice(&self.reach.to_bytes());
        bytes
    }

    pub fn read(bytes: &[u8; HEADER_BYTES], path: &Path) -> Result<Self, FullSnapshotError> {
        if bytes[..8] != MAGIC {
            return Err(damaged(path, "it does not begin as one"));
        }
        let found = u32::from_le_bytes(array(&bytes[8..12]));
        if found != SNAPSHOT_VERSION {
            return Err(FullSnapshotError::Version {
                path: path.to_owned(),
                found,
                known: SNAPSHOT_VERSION,
            });
        }
        let bound =
            |bytes| Bound::read(bytes).ok_or_else(|| damaged(path, "its header names no record"));
        Ok(Self {
            key: DataKeyId(u32::from_le_bytes(array(&bytes[12..16]))),
            salt: array(&bytes[16..32]),
            mark: bound(&bytes[32..80])?,
            reach: bound(&bytes[80..])?,
        })
    }

    /// The record that the snapshot is bound to and that is not in this journal, if any.
    pub fn missing(
        &self,
        read: &dyn Fn(Position) -> Result<Record, JournalError>,
    ) -> Result<Option<Mark>, JournalError> {
        for bound in [self.mark, self.reach] {
            let there = match read(bound.mark.position) {
                Err(error) if error.is_no_record() => None,
                there => Some(Bound::to(&there?)),
            };
            if there != Some(bound) {
                return Ok(Some(bound.mark));
            }
        }
        Ok(None)
    }
}

impl Bound {
    pub fn to(record: &Record) -> Self {
        let mut hash = Sha256::new();
        hash.update(record.partition.to_le_bytes());
        hash.update(record.sequence.to_stored().to_le_bytes());
        hash.update(record.position.to_stored().to_le_bytes());
        hash.update(&record.payload);
        Self {
            mark: record.mark(),
            sha256: hash.finalize().into(),
        }
    }

    fn to_bytes(self) -> [u8; 48] {
        let mut bytes = [0; 48];
        bytes[..16].copy_from_slice(&self.mark.to_bytes());
        bytes[16..].copy_from_slice(&self.sha256);
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            mark: Mark::from_bytes(array(&bytes[..16]))?,
            sha256: array(&bytes[16..]),
        })
    }
}

impl FrameKind {
    pub fn to_byte(self) -> u8 {
        match self {
            Self::Rows => 1,
            Self::End => 2,
        }
    }

    pub fn from_byte(byte: u8) -> Option<Self> {
        [Self::Rows, Self::End]
            .into_iter()
            .find(|kind| kind.to_byte() == byte)
    }
}

/// Of the frame with this number, from 0.
pub(super) fn nonce(number: u64) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    nonce
}

/// What a frame's tag covers beside the ciphertext.
pub(super) fn additional(header: &[u8; HEADER_BYTES], kind: FrameKind) -> [u8; HEADER_BYTES + 1] {
    let mut additional = [kind.to_byte(); HEADER_BYTES + 1];
    additional[..HEADER_BYTES].copy_from_slice(header);
    additional
}

pub(super) fn write_row(out: &mut Vec<u8>, table: Table, key: &[u8], value: &[u8]) {
    out.push(table as u8);
    out.extend_from_slice(&(key.len() as u16).to_le_bytes());
    out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    out.extend_from_slice(key);
    out.extend_from_slice(value);
}

/// Bytes that [`write_row`] writes.
pub(super) fn row_bytes(key: &[u8], value: &[u8]) -> usize {
    ROW_HEAD_BYTES + key.len() + value.len()
}

/// Table, key and value of the first row, which is taken off; `None` where there is none.
pub(super) fn take_row<'a>(rows: &mut &'a [u8]) -> Option<(Table, &'a [u8], &'a [u8])> {
    let (head, rest) = rows.split_first_chunk::<ROW_HEAD_BYTES>()?;
    let table = *Table::ALL.get(usize::from(head[0]))?;
    let key_bytes = usize::from(u16::from_le_bytes([head[1], head[2]]));
    let value_bytes = u32::from_le_bytes([head[3], head[4], head[5], head[6]]) as usize;
    let (key, rest) = rest.split_at_checked(key_bytes)?;
    let (value, rest) = rest.split_at_checked(value_bytes)?;
    *rows = rest;
    Some((table, key, value))
}

/// From a slice of this length.
pub(super) fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    std::array::from_fn(|place| bytes[place])
}
