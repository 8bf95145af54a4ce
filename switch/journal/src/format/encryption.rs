//! The key of one encrypted segment.

use tessera_encryption::{Cipher, DataKeyId, DataKeys, KeysError, NONCE_BYTES, Purpose, TAG_BYTES};

use super::place::{u32_at, u64_at};

/// Of a segment, random.
pub(crate) const SALT_BYTES: usize = 32;
/// Of a record in the format of this build, the tag included.
pub(crate) const RECORD_HEADER_BYTES: usize = 40;

/// Encrypts and decrypts the records of one segment, each under its position.
pub(crate) struct Encryption {
    cipher: Cipher,
    /// Of the checksums of batch headers.
    salt: u32,
}

impl Encryption {
    /// # Errors
    /// Where the data key is not in the key table.
    pub fn new(
        keys: &DataKeys,
        key: DataKeyId,
        salt: &[u8; SALT_BYTES],
    ) -> Result<Self, KeysError> {
        Ok(Self {
            cipher: keys.cipher(key, Purpose::Journal, salt)?,
            salt: u32_at(salt, 0),
        })
    }

    pub fn salt(&self) -> u32 {
        self.salt
    }

    pub fn tag_of_header(&self, authenticated: &[u8]) -> [u8; TAG_BYTES] {
        self.cipher.encrypt(&HEADER_NONCE, authenticated, &mut [])
    }

    /// Whether the tag of a segment's header was made with this key.
    pub fn has_tagged(&self, authenticated: &[u8], tag: &[u8; TAG_BYTES]) -> bool {
        let checked = self
            .cipher
            .decrypt(&HEADER_NONCE, authenticated, &mut [], tag);
        checked.is_ok()
    }

    /// Encrypts a record in place, header and payload, whose tag is still blank. Says what the next one has to name as its
    /// predecessor.
    pub fn encrypt(&self, record: &mut [u8], position: u64) -> u64 {
        let (header, payload) = record.split_at_mut(RECORD_HEADER_BYTES);
        let tag = self
            .cipher
            .encrypt(&nonce(position), &header[TAG_BYTES..], payload);
        header[..TAG_BYTES].copy_from_slice(&tag);
        u64_at(&tag, 0)
    }

    /// Decrypts a record in place. Says what the next one has to name; `None` where it is not what was written at this
    /// position of this segment.
    pub fn decrypt(&self, record: &mut [u8], position: u64) -> Option<u64> {
        let (header, payload) = record.split_at_mut(RECORD_HEADER_BYTES);
        let tag: [u8; TAG_BYTES] = std::array::from_fn(|at| header[at]);
        let decrypted = self
            .cipher
            .decrypt(&nonce(position), &header[TAG_BYTES..], payload, &tag);
        decrypted.is_ok().then(|| u64_at(&tag, 0))
    }
}

/// Of a record: its position, which is below 2^63.
fn nonce(position: u64) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..8].copy_from_slice(&position.to_le_bytes());
    nonce
}

/// Of the segment's header: no position is so high.
const HEADER_NONCE: [u8; NONCE_BYTES] = [0xFF; NONCE_BYTES];
