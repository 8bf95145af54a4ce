//! The golden messages, which other implementations have packed.

use std::collections::BTreeMap;

use bytes::BytesMut;
use serde::Deserialize;
use tessera_protocol::{FIELDS, MacKey, Message, Mti, Packer, Packing};

#[derive(Deserialize)]
pub struct Vectors {
    pub good: Vec<Good>,
    pub bad: Vec<Bad>,
}

#[derive(Deserialize)]
pub struct Good {
    pub name: String,
    pub mti: String,
    pub fields: BTreeMap<u8, String>,
    pub mac_key: Option<String>,
    pub hex: String,
}

#[derive(Deserialize)]
pub struct Bad {
    pub name: String,
    pub hex: String,
}

pub fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../vectors.json")).unwrap()
}

pub fn unhex(hex: &str) -> Vec<u8> {
    let digit = |character: u8| (character as char).to_digit(16).unwrap() as u8;
    let pairs = hex.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Good {
    pub fn bytes(&self) -> Vec<u8> {
        unhex(&self.hex)
    }

    pub fn key(&self) -> Option<MacKey> {
        self.mac_key
            .as_ref()
            .map(|key| MacKey::from_hex(key).unwrap())
    }

    /// Packs the listed values.
    pub fn pack(&self) -> Vec<u8> {
        let mti = Mti::new(u16::from_str_radix(&self.mti, 16).unwrap()).unwrap();
        let mut buffer = BytesMut::new();
        let mut packer = Packer::new(&mut buffer, mti);
        for (&field, value) in &self.fields {
            set(&mut packer, field, value);
        }
        packer.close(self.key().as_ref());
        assert_eq!(buffer[..2], (buffer.len() as u16 - 2).to_be_bytes());
        buffer[2..].to_vec()
    }
}

/// Adds a field by its value before padding.
pub fn set(packer: &mut Packer<'_>, field: u8, value: &str) {
    match FIELDS[usize::from(field) - 1].packing {
        Packing::Binary(_) | Packing::BinaryUpTo(_) => packer.raw(field, &unhex(value)),
        Packing::Text(_) | Packing::ShortTextUpTo(_) | Packing::TextUpTo(_) => {
            packer.text(field, value.as_bytes())
        }
        _ => packer.digits(field, value),
    };
}

/// The value of a field before padding, as `vectors.json` writes it.
pub fn value(message: &Message<'_>, field: u8) -> String {
    let wire = message.wire(field).unwrap();
    let body = message.raw(field).unwrap();
    match FIELDS[usize::from(field) - 1].packing {
        Packing::Numeric(digits) => hex(body)[usize::from(digits % 2)..].to_string(),
        Packing::NumericUpTo(_) | Packing::TrackUpTo(_) => {
            let digits: usize = hex(&wire[..1]).parse().unwrap();
            hex(body)[..digits].replace('d', "=")
        }
        Packing::Signed(_) => format!("{}{}", body[0] as char, hex(&body[1..])),
        Packing::Binary(_) | Packing::BinaryUpTo(_) => hex(body),
        _ => String::from_utf8(message.text(field).unwrap().to_vec()).unwrap(),
    }
}
