//! The master key: wraps and unwraps data keys, wherever it is kept.

use aes_kw::{KeyInit, KwAes256};
use zeroize::Zeroizing;

use crate::token_source::TokenError;

/// Why the master key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// It did not wrap this.
    #[error(
        "the key does not unwrap: another master key wrapped it, or it was changed; name the master key of this data in [encryption]"
    )]
    Other,
    /// The token that has it can't be used.
    #[error(transparent)]
    Token(Box<TokenError>),
    /// Not 64 hexadecimal digits.
    #[error("a master key is 64 hexadecimal digits")]
    NotAKey,
}

/// Wraps keys (RFC 3394). Where the key itself is, its implementation knows: in memory, or in a device that never shows it.
pub trait MasterKey: Send + Sync {
    /// Wraps a key. The same key comes out the same.
    ///
    /// # Errors
    /// Where the device refuses.
    fn wrap(&self, key: &[u8; 32]) -> Result<[u8; 40], MasterKeyError>;

    /// Unwraps what [`wrap`](Self::wrap) wrapped.
    ///
    /// # Errors
    /// Where another key wrapped it, or the device refuses.
    fn unwrap(&self, wrapped: &[u8; 40]) -> Result<Zeroizing<[u8; 32]>, MasterKeyError>;
}

/// A master key in the memory of the process.
pub struct MemoryKey(KwAes256);

impl MemoryKey {
    /// From 64 hexadecimal digits.
    ///
    /// # Errors
    /// Where they are none.
    pub fn from_hex(digits: &str) -> Result<Self, MasterKeyError> {
        let key = key_from_hex(digits).ok_or(MasterKeyError::NotAKey)?;
        Ok(Self(KwAes256::new((&*key).into())))
    }
}

pub(crate) fn key_from_hex(digits: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    bytes_from_hex(digits, &mut *key)?;
    Some(key)
}

/// Fills `bytes` from exactly twice as many hexadecimal digits.
pub(crate) fn bytes_from_hex(digits: &str, bytes: &mut [u8]) -> Option<()> {
    let digits = digits.as_bytes();
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16);
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (value(pair[0])? << 4 | value(pair[1])?) as u8;
    }
    Some(())
}

impl MasterKey for MemoryKey {
    fn wrap(&self, key: &[u8; 32]) -> Result<[u8; 40], MasterKeyError> {
        let mut wrapped = [0; 40];
        self.0
            .wrap_key(key, &mut wrapped)
            .map_err(|_| MasterKeyError::Other)?;
        Ok(wrapped)
    }

    fn unwrap(&self, wrapped: &[u8; 40]) -> Result<Zeroizing<[u8; 32]>, MasterKeyError> {
        let mut key = Zeroizing::new([0; 32]);
        self.0
            .unwrap_key(wrapped, &mut *key)
            .map_err(|_| MasterKeyError::Other)?;
        Ok(key)
    }
}
