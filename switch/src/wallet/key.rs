//! The name under which a wallet knows a request that it has seen.

use sha2::{Digest, Sha256};

/// What makes two requests the same one (wire protocol, section 5): 32, 41, 42, 11, 12, 13, message
/// class and processing code. Kept as the first 16 bytes of their SHA-256: parties choose some of
/// these values freely, so a collision must not be something that one of them can compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DuplicateKey(pub [u8; 16]);

/// The fields of a [`DuplicateKey`].
#[derive(Debug, Clone, Copy)]
pub struct KeyFields<'a> {
    /// Field 32.
    pub institution: u64,
    /// Field 41.
    pub terminal: &'a [u8; 8],
    /// Field 42.
    pub acceptor: &'a [u8; 15],
    /// Field 11.
    pub trace: u32,
    /// Field 12.
    pub local_time: u32,
    /// Field 13.
    pub local_date: u32,
    /// The second digit of the MTI.
    pub class: u8,
    /// Field 3 (field 24 on the wallet server's line).
    pub processing_code: u32,
}

impl DuplicateKey {
    /// The key of these fields.
    pub fn of(fields: KeyFields<'_>) -> Self {
        let mut bytes = [0u8; 48];
        bytes[..8].copy_from_slice(&fields.institution.to_le_bytes());
        bytes[8..16].copy_from_slice(fields.terminal);
        bytes[16..31].copy_from_slice(fields.acceptor);
        bytes[31] = fields.class;
        bytes[32..36].copy_from_slice(&fields.trace.to_le_bytes());
        bytes[36..40].copy_from_slice(&fields.local_time.to_le_bytes());
        bytes[40..44].copy_from_slice(&fields.local_date.to_le_bytes());
        bytes[44..48].copy_from_slice(&fields.processing_code.to_le_bytes());
        let digest = Sha256::digest(bytes);
        Self(std::array::from_fn(|index| digest[index]))
    }

    /// Its first 8 bytes as a number.
    pub fn head(&self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|index| self.0[index]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_a_request_makes_its_key() {
        let base = KeyFields {
            institution: 1,
            terminal: b"TERM0001",
            acceptor: b"MALL-0001      ",
            trace: 1,
            local_time: 1,
            local_date: 1,
            class: 2,
            processing_code: 0,
        };
        let others = [
            KeyFields {
                institution: 2,
                ..base
            },
            KeyFields {
                terminal: b"TERM0002",
                ..base
            },
            KeyFields {
                acceptor: b"MALL-0002      ",
                ..base
            },
            KeyFields { trace: 2, ..base },
            KeyFields {
                local_time: 2,
                ..base
            },
            KeyFields {
                local_date: 2,
                ..base
            },
            KeyFields { class: 4, ..base },
            KeyFields {
                processing_code: 1,
                ..base
            },
        ];
        assert_eq!(DuplicateKey::of(base), DuplicateKey::of(base));
        for other in others {
            assert_ne!(DuplicateKey::of(base), DuplicateKey::of(other), "{other:?}");
        }
    }
}
