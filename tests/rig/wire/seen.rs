//! Answers taken apart.

use std::collections::BTreeMap;

use super::{Party, mac};

/// An answer, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub mti: String,
    pub message: Vec<u8>,
    fields: BTreeMap<u8, Vec<u8>>,
}

impl Seen {
    pub fn read(message: &[u8]) -> Self {
        let mti = format!("{:02x}{:02x}", message[0], message[1]);
        let maps = if message[2] & 0x80 == 0 { 1 } else { 2 };
        let mut at = 2 + 8 * maps;
        let mut fields = BTreeMap::new();
        for field in (2..=64 * maps as u8).filter(|field| field % 64 != 1) {
            let bit = usize::from(field) - 1;
            if message[2 + bit / 8] & (0x80 >> (bit % 8)) == 0 {
                continue;
            }
            let (prefix, length) = match field {
                2 | 32 => (1, bcd(&message[at..=at]).div_ceil(2)),
                48 | 54 | 60..=63 => (2, bcd(&message[at..at + 2])),
                3 | 11 | 12 => (0, 3),
                4 => (0, 6),
                7 => (0, 5),
                13..=15 | 24 | 39 | 70 => (0, 2),
                37 => (0, 12),
                38 => (0, 6),
                41 | 64 | 128 => (0, 8),
                42 => (0, 15),
                49 => (0, 3),
                66 => (0, 1),
                74..=77 => (0, 5),
                86..=89 => (0, 8),
                90 => (0, 21),
                97 => (0, 9),
                _ => panic!("field {field} in an answer: {message:02x?}"),
            };
            fields.insert(field, message[at + prefix..at + prefix + length].to_vec());
            at += prefix + length;
        }
        assert_eq!(at, message.len(), "bytes left over: {message:02x?}");
        Self {
            mti,
            message: message.to_vec(),
            fields,
        }
    }

    pub fn numbers(&self) -> Vec<u8> {
        self.fields.keys().copied().collect()
    }

    pub fn has(&self, field: u8) -> bool {
        self.numbers().contains(&field)
    }

    /// The digits of a packed field; empty where it is absent.
    pub fn digits(&self, field: u8) -> String {
        let bytes = self.fields.get(&field).map_or(&[][..], Vec::as_slice);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The characters of a field; empty where it is absent.
    pub fn text(&self, field: u8) -> String {
        let bytes = self.fields.get(&field).map_or(&[][..], Vec::as_slice);
        String::from_utf8_lossy(bytes).into_owned()
    }

    pub fn code(&self) -> String {
        self.text(39)
    }

    /// All values of a tag in field 48, 61 or the like.
    pub fn tags(&self, field: u8, tag: u8) -> Vec<String> {
        let text = self.text(field);
        let mut rest = text.as_str();
        let mut values = Vec::new();
        while !rest.is_empty() {
            let length: usize = rest[2..5].parse().expect("a length");
            if rest[..2] == format!("{tag:02}") {
                values.push(rest[5..5 + length].to_owned());
            }
            rest = &rest[5 + length..];
        }
        values
    }

    pub fn tag(&self, field: u8, tag: u8) -> String {
        self.tags(field, tag).into_iter().next().unwrap_or_default()
    }

    /// Field 48 tag 09.
    pub fn reason(&self) -> String {
        self.tag(48, 9)
    }

    /// Ends in the right MAC of this party; has none where the party has no key.
    pub fn is_sealed_for(&self, party: &Party) -> bool {
        let Some(key) = party.key else {
            return !self.fields.contains_key(&64) && !self.fields.contains_key(&128);
        };
        let field = if self.message[2] & 0x80 == 0 { 64 } else { 128 };
        let (covered, sealed) = self.message.split_at(self.message.len() - 8);
        self.fields.contains_key(&field) && mac(key, covered) == sealed
    }

    /// Ledger and available balance of field 54.
    pub fn balances(&self) -> (u64, u64) {
        let text = self.text(54);
        let of = |kind: &str| {
            let group = (0..text.len() / 20).map(|at| &text[20 * at..20 * at + 20]);
            let group = group
                .clone()
                .find(|group| &group[2..4] == kind)
                .expect("a balance");
            group[8..].parse().expect("an amount")
        };
        (of("01"), of("02"))
    }
}

fn bcd(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| {
        sum * 100 + usize::from(byte >> 4) * 10 + usize::from(byte & 15)
    })
}
