//! Entries of the model: real headers, with a hash for a tag and a number for a body.

use super::disk::Batch;
use super::random::mixed;
use crate::entry::{EntryHeader, EntryKind, Tag};

/// An entry, as it was read.
#[derive(Clone, Debug)]
pub struct Entry {
    pub header: EntryHeader,
    pub tag: Tag,
    /// Of a batch: its records.
    pub what: u64,
}

/// Bytes of the tag and what follows it.
const AFTER_HEADER: usize = 24;

/// The bytes of an entry, and its tag.
pub fn seal(header: &EntryHeader, what: u64) -> (Vec<u8>, Tag) {
    let mut bytes = header.encode().to_vec();
    let hash = |start: u64| {
        let chunks = bytes.chunks_exact(8);
        let words = chunks.map(|word| u64::from_le_bytes(std::array::from_fn(|at| word[at])));
        words.fold(mixed(start ^ what), |hash, word| {
            mixed(hash.rotate_left(5) ^ word)
        })
    };
    let mut tag = [0; 16];
    tag[..8].copy_from_slice(&hash(1).to_le_bytes());
    tag[8..].copy_from_slice(&hash(2).to_le_bytes());
    bytes.extend_from_slice(&tag);
    bytes.extend_from_slice(&what.to_le_bytes());
    (bytes, tag)
}

/// What was found under a number.
pub fn open(bytes: &[u8], number: u64) -> Entry {
    let header = EntryHeader::decode(bytes, number).expect("nobody damages entries");
    let rest = &bytes[bytes.len() - AFTER_HEADER..];
    Entry {
        header,
        tag: std::array::from_fn(|at| rest[at]),
        what: u64::from_le_bytes(std::array::from_fn(|at| rest[16 + at])),
    }
}

impl Entry {
    pub fn batch(&self) -> Option<Batch> {
        let EntryHeader { before, after, .. } = self.header;
        let what = self.what;
        (self.header.kind == EntryKind::Batch).then_some(Batch {
            before,
            after,
            what,
        })
    }
}
