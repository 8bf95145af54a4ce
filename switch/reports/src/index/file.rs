//! The index of a closed part of the journal: a file beside it, `NNN.index`.
//!
//! ```text
//! little endian
//! the file: header, blocks of names, blocks of hours
//!
//! header: 0  8  "TSSRINDX"                       block: 4,080 bytes encrypted, 16 of tag
//!         8  4  version, 1                       row:   0  4  key: of a name its hash, or an hour since 1970
//!        12  4  data key                                4  4  where the record is from the part's beginning;
//!        16 16  salt of the keys                                0 for no row, at the end of the last block
//!        32  8  begin of the part
//!        40  8  end of the part
//!        48  8  blocks of names, of hours: 4 each
//!        56 16  when the first and the last event were journaled: 8 each, ms since 1970
//!        72 16  tag of these bytes
//! ```
//!
//! Rows are sorted, so that a lookup is a binary search over blocks. Names are there as four bytes of an HMAC-SHA-256 under
//! a key of the file's own, and with all else encrypted with AES-256-GCM: the nonce is the number of the block, the header
//! is additional data. Two names may have the same hash: who looks up reads the record and compares. The file can be deleted:
//! it is made again from the part.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rand::TryRng;
use rand::rngs::SysRng;
use tessera_encryption::{
    Cipher, DataKeyId, DataKeys, KeyedHash, KeysError, NONCE_BYTES, Purpose, TAG_BYTES,
};
use tessera_journal::Part;
use tessera_kit::clock::Timestamp;

use super::error::IndexError;
use super::rows::{Row, Rows};

const MAGIC: [u8; 8] = *b"TSSRINDX";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 72;
const FIRST_BLOCK: u64 = (HEADER_BYTES + TAG_BYTES) as u64;
const BLOCK_BYTES: usize = 4096;
const ROWS_BYTES: usize = BLOCK_BYTES - TAG_BYTES;
const ROW_BYTES: usize = 8;
/// The block that the tag of the header stands for.
const HEADER: u32 = u32::MAX;

/// Which rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Names,
    Hours,
}

/// Keys of a file that is being written.
pub(super) struct NewFile {
    header: [u8; HEADER_BYTES],
    cipher: Cipher,
    pub hash: KeyedHash,
}

impl NewFile {
    pub fn for_part(part: &Part, keys: &DataKeys) -> Result<Self, IndexError> {
        let key = keys.newest();
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(&MAGIC);
        header[8..12].copy_from_slice(&VERSION.to_le_bytes());
        header[12..16].copy_from_slice(&key.0.to_le_bytes());
        SysRng
            .try_fill_bytes(&mut header[16..32])
            .map_err(|_| KeysError::NoRandomness)?;
        let (begin, end) = part.span();
        header[32..40].copy_from_slice(&begin.to_le_bytes());
        header[40..48].copy_from_slice(&end.unwrap_or(u64::MAX).to_le_bytes());
        let salt = &header[16..32];
        Ok(Self {
            cipher: keys.cipher(key, Purpose::SegmentIndex, salt)?,
            hash: keys.keyed_hash(key, Purpose::SegmentIndex, salt)?,
            header,
        })
    }

    /// The bytes of the whole file.
    pub fn bytes(mut self, mut rows: Rows) -> Vec<u8> {
        rows.names.sort_unstable();
        rows.hours.sort_unstable();
        let blocks = |rows: &[Row]| rows.len().div_ceil(ROWS_BYTES / ROW_BYTES) as u32;
        self.header[48..52].copy_from_slice(&blocks(&rows.names).to_le_bytes());
        self.header[52..56].copy_from_slice(&blocks(&rows.hours).to_le_bytes());
        let (first, last) = rows.times.unwrap_or((Timestamp::EPOCH, Timestamp::EPOCH));
        self.header[56..64].copy_from_slice(&first.milliseconds().to_le_bytes());
        self.header[64..72].copy_from_slice(&last.milliseconds().to_le_bytes());
        let mut bytes = self.header.to_vec();
        let tag = self.cipher.encrypt(&nonce(HEADER), &self.header, &mut []);
        bytes.extend_from_slice(&tag);
        let sections = [rows.names, rows.hours];
        let blocks = sections
            .iter()
            .flat_map(|rows| rows.chunks(ROWS_BYTES / ROW_BYTES));
        for (number, rows) in (0..).zip(blocks) {
            let mut block = [0; ROWS_BYTES];
            for (place, (key, offset)) in block.chunks_exact_mut(ROW_BYTES).zip(rows) {
                place[..4].copy_from_slice(&key.to_le_bytes());
                place[4..].copy_from_slice(&offset.to_le_bytes());
            }
            let tag = self
                .cipher
                .encrypt(&nonce(number), &self.header, &mut block);
            bytes.extend_from_slice(&block);
            bytes.extend_from_slice(&tag);
        }
        bytes
    }
}

/// An index that is looked up in.
pub(super) struct IndexFile {
    file: File,
    header: [u8; HEADER_BYTES],
    cipher: Cipher,
    pub hash: KeyedHash,
    names: u32,
    hours: u32,
    pub times: (Timestamp, Timestamp),
}

impl IndexFile {
    /// Opens the index of a part. `None` where there is none that can be used: it is missing, damaged, of another part, or
    /// another build wrote it.
    pub fn open(path: &Path, part: &Part, keys: &DataKeys) -> Result<Option<Self>, IndexError> {
        let failed = |error| IndexError::file(path, error);
        let file = match File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed)?,
        };
        let mut bytes = [0; HEADER_BYTES + TAG_BYTES];
        if file.read_exact_at(&mut bytes, 0).is_err() {
            return Ok(None);
        }
        let Some((header, tag)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let number =
            |at: usize| u32::from_le_bytes(std::array::from_fn(|place| header[at + place]));
        let long = |at: usize| u64::from_le_bytes(std::array::from_fn(|place| header[at + place]));
        let (begin, end) = part.span();
        let is_it = header[..8] == MAGIC && number(8) == VERSION && long(32) == begin;
        if !is_it || Some(long(40)) != end {
            return Ok(None);
        }
        let (key, salt) = (DataKeyId(number(12)), &header[16..32]);
        let cipher = match keys.cipher(key, Purpose::SegmentIndex, salt) {
            Err(KeysError::Unknown(_)) => return Ok(None),
            cipher => cipher?,
        };
        let tag: [u8; TAG_BYTES] = std::array::from_fn(|place| tag[place]);
        let intact = cipher.decrypt(&nonce(HEADER), header, &mut [], &tag);
        let (names, hours) = (number(48), number(52));
        let blocks = (u64::from(names) + u64::from(hours)) * BLOCK_BYTES as u64;
        let whole = file.metadata().map_err(failed)?.len() == FIRST_BLOCK + blocks;
        if intact.is_err() || !whole {
            return Ok(None);
        }
        let hash = keys.keyed_hash(key, Purpose::SegmentIndex, salt)?;
        let times = (long(56), long(64));
        Ok(Some(Self {
            file,
            header: *header,
            cipher,
            hash,
            names,
            hours,
            times: (
                Timestamp::from_milliseconds(times.0),
                Timestamp::from_milliseconds(times.1),
            ),
        }))
    }

    /// The offsets of all rows with keys from the first to the second, in the order of their keys.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] where a block does not match its tag.
    pub fn between(&self, of: Of, from: u32, to: u32) -> Result<Vec<u32>, IndexError> {
        let blocks = match of {
            Of::Names => 0..self.names,
            Of::Hours => self.names..self.names + self.hours,
        };
        // The first block whose last key is not below.
        let (mut low, mut high) = (blocks.start, blocks.end);
        while low < high {
            let middle = low + (high - low) / 2;
            let last = self.block(middle)?.last().map_or(0, |(key, _)| *key);
            match last < from {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        let mut found = Vec::new();
        for number in low..blocks.end {
            for (key, offset) in self.block(number)? {
                if key > to {
                    return Ok(found);
                }
                if key >= from {
                    found.push(offset);
                }
            }
        }
        Ok(found)
    }

    fn block(&self, number: u32) -> Result<Vec<Row>, IndexError> {
        let mut bytes = [0; BLOCK_BYTES];
        let at = FIRST_BLOCK + u64::from(number) * BLOCK_BYTES as u64;
        let read = self.file.read_exact_at(&mut bytes, at);
        read.map_err(|_| IndexError::Damaged)?;
        let (rows, tag) = bytes.split_at_mut(ROWS_BYTES);
        let tag: [u8; TAG_BYTES] = std::array::from_fn(|place| tag[place]);
        self.cipher
            .decrypt(&nonce(number), &self.header, rows, &tag)
            .map_err(|_| IndexError::Damaged)?;
        let number = |bytes: &[u8]| u32::from_le_bytes(std::array::from_fn(|place| bytes[place]));
        let rows = rows.chunks_exact(ROW_BYTES);
        let rows = rows.map(|row| (number(row), number(&row[4..])));
        Ok(rows.filter(|(_, offset)| *offset != 0).collect())
    }
}

fn nonce(block: u32) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..4].copy_from_slice(&block.to_le_bytes());
    nonce
}
