//! An answer taken apart into digits and characters.

use std::collections::BTreeMap;

use bytes::Bytes;
use tessera_protocol::{Dialect, MacKey, Packing, ReadField, Reading};

/// An answer.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Four digits; empty where unreadable.
    pub mti: String,
    /// Its fields, as digits or characters; those of bytes as hexadecimal.
    pub fields: BTreeMap<u8, String>,
    /// What cannot be read of it.
    pub fault: Option<String>,
    /// In the binary packing, for those who read it.
    pub message: Bytes,
    /// As it came.
    wire: Bytes,
    dialect: Dialect,
}

impl Seen {
    /// Reads a message as it came.
    pub fn read(dialect: Dialect, wire: &Bytes) -> Self {
        let unpacked = dialect.unpack(wire);
        let reading = Reading::of(&unpacked.message);
        let fault = unpacked.fault.or(reading.fault);
        Self {
            mti: reading
                .mti
                .map(|mti| format!("{:04x}", mti.value()))
                .unwrap_or_default(),
            fields: reading
                .fields
                .iter()
                .map(|field| (field.number, text(field)))
                .collect(),
            fault: fault.map(|fault| fault.to_string()),
            message: unpacked.message.clone(),
            wire: wire.clone(),
            dialect,
        }
    }

    /// Whether its last field is its MAC under this key.
    pub fn is_sealed_with(&self, key: &MacKey) -> bool {
        self.dialect.verify(key, &self.wire)
    }

    /// The text of a field.
    pub fn text(&self, field: u8) -> Option<&str> {
        self.fields.get(&field).map(String::as_str)
    }

    /// The reason of a refusal, 48 tag 09.
    pub fn reason(&self) -> Option<&str> {
        self.tag(9)
    }

    /// A value of field 48.
    pub fn tag(&self, wanted: u8) -> Option<&str> {
        let mut rest = self.text(48)?;
        loop {
            let (tag, length) = (rest.get(..2)?, rest.get(2..5)?.parse::<usize>().ok()?);
            let value = rest.get(5..5 + length)?;
            if tag.parse() == Ok(wanted) {
                return Some(value);
            }
            rest = &rest[5 + length..];
        }
    }

    /// An amount of field 54 by its type.
    pub fn additional_amount(&self, kind: &str) -> Option<i64> {
        let text = self.text(54)?;
        let mut groups = (0..text.len() / 20).filter_map(|at| text.get(20 * at..20 * at + 20));
        let group = groups.find(|group| group.get(2..4) == Some(kind))?;
        let amount: i64 = group.get(8..)?.parse().ok()?;
        Some(match group.get(7..8)? {
            "D" => -amount,
            _ => amount,
        })
    }
}

fn text(field: &ReadField<'_>) -> String {
    let hexadecimal = || {
        let digits = field.body.iter().map(|byte| format!("{byte:02X}"));
        digits.collect::<String>()
    };
    match field.table().packing {
        Packing::Numeric(digits) => {
            let all = hexadecimal();
            all[all.len() - usize::from(digits)..].to_owned()
        }
        Packing::NumericUpTo(_) => hexadecimal()[..field.length()].to_owned(),
        Packing::TrackUpTo(_) => hexadecimal()[..field.length()].replace('D', "="),
        Packing::Signed(_) => {
            let all = hexadecimal();
            format!("{}{}", char::from(field.body[0]), &all[2..])
        }
        Packing::Text(_) | Packing::ShortTextUpTo(_) | Packing::TextUpTo(_) => {
            field.body.iter().map(|&byte| char::from(byte)).collect()
        }
        Packing::Binary(_) | Packing::BinaryUpTo(_) => hexadecimal(),
    }
}
