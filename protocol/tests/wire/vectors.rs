//! Every golden message, both ways, and every way of cutting it short.

use crate::common::{hex, value, vectors};
use tessera_protocol::{Message, Reading};

#[test]
fn packs_every_vector() {
    for vector in vectors().good {
        assert_eq!(hex(&vector.pack()), vector.hex, "{}", vector.name);
    }
}

#[test]
fn parses_every_vector() {
    for vector in vectors().good {
        let bytes = vector.bytes();
        let message = Message::parse(&bytes).expect(&vector.name);
        assert_eq!(message.mti().to_string(), vector.mti);
        let mac = [64, 128].iter().any(|&field| message.has(field));
        let listed = vector.fields.len() + usize::from(mac);
        assert_eq!(message.fields().count(), listed, "{}", vector.name);
        for (&field, expected) in &vector.fields {
            assert_eq!(
                &value(&message, field),
                expected,
                "{} field {field}",
                vector.name
            );
            if let (Some(number), Ok(expected)) = (message.number(field), expected.parse::<u64>()) {
                assert_eq!(number, expected, "{} field {field}", vector.name);
            }
        }
    }
}

#[test]
fn verifies_every_mac_and_notices_every_changed_bit() {
    for vector in vectors().good {
        let Some(key) = vector.key() else { continue };
        let mut bytes = vector.bytes();
        assert!(key.verify(&bytes), "{}", vector.name);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verify(&bytes), "{} bit {bit}", vector.name);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn refuses_every_bad_vector() {
    for vector in vectors().bad {
        let bytes = crate::common::unhex(&vector.hex);
        let error = Message::parse(&bytes).expect_err(&vector.name);
        assert!(error.offset <= bytes.len(), "{}: {error}", vector.name);
        assert_eq!(Reading::of(&bytes).fault, Some(error), "{}", vector.name);
    }
}

#[test]
fn refuses_every_truncation_of_every_vector() {
    for vector in vectors().good {
        let bytes = vector.bytes();
        for length in 0..bytes.len() {
            let error = Message::parse(&bytes[..length]).expect_err(&vector.name);
            assert!(error.offset <= length, "{}: {error}", vector.name);
            assert_eq!(Reading::of(&bytes[..length]).fault, Some(error));
        }
    }
}

#[test]
fn says_exactly_what_is_wrong() {
    let said: Vec<String> = vectors()
        .bad
        .iter()
        .map(|vector| {
            Message::parse(&crate::common::unhex(&vector.hex))
                .unwrap_err()
                .to_string()
        })
        .collect();
    assert_eq!(
        said,
        [
            "field 2: 8 bytes needed, 5 there at byte 11",
            "end: 2 bytes left over at byte 101",
            "field 4: nibble above 9 at byte 22",
            "field 2: length 20 above 19 at byte 10",
            "field 2: length that is not BCD at byte 10",
            "bitmap: 8 bytes needed, 0 there at byte 2",
            "bitmap: 8 bytes needed, 3 there at byte 10",
        ]
    );
}
