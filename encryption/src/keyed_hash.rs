//! A hash under a key: what identifies somebody can be looked up without being written down.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// HMAC-SHA-256 under a key of its own.
#[derive(Clone)]
pub struct KeyedHash(Hmac<Sha256>);

impl KeyedHash {
    pub(crate) fn new(key: &Zeroizing<[u8; 32]>) -> Self {
        Self(Hmac::new_from_slice(&**key).expect("HMAC takes keys of any length"))
    }

    /// The first four bytes of the hash of these parts, one behind the other, as a number.
    pub fn short(&self, parts: &[&[u8]]) -> u32 {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        let whole = mac.finalize().into_bytes();
        u32::from_le_bytes(std::array::from_fn(|place| whole[place]))
    }
}

impl std::fmt::Debug for KeyedHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeyedHash(..)")
    }
}
