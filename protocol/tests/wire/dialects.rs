//! The other packing and the other framings: golden characters from elsewhere, both ways, and every way of cutting them
//! short.

use std::collections::BTreeMap;

use crate::common::{Good, hex, value, vectors};
use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use tessera_protocol::{
    Dialect, Framing, Header, Look, Message, MessagePacking, Place, Problem, Secrets, describe,
    recognize, to_ebcdic,
};

const ASCII: Dialect = Dialect {
    framing: Framing::Ascii4,
    header_bytes: 0,
    packing: MessagePacking::Ascii,
};

#[derive(Deserialize)]
struct Golden {
    /// Characters on the wire, by the name of the vector.
    wire: BTreeMap<String, String>,
    extra: Extra,
}

#[derive(Deserialize)]
struct Extra {
    mti: String,
    fields: BTreeMap<u8, String>,
    wire: String,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../ascii.json")).unwrap()
}

/// Every vector with its characters on the wire.
fn pairs() -> Vec<(Good, String)> {
    let mut golden = golden();
    vectors()
        .good
        .into_iter()
        .map(|vector| {
            let wire = golden.wire.remove(&vector.name).expect(&vector.name);
            (vector, wire)
        })
        .collect()
}

/// A canonical outbox with this message, put into a dialect.
fn translated(dialect: Dialect, header: Header, vector: &Good) -> BytesMut {
    let mut out = BytesMut::new();
    let key = vector.key();
    let write = |out: &mut BytesMut, key: Option<&tessera_protocol::MacKey>| {
        let unsealed = Good {
            mac_key: None,
            name: String::new(),
            mti: vector.mti.clone(),
            fields: vector.fields.clone(),
            hex: String::new(),
        };
        let message = match key {
            Some(_) => vector.pack(),
            None => unsealed.pack(),
        };
        out.extend_from_slice(&(message.len() as u16).to_be_bytes());
        out.extend_from_slice(&message);
    };
    dialect
        .answer(header, key.as_ref(), &mut out, write)
        .unwrap();
    out
}

fn unpack(wire: &str) -> (Bytes, Option<tessera_protocol::ParseError>) {
    let unpacked = ASCII.unpack(&Bytes::copy_from_slice(wire.as_bytes()));
    (unpacked.message, unpacked.fault)
}

#[test]
fn packs_every_vector_in_ascii_as_pyiso8583_does() {
    for (vector, wire) in pairs() {
        let out = translated(ASCII, Header::default(), &vector);
        let length = format!("{:04}", wire.len());
        let expected = length + &wire;
        assert_eq!(String::from_utf8_lossy(&out), expected, "{}", vector.name);
    }
}

#[test]
fn unpacks_what_pyiso8583_has_packed_in_ascii() {
    let golden = golden();
    let extra = (golden.extra.mti, golden.extra.fields, golden.extra.wire);
    let others = pairs()
        .into_iter()
        .map(|(vector, wire)| (vector.mti, vector.fields, wire));
    for (mti, fields, wire) in others.chain([extra]) {
        let (frame, fault) = unpack(&wire);
        assert_eq!(fault, None, "{wire}");
        let message = Message::parse(&frame).unwrap();
        assert_eq!(message.mti().to_string(), mti);
        let sealed = [64, 128].iter().any(|&field| message.has(field));
        let listed = fields.len() + usize::from(sealed);
        assert_eq!(message.fields().count(), listed, "{wire}");
        for (field, expected) in fields {
            assert_eq!(value(&message, field), expected, "field {field} of {wire}");
        }
    }
}

#[test]
fn verifies_every_mac_over_the_characters_and_notices_every_changed_one() {
    for (vector, wire) in pairs() {
        let Some(key) = vector.key() else { continue };
        let mut bytes = wire.into_bytes();
        assert!(ASCII.verify(&key, &bytes), "{}", vector.name);
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert!(!ASCII.verify(&key, &bytes), "{} at {at}", vector.name);
            bytes[at] ^= 1;
        }
        for length in 0..bytes.len() {
            assert!(!ASCII.verify(&key, &bytes[..length]));
        }
    }
}

#[test]
fn every_truncation_is_a_fault_with_its_place() {
    for (vector, wire) in pairs() {
        for length in 0..wire.len() {
            let (frame, fault) = unpack(&wire[..length]);
            let fault = fault.unwrap_or_else(|| panic!("{} cut at {length}", vector.name));
            assert!(fault.offset <= length, "{fault}");
            // What could be read is a message by itself.
            assert!(frame.is_empty() || Message::parse(&frame).is_ok());
            assert_eq!(
                frame.is_empty(),
                fault.place == Place::Mti || fault.place == Place::Bitmap
            );
        }
        let (_, fault) = unpack(&format!("{wire}0"));
        assert_eq!(
            fault.map(|fault| fault.problem),
            Some(Problem::LeftOver { had: 1 })
        );
    }
}

#[test]
fn names_the_character_at_fault_and_reads_what_stands_behind_it() {
    let (_, wire) = pairs().remove(5);
    assert!(wire.starts_with("0200723C448108C0800116990000000000001000000000000001234511220945"));
    // Field 4 begins at 44.
    for (at, character, place, problem) in [
        (0, 'x', Place::Mti, Problem::Character { found: b'x' }),
        (7, 'G', Place::Bitmap, Problem::Character { found: b'G' }),
        (20, 'A', Place::Field(2), Problem::Character { found: b'A' }),
        (30, ' ', Place::Field(2), Problem::Character { found: b' ' }),
        (48, 'C', Place::Field(4), Problem::Character { found: b'C' }),
        (
            20,
            '9',
            Place::Field(2),
            Problem::TooLong {
                maximum: 19,
                had: 96,
            },
        ),
    ] {
        let mut changed = wire.clone();
        changed.replace_range(at..at + 1, &character.to_string());
        let (frame, fault) = unpack(&changed);
        let fault = fault.unwrap();
        assert_eq!((fault.place, fault.problem), (place, problem), "{fault}");
        if place == Place::Field(4) {
            let message = Message::parse(&frame).unwrap();
            assert!(!message.has(4));
            assert_eq!(message.number(7), Some(1_122_094_500));
            assert_eq!(fault.offset, 48);
        }
    }
}

#[test]
fn a_tpdu_turns_round_in_the_answer() {
    let tpdu = [0x60, 0x00, 0x01, 0x12, 0x34];
    for packing in [MessagePacking::Binary, MessagePacking::Ascii] {
        let dialect = Dialect {
            framing: Framing::Tpdu,
            header_bytes: 0,
            packing,
        };
        for (vector, wire) in pairs() {
            let message = match packing {
                MessagePacking::Binary => vector.bytes(),
                _ => wire.into_bytes(),
            };
            let frame = Bytes::from([&tpdu[..], &message].concat());
            let (header, message) = dialect.open(frame.clone());
            assert_eq!(header.bytes(), tpdu);
            if let Some(key) = vector.key() {
                assert!(dialect.verify(&key, &message));
            }
            let unpacked = dialect.unpack(&message);
            assert_eq!(unpacked.fault, None);
            let message = Message::parse(&unpacked.message).unwrap();
            assert_eq!(message.mti().to_string(), vector.mti);

            let mut out = translated(dialect, header, &vector);
            let answer = dialect.cut(&mut out).unwrap().unwrap();
            assert_eq!(answer[..5], [0x60, 0x12, 0x34, 0x00, 0x01]);
            assert_eq!(answer[5..], frame[5..], "the same message goes back");
            assert!(out.is_empty());
        }
    }
}

#[test]
fn every_dialect_is_recognized_by_its_first_frame() {
    for (vector, wire) in pairs() {
        for dialect in Dialect::all() {
            let header = match dialect.framing {
                Framing::Tpdu => Header::of(&[0x60, 0, 1, 0x12, 0x34]),
                _ => Header::default(),
            };
            let out = translated(dialect, header, &vector);
            match dialect.packing {
                MessagePacking::Ascii => assert!(out.ends_with(wire.as_bytes())),
                MessagePacking::Binary => assert!(hex(&out).ends_with(&vector.hex)),
                MessagePacking::AsciiBitmap | MessagePacking::Ebcdic => {}
            }
            assert!(matches!(dialect.look(&out), Look::Message { .. }));
            let seen: Vec<Dialect> = recognize(&out).collect();
            // A binary-4 length below 65536 is a keep-alive and a length to binary-2.
            let like = |one: Framing, other: Framing| {
                one == other || (one, other) == (Framing::Binary2, Framing::Binary4)
            };
            assert!(seen.contains(&dialect), "{dialect}");
            for other in seen {
                assert_eq!(other.packing, dialect.packing);
                assert!(
                    like(other.framing, dialect.framing),
                    "{other} for {dialect}"
                );
            }
            for length in 0..out.len() {
                let look = dialect.look(&out[..length]);
                assert!(matches!(look, Look::More), "{dialect}: {length} bytes");
            }
        }
    }
}

#[test]
fn a_message_with_a_fault_is_distinguished_from_rubbish() {
    let (vector, wire) = pairs().remove(5);
    let faulty = |bytes: Vec<u8>| [&[0, bytes.len() as u8][..], &bytes].concat();
    let mut binary = vector.bytes();
    binary[25] = 0xFF;
    assert!(matches!(
        Dialect::CANONICAL.look(&faulty(binary)),
        Look::Faulty { .. }
    ));
    let mut ascii = wire.into_bytes();
    ascii[48] = b'C';
    let stream = [format!("{:04}", ascii.len()).as_bytes(), &ascii].concat();
    let Look::Faulty { message, fault } = ASCII.look(&stream) else {
        panic!();
    };
    assert_eq!(fault.place, Place::Field(4));
    assert!(describe(&message, Secrets::Masked).fault.is_none());
    for rubbish in [&b"GET / HTTP/1.1\r\n"[..], b"0005hello", &[0, 1, 0xFF]] {
        for dialect in Dialect::all() {
            let look = dialect.look(rubbish);
            let is_none = !matches!(look, Look::Message { .. } | Look::Faulty { .. });
            assert!(is_none, "{dialect}: {look:?}");
        }
    }
}

#[test]
fn every_packing_says_the_same_message_and_comes_back() {
    for (vector, wire) in pairs() {
        for packing in MessagePacking::ALL {
            let dialect = Dialect {
                framing: Framing::Binary2,
                header_bytes: 12,
                packing,
            };
            let header = Header::of(b"ISO016000075");
            let mut out = translated(dialect, header, &vector);
            let frame = dialect.cut(&mut out).unwrap().unwrap();
            let (read, message) = dialect.open(frame);
            assert_eq!(read, header, "an answer repeats its request's header");
            if let Some(key) = vector.key() {
                assert!(dialect.verify(&key, &message), "{dialect}: {}", vector.name);
                for at in 0..message.len() {
                    let mut changed = message.to_vec();
                    changed[at] ^= 1;
                    assert!(!dialect.verify(&key, &changed), "{dialect}: {at}");
                }
            }
            let unpacked = dialect.unpack(&message);
            assert_eq!(unpacked.fault, None, "{dialect}");
            let read = Message::parse(&unpacked.message).unwrap();
            for (&field, expected) in &vector.fields {
                assert_eq!(&value(&read, field), expected, "{dialect}: field {field}");
            }
            for length in 0..message.len() {
                let unpacked = dialect.unpack(&message.slice(..length));
                let whole = unpacked.fault.is_none() && Message::parse(&unpacked.message).is_ok();
                assert!(!whole, "{dialect}: cut at {length}");
            }
            // Bitmaps as bytes, and the same characters in another code.
            let text: Vec<u8> = match packing {
                MessagePacking::AsciiBitmap => wire.bytes().take(4).collect(),
                MessagePacking::Ebcdic => wire.bytes().take(4).map(to_ebcdic).collect(),
                MessagePacking::Binary | MessagePacking::Ascii => continue,
            };
            assert_eq!(message[..4], text);
            assert_eq!(hex(&message[4..12]).to_uppercase(), wire[4..20]);
        }
    }
}
