//! A section of the log: the records of one life of the process, encrypted with AES-256-GCM under a key of their own.
//!
//! ```text
//! head     ┌─────────────┬────────────┬─────────┬──────────┬───────┐
//!          │ "section\n" 8│ data key 4 │ salt 16 │ zeros 34 │ sum 4 │
//!          └─────────────┴────────────┴─────────┴──────────┴───────┘
//! record   ┌────────────────────────┬────────┐
//!          │ a record, encrypted 50 │ tag 16 │
//!          └────────────────────────┴────────┘
//! ```
//!
//! The key of a section is derived from the data key and the salt. The nonce of a record is its offset in the file: within a
//! section no offset is written twice, and a record that was moved does not decrypt. `sum` is CRC-32C of what is before it.

use rand::TryRng as _;
use rand::rngs::SysRng;
use tessera_encryption::{Cipher, DataKeyId, DataKeys, KeysError, NONCE_BYTES, Purpose, TAG_BYTES};

use super::record::{self, Record, Unreadable};

const MAGIC: &[u8; 8] = b"section\n";
const SALT: std::ops::Range<usize> = 12..28;
const SUMMED: usize = HEAD_BYTES - 4;
/// Bytes of the head, and of each record.
pub(super) const HEAD_BYTES: usize = record::BYTES + TAG_BYTES;
/// Bytes of a record in the format before: with a sum in place of the tag.
pub(super) const PLAIN_BYTES: usize = record::BYTES + 4;

/// What there is at an offset.
pub(super) enum Slot {
    Head,
    Record(Record),
    Unreadable(Unreadable),
}

pub(super) struct Section(Cipher);

impl Section {
    /// A section under the newest data key, and its head.
    pub(super) fn begin(keys: &DataKeys) -> Result<(Self, [u8; HEAD_BYTES]), KeysError> {
        let key = keys.newest();
        let mut head = [0; HEAD_BYTES];
        head[..8].copy_from_slice(MAGIC);
        head[8..12].copy_from_slice(&key.0.to_le_bytes());
        SysRng
            .try_fill_bytes(&mut head[SALT])
            .map_err(|_| KeysError::NoRandomness)?;
        let sum = crc32c::crc32c(&head[..SUMMED]);
        head[SUMMED..].copy_from_slice(&sum.to_le_bytes());
        let cipher = keys.cipher(key, Purpose::HostLog, &head[SALT])?;
        Ok((Self(cipher), head))
    }

    /// Encrypts the record at the end of `bytes`, which is from `at` on and goes to `offset` of the file.
    pub(super) fn encrypt(&self, offset: u64, bytes: &mut Vec<u8>, at: usize) {
        let tag = self.0.encrypt(&nonce(offset), &[], &mut bytes[at..]);
        bytes.extend_from_slice(&tag);
    }
}

/// Reads the head of a section, which `section` is from then on, or a record of it.
pub(super) fn open(
    section: &mut Option<Section>,
    keys: &DataKeys,
    offset: u64,
    slot: &mut [u8],
) -> Result<Slot, KeysError> {
    if let Some(key) = key_of_head(slot) {
        let cipher = keys.cipher(key, Purpose::HostLog, &slot[SALT])?;
        *section = Some(Section(cipher));
        return Ok(Slot::Head);
    }
    Ok(record_of(section.as_ref(), offset, slot))
}

fn record_of(section: Option<&Section>, offset: u64, slot: &mut [u8]) -> Slot {
    let parts = slot.split_last_chunk_mut::<TAG_BYTES>();
    let (Some(Section(cipher)), Some((record, tag))) = (section, parts) else {
        return Slot::Unreadable(Unreadable::Damaged);
    };
    match cipher.decrypt(&nonce(offset), &[], record, tag) {
        Ok(()) => decoded(record),
        Err(_) => Slot::Unreadable(Unreadable::Damaged),
    }
}

/// Reads a record of the format before.
pub(super) fn open_plain(slot: &[u8]) -> Result<Slot, KeysError> {
    let parts = slot.split_last_chunk::<4>();
    let whole = parts.filter(|(record, sum)| crc32c::crc32c(record).to_le_bytes() == **sum);
    Ok(match whole {
        Some((record, _)) => decoded(record),
        None => Slot::Unreadable(Unreadable::Damaged),
    })
}

fn decoded(record: &[u8]) -> Slot {
    let record = record.first_chunk().ok_or(Unreadable::Damaged);
    match record.and_then(Record::read) {
        Ok(record) => Slot::Record(record),
        Err(unreadable) => Slot::Unreadable(unreadable),
    }
}

fn key_of_head(slot: &[u8]) -> Option<DataKeyId> {
    let (summed, sum) = slot.split_last_chunk::<4>()?;
    let is_head = slot.starts_with(MAGIC) && crc32c::crc32c(summed).to_le_bytes() == *sum;
    let key = u32::from_le_bytes(slot.get(8..12)?.try_into().ok()?);
    is_head.then_some(DataKeyId(key))
}

fn nonce(offset: u64) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..8].copy_from_slice(&offset.to_le_bytes());
    nonce
}
