//! Cards that a process has at hand: found by their numbers, which are not in the clear.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::KeysError;

/// A card number, encrypted under a key that only this process has: for maps in memory. Equal numbers are equal, and different
/// ones differ, because one block is encrypted. It is a tenth of the work of an [`IndexedCard`](crate::IndexedCard), which is
/// for what is written down.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EncryptedCard([u8; 16]);

impl std::fmt::Debug for EncryptedCard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("EncryptedCard(..)")
    }
}

/// Makes [`EncryptedCard`]s. The key is random, and wiped with this.
pub struct CardCipher(Aes128);

impl CardCipher {
    /// With a key of its own.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn new() -> Result<Self, KeysError> {
        let mut key = Zeroizing::new([0; 16]);
        SysRng
            .try_fill_bytes(&mut *key)
            .map_err(|_| KeysError::NoRandomness)?;
        Ok(Self(Aes128::new((&*key).into())))
    }

    /// The card with this number: its digits as a number, and how many there are.
    pub fn encrypt(&self, digits: u64, length: usize) -> EncryptedCard {
        let mut block = [0; 16];
        block[..8].copy_from_slice(&digits.to_le_bytes());
        block[8] = length as u8;
        let mut block = block.into();
        self.0.encrypt_block(&mut block);
        EncryptedCard(block.into())
    }
}

impl std::fmt::Debug for CardCipher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CardCipher(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_are_equal_and_others_differ() {
        let cards = CardCipher::new().unwrap();
        let card = cards.encrypt(9_900_000_000_000_018, 16);
        assert_eq!(cards.encrypt(9_900_000_000_000_018, 16), card);
        assert_ne!(cards.encrypt(9_900_000_000_000_018, 17), card);
        assert_ne!(cards.encrypt(9_900_000_000_000_026, 16), card);
        // Nothing of the number is in it, and another process has another.
        assert_ne!(card.0[..8], 9_900_000_000_000_018_u64.to_le_bytes());
        let other = CardCipher::new().unwrap();
        assert_ne!(other.encrypt(9_900_000_000_000_018, 16), card);
    }
}
