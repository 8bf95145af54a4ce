//! Other framings and the ASCII packing by hand, without a line of the product's own.

use std::collections::BTreeMap;

use super::{Hand, Party, fresh, hex, mac, time_of};

/// The framings, as profiles name them.
pub const FRAMINGS: [&str; 5] = ["binary-2", "tpdu", "bcd-2", "ascii-4", "binary-4"];

/// What is in front of a message in a `tpdu` framing, and in front of its answer.
pub const TPDU: [u8; 5] = [0x60, 0x00, 0x03, 0x12, 0x34];
pub const TPDU_BACK: [u8; 5] = [0x60, 0x12, 0x34, 0x00, 0x03];

/// A message in a framing.
pub fn framed_as(framing: &str, message: &[u8]) -> Vec<u8> {
    let length = message.len();
    let front = match framing {
        "binary-2" => (length as u16).to_be_bytes().to_vec(),
        "tpdu" => [&(length as u16 + 5).to_be_bytes()[..], &TPDU].concat(),
        "bcd-2" => hex(&format!("{length:04}")),
        "ascii-4" => format!("{length:04}").into_bytes(),
        "binary-4" => (length as u32).to_be_bytes().to_vec(),
        other => panic!("no framing {other}"),
    };
    [&front[..], message].concat()
}

/// A keep-alive in a framing.
pub fn keep_alive(framing: &str) -> &'static [u8] {
    match framing {
        "binary-4" => &[0; 4],
        "ascii-4" => b"0000",
        _ => &[0; 2],
    }
}

/// Takes a whole message off the front.
pub fn next_as(framing: &str, buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("digits");
    let (front, length) = match framing {
        "binary-2" | "tpdu" => (
            2,
            usize::from(u16::from_be_bytes(buffer.first_chunk().copied()?)),
        ),
        "bcd-2" => {
            let [high, low] = buffer.first_chunk().copied()?;
            (2, format!("{high:02x}{low:02x}").parse().expect("digits"))
        }
        "ascii-4" => (4, text(buffer.get(..4)?).parse().expect("digits")),
        "binary-4" => (
            4,
            u32::from_be_bytes(buffer.first_chunk().copied()?) as usize,
        ),
        other => panic!("no framing {other}"),
    };
    let message = buffer.get(front..front + length)?.to_vec();
    buffer.drain(..front + length);
    match framing {
        "tpdu" => {
            assert_eq!(message[..5], TPDU_BACK, "the addresses have changed places");
            Some(message[5..].to_vec())
        }
        _ => Some(message),
    }
}

/// A message in the ASCII packing: fields with their lengths in front.
#[derive(Debug, Clone)]
pub struct Text {
    mti: &'static str,
    fields: BTreeMap<u8, String>,
    key: Option<&'static str>,
}

impl Text {
    pub fn new(mti: &'static str, party: &Party) -> Self {
        let text = Self {
            mti,
            fields: BTreeMap::new(),
            key: party.key,
        };
        text.with(7, &time_of(0))
            .with(11, &format!("{:06}", fresh()))
            .with(32, &format!("11{}", party.code))
    }

    pub fn network(party: &Party, code: &str) -> Self {
        Self::new("0800", party).with(70, code)
    }

    /// 0200 by card.
    pub fn purchase(party: &Party, card: &str, amount: u64) -> Self {
        let time = time_of(0);
        Self::new("0200", party)
            .with(2, &format!("16{card}"))
            .with(3, "000000")
            .with(4, &format!("{amount:012}"))
            .with(12, &time[4..])
            .with(13, &time[..4])
            .with(14, "3112")
            .with(18, "5999")
            .with(22, "812")
            .with(25, "59")
            .with(37, &format!("{:012}", fresh()))
            .with(41, "TERM0001")
            .with(42, &format!("{:15}", party.acceptor))
            .with(49, "840")
    }

    pub fn with(mut self, field: u8, characters: &str) -> Self {
        self.fields.insert(field, characters.to_owned());
        self
    }

    pub fn field(&self, field: u8) -> &str {
        &self.fields[&field]
    }

    /// The message without its length.
    pub fn message(&self) -> Vec<u8> {
        let secondary = self.fields.keys().any(|&field| field > 64);
        let mac_field = if secondary { 128 } else { 64 };
        let sealed = self.key.map(|_| mac_field);
        let mut bitmap = 0_u128;
        let present = self.fields.keys().copied();
        for field in present.chain(sealed).chain(secondary.then_some(1)) {
            bitmap |= 1 << (128 - field);
        }
        let mut text = match secondary {
            true => format!("{}{bitmap:032X}", self.mti),
            false => format!("{}{:016X}", self.mti, bitmap >> 64),
        };
        text.extend(self.fields.values().map(String::as_str));
        let mut bytes = text.into_bytes();
        if let Some(key) = self.key {
            let mac = mac(key, &bytes);
            let digits: String = mac.iter().map(|byte| format!("{byte:02X}")).collect();
            bytes.extend(digits.bytes());
        }
        bytes
    }
}

/// An answer in the ASCII packing.
#[derive(Debug, Clone)]
pub struct SeenText {
    pub mti: String,
    pub fields: BTreeMap<u8, String>,
    covered: Vec<u8>,
}

impl SeenText {
    pub fn read(message: &[u8]) -> Self {
        let text = String::from_utf8(message.to_vec()).expect("characters");
        let primary = u64::from_str_radix(&text[4..20], 16).expect("a bitmap");
        let (secondary, mut at) = match primary >> 63 {
            1 => (
                u64::from_str_radix(&text[20..36], 16).expect("a bitmap"),
                36,
            ),
            _ => (0, 20),
        };
        let bitmap = u128::from(primary) << 64 | u128::from(secondary);
        let mut fields = BTreeMap::new();
        for field in (2..=128).filter(|field| bitmap >> (128 - field) & 1 == 1) {
            let number = |digits: usize| text[at..at + digits].parse::<usize>().expect("a length");
            let (prefix, length) = match field {
                2 | 32 => (2, number(2)),
                48 | 54 => (3, number(3)),
                3 | 11 | 12 | 38 => (0, 6),
                4 | 37 => (0, 12),
                7 => (0, 10),
                13..=15 => (0, 4),
                39 => (0, 2),
                41 => (0, 8),
                42 => (0, 15),
                49 | 70 => (0, 3),
                64 | 128 => (0, 16),
                90 => (0, 42),
                _ => panic!("field {field} in an answer: {text}"),
            };
            let body = &text[at + prefix..at + prefix + length];
            fields.insert(field as u8, body.to_owned());
            at += prefix + length;
        }
        assert_eq!(at, text.len(), "characters left over: {text}");
        let covered = match fields.contains_key(&64) || fields.contains_key(&128) {
            true => message[..message.len() - 16].to_vec(),
            false => Vec::new(),
        };
        Self {
            mti: text[..4].to_owned(),
            fields,
            covered,
        }
    }

    pub fn field(&self, field: u8) -> &str {
        self.fields.get(&field).map_or("", String::as_str)
    }

    pub fn is_sealed_for(&self, party: &Party) -> bool {
        let field = match self.fields.keys().any(|&field| field > 64) {
            true => 128,
            false => 64,
        };
        let sealed = party.key.map(|key| {
            let mac = mac(key, &self.covered);
            mac.iter().map(|byte| format!("{byte:02X}")).collect()
        });
        sealed == self.fields.get(&field).cloned()
    }
}

impl super::Wire {
    /// Sends a message in a framing and waits for the answer.
    pub fn ask_as(&mut self, framing: &str, message: &[u8]) -> Vec<u8> {
        self.send(&framed_as(framing, message));
        self.answer_as(framing)
    }

    /// The next answer in a framing.
    pub fn answer_as(&mut self, framing: &str) -> Vec<u8> {
        self.try_message(|buffer| next_as(framing, buffer))
            .expect("an answer, and the connection was closed")
    }

    /// Asks in a framing, in the binary packing.
    pub fn ask_hand(&mut self, framing: &str, message: &Hand) -> super::Seen {
        super::Seen::read(&self.ask_as(framing, &message.message()))
    }

    /// Asks in a framing, in the ASCII packing.
    pub fn ask_text(&mut self, framing: &str, message: &Text) -> SeenText {
        SeenText::read(&self.ask_as(framing, &message.message()))
    }
}
