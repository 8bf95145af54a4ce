//! What is on the disk. All numbers are little-endian, every checksum is CRC-32C, every tag is that of AES-256-GCM.
//!
//! A journal is a directory of segment files, each named after the *position* it starts at:
//! `00000000000000004096.journal`. A position counts the bytes of batches since the journal began;
//! segment headers and seals are not counted, so that a record's position is known when it is
//! appended, before anybody knows into which file it will go.
//!
//! ```text
//! segment                                     (zero-filled to its full length before it is used, cut behind the seal at the next start)
//! ┌────────────────┬─────────────────┬───────┬─────────────────┬──────────────────┬───────────────┐
//! │ segment header │ batch           │ batch │ ...             │ seal (sometimes) │ zeros         │
//! └────────────────┴─────────────────┴───────┴─────────────────┴──────────────────┴───────────────┘
//! byte 0           128 = position `start`                       = position of the next batch
//!
//! segment header, 128 bytes                     batch header, 32 bytes                        record, 40 bytes + payload
//!  0  8  magic "TSSRJRNL"                        0  4  magic "TJB\x01"                         0 16  tag of bytes 16.. and payload
//!  8  4  checksum of bytes 12..64                4  4  checksum of position and bytes 8..32   16  8  predecessor
//! 12  4  version, 3                              8  4  predecessor, its lower half            24  8  sequence
//! 16  8  start, a position                      12  4  records that follow; 0: a seal         32  4  bytes of payload
//! 24  8  sequence of the first record           16  8  bytes of the records                   36  2  partition
//! 32  8  capacity, bytes after this header      24  8  sequence of the first record           38  1  version, 1
//! 40  8  predecessor                                                                          39  1  zero
//! 48  4  data key                                                                             40  .  payload, encrypted
//! 52  4  checksum of bytes 64..128
//! 56  8  zero
//! 64 32  salt
//! 96 16  tag of bytes 12..52
//! 112 16 zero
//! ```
//!
//! **Version.** That of the segment covers all that is in it: batch headers, seals, records. A build that changes any of
//! these raises it and begins a new segment instead of going on in an old one. So a build can see from the header, before
//! it changes anything, that a newer build wrote a file: in every format the first 64 bytes have a version and a checksum at the
//! same places. What a payload means has numbers of its own. Version 1 was that of builds before 0.2.0; nothing reads it.
//! That of 0.2.0 is still read, version 2, and continued with segments of the newest. In it nothing is encrypted:
//!
//! ```text
//! segment header, 64 bytes, as above up to:     record, 24 bytes + payload
//! 40  4  predecessor                             0  4  checksum of bytes 4.. and payload
//! 44  4  salt                                    4  4  predecessor: the checksum of what is before it
//! 48 16  zero                                    8  8  sequence
//!                                               16  4  bytes of payload
//! batch header: as above;                       20  2  partition
//! predecessor of its first record               22  1  version, as above
//! is its checksum                               23  1  zero
//! ```
//!
//! **Encryption.** A segment has a key of its own, which is derived from a data key and the segment's random salt. A record is
//! encrypted under its position as the nonce, and its header, which stays in clear, is authenticated with it: a record that was
//! changed, or is from elsewhere, another place or another segment, does not match its tag. Nothing is ever encrypted twice under
//! one nonce, because no byte of a record is ever written a second time with another value: a start begins a new segment, also where the last one has space left.
//! The header's own tag (nonce: all ones) shows a wrong key, which would look like damage.
//!
//! **Chain.** *Predecessor* is the beginning of the tag of the record before; of the first record 0. It
//! is stored, and authenticated: so a record can be verified alone, when it is read by its position, and the chain proves to a
//! reader of the whole log that nothing is missing, moved or from elsewhere.
//!
//! **Salt.** Checksums of batch headers start from the first four bytes of the segment's random salt: who doesn't know it can't
//! make anything look like a batch header to the search for batches after a torn one.
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

mod batch_header;
mod encryption;
mod place;
mod record;
mod segment_header;

pub(crate) use batch_header::{BATCH_HEADER_BYTES, BATCH_MAGIC, BatchHeader, seal};
pub(crate) use encryption::{Encryption, RECORD_HEADER_BYTES, SALT_BYTES};
pub(crate) use place::{Flaw, Place};
pub(crate) use record::{
    Layout, Opened, Protection, finish, first_sequence, is_laid_out, open_batch, push_record,
};
pub(crate) use segment_header::{
    HeaderFault, Kind, SEGMENT_HEADER_BYTES, SegmentHeader, authenticated,
};

use super::RecordRef;

/// Far above any event; a damaged length can't make a reader allocate more than this.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// Of the segments that this build writes.
pub const SEGMENT_VERSION: u32 = 3;
/// The oldest one that is read.
pub const OLDEST_SEGMENT_VERSION: u32 = 2;
