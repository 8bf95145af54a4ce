//! Records: laid out when they are appended, encrypted when their batch is written, verified and decrypted when it is read.

use std::sync::Arc;

use tessera_kit::record::{Position, Sequence};

use super::batch_header::{BATCH_HEADER_BYTES, BatchHeader};
use super::encryption::{Encryption, RECORD_HEADER_BYTES};
use super::place::{Flaw, Place, u32_at, u64_at};
use super::{PAYLOAD_BYTES_MAX, RecordRef};

/// Of a record in the format before.
const HEADER_BYTES_2: usize = 24;

pub(super) const RECORD_VERSION: u8 = 1;

/// Lays out a record in a batch that gathers, which has space for it. Predecessor and tag stay blank until [`finish`].
pub(crate) fn push_record(batch: &mut Vec<u8>, partition: u16, sequence: Sequence, payload: &[u8]) {
    let mut header = [0; RECORD_HEADER_BYTES];
    header[24..32].copy_from_slice(&sequence.to_stored().to_le_bytes());
    // Lossless: append() refuses payloads above PAYLOAD_BYTES_MAX.
    header[32..36].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    header[36..38].copy_from_slice(&partition.to_le_bytes());
    header[38] = RECORD_VERSION;
    batch.extend_from_slice(&header);
    batch.extend_from_slice(payload);
}

/// Fills in the batch's header and encrypts its records; says where the next batch begins.
pub(crate) fn finish(
    batch: &mut [u8],
    records: u32,
    place: Place,
    encryption: &Encryption,
) -> Place {
    let bytes = (batch.len() - BATCH_HEADER_BYTES) as u64;
    BatchHeader::encode(batch, place, records, bytes, encryption.salt());
    let mut chain = place.chain;
    let mut position = place.position + BATCH_HEADER_BYTES as u64;
    let mut rest = &mut batch[BATCH_HEADER_BYTES..];
    while !rest.is_empty() {
        let length = RECORD_HEADER_BYTES + u32_at(rest, 32) as usize;
        let (record, after) = rest.split_at_mut(length);
        record[16..24].copy_from_slice(&chain.to_le_bytes());
        chain = encryption.encrypt(record, position);
        position += length as u64;
        rest = after;
    }
    Place {
        position,
        sequence: place.sequence.after(u64::from(records)),
        chain,
    }
}

/// Whether what follows the header of a batch in plaintext is so many whole records, and nothing else.
pub(crate) fn is_laid_out(batch: &[u8], records: u32) -> bool {
    let mut rest = &batch[BATCH_HEADER_BYTES..];
    for _ in 0..records {
        let Some(header) = Layout::Encrypted.decode(rest) else {
            return false;
        };
        rest = &rest[RECORD_HEADER_BYTES + header.bytes..];
    }
    rest.is_empty()
}

/// The sequence of the first record of a batch that is not empty.
pub(crate) fn first_sequence(batch: &[u8]) -> Option<Sequence> {
    Sequence::from_stored(u64_at(batch, BATCH_HEADER_BYTES + 24))
}

/// How the records of a segment are found to be what was written.
#[derive(Clone)]
pub(crate) enum Protection {
    /// Format 2: by checksums that start from this salt. The records are in clear.
    Checksums(u32),
    /// Format 3: they are encrypted, with tags.
    Encryption(Arc<Encryption>),
}

impl Protection {
    /// What the checksums of batch headers start from.
    pub fn salt(&self) -> u32 {
        match self {
            Self::Checksums(salt) => *salt,
            Self::Encryption(encryption) => encryption.salt(),
        }
    }

    pub fn layout(&self) -> Layout {
        match self {
            Self::Checksums(_) => Layout::Plain,
            Self::Encryption(_) => Layout::Encrypted,
        }
    }

    /// Verifies a record, header and payload, which begins at this position, and makes it plaintext. What the next one has to
    /// name as its predecessor; `None` where this is not what was written.
    pub fn open(&self, record: &mut [u8], header: &RecordHeader, position: u64) -> Option<u64> {
        if header.version != RECORD_VERSION {
            return None;
        }
        match self {
            Self::Checksums(salt) => {
                let checksum = crc32c::crc32c_append(*salt, &record[4..]);
                (checksum == u32_at(record, 0)).then_some(u64::from(checksum))
            }
            Self::Encryption(encryption) => encryption.decrypt(record, position),
        }
    }

    /// What the first record of a batch has to name.
    fn within(&self, place: Place, header: &BatchHeader) -> u64 {
        match self {
            Self::Checksums(_) => u64::from(header.checksum),
            Self::Encryption(_) => place.chain,
        }
    }
}

/// Where in a record its header has what.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    /// Format 2.
    Plain,
    /// Format 3.
    Encrypted,
}

/// The header of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordHeader {
    predecessor: u64,
    pub sequence: u64,
    /// Of the payload.
    pub bytes: usize,
    pub partition: u16,
    version: u8,
}

impl Layout {
    pub fn header_bytes(self) -> usize {
        match self {
            Self::Plain => HEADER_BYTES_2,
            Self::Encrypted => RECORD_HEADER_BYTES,
        }
    }

    /// Reads the header at the start of `bytes`, if the record is no longer than these.
    pub fn decode(self, bytes: &[u8]) -> Option<RecordHeader> {
        let record = self.decode_alone(bytes)?;
        (record.bytes <= bytes.len() - self.header_bytes()).then_some(record)
    }

    /// Reads the header when the payload may not be there yet. Nothing in it is verified but that
    /// the length is sane.
    pub fn decode_alone(self, bytes: &[u8]) -> Option<RecordHeader> {
        if bytes.len() < self.header_bytes() {
            return None;
        }
        let (predecessor, rest) = match self {
            Self::Plain => (u64::from(u32_at(bytes, 4)), &bytes[8..]),
            Self::Encrypted => (u64_at(bytes, 16), &bytes[24..]),
        };
        let record = RecordHeader {
            predecessor,
            sequence: u64_at(rest, 0),
            bytes: u32_at(rest, 8) as usize,
            partition: u16::from_le_bytes([rest[12], rest[13]]),
            version: rest[14],
        };
        (record.bytes <= PAYLOAD_BYTES_MAX).then_some(record)
    }
}

/// Verifies a whole batch, header included, against the place it has to continue, and makes its records plaintext; says
/// where the next one begins.
pub(crate) fn open_batch(
    batch: &mut [u8],
    header: &BatchHeader,
    place: Place,
    protection: &Protection,
) -> Result<Place, Flaw> {
    let mut reached = Place {
        position: place.position + BATCH_HEADER_BYTES as u64,
        chain: protection.within(place, header),
        ..place
    };
    let layout = protection.layout();
    let mut rest = &mut batch[BATCH_HEADER_BYTES..];
    let flaw = |at: Place, what| Flaw {
        position: at.position,
        sequence: at.sequence,
        what,
        end: false,
    };
    while !rest.is_empty() {
        let header = layout
            .decode(rest)
            .ok_or(flaw(reached, "a record goes beyond its batch"))?;
        let length = layout.header_bytes() + header.bytes;
        let (record, after) = rest.split_at_mut(length);
        let chain = protection
            .open(record, &header, reached.position)
            .ok_or(flaw(reached, "the record is not what was written here"))?;
        if header.predecessor != reached.chain || header.sequence != reached.sequence.to_stored() {
            return Err(flaw(reached, "the record does not follow the one before"));
        }
        reached = Place {
            position: reached.position + length as u64,
            sequence: reached.sequence.after(1),
            chain,
        };
        rest = after;
    }
    if reached.sequence != place.sequence.after(u64::from(header.records)) {
        return Err(flaw(
            place,
            "the batch does not have as many records as it says",
        ));
    }
    Ok(reached)
}

/// A batch that was verified, in plaintext.
#[derive(Clone, Copy)]
pub(crate) struct Opened<'a> {
    /// Header included.
    pub bytes: &'a [u8],
    pub position: u64,
    pub layout: Layout,
}

impl<'a> Opened<'a> {
    pub fn records(self) -> impl Iterator<Item = RecordRef<'a>> {
        let Self {
            bytes,
            position,
            layout,
        } = self;
        let mut at = BATCH_HEADER_BYTES;
        std::iter::from_fn(move || {
            let record = layout.decode(&bytes[at..])?;
            let payload = &bytes[at + layout.header_bytes()..][..record.bytes];
            let position = position + at as u64;
            at += layout.header_bytes() + record.bytes;
            Some(RecordRef {
                partition: record.partition,
                // Neither is 0: the batch is verified, and its header comes first.
                sequence: Sequence::from_stored(record.sequence)?,
                position: Position::from_stored(position)?,
                payload,
            })
        })
    }
}
