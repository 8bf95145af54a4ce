//! What is on the disk. All numbers are little-endian, every checksum is CRC-32C.
//!
//! A journal is a directory of segment files, each named after the *position* it starts at:
//! `00000000000000004096.journal`. A position counts the bytes of batches since the journal began;
//! segment headers and seals are not counted, so that a record's position is known when it is
//! appended, before anybody knows into which file it will go.
//!
//! ```text
//! segment                                                     (zero-filled to its full length before it is used)
//! ┌────────────────┬─────────────────┬───────┬─────────────────┬──────────────────┬───────────────┐
//! │ segment header │ batch           │ batch │ ...             │ seal (sometimes) │ zeros         │
//! └────────────────┴─────────────────┴───────┴─────────────────┴──────────────────┴───────────────┘
//! byte 0           64 = position `start`                        = position of the next batch
//!
//! segment header, 64 bytes                      batch header, 32 bytes                        record, 24 bytes + payload
//!  0  8  magic "TSSRJRNL"                        0  4  magic "TJB\x01"                         0  4  checksum of bytes 4.. and payload
//!  8  4  checksum of bytes 12..64                4  4  checksum of position and bytes 8..32    4  4  predecessor
//! 12  4  version, 2                              8  4  predecessor                             8  8  sequence
//! 16  8  start, a position                      12  4  records that follow; 0: a seal         16  4  bytes of payload
//! 24  8  sequence of the first record           16  8  bytes of the records                   20  2  partition
//! 32  8  capacity, bytes after this header      24  8  sequence of the first record           22  1  version, 1
//! 40  4  predecessor                                                                          23  1  zero
//! 44  4  salt                                                                                 24  .  payload
//! 48 16  zero
//! ```
//!
//! **Version.** That of the segment covers all that is in it: batch headers, seals, records. A build that changes any of
//! these raises it and begins a new segment instead of going on in an old one. So a build can see from the header, before
//! it changes anything, that a newer build wrote a file. What a payload means has numbers of its own. Version 1 was that
//! of builds before 0.2.0; nothing reads it.
//!
//! **Chain.** *Predecessor* is the checksum of what stands before: record after record, and the
//! batch header between the batches' records. It is stored, and covered by the checksum: so a
//! record can be verified alone, when it is read by its position, and the chain proves to a reader
//! of the whole log that nothing is missing, moved or from elsewhere. The first predecessor is 0.
//!
//! **Salt.** Checksums of batches and records start from the segment's random salt. A payload may
//! hold what an outsider wrote; who doesn't know the salt can't make it look like a batch header to
//! the search for batches after a torn one.
//!
//! **Batch.** What one write and one sync made durable; never in two segments. It is valid as a whole or not at all: a
//! batch that a crash cut off was never reported durable, and keeping some of its records would mean rewriting its
//! header, and recovery should never change a checksum.
//!
//! **Seal.** When there is nothing to write, the writer puts a batch header without records where
//! the next batch will begin, and does not sync it. The next batch overwrites it. It says that what
//! stands before was once whole: without it, damage to the last batch after the process was killed
//! would look like a torn write. It has no position of its own and does not take part in the chain,
//! hence can be lost or half overwritten in a power cut without harm.
//!
//! **Torn or damaged.** The writer writes a batch only after the one before is synced, so a crash
//! can tear the last batch only. Invalid bytes with a valid batch header (or a seal, or a further
//! segment) anywhere after them are therefore damage, without are a torn tail. The disk is trusted
//! to write a sector of 512 bytes such that bytes which did not change keep their value.

use super::{Position, RecordRef, Sequence};

pub(super) const SEGMENT_HEADER_BYTES: usize = 64;
pub(super) const BATCH_HEADER_BYTES: usize = 32;
pub(super) const RECORD_HEADER_BYTES: usize = 24;

/// Far above any event; a damaged length can't make a reader allocate more than this.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

const SEGMENT_MAGIC: [u8; 8] = *b"TSSRJRNL";
pub(super) const BATCH_MAGIC: [u8; 4] = *b"TJB\x01";
pub(super) const SEGMENT_VERSION: u32 = 2;
const RECORD_VERSION: u8 = 1;

/// A place between two batches: what the next batch has to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Position of the next batch: before the first one 0, where no record can be.
    pub position: u64,
    /// Sequence of the next record.
    pub sequence: Sequence,
    /// Checksum of the record before.
    pub chain: u32,
}

impl Place {
    pub const BEGINNING: Self = Self {
        position: 0,
        sequence: Sequence::FIRST,
        chain: 0,
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub start: Place,
    /// Bytes after this header, seal included.
    pub capacity: u64,
    pub salt: u32,
}

/// Why a header cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderFault {
    Damaged(&'static str),
    /// Another build wrote it, in this format.
    Version(u32),
}

impl SegmentHeader {
    pub fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[..8].copy_from_slice(&SEGMENT_MAGIC);
        bytes[12..16].copy_from_slice(&SEGMENT_VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.start.position.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.start.sequence.to_stored().to_le_bytes());
        bytes[32..40].copy_from_slice(&self.capacity.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.start.chain.to_le_bytes());
        bytes[44..48].copy_from_slice(&self.salt.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[12..]);
        bytes[8..12].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderFault> {
        let damaged = |what| Err(HeaderFault::Damaged(what));
        if bytes.len() < SEGMENT_HEADER_BYTES {
            return damaged("the file is shorter than a segment header");
        }
        if bytes[..8] != SEGMENT_MAGIC {
            return damaged("this is not the header of a journal segment");
        }
        if u32_at(bytes, 8) != crc32c::crc32c(&bytes[12..SEGMENT_HEADER_BYTES]) {
            return damaged("the segment header does not match its checksum");
        }
        let version = u32_at(bytes, 12);
        if version != SEGMENT_VERSION {
            return Err(HeaderFault::Version(version));
        }
        let Some(sequence) = Sequence::from_stored(u64_at(bytes, 24)) else {
            return damaged("the segment header has no sequence");
        };
        Ok(Self {
            start: Place {
                position: u64_at(bytes, 16),
                sequence,
                chain: u32_at(bytes, 40),
            },
            capacity: u64_at(bytes, 32),
            salt: u32_at(bytes, 44),
        })
    }
}

/// The header of a batch, or a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchHeader {
    pub checksum: u32,
    pub predecessor: u32,
    pub records: u32,
    /// Of the records, without this header.
    pub bytes: u64,
    /// As it was read, as all that is in a header.
    pub sequence: u64,
}

impl BatchHeader {
    /// Writes a header over the first bytes of `batch`, and says its checksum.
    pub fn encode(batch: &mut [u8], place: Place, records: u32, bytes: u64, salt: u32) -> u32 {
        batch[..4].copy_from_slice(&BATCH_MAGIC);
        batch[8..12].copy_from_slice(&place.chain.to_le_bytes());
        batch[12..16].copy_from_slice(&records.to_le_bytes());
        batch[16..24].copy_from_slice(&bytes.to_le_bytes());
        batch[24..32].copy_from_slice(&place.sequence.to_stored().to_le_bytes());
        let checksum = Self::checksum(batch, place.position, salt);
        batch[4..8].copy_from_slice(&checksum.to_le_bytes());
        checksum
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

    fn checksum(bytes: &[u8], position: u64, salt: u32) -> u32 {
        let checksum = crc32c::crc32c_append(salt, &position.to_le_bytes());
        crc32c::crc32c_append(checksum, &bytes[8..BATCH_HEADER_BYTES])
    }
}

/// A seal for the log as it stands at `place`.
pub(super) fn seal(place: Place, salt: u32) -> [u8; BATCH_HEADER_BYTES] {
    let mut bytes = [0; BATCH_HEADER_BYTES];
    BatchHeader::encode(&mut bytes, place, 0, 0, salt);
    bytes
}

/// Appends a record to a batch that gathers. Checksum and predecessor stay blank until [`finish`].
pub(super) fn push_record(batch: &mut Vec<u8>, partition: u16, sequence: Sequence, payload: &[u8]) {
    let mut header = [0; RECORD_HEADER_BYTES];
    header[8..16].copy_from_slice(&sequence.to_stored().to_le_bytes());
    // Lossless: append() refuses payloads above PAYLOAD_BYTES_MAX.
    header[16..20].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    header[20..22].copy_from_slice(&partition.to_le_bytes());
    header[22] = RECORD_VERSION;
    batch.extend_from_slice(&header);
    batch.extend_from_slice(payload);
}

/// Fills in the batch's header and the checksums of its records; says where the next batch begins.
pub(super) fn finish(batch: &mut [u8], records: u32, place: Place, salt: u32) -> Place {
    let bytes = (batch.len() - BATCH_HEADER_BYTES) as u64;
    let mut chain = BatchHeader::encode(batch, place, records, bytes, salt);
    let mut rest = &mut batch[BATCH_HEADER_BYTES..];
    while !rest.is_empty() {
        let length = RECORD_HEADER_BYTES + u32_at(rest, 16) as usize;
        let (record, after) = rest.split_at_mut(length);
        record[4..8].copy_from_slice(&chain.to_le_bytes());
        chain = crc32c::crc32c_append(salt, &record[4..]);
        record[..4].copy_from_slice(&chain.to_le_bytes());
        rest = after;
    }
    let header = BATCH_HEADER_BYTES as u64;
    Place {
        position: place.position + header + bytes,
        sequence: place.sequence.after(u64::from(records)),
        chain,
    }
}

/// The sequence of the first record of a batch that is not empty.
pub(super) fn first_sequence(batch: &[u8]) -> Option<Sequence> {
    Sequence::from_stored(u64_at(batch, BATCH_HEADER_BYTES + 8))
}

/// Why no batch can be read at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub position: u64,
    pub sequence: Sequence,
    pub what: &'static str,
    /// Whether the log may just end here: zeros, a seal, or the end of the file.
    pub end: bool,
}

/// Verifies a whole batch, header included, against the place it has to continue; says where the
/// next one begins.
pub(super) fn verify(
    batch: &[u8],
    header: &BatchHeader,
    place: Place,
    salt: u32,
) -> Result<Place, Flaw> {
    let mut reached = Place {
        position: place.position + BATCH_HEADER_BYTES as u64,
        chain: header.checksum,
        ..place
    };
    let mut rest = &batch[BATCH_HEADER_BYTES..];
    let flaw = |at: Place, what| Flaw {
        position: at.position,
        sequence: at.sequence,
        what,
        end: false,
    };
    while !rest.is_empty() {
        let record =
            RecordHeader::decode(rest).ok_or(flaw(reached, "a record goes beyond its batch"))?;
        let length = RECORD_HEADER_BYTES + record.bytes;
        if !record.intact(&rest[..length], salt) {
            return Err(flaw(reached, "the record does not match its checksum"));
        }
        if record.predecessor != reached.chain || record.sequence != reached.sequence.to_stored() {
            return Err(flaw(reached, "the record does not follow the one before"));
        }
        reached = Place {
            position: reached.position + length as u64,
            sequence: reached.sequence.after(1),
            chain: record.checksum,
        };
        rest = &rest[length..];
    }
    if reached.sequence != place.sequence.after(u64::from(header.records)) {
        return Err(flaw(
            place,
            "the batch does not have as many records as it says",
        ));
    }
    Ok(reached)
}

/// The records of a verified batch that begins at `position`.
pub(super) fn records(batch: &[u8], position: u64) -> impl Iterator<Item = RecordRef<'_>> {
    let mut at = BATCH_HEADER_BYTES;
    std::iter::from_fn(move || {
        let record = RecordHeader::decode(&batch[at..])?;
        let payload = &batch[at + RECORD_HEADER_BYTES..][..record.bytes];
        let position = position + at as u64;
        at += RECORD_HEADER_BYTES + record.bytes;
        Some(RecordRef {
            partition: record.partition,
            // Neither is 0: the batch is verified, and its header comes first.
            sequence: Sequence::from_stored(record.sequence)?,
            position: Position::from_stored(position)?,
            payload,
        })
    })
}

/// The header of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordHeader {
    pub checksum: u32,
    pub predecessor: u32,
    pub sequence: u64,
    /// Of the payload.
    pub bytes: usize,
    pub partition: u16,
    version: u8,
}

impl RecordHeader {
    /// Reads the header at the start of `bytes`, if the record is no longer than these.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let record = Self::decode_alone(bytes)?;
        (record.bytes <= bytes.len() - RECORD_HEADER_BYTES).then_some(record)
    }

    /// Reads the header when the payload may not be there yet. Nothing in it is verified but that
    /// the length is sane.
    pub fn decode_alone(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < RECORD_HEADER_BYTES {
            return None;
        }
        let record = Self {
            checksum: u32_at(bytes, 0),
            predecessor: u32_at(bytes, 4),
            sequence: u64_at(bytes, 8),
            bytes: u32_at(bytes, 16) as usize,
            partition: u16::from_le_bytes([bytes[20], bytes[21]]),
            version: bytes[22],
        };
        (record.bytes <= PAYLOAD_BYTES_MAX).then_some(record)
    }

    /// Whether `record`, header and payload, is what was written.
    pub fn intact(&self, record: &[u8], salt: u32) -> bool {
        self.version == RECORD_VERSION && self.checksum == crc32c::crc32c_append(salt, &record[4..])
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
