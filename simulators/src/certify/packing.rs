//! A message of digits and characters as bytes, in the party's packing, right or wrong as the case has it.
//!
//! Written apart from the product's own packer, which cannot write what is wrong.

use std::collections::BTreeMap;

use tessera_protocol::{FIELDS, MacKey, MessagePacking, Packing, to_ebcdic};

use super::message::{Seal, Spoiled};

/// A message with everything filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledMessage {
    /// Four digits.
    pub mti: String,
    /// Its fields, the MAC left out.
    pub fields: BTreeMap<u8, Body>,
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Digits or characters; of fields of bytes, hexadecimal. Fixed ones have their whole length.
    pub text: String,
    /// The length in front, where it is another than that of the text.
    pub length: Option<String>,
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self { text, length: None }
    }
}

impl FilledMessage {
    /// The text of a field.
    pub fn text(&self, field: u8) -> Option<&str> {
        self.fields.get(&field).map(|body| body.text.as_str())
    }

    /// The bytes, without the length of the frame.
    pub fn pack(
        &self,
        packing: MessagePacking,
        key: Option<&MacKey>,
        seal: Seal,
        spoiled: Option<Spoiled>,
    ) -> Vec<u8> {
        let foreign = MacKey::new([0xA5; 16]);
        let key = match seal {
            Seal::None => None,
            Seal::ForeignKey => key.map(|_| &foreign),
            Seal::Right | Seal::OneBitOff | Seal::ChangedAfterwards => key,
        };
        let secondary = self.fields.keys().any(|&field| field > 64);
        let mac_field = if secondary { 128 } else { 64 };
        let present = self.fields.keys().copied();
        let present = present.chain(key.map(|_| mac_field));
        let mut bitmap = 0_u128;
        present
            .chain(secondary.then_some(1))
            .for_each(|field| bitmap |= 1 << (128 - u32::from(field)));
        let bitmap = bitmap.to_be_bytes();
        let mut out = Vec::new();
        digits(packing, &self.mti, &mut out);
        let bitmap = &bitmap[..if secondary { 16 } else { 8 }];
        match packing {
            MessagePacking::AsciiBitmap => out.extend(bitmap),
            _ => bytes(packing, bitmap, &mut out),
        }
        for (&field, body) in &self.fields {
            put(
                packing,
                FIELDS[usize::from(field) - 1].packing,
                body,
                &mut out,
            );
        }
        if let Some(key) = key {
            let mut mac = key.mac(&out);
            match seal {
                Seal::OneBitOff => mac[7] ^= 1,
                // The last digit of field 49 or 90: it stays a digit in either packing.
                Seal::ChangedAfterwards => {
                    if let Some(last) = out.last_mut() {
                        *last ^= 1;
                    }
                }
                _ => {}
            }
            bytes(packing, &mac, &mut out);
        }
        match spoiled {
            Some(Spoiled::LeftOver) => out.push(b'0'),
            Some(Spoiled::CutOff(count)) => out.truncate(out.len().saturating_sub(count)),
            None => {}
        }
        out
    }
}

fn put(packing: MessagePacking, field: Packing, body: &Body, out: &mut Vec<u8>) {
    let text = &body.text;
    let count = match field {
        Packing::BinaryUpTo(_) if has_bytes(packing) => text.len() / 2,
        _ => text.chars().count(),
    };
    let prefix_digits = match (field.prefix_bytes(), packing) {
        (0, _) => 0,
        (prefix, MessagePacking::Binary) => 2 * prefix,
        (prefix, _) => prefix + 1,
    };
    if prefix_digits > 0 {
        let length = body.length.clone().unwrap_or_else(|| count.to_string());
        digits(packing, &format!("{length:0>prefix_digits$}"), out);
    }
    match (field, packing) {
        (Packing::Numeric(_), _) => digits(packing, text, out),
        (Packing::Signed(_), _) => {
            let (sign, number) = text.split_at(text.len().min(1));
            characters(packing, sign, out);
            digits(packing, number, out);
        }
        (Packing::NumericUpTo(_) | Packing::TrackUpTo(_), MessagePacking::Binary) => {
            let even = if count % 2 == 1 { "0" } else { "" };
            digits(packing, &format!("{}{even}", text.replace('=', "D")), out);
        }
        (Packing::Binary(_) | Packing::BinaryUpTo(_), _) if has_bytes(packing) => {
            digits(MessagePacking::Binary, text, out);
        }
        _ => characters(packing, text, out),
    }
}

/// Whether binary fields stand as bytes.
fn has_bytes(packing: MessagePacking) -> bool {
    matches!(packing, MessagePacking::Binary | MessagePacking::Ebcdic)
}

/// ISO 8859-1, or EBCDIC.
fn characters(packing: MessagePacking, text: &str, out: &mut Vec<u8>) {
    let latin = text.chars().map(|character| character as u8);
    match packing {
        MessagePacking::Ebcdic => out.extend(latin.map(to_ebcdic)),
        _ => out.extend(latin),
    }
}

/// Digits; packed, an odd one out stands at the front behind a 0.
fn digits(packing: MessagePacking, text: &str, out: &mut Vec<u8>) {
    match packing {
        MessagePacking::Ascii | MessagePacking::AsciiBitmap | MessagePacking::Ebcdic => {
            characters(packing, text, out);
        }
        MessagePacking::Binary => {
            let nibble = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0) as u8;
            let mut nibbles: Vec<u8> = text.as_bytes().iter().map(nibble).collect();
            if nibbles.len() % 2 == 1 {
                nibbles.insert(0, 0);
            }
            out.extend(nibbles.chunks(2).map(|pair| pair[0] << 4 | pair[1]));
        }
    }
}

fn bytes(packing: MessagePacking, bytes: &[u8], out: &mut Vec<u8>) {
    match packing {
        MessagePacking::Binary | MessagePacking::Ebcdic => out.extend(bytes),
        MessagePacking::Ascii | MessagePacking::AsciiBitmap => bytes
            .iter()
            .for_each(|byte| out.extend(format!("{byte:02X}").bytes())),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tessera_protocol::{Dialect, Framing, Message};

    use super::*;

    fn filled() -> FilledMessage {
        let body = |text: &str| Body::from(text.to_owned());
        FilledMessage {
            mti: "0420".to_owned(),
            fields: [
                (2, body("9900000000000010")),
                (4, body("000000001999")),
                (22, body("812")),
                (32, body("20000000001")),
                (35, body("123=456")),
                (42, body("SHOP-77        ")),
                (48, body("01003ABC")),
                (90, body(&"0200000002112209450020000000001".repeat(2)[..42])),
            ]
            .into(),
        }
    }

    #[test]
    fn the_products_own_parser_reads_it_in_every_packing() {
        let key = MacKey::new([7; 16]);
        for packing in MessagePacking::ALL {
            let dialect = Dialect {
                framing: Framing::Binary2,
                header_bytes: 0,
                packing,
            };
            let message = filled().pack(packing, Some(&key), Seal::Right, None);
            assert!(dialect.verify(&key, &message), "{packing:?}");
            let unpacked = dialect.unpack(&Bytes::from(message));
            assert_eq!(unpacked.fault, None);
            let read = Message::parse(&unpacked.message).unwrap();
            assert_eq!(read.number(4), Some(1999));
            assert_eq!(read.number(22), Some(812));
            assert_eq!(read.number(32), Some(20_000_000_001));
            assert_eq!(read.raw(35).map(<[u8]>::len), Some(4));
            assert_eq!(read.raw(48), Some(&b"01003ABC"[..]));
        }
    }

    #[test]
    fn a_wrong_seal_does_not_verify() {
        let key = MacKey::new([7; 16]);
        for packing in MessagePacking::ALL {
            let dialect = Dialect {
                framing: Framing::Binary2,
                header_bytes: 0,
                packing,
            };
            for seal in [
                Seal::None,
                Seal::OneBitOff,
                Seal::ForeignKey,
                Seal::ChangedAfterwards,
            ] {
                let message = filled().pack(packing, Some(&key), seal, None);
                assert!(!dialect.verify(&key, &message), "{seal:?} {packing:?}");
            }
        }
    }
}
