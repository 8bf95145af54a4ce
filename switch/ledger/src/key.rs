//! The name under which a wallet knows a request that it has seen.

use std::fmt;

use sha2::{Digest, Sha256};

use tessera_protocol::{CardNumber, Institution, OrderKey, Stan};

/// The idempotency key, which makes two requests the same one (wire protocol, section 5): 32, 41, 42, 11, 12, 13, message
/// class, processing code, and the payer as the request names it (card number or order). As all of it is in the key, a wallet
/// that has not seen a key may take it for new: no other wallet can have seen it, unless it had the order before.
///
/// Kept as the first 16 bytes of their SHA-256: parties choose some of these values freely, so a collision must not be
/// something that one of them can compute. It is not printed, as a card number could be guessed from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DuplicateKey(pub [u8; 16]);

impl fmt::Debug for DuplicateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DuplicateKey(..)")
    }
}

/// The fields of a [`DuplicateKey`].
#[derive(Debug, Clone, Copy)]
pub struct KeyFields<'a> {
    /// Field 32.
    pub institution: Option<Institution>,
    /// Field 41.
    pub terminal: &'a [u8; 8],
    /// Field 42.
    pub acceptor: &'a [u8; 15],
    /// Field 11.
    pub trace: Option<Stan>,
    /// Field 12.
    pub local_time: u32,
    /// Field 13.
    pub local_date: u32,
    /// The second digit of the MTI.
    pub class: u8,
    /// Field 3 (field 24 on the wallet server's line).
    pub processing_code: u32,
    /// How the request names the payer.
    pub payer: KeyPayer<'a>,
}

/// How a request names the payer, as its key has it.
#[derive(Debug, Clone, Copy)]
pub enum KeyPayer<'a> {
    /// By card number.
    Card(&'a CardNumber),
    /// By order.
    Order(&'a OrderKey),
    /// By wallet.
    Wallet,
}

/// What SHA-256 takes in one block.
const BLOCK_BYTES: usize = 55;

/// No length of a card number.
const ORDER: u8 = 0xFF;

impl DuplicateKey {
    /// The key of these fields.
    pub fn of(fields: KeyFields<'_>) -> Self {
        let mut bytes = [0u8; BLOCK_BYTES];
        // None of these has more digits than fit: eleven, and six.
        bytes[..5].copy_from_slice(&Institution::digits(fields.institution).to_le_bytes()[..5]);
        bytes[5..13].copy_from_slice(fields.terminal);
        bytes[13..28].copy_from_slice(fields.acceptor);
        bytes[28..31].copy_from_slice(&Stan::digits(fields.trace).to_le_bytes()[..3]);
        bytes[31..34].copy_from_slice(&fields.local_time.to_le_bytes()[..3]);
        bytes[34..36].copy_from_slice(&fields.local_date.to_le_bytes()[..2]);
        bytes[36..39].copy_from_slice(&fields.processing_code.to_le_bytes()[..3]);
        bytes[39] = fields.class;
        match fields.payer {
            KeyPayer::Card(card) => {
                bytes[40] = card.length() as u8;
                bytes[41..49].copy_from_slice(&card.expose().to_le_bytes());
            }
            KeyPayer::Order(order) => {
                bytes[40] = ORDER;
                bytes[41..].copy_from_slice(&order.0[..14]);
            }
            KeyPayer::Wallet => {}
        }
        let digest = Sha256::digest(bytes);
        Self(std::array::from_fn(|index| digest[index]))
    }

    /// Its first 4 bytes as a number.
    pub fn short(&self) -> u32 {
        u32::from_le_bytes(std::array::from_fn(|index| self.0[index]))
    }

    /// Its first 8 bytes as a number.
    pub fn head(&self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|index| self.0[index]))
    }
}

#[cfg(test)]
mod tests {
    use tessera_protocol::{CardNumber, OrderKey, Stan};

    use super::*;

    #[test]
    fn every_field_of_a_request_makes_its_key() {
        let cards = [1, 2].map(CardNumber::development);
        let orders = [b"ORDER-1", b"ORDER-2"].map(|number| OrderKey::of(b"MALL-0001", number));
        let base = KeyFields {
            institution: Institution::new(1),
            terminal: b"TERM0001",
            acceptor: b"MALL-0001      ",
            trace: Stan::new(1),
            local_time: 1,
            local_date: 1,
            class: 2,
            processing_code: 0,
            payer: KeyPayer::Card(&cards[0]),
        };
        let others = [
            KeyFields {
                institution: Institution::new(2),
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
            KeyFields {
                trace: Stan::new(2),
                ..base
            },
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
            KeyFields {
                payer: KeyPayer::Card(&cards[1]),
                ..base
            },
            KeyFields {
                payer: KeyPayer::Order(&orders[0]),
                ..base
            },
            KeyFields {
                payer: KeyPayer::Order(&orders[1]),
                ..base
            },
            KeyFields {
                payer: KeyPayer::Wallet,
                ..base
            },
        ];
        assert_eq!(DuplicateKey::of(base), DuplicateKey::of(base));
        let keys: std::collections::HashSet<_> = others.map(DuplicateKey::of).into();
        assert_eq!(keys.len(), others.len());
        assert!(!keys.contains(&DuplicateKey::of(base)));
        assert_eq!(format!("{:?}", DuplicateKey::of(base)), "DuplicateKey(..)");
    }
}
