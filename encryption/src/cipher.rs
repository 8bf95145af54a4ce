//! AES-256-GCM in place.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};
use zeroize::Zeroizing;

/// Bytes of a nonce. A key must never see one twice.
pub const NONCE_BYTES: usize = 12;
/// Bytes of a tag.
pub const TAG_BYTES: usize = 16;

/// What was to be decrypted is not what was encrypted under this key, nonce and additional data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the data was changed, or belongs elsewhere: it does not match its authentication tag")]
pub struct Tampered;

/// A key for one purpose, expanded for use. Overwritten when it is dropped.
pub struct Cipher(LessSafeKey);

impl Cipher {
    pub(crate) fn new(key: &Zeroizing<[u8; 32]>) -> Self {
        Self(expanded(key))
    }

    /// Encrypts `data` in place. The tag covers `additional` too.
    pub fn encrypt(
        &self,
        nonce: &[u8; NONCE_BYTES],
        additional: &[u8],
        data: &mut [u8],
    ) -> [u8; TAG_BYTES] {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(additional), data)
            // The limit is 64 GiB, and no slice here comes near it.
            .expect("data is shorter than the limit of AES-GCM");
        let mut bytes = [0; TAG_BYTES];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// Decrypts `data` in place.
    ///
    /// # Errors
    /// If it does not match the tag. What `data` was is lost then.
    pub fn decrypt(
        &self,
        nonce: &[u8; NONCE_BYTES],
        additional: &[u8],
        data: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<(), Tampered> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0
            .open_in_place_separate_tag(nonce, Aad::from(additional), Tag::from(*tag), data, 0..)
            .map_or(Err(Tampered), |_| Ok(()))
    }

    /// The library does not wipe its keys: another one takes the place of this one.
    fn overwrite(&mut self) {
        self.0 = expanded(&[0; 32]);
        // Otherwise nobody would see it, and the compiler could leave it out.
        std::hint::black_box(&self.0);
    }
}

impl Drop for Cipher {
    fn drop(&mut self) {
        self.overwrite();
    }
}

fn expanded(key: &[u8; 32]) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, key).expect("the key has the length of the algorithm");
    LessSafeKey::new(key)
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Cipher(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST, The Galois/Counter Mode of Operation (revised specification), test case 16.
    #[test]
    fn encrypts_as_the_specification_says() {
        let hex = |text: &str| -> Vec<u8> {
            let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
            (0..text.len()).step_by(2).map(digit).collect()
        };
        let key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
        let nonce: [u8; NONCE_BYTES] = hex("cafebabefacedbaddecaf888").try_into().unwrap();
        let additional = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plaintext = hex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525\
             b16aedf5aa0de657ba637b39",
        );
        let cipher = Cipher::new(&Zeroizing::new(key.try_into().unwrap()));
        let mut data = plaintext.clone();
        let tag = cipher.encrypt(&nonce, &additional, &mut data);
        assert_eq!(
            data,
            hex(
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838\
                 c5f61e6393ba7a0abcc9f662"
            )
        );
        assert_eq!(tag.to_vec(), hex("76fc6ece0f4e1768cddf8853bb2d551b"));
        cipher
            .decrypt(&nonce, &additional, &mut data, &tag)
            .unwrap();
        assert_eq!(data, plaintext);
    }

    #[test]
    fn an_overwritten_key_is_another() {
        let (nonce, data) = ([1; NONCE_BYTES], [2; 40]);
        let tag_of = |cipher: &Cipher| cipher.encrypt(&nonce, &[], &mut data.clone());
        let mut cipher = Cipher::new(&Zeroizing::new([3; 32]));
        let before = tag_of(&cipher);
        cipher.overwrite();
        assert_ne!(tag_of(&cipher), before);
        assert_eq!(
            tag_of(&cipher),
            tag_of(&Cipher::new(&Zeroizing::new([0; 32])))
        );
    }
}
