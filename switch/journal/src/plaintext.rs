//! Memory for plaintext.

use std::ops::{Deref, DerefMut};

use zeroize::Zeroizing;

/// Bytes that are wiped when they are dropped, and where they were when they move because they need more space.
#[derive(Default)]
pub(super) struct Plaintext(Zeroizing<Vec<u8>>);

impl Plaintext {
    /// Has space for so many more bytes.
    pub fn reserve(&mut self, more: usize) {
        let needed = self.len() + more;
        if needed > self.0.capacity() {
            let mut larger = Vec::with_capacity(needed.max(2 * self.0.capacity()));
            larger.extend_from_slice(&self.0);
            self.0 = Zeroizing::new(larger);
        }
    }

    /// A copy of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// Makes it a copy of these bytes.
    pub fn copy(&mut self, bytes: &[u8]) -> &mut [u8] {
        self.0.clear();
        self.reserve(bytes.len());
        self.0.extend_from_slice(bytes);
        &mut self.0
    }
}

impl Deref for Plaintext {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Plaintext {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_without_the_help_of_the_allocator() {
        let mut bytes = Plaintext::default();
        for number in 0..1000_u16 {
            bytes.reserve(2);
            let before = bytes.as_ptr();
            bytes.extend_from_slice(&number.to_le_bytes());
            assert_eq!(bytes.as_ptr(), before);
        }
        let expected: Vec<u8> = (0..1000_u16).flat_map(u16::to_le_bytes).collect();
        assert_eq!(**bytes, *expected);
        assert_eq!(bytes.copy(b"another"), b"another");
    }
}
