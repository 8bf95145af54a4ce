//! Sealing: AES-128-CMAC (NIST SP 800-38B), of which the first eight bytes travel as field 64 or 128.

use std::fmt;

use aes::cipher::consts::U16;
use aes::cipher::{
    Array, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, KeyInit,
};
use aes::{Aes128Enc, Block};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of field 64 and of field 128.
pub const MAC_BYTES: usize = 8;

const BLOCK_BYTES: usize = 16;

/// Bytes of a MAC key.
pub const KEY_BYTES: usize = 16;

/// Bytes of a check value.
pub const CHECK_VALUE_BYTES: usize = 3;

/// The first bytes of the CMAC of a block of zeros under the key (ANSI X9.24-1): reveals a mistaken key, but nothing
/// about the key.
pub type CheckValue = [u8; CHECK_VALUE_BYTES];

/// A party's key: its schedule and subkeys are computed once. It prints nothing and is wiped when dropped.
#[derive(Clone)]
pub struct MacKey {
    cipher: Aes128Enc,
    /// Mixed into a last block that is full, and into one that was padded.
    whole: u128,
    padded: u128,
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a MAC key is 32 hexadecimal digits")]
pub struct MacKeyError;

impl MacKey {
    /// From sixteen bytes.
    pub fn new(key: [u8; 16]) -> Self {
        let key = Zeroizing::new(key);
        let cipher = Aes128Enc::new(&Array::from(*key));
        let mut zeros = Array::from([0; BLOCK_BYTES]);
        cipher.encrypt_block(&mut zeros);
        let whole = double(u128::from_be_bytes(zeros.into()));
        Self {
            cipher,
            whole,
            padded: double(whole),
        }
    }

    /// From 32 hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, MacKeyError> {
        Self::bytes(text).map(|key| Self::new(*key))
    }

    /// The key that 32 hexadecimal digits are.
    pub fn bytes(text: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, MacKeyError> {
        let digits = text.as_bytes();
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if digits.len() != 2 * KEY_BYTES {
            return Err(MacKeyError);
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let high = (pair[0] as char).to_digit(16).ok_or(MacKeyError)?;
            let low = (pair[1] as char).to_digit(16).ok_or(MacKeyError)?;
            *byte = (high << 4 | low) as u8;
        }
        Ok(key)
    }

    /// The MAC of these bytes.
    pub fn mac(&self, bytes: &[u8]) -> [u8; MAC_BYTES] {
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(&self.cmac(bytes)[..MAC_BYTES]);
        mac
    }

    /// Whether a message ends in its right MAC; `false` where it has none. Takes the same time for any wrong MAC.
    ///
    /// ```
    /// use tessera_protocol::MacKey;
    ///
    /// let key = MacKey::from_hex("000102030405060708090a0b0c0d0e0f")?;
    /// // A sign-on that another implementation has packed.
    /// let sign_on = b"\x08\x00\x82\x20\x00\x01\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x01\x11\x22\x09\x44\
    ///     \x59\x00\x00\x00\x11\x10\x00\x00\x00\x00\x10\x00\x01\x0b\x0b\x83\x9c\x75\x66\x7f\xef";
    /// assert!(key.verify(sign_on));
    /// assert!(!key.verify(&sign_on[..sign_on.len() - 1]));
    /// assert!(!MacKey::new([1; 16]).verify(sign_on));
    /// # Ok::<(), tessera_protocol::MacKeyError>(())
    /// ```
    pub fn verify(&self, message: &[u8]) -> bool {
        let Some((covered, mac)) = message.split_last_chunk() else {
            return false;
        };
        // As one number: byte by byte it is as constant in time, and takes longer than a block of the cipher.
        let same = || u64::from_ne_bytes(self.mac(covered)).ct_eq(&u64::from_ne_bytes(*mac));
        carries_mac(covered) && bool::from(same())
    }

    /// Whether it is the same key: what it makes of a block is the same. Takes the same time for any other key.
    pub fn is(&self, other: &Self) -> bool {
        let made = |key: &Self| key.cmac(&[0; BLOCK_BYTES]);
        bool::from(made(self).ct_eq(&made(other)))
    }

    /// The first bytes of the CMAC of a block of zeros (ANSI X9.24-1): two people compare keys by it.
    pub fn check_value(&self) -> CheckValue {
        let [first, second, third, ..] = self.cmac(&[0; BLOCK_BYTES]);
        [first, second, third]
    }

    fn cmac(&self, bytes: &[u8]) -> [u8; BLOCK_BYTES] {
        let (mut blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
        let last = match (blocks.split_last(), rest.len()) {
            (Some((full, before)), 0) => {
                blocks = before;
                self.whole ^ u128::from_be_bytes(*full)
            }
            (_, length) => self.padded ^ left_justified(bytes, length),
        };
        let mut mac = Array::from([0; BLOCK_BYTES]);
        self.cipher.encrypt_with_backend(Chain {
            blocks,
            last: last.to_be_bytes(),
            mac: &mut mac,
        });
        mac.into()
    }
}

/// The chain of blocks as one call of the cipher, so that the round keys stay in registers.
struct Chain<'a> {
    blocks: &'a [[u8; BLOCK_BYTES]],
    last: [u8; BLOCK_BYTES],
    mac: &'a mut Block,
}

impl BlockSizeUser for Chain<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Chain<'_> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        // A value, and no place that is written byte by byte: the processor would wait for each of these bytes before it
        // reads the block as a whole.
        let mut state = Array::from([0; BLOCK_BYTES]);
        for block in self.blocks {
            state = mixed(state, block);
            backend.encrypt_block_inplace(&mut state);
        }
        state = mixed(state, &self.last);
        backend.encrypt_block_inplace(&mut state);
        *self.mac = state;
    }
}

/// By value and of fixed length, so that it is one instruction.
#[inline(always)]
fn mixed(state: Block, block: &[u8; BLOCK_BYTES]) -> Block {
    Array::from_fn(|index| state[index] ^ block[index])
}

/// The last `length` bytes, fewer than a block, followed by a 1 bit and zeros. Of a message longer than a block the
/// whole last sixteen bytes are loaded at once and the ones too many shifted out.
#[inline(always)]
fn left_justified(bytes: &[u8], length: usize) -> u128 {
    let tail = match bytes.last_chunk() {
        Some(tail) => u128::from_be_bytes(*tail),
        None => {
            let mut block = [0; BLOCK_BYTES];
            block[BLOCK_BYTES - length..].copy_from_slice(&bytes[bytes.len() - length..]);
            u128::from_be_bytes(block)
        }
    };
    (tail << 8 | 0x80) << (8 * (BLOCK_BYTES - 1 - length))
}

/// Whether the bitmaps of a message show its last field to be a MAC.
fn carries_mac(message: &[u8]) -> bool {
    match message.get(2..10) {
        Some(primary) if primary[0] & 0x80 == 0 => primary[7] & 1 == 1,
        Some(_) => message.get(17).is_some_and(|last| last & 1 == 1),
        None => false,
    }
}

/// Doubling in GF(2^128), section 6.1 of SP 800-38B.
pub(crate) fn double(block: u128) -> u128 {
    let carry = if block >> 127 == 1 { 0x87 } else { 0 };
    (block << 1) ^ carry
}

impl Drop for MacKey {
    fn drop(&mut self) {
        // The cipher wipes its own schedule.
        self.whole.zeroize();
        self.padded.zeroize();
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    /// NIST SP 800-38B, appendix D.1.
    #[test]
    fn agrees_with_the_examples_of_nist() {
        let key = MacKey::from_hex("2b7e151628aed2a6abf7158809cf4f3c").unwrap();
        let text = bytes(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
             30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
        );
        for (length, mac) in [
            (0, "bb1d6929e95937287fa37d129b756746"),
            (16, "070a16b46b4d4144f79bdd9dd04a287c"),
            (40, "dfa66747de9ae63030ca32611497c827"),
            (64, "51f0bebf7e3b9d92fc49741779363cfe"),
        ] {
            assert_eq!(key.cmac(&text[..length]).to_vec(), bytes(mac), "{length}");
        }
    }

    #[test]
    fn a_key_is_itself_and_no_other() {
        assert!(MacKey::new([7; 16]).is(&MacKey::new([7; 16])));
        assert!(!MacKey::new([7; 16]).is(&MacKey::new([8; 16])));
    }

    #[test]
    fn refuses_what_is_no_key() {
        for text in ["", "00", "zz7e151628aed2a6abf7158809cf4f3c"] {
            assert_eq!(MacKey::from_hex(text).err(), Some(MacKeyError));
        }
        assert_eq!(format!("{:?}", MacKey::new([7; 16])), "MacKey");
    }
}
