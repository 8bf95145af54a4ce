//! The name of an order.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// What field 42 holds.
const ACCEPTOR_BYTES: usize = 15;
/// What an order number has at most.
const NUMBER_BYTES_MAX: usize = 32;

/// An order's name: the mall's card acceptor id and its order number, as the first 16 bytes of their SHA-256. Malls choose order numbers
/// freely, so a collision must not be something that one of them can compute.
///
/// It is shown as its first 8 bytes: 16 hexadecimal digits, as in [`HistoryRow::order`](crate::leased::HistoryRow::order).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderKey(pub [u8; 16]);

impl OrderKey {
    /// The key of the order `number` at `acceptor`, which may come with or without the spaces that field 42 ends with.
    pub fn of(acceptor: &[u8], number: &[u8]) -> Self {
        let mut bytes = [b' '; ACCEPTOR_BYTES + NUMBER_BYTES_MAX];
        let length = acceptor.len().min(ACCEPTOR_BYTES);
        bytes[..length].copy_from_slice(&acceptor[..length]);
        let end = ACCEPTOR_BYTES + number.len().min(NUMBER_BYTES_MAX);
        bytes[ACCEPTOR_BYTES..end].copy_from_slice(&number[..end - ACCEPTOR_BYTES]);
        let digest = Sha256::digest(&bytes[..end]);
        Self(std::array::from_fn(|index| digest[index]))
    }

    /// Its first 8 bytes as a number.
    pub fn head(&self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|index| self.0[index]))
    }
}

impl fmt::Display for OrderKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.head())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mall_and_a_number_make_the_key() {
        let key = OrderKey::of(b"MALL-0001", b"ORDER-1");
        assert_eq!(key, OrderKey::of(b"MALL-0001      ", b"ORDER-1"));
        for (acceptor, number) in [
            (&b"MALL-0002"[..], &b"ORDER-1"[..]),
            (b"MALL-0001", b"ORDER-2"),
            (b"MALL-0001", b"ORDER-1 "),
        ] {
            assert_ne!(key, OrderKey::of(acceptor, number));
        }
        // Stores and journals hold it: it must never change.
        assert_eq!(key.to_string(), "14f78d6923a20451");
    }
}
