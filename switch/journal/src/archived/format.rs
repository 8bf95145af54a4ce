//! What is in the file of an archived segment. All numbers are little-endian.
//!
//! ```text
//! ┌────────────────┬────────────────┬───────┬───────┬─────┬───────┬────────┐
//! │ archive header │ segment header │ frame │ frame │ ... │ index │ footer │
//! └────────────────┴────────────────┴───────┴───────┴─────┴───────┴────────┘
//!
//! archive header, 64 bytes                 index, 32 bytes for each frame           footer, 32 bytes
//!  0  8  magic "TSSRARCH"                   0  8  position of its first batch        0 16  tag of headers and index
//!  8  4  checksum of bytes 12..64           8  8  predecessor of its first record   16  8  frames
//! 12  4  version, 1                        16  8  where it is in this file          24  8  magic "TSSRAEND"
//! 16  8  position of the segment's end     24  4  bytes of it, its tag included
//! 24  4  data key                          28  4  bytes of its batches
//! 28  4  zero
//! 32 32  salt
//! ```
//!
//! The segment's header is as it was. A *frame* is whole batches in plaintext, compressed with zstd, encrypted under a key of
//! the archive, with its number as the nonce, and its tag. What encryption has made is not kept: tags and predecessors are zeros,
//! because encrypting the records again under the segment's key makes the same. So what is read from an archive are the bytes of the
//! segment, each of them.

use tessera_encryption::{DataKeyId, TAG_BYTES};

use crate::format::SALT_BYTES;

pub(crate) const HEADER_BYTES: usize = 64;
pub(crate) const ENTRY_BYTES: usize = 32;
pub(crate) const FOOTER_BYTES: usize = 32;

const MAGIC: [u8; 8] = *b"TSSRARCH";
const END_MAGIC: [u8; 8] = *b"TSSRAEND";
pub(crate) const ARCHIVE_VERSION: u32 = 1;

/// The header of an archive.
pub(crate) struct ArchiveHeader {
    /// Position where the segment ends.
    pub end: u64,
    pub key: DataKeyId,
    pub salt: [u8; SALT_BYTES],
}

/// Why a header can't be used.
pub(crate) enum HeaderFault {
    Damaged,
    /// Of a newer build.
    Version(u32),
}

impl ArchiveHeader {
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[12..16].copy_from_slice(&ARCHIVE_VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.end.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.key.0.to_le_bytes());
        bytes[32..].copy_from_slice(&self.salt);
        let checksum = crc32c::crc32c(&bytes[12..]);
        bytes[8..12].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, HeaderFault> {
        if bytes[..8] != MAGIC || u32_at(bytes, 8) != crc32c::crc32c(&bytes[12..]) {
            return Err(HeaderFault::Damaged);
        }
        match u32_at(bytes, 12) {
            ARCHIVE_VERSION => Ok(Self {
                end: u64_at(bytes, 16),
                key: DataKeyId(u32_at(bytes, 24)),
                salt: std::array::from_fn(|at| bytes[32 + at]),
            }),
            other => Err(HeaderFault::Version(other)),
        }
    }
}

/// Where a frame is, and what it has.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub position: u64,
    pub chain: u64,
    pub offset: u64,
    pub bytes: u32,
    pub batch_bytes: u32,
}

impl Entry {
    pub fn encode(&self, index: &mut Vec<u8>) {
        index.extend_from_slice(&self.position.to_le_bytes());
        index.extend_from_slice(&self.chain.to_le_bytes());
        index.extend_from_slice(&self.offset.to_le_bytes());
        index.extend_from_slice(&self.bytes.to_le_bytes());
        index.extend_from_slice(&self.batch_bytes.to_le_bytes());
    }

    pub fn decode(bytes: &[u8]) -> Self {
        Self {
            position: u64_at(bytes, 0),
            chain: u64_at(bytes, 8),
            offset: u64_at(bytes, 16),
            bytes: u32_at(bytes, 24),
            batch_bytes: u32_at(bytes, 28),
        }
    }
}

/// The end of an archive.
pub(crate) struct Footer {
    pub tag: [u8; TAG_BYTES],
    pub frames: u64,
}

impl Footer {
    pub fn encode(&self) -> [u8; FOOTER_BYTES] {
        let mut bytes = [0; FOOTER_BYTES];
        bytes[..16].copy_from_slice(&self.tag);
        bytes[16..24].copy_from_slice(&self.frames.to_le_bytes());
        bytes[24..].copy_from_slice(&END_MAGIC);
        bytes
    }

    pub fn decode(bytes: &[u8; FOOTER_BYTES]) -> Option<Self> {
        (bytes[24..] == END_MAGIC).then(|| Self {
            tag: std::array::from_fn(|at| bytes[at]),
            frames: u64_at(bytes, 16),
        })
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]))
}
