//! MAC keys on their way: wrapped with AES key wrap (RFC 3394) under a key-encrypting key, with a check value.

use std::fmt;

use aes::cipher::consts::U16;
use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use aes_kw::{KwAes128, KwAes192, KwAes256};
use zeroize::Zeroizing;

use crate::mac::{CHECK_VALUE_BYTES, CheckValue, KEY_BYTES, MacKey, double};

/// Bytes of a wrapped MAC key: eight more than the key.
pub const WRAPPED_BYTES: usize = KEY_BYTES + 8;

/// A key that wraps others: AES of 128, 192 or 256 bits. It prints nothing and is wiped when dropped.
#[derive(Clone)]
pub struct KeyEncryptingKey {
    cipher: Cipher,
    check_value: CheckValue,
}

#[derive(Clone)]
enum Cipher {
    Aes128(Box<KwAes128>),
    Aes192(Box<KwAes192>),
    Aes256(Box<KwAes256>),
}

/// Why a text is no key-encrypting key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key-encrypting key is 32, 48 or 64 hexadecimal digits")]
pub struct KeyEncryptingKeyError;

/// A MAC key under a key-encrypting key.
pub type WrappedKey = [u8; WRAPPED_BYTES];

/// Field 48 tag 03 of a key change: 48 hexadecimal digits of the wrapped key and 6 of the new key's check value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyMaterial {
    /// The new MAC key.
    pub wrapped: WrappedKey,
    /// What its check value has to be.
    pub check_value: CheckValue,
}

/// Why a MAC key does not come out of its wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapError {
    /// It is damaged, or was wrapped under another key.
    #[error("not wrapped under this key-encrypting key")]
    Integrity,
    /// The key that came out has another check value.
    #[error("the check value is not the key's")]
    CheckValue,
}

impl KeyEncryptingKey {
    /// From 32, 48 or 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, KeyEncryptingKeyError> {
        let mut key = Zeroizing::new([0; 32]);
        let bytes = key.get_mut(..text.len() / 2).ok_or(KeyEncryptingKeyError)?;
        read_hex(text.as_bytes(), bytes).ok_or(KeyEncryptingKeyError)?;
        Self::new(bytes)
    }

    /// From 16, 24 or 32 bytes.
    pub fn new(key: &[u8]) -> Result<Self, KeyEncryptingKeyError> {
        let made = match key.len() {
            16 => KwAes128::new_from_slice(key)
                .map(|cipher| (Cipher::Aes128(Box::new(cipher)), check_value::<Aes128>(key))),
            24 => KwAes192::new_from_slice(key)
                .map(|cipher| (Cipher::Aes192(Box::new(cipher)), check_value::<Aes192>(key))),
            _ => KwAes256::new_from_slice(key)
                .map(|cipher| (Cipher::Aes256(Box::new(cipher)), check_value::<Aes256>(key))),
        };
        let (cipher, check_value) = made.map_err(|_| KeyEncryptingKeyError)?;
        Ok(Self {
            cipher,
            check_value: check_value.ok_or(KeyEncryptingKeyError)?,
        })
    }

    /// By which two people see that they have the same key.
    pub fn check_value(&self) -> CheckValue {
        self.check_value
    }

    /// Wraps the bytes of a MAC key.
    pub fn wrap(&self, key: &[u8; KEY_BYTES]) -> KeyMaterial {
        let mut wrapped = [0; WRAPPED_BYTES];
        let done = match &self.cipher {
            Cipher::Aes128(cipher) => cipher.wrap_key(key, &mut wrapped).is_ok(),
            Cipher::Aes192(cipher) => cipher.wrap_key(key, &mut wrapped).is_ok(),
            Cipher::Aes256(cipher) => cipher.wrap_key(key, &mut wrapped).is_ok(),
        };
        debug_assert!(done, "the lengths are right");
        KeyMaterial {
            wrapped,
            check_value: MacKey::new(*key).check_value(),
        }
    }

    /// The MAC key that was wrapped under this key.
    pub fn unwrap(&self, wrapped: &WrappedKey) -> Result<MacKey, UnwrapError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let out = &mut key[..];
        let done = match &self.cipher {
            Cipher::Aes128(cipher) => cipher.unwrap_key(wrapped, out).is_ok(),
            Cipher::Aes192(cipher) => cipher.unwrap_key(wrapped, out).is_ok(),
            Cipher::Aes256(cipher) => cipher.unwrap_key(wrapped, out).is_ok(),
        };
        done.then(|| MacKey::new(*key))
            .ok_or(UnwrapError::Integrity)
    }

    /// The same, of a key that has to have this check value.
    pub fn open(&self, material: &KeyMaterial) -> Result<MacKey, UnwrapError> {
        let key = self.unwrap(&material.wrapped)?;
        match key.check_value() == material.check_value {
            true => Ok(key),
            false => Err(UnwrapError::CheckValue),
        }
    }
}

impl fmt::Debug for KeyEncryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyEncryptingKey")
    }
}

impl KeyMaterial {
    /// From the characters of tag 03; `None` where they are not 54 hexadecimal digits.
    pub fn read(text: &[u8]) -> Option<Self> {
        let (wrapped_text, check_text) = text.split_at_checked(2 * WRAPPED_BYTES)?;
        let (mut wrapped, mut check_value) = ([0; WRAPPED_BYTES], [0; CHECK_VALUE_BYTES]);
        read_hex(wrapped_text, &mut wrapped)?;
        read_hex(check_text, &mut check_value)?;
        Some(Self {
            wrapped,
            check_value,
        })
    }
}

/// As tag 03 has it.
impl fmt::Display for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.wrapped.iter().chain(&self.check_value);
        bytes.try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The CMAC of a block of zeros, which is the encrypted first subkey (NIST SP 800-38B, section 6.2).
fn check_value<C>(key: &[u8]) -> Option<CheckValue>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    let cipher = C::new_from_slice(key).ok()?;
    let mut block = Array::from([0; 16]);
    cipher.encrypt_block(&mut block);
    let subkey = double(u128::from_be_bytes(block.into()));
    let mut block = Array::from(subkey.to_be_bytes());
    cipher.encrypt_block(&mut block);
    let [first, second, third, ..] = <[u8; 16]>::from(block);
    Some([first, second, third])
}

/// Two digits for each byte, and no more.
fn read_hex(text: &[u8], out: &mut [u8]) -> Option<()> {
    if text.len() != 2 * out.len() {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |character: u8| (character as char).to_digit(16);
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = 0x00112233445566778899aabbccddeeff_u128.to_be_bytes();

    /// RFC 3394, sections 4.1, 4.2 and 4.3.
    #[test]
    fn agrees_with_the_examples_of_the_standard() {
        let digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        for (length, expected) in [
            (32, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
            (48, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
            (64, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
        ] {
            let wrapping = KeyEncryptingKey::from_hex(&digits[..length]).unwrap();
            let material = wrapping.wrap(&KEY);
            assert_eq!(material.to_string()[..48], *expected);
            assert!(wrapping.open(&material).unwrap().is(&MacKey::new(KEY)));
        }
    }

    /// As `openssl mac -cipher AES-256-CBC CMAC` makes them of sixteen zeros.
    #[test]
    fn check_values_are_those_of_another_program() {
        let bytes: Vec<u8> = (0..32).collect();
        for (length, expected) in [
            (16, [0xbe, 0x7e, 0xd6]),
            (24, [0xd4, 0xff, 0xb8]),
            (32, [0x37, 0x78, 0x22]),
        ] {
            let wrapping = KeyEncryptingKey::new(&bytes[..length]).unwrap();
            assert_eq!(wrapping.check_value(), expected);
        }
        let key = *bytes.first_chunk().unwrap();
        assert_eq!(MacKey::new(key).check_value(), [0xbe, 0x7e, 0xd6]);
    }

    #[test]
    fn a_changed_bit_or_another_key_opens_nothing() {
        let wrapping = KeyEncryptingKey::new(&[7; 32]).unwrap();
        let material = wrapping.wrap(&KEY);
        for at in 0..8 * WRAPPED_BYTES {
            let mut damaged = material.wrapped;
            damaged[at / 8] ^= 1 << (at % 8);
            let opened = wrapping.unwrap(&damaged).err();
            assert_eq!(opened, Some(UnwrapError::Integrity), "bit {at}");
        }
        let other = KeyEncryptingKey::new(&[8; 32]).unwrap();
        assert_eq!(other.open(&material).err(), Some(UnwrapError::Integrity));
        let mistaken = KeyMaterial {
            check_value: [0; CHECK_VALUE_BYTES],
            ..material
        };
        assert_eq!(
            wrapping.open(&mistaken).err(),
            Some(UnwrapError::CheckValue)
        );
    }

    #[test]
    fn key_material_of_any_other_length_is_none() {
        let text = KeyEncryptingKey::new(&[7; 16]).unwrap().wrap(&KEY);
        let whole = text.to_string();
        assert_eq!(KeyMaterial::read(whole.as_bytes()), Some(text));
        for length in 0..whole.len() {
            assert_eq!(KeyMaterial::read(&whole.as_bytes()[..length]), None);
        }
        assert_eq!(KeyMaterial::read(format!("{whole}00").as_bytes()), None);
        assert_eq!(KeyMaterial::read(whole.replace('a', "x").as_bytes()), None);
        for text in [
            "",
            "00",
            "0",
            &"0".repeat(65),
            &"0".repeat(40),
            &"x".repeat(32),
        ] {
            assert!(KeyEncryptingKey::from_hex(text).is_err(), "{text}");
        }
        let printed = format!("{:?}", KeyEncryptingKey::new(&[7; 16]).unwrap());
        assert_eq!(printed, "KeyEncryptingKey");
    }
}
