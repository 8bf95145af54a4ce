//! The header of a segment file, encrypted or of the format before.

use tessera_encryption::{DataKeyId, TAG_BYTES};
use tessera_kit::record::Sequence;

use super::encryption::{Encryption, SALT_BYTES};
use super::place::{u32_at, u64_at};
use super::{OLDEST_SEGMENT_VERSION, Place, SEGMENT_VERSION};

/// Of a segment in the format of this build.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 128;
/// Of a segment in format 2; as much of a header is there in every format.
const BYTES_2: usize = 64;

const SEGMENT_MAGIC: [u8; 8] = *b"TSSRJRNL";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub start: Place,
    /// Bytes after this header, seal included.
    pub capacity: u64,
    pub kind: Kind,
}

/// What differs between the formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Format 2: records in clear, with checksums.
    Plain { salt: u32 },
    /// Format 3: encrypted records.
    Encrypted {
        key: DataKeyId,
        salt: [u8; SALT_BYTES],
        /// Of the header.
        tag: [u8; TAG_BYTES],
    },
}

/// Why a header cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    Damaged(&'static str),
    /// Of the format of another build.
    Version(u32),
}

impl SegmentHeader {
    /// That of a segment in the format of this build, with the tag of its key; and its bytes.
    pub fn encrypted(
        start: Place,
        capacity: u64,
        key: DataKeyId,
        salt: [u8; SALT_BYTES],
        encryption: &Encryption,
    ) -> (Self, [u8; SEGMENT_HEADER_BYTES]) {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[..8].copy_from_slice(&SEGMENT_MAGIC);
        bytes[12..16].copy_from_slice(&SEGMENT_VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&start.position.to_le_bytes());
        bytes[24..32].copy_from_slice(&start.sequence.to_stored().to_le_bytes());
        bytes[32..40].copy_from_slice(&capacity.to_le_bytes());
        bytes[40..48].copy_from_slice(&start.chain.to_le_bytes());
        bytes[48..52].copy_from_slice(&key.0.to_le_bytes());
        bytes[64..96].copy_from_slice(&salt);
        let tag = encryption.tag_of_header(authenticated(&bytes));
        bytes[96..112].copy_from_slice(&tag);
        let checksum = crc32c::crc32c(&bytes[BYTES_2..]);
        bytes[52..56].copy_from_slice(&checksum.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[12..BYTES_2]);
        bytes[8..12].copy_from_slice(&checksum.to_le_bytes());
        let kind = Kind::Encrypted { key, salt, tag };
        let header = Self {
            start,
            capacity,
            kind,
        };
        (header, bytes)
    }

    /// Reads the header at the beginning of a file. Whether it is under the right key is asked
    /// [afterwards](Encryption::has_tagged).
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderFault> {
        let damaged = |what| Err(HeaderFault::Damaged(what));
        let short = "the file is shorter than a segment header";
        if bytes.len() < BYTES_2 {
            return damaged(short);
        }
        if bytes[..8] != SEGMENT_MAGIC {
            return damaged("this is not the header of a journal segment");
        }
        let unlike = "the segment header does not match its checksum";
        if u32_at(bytes, 8) != crc32c::crc32c(&bytes[12..BYTES_2]) {
            return damaged(unlike);
        }
        let version = u32_at(bytes, 12);
        let (chain, kind) = match version {
            OLDEST_SEGMENT_VERSION => {
                let salt = u32_at(bytes, 44);
                (u64::from(u32_at(bytes, 40)), Kind::Plain { salt })
            }
            SEGMENT_VERSION => {
                let Some(second) = bytes.get(BYTES_2..SEGMENT_HEADER_BYTES) else {
                    return damaged(short);
                };
                if u32_at(bytes, 52) != crc32c::crc32c(second) {
                    return damaged(unlike);
                }
                let kind = Kind::Encrypted {
                    key: DataKeyId(u32_at(bytes, 48)),
                    salt: std::array::from_fn(|at| second[at]),
                    tag: std::array::from_fn(|at| second[SALT_BYTES + at]),
                };
                (u64_at(bytes, 40), kind)
            }
            other => return Err(HeaderFault::Version(other)),
        };
        let Some(sequence) = Sequence::from_stored(u64_at(bytes, 24)) else {
            return damaged("the segment header has no sequence");
        };
        Ok(Self {
            start: Place {
                position: u64_at(bytes, 16),
                sequence,
                chain,
            },
            capacity: u64_at(bytes, 32),
            kind,
        })
    }

    /// How long it is in its file.
    pub fn bytes(&self) -> usize {
        match self.kind {
            Kind::Plain { .. } => BYTES_2,
            Kind::Encrypted { .. } => SEGMENT_HEADER_BYTES,
        }
    }
}

/// What the tag of an encrypted segment's header covers: all that is said before the checksum of the salt and of the tag
/// itself. The salt is in the key.
pub(crate) fn authenticated(header: &[u8; SEGMENT_HEADER_BYTES]) -> &[u8] {
    &header[12..52]
}
