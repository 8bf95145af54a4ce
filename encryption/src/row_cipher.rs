//! Rows of tables, encrypted one by one.
//!
//! ```text
//!  0  4  data key
//!  4  8  salt: random, of each process that writes
//! 12  8  count: of the rows that it has encrypted
//! 20  n  ciphertext
//!     16 tag, over the name of the table and the key of the row too
//! numbers little-endian; the key is derived from data key and salt, the nonce is the count
//! ```
//!
//! A random nonce would be safe for 2³² rows under a key; a count is for all that a process can write.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::{Cipher, DataKeyId, DataKeys, KeysError, NONCE_BYTES, Purpose, TAG_BYTES, Tampered};

const KEY_BYTES: usize = 4;
const SALT_BYTES: usize = 8;
const HEAD_BYTES: usize = KEY_BYTES + SALT_BYTES + 8;
/// Ciphers kept for reading: each start of a process adds one, as long as its rows are there.
const CIPHERS_MAX: usize = 4096;

/// Why a row can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// It was changed, or belongs elsewhere.
    #[error(transparent)]
    Tampered(#[from] Tampered),
    /// Its key is missing.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// Encrypts and decrypts rows.
pub struct RowCipher {
    keys: DataKeys,
    purpose: Purpose,
    writing: RwLock<Arc<Writing>>,
    reading: RwLock<HashMap<(DataKeyId, Salt), Arc<Cipher>>>,
}

type Salt = [u8; SALT_BYTES];

/// What encrypts until there is a newer data key.
struct Writing {
    id: DataKeyId,
    salt: Salt,
    cipher: Cipher,
    count: AtomicU64,
}

impl RowCipher {
    /// For the tables of one purpose.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn new(keys: DataKeys, purpose: Purpose) -> Result<Self, KeysError> {
        let writing = Writing::begin(&keys, purpose)?;
        Ok(Self {
            keys,
            purpose,
            writing: RwLock::new(Arc::new(writing)),
            reading: RwLock::default(),
        })
    }

    /// Encrypts the value of the row with this key.
    ///
    /// # Errors
    /// Where there is a newer data key, and the system has no random numbers.
    pub fn encrypt(&self, table: &str, key: &[u8], value: &[u8]) -> Result<Box<[u8]>, KeysError> {
        let writing = self.writing()?;
        let count = writing.count.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        let mut row = Vec::with_capacity(HEAD_BYTES + value.len() + TAG_BYTES);
        row.extend_from_slice(&writing.id.0.to_le_bytes());
        row.extend_from_slice(&writing.salt);
        row.extend_from_slice(&count);
        row.extend_from_slice(value);
        let tag = writing.cipher.encrypt(
            &nonce(count),
            &additional(table, key),
            &mut row[HEAD_BYTES..],
        );
        row.extend_from_slice(&tag);
        Ok(row.into())
    }

    /// The value of the row with this key.
    ///
    /// # Errors
    /// Where it is not what was encrypted for this table and key.
    pub fn decrypt(
        &self,
        table: &str,
        key: &[u8],
        row: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, RowError> {
        let (id, rest) = row.split_first_chunk::<KEY_BYTES>().ok_or(Tampered)?;
        let (salt, rest) = rest.split_first_chunk::<SALT_BYTES>().ok_or(Tampered)?;
        let (count, rest) = rest.split_first_chunk::<8>().ok_or(Tampered)?;
        let (encrypted, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(Tampered)?;
        let cipher = self.reading(DataKeyId(u32::from_le_bytes(*id)), *salt)?;
        let mut value = Zeroizing::new(encrypted.to_vec());
        cipher.decrypt(&nonce(*count), &additional(table, key), &mut value, tag)?;
        Ok(value)
    }

    fn writing(&self) -> Result<Arc<Writing>, KeysError> {
        let newest = self.keys.newest();
        let writing = self.writing.read().unwrap_or_else(PoisonError::into_inner);
        if writing.id == newest {
            return Ok(Arc::clone(&writing));
        }
        drop(writing);
        let mut writing = self.writing.write().unwrap_or_else(PoisonError::into_inner);
        *writing = Arc::new(Writing::begin(&self.keys, self.purpose)?);
        Ok(Arc::clone(&writing))
    }

    fn reading(&self, id: DataKeyId, salt: Salt) -> Result<Arc<Cipher>, KeysError> {
        let known = self.reading.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(cipher) = known.get(&(id, salt)) {
            return Ok(Arc::clone(cipher));
        }
        drop(known);
        let cipher = Arc::new(self.keys.cipher(id, self.purpose, &salt)?);
        let mut known = self.reading.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CIPHERS_MAX {
            known.clear();
        }
        known.insert((id, salt), Arc::clone(&cipher));
        Ok(cipher)
    }
}

impl std::fmt::Debug for RowCipher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RowCipher(..)")
    }
}

impl Writing {
    fn begin(keys: &DataKeys, purpose: Purpose) -> Result<Self, KeysError> {
        let mut salt = [0; SALT_BYTES];
        SysRng
            .try_fill_bytes(&mut salt)
            .map_err(|_| KeysError::NoRandomness)?;
        let id = keys.newest();
        Ok(Self {
            id,
            salt,
            cipher: keys.cipher(id, purpose, &salt)?,
            count: AtomicU64::new(0),
        })
    }
}

fn nonce(count: [u8; 8]) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..8].copy_from_slice(&count);
    nonce
}

/// No name of a table has a zero byte in it.
fn additional(table: &str, key: &[u8]) -> Vec<u8> {
    [table.as_bytes(), &[0], key].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher(keys: &DataKeys) -> RowCipher {
        RowCipher::new(keys.clone(), Purpose::Store).unwrap()
    }

    #[test]
    fn a_row_is_read_at_its_place_alone_also_after_a_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        let rows = cipher(&keys);
        let before = rows.encrypt("wallets", b"7", b"4970100000000006").unwrap();
        let newest = keys.rotate().unwrap();
        let after = rows.encrypt("wallets", b"7", b"4970100000000006").unwrap();
        assert_eq!(after[..4], newest.0.to_le_bytes());
        assert_ne!(before[..4], after[..4]);
        let reader = cipher(&DataKeys::for_tests(folder.path()));
        for row in [&before, &after] {
            let read = |table, key: &[u8]| reader.decrypt(table, key, row).map(|row| row.to_vec());
            assert_eq!(read("wallets", b"7").unwrap(), b"4970100000000006");
            for (table, key) in [
                ("settled", &b"7"[..]),
                ("wallets", b"8"),
                ("wallet", b"s\x007"),
            ] {
                assert!(matches!(read(table, key), Err(RowError::Tampered(_))));
            }
        }
    }

    /// Whichever bit is flipped, and wherever the row is cut off.
    #[test]
    fn a_row_that_was_changed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let rows = cipher(&DataKeys::for_tests(folder.path()));
        let row = rows.encrypt("wallets", b"7", b"some value").unwrap();
        for bit in 0..row.len() * 8 {
            let mut changed = row.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(
                rows.decrypt("wallets", b"7", &changed).is_err(),
                "bit {bit}"
            );
        }
        for length in 0..row.len() {
            assert!(rows.decrypt("wallets", b"7", &row[..length]).is_err());
        }
    }

    #[test]
    fn no_two_rows_have_a_key_and_a_nonce_in_common() {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        let writers = [cipher(&keys), cipher(&keys)];
        let mut seen = std::collections::HashSet::new();
        for _ in 0..100 {
            for writer in &writers {
                let row = writer.encrypt("wallets", b"7", b"").unwrap();
                assert!(seen.insert(row[..HEAD_BYTES].to_vec()));
            }
        }
    }
}
