//! The card index: a card number is looked up without being written down.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a card number is found by: the first 16 bytes of its HMAC-SHA-256 under a key of its own. Nobody who has no key can
/// compute it from a number, or try numbers against it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexedCard(pub [u8; 16]);

impl std::fmt::Debug for IndexedCard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("IndexedCard(..)")
    }
}

/// Makes [`IndexedCard`]s. The key is the same for as long as the data lives.
#[derive(Clone)]
pub struct CardIndex(Hmac<Sha256>);

impl CardIndex {
    pub(crate) fn new(key: &Zeroizing<[u8; 32]>) -> Self {
        Self(Hmac::new_from_slice(&**key).expect("HMAC takes keys of any length"))
    }

    /// The index of a card number: its digits as a number, and how many there are.
    pub fn of(&self, digits: u64, length: usize) -> IndexedCard {
        let mut mac = self.0.clone();
        mac.update(&digits.to_le_bytes());
        mac.update(&[length as u8]);
        let whole = mac.finalize().into_bytes();
        IndexedCard(std::array::from_fn(|place| whole[place]))
    }
}

impl std::fmt::Debug for CardIndex {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CardIndex(..)")
    }
}
