//! The headers of batches, and seals. They are the same in both formats.

use super::Place;
use super::place::{u32_at, u64_at};

pub(crate) const BATCH_HEADER_BYTES: usize = 32;
pub(crate) const BATCH_MAGIC: [u8; 4] = *b"TJB\x01";

/// The header of a batch, or a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    pub checksum: u32,
    /// The lower half of what the first record names as its predecessor.
    pub predecessor: u32,
    pub records: u32,
    /// Of the records, without this header.
    pub bytes: u64,
    /// As it was read, as all that is in a header.
    pub sequence: u64,
}

impl BatchHeader {
    /// Writes a header over the first bytes of `batch`.
    pub fn encode(batch: &mut [u8], place: Place, records: u32, bytes: u64, salt: u32) {
        batch[..4].copy_from_slice(&BATCH_MAGIC);
        batch[8..12].copy_from_slice(&(place.chain as u32).to_le_bytes());
        batch[12..16].copy_from_slice(&records.to_le_bytes());
        batch[16..24].copy_from_slice(&bytes.to_le_bytes());
        batch[24..32].copy_from_slice(&place.sequence.to_stored().to_le_bytes());
        let checksum = Self::checksum(batch, place.position, salt);
        batch[4..8].copy_from_slice(&checksum.to_le_bytes());
    }

    /// The header of a batch at this position, if there is an intact one.
    pub fn decode(bytes: &[u8], position: u64, salt: u32) -> Option<Self> {
        let intact = bytes.len() >= BATCH_HEADER_BYTES
            && bytes[..4] == BATCH_MAGIC
            && u32_at(bytes, 4) == Self::checksum(bytes, position, salt);
        intact.then(|| Self {
            checksum: u32_at(bytes, 4),
            predecessor: u32_at(bytes, 8),
            records: u32_at(bytes, 12),
            bytes: u64_at(bytes, 16),
            sequence: u64_at(bytes, 24),
        })
    }

    /// Whether it is that of the batch, or seal, which goes on at this place.
    pub fn follows(&self, place: Place) -> bool {
        self.sequence == place.sequence.to_stored() && self.predecessor == place.chain as u32
    }

    fn checksum(bytes: &[u8], position: u64, salt: u32) -> u32 {
        let checksum = crc32c::crc32c_append(salt, &position.to_le_bytes());
        crc32c::crc32c_append(checksum, &bytes[8..BATCH_HEADER_BYTES])
    }
}

/// A seal for the log as it stands at `place`.
pub(crate) fn seal(place: Place, salt: u32) -> [u8; BATCH_HEADER_BYTES] {
    let mut bytes = [0; BATCH_HEADER_BYTES];
    BatchHeader::encode(&mut bytes, place, 0, 0, salt);
    bytes
}
