//! Places in the log, and what is wrong with one.

use tessera_kit::record::Sequence;

/// A place between two batches: what the next batch has to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Position of the next batch: before the first one 0, where no record can be.
    pub position: u64,
    /// Sequence of the next record.
    pub sequence: Sequence,
    /// What the next record has to name as its predecessor.
    pub chain: u64,
}

impl Place {
    pub const BEGINNING: Self = Self {
        position: 0,
        sequence: Sequence::FIRST,
        chain: 0,
    };
}

/// Why no batch can be read at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub position: u64,
    pub sequence: Sequence,
    pub what: &'static str,
    /// Whether the log may just end here: zeros, a seal, or the end of the file.
    pub end: bool,
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
