//! AES-256-GCM in place.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Tag};
use zeroize::Zeroizing;

/// Bytes of a nonce. A key must never see one twice.
pub const NONCE_BYTES: usize = 12;
/// Bytes of a tag.
pub const TAG_BYTES: usize = 16;

/// What was to be decrypted is not what was encrypted under this key, nonce and additional data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the data was changed, or belongs elsewhere: it does not match its authentication tag")]
pub struct Tampered;

/// A key for one purpose, expanded for use. Wiped when it is dropped.
pub struct Cipher(Aes256Gcm);

impl Cipher {
    pub(crate) fn new(key: &Zeroizing<[u8; 32]>) -> Self {
        Self(Aes256Gcm::new((&**key).into()))
    }

    /// Encrypts `data` in place. The tag covers `additional` too.
    pub fn encrypt(
        &self,
        nonce: &[u8; NONCE_BYTES],
        additional: &[u8],
        data: &mut [u8],
    ) -> [u8; TAG_BYTES] {
        let tag = self
            .0
            .encrypt_inout_detached(nonce.into(), additional, data.into())
            // The limit is 64 GiB, and no slice here comes near it.
            .expect("data is shorter than the limit of AES-GCM");
        tag.into()
    }

    /// Decrypts `data` in place.
    ///
    /// # Errors
    /// If it does not match the tag. `data` is unchanged then.
    pub fn decrypt(
        &self,
        nonce: &[u8; NONCE_BYTES],
        additional: &[u8],
        data: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Tampered> {
        self.0
            .decrypt_inout_detached(nonce.into(), additional, data.into(), &Tag::from(*tag))
            .map_err(|_| Tampered)
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Cipher(..)")
    }
}
