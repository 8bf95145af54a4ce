//! Generated messages and generated rubbish.

use crate::common::{hex, set, value};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use tessera_protocol::{
    Balances, Dialect, Extras, FIELDS, Framing, Header, MacKey, Message, Mti, OriginalData, Packer,
    Packing, Reading, ReplacementAmounts, Request, ResponseCode, Secrets, Totals, answer, cut,
    describe, format_error_answer, tlv,
};

/// A value of any allowed length for a field, before padding.
fn field_value(field: u8) -> BoxedStrategy<String> {
    let packing = FIELDS[usize::from(field) - 1].packing;
    let digits = |from: usize, to: usize| {
        proptest::string::string_regex(&format!("[0-9]{{{from},{to}}}")).unwrap()
    };
    let long = packing.length_max().min(40);
    let regex = match packing {
        Packing::Numeric(length) => return digits(length.into(), length.into()).boxed(),
        Packing::NumericUpTo(length) => return digits(0, length.into()).boxed(),
        Packing::Signed(length) => format!("[CD][0-9]{{{}}}", length - 1),
        Packing::TrackUpTo(length) => format!("[0-9=]{{0,{length}}}"),
        Packing::Binary(length) => format!("[0-9a-f]{{{}}}", 2 * length),
        Packing::BinaryUpTo(_) => format!("([0-9a-f][0-9a-f]){{0,{long}}}"),
        // Trailing spaces of a fixed text are padding.
        Packing::Text(_) => format!("([ -~]{{0,{}}}[!-~])?", long - 1),
        Packing::ShortTextUpTo(_) | Packing::TextUpTo(_) => format!("[ -~]{{0,{long}}}"),
    };
    proptest::string::string_regex(&regex).unwrap().boxed()
}

/// Any set of fields but the MAC, which a seal adds, and 65, which is never sent.
fn fields() -> impl Strategy<Value = Vec<(u8, String)>> {
    let allowed: Vec<u8> = (2..=127)
        .filter(|field| ![64, 65].contains(field))
        .collect();
    proptest::sample::subsequence(allowed, 0..=30).prop_flat_map(|numbers| {
        let values: Vec<_> = numbers.iter().map(|&number| field_value(number)).collect();
        values.prop_map(move |values| numbers.iter().copied().zip(values).collect())
    })
}

fn packed(fields: &[(u8, String)], key: Option<&MacKey>) -> Vec<u8> {
    let mut buffer = BytesMut::new();
    let mut packer = Packer::new(&mut buffer, Mti::PURCHASE);
    for (field, value) in fields {
        set(&mut packer, *field, value);
    }
    packer.close(key);
    cut(&mut buffer).unwrap().unwrap().to_vec()
}

/// Everything that reads bytes of others.
fn read_everything(bytes: &[u8]) {
    let key = MacKey::new([7; 16]);
    let mut out = BytesMut::new();
    key.verify(bytes);
    let shown = describe(bytes, Secrets::Shown);
    let masked = describe(bytes, Secrets::Masked);
    assert!(!shown.to_string().is_empty() || bytes.len() < 2);
    assert_eq!(masked.rows.len(), shown.rows.len());
    let _ = masked.to_json();
    let _ = (
        OriginalData::parse(bytes),
        ReplacementAmounts::parse(bytes),
        Balances::parse(bytes),
    );
    let _ = tlv::iterate(bytes).count();
    for dialect in Dialect::all() {
        let _ = (dialect.look(bytes), dialect.verify(&key, bytes));
        let _ = dialect.unpack(&Bytes::copy_from_slice(bytes));
        let mut stream = BytesMut::from(bytes);
        while let Ok(Some(_)) = dialect.cut(&mut stream) {}
    }
    let reading = Reading::of(bytes);
    match Message::parse(bytes) {
        Ok(message) => {
            assert_eq!(reading.fault, None);
            let listed: Vec<_> = reading
                .fields
                .iter()
                .map(|field| (field.number, field.body))
                .collect();
            assert_eq!(listed, message.fields().collect::<Vec<_>>());
            for field in 0..=255 {
                let _ = (
                    message.number(field),
                    message.text(field),
                    message.wire(field),
                );
            }
            let _ = (
                Request::read(&message),
                Totals::read(&message),
                message.card_number(),
            );
            answer(
                &message,
                &mut out,
                ResponseCode::APPROVED,
                &Extras::default(),
                Some(&key),
            );
            let frame = cut(&mut out).unwrap().unwrap();
            assert!(key.verify(&frame));
            Message::parse(&frame).expect("an answer can be read");
        }
        Err(error) => {
            assert_eq!(reading.fault, Some(error));
            if format_error_answer(bytes, &error, &mut out, None) {
                let frame = cut(&mut out).unwrap().unwrap();
                Message::parse(&frame).expect("an answer can be read");
            }
        }
    }
    let mut stream = BytesMut::from(bytes);
    while let Ok(Some(frame)) = cut(&mut stream) {
        assert!(!frame.is_empty());
    }
}

proptest! {
    #[test]
    fn reads_what_it_packs(fields in fields()) {
        let key = MacKey::new([7; 16]);
        for key in [None, Some(&key)] {
            let bytes = packed(&fields, key);
            let message = Message::parse(&bytes).unwrap();
            let macs = usize::from(key.is_some());
            prop_assert_eq!(message.fields().count(), fields.len() + macs);
            for (field, expected) in &fields {
                prop_assert_eq!(&value(&message, *field), expected);
            }
            if let Some(key) = key {
                prop_assert!(key.verify(&bytes));
            }
            read_everything(&bytes);
        }
    }

    #[test]
    fn copies_what_it_reads(fields in fields()) {
        let bytes = packed(&fields, None);
        let message = Message::parse(&bytes).unwrap();
        let mut copy = BytesMut::new();
        let mut packer = Packer::new(&mut copy, message.mti());
        for (field, _) in message.fields() {
            packer.copy(&message, field);
        }
        packer.finish();
        prop_assert_eq!(hex(&copy[2..]), hex(&bytes));
    }

    #[test]
    fn every_dialect_says_the_same(fields in fields()) {
        let key = MacKey::new([7; 16]);
        let plain = packed(&fields, None);
        for dialect in Dialect::all() {
            for key in [None, Some(&key)] {
                let mut out = BytesMut::new();
                let write = |out: &mut BytesMut, key: Option<&MacKey>| {
                    let message = packed(&fields, key);
                    out.extend_from_slice(&(message.len() as u16).to_be_bytes());
                    out.extend_from_slice(&message);
                };
                dialect.answer(Header::of(&[0x60, 0, 1, 0, 2]), key, &mut out, write).unwrap();
                let frame = dialect.cut(&mut out).unwrap().unwrap();
                prop_assert!(out.is_empty());
                let (_, wire) = dialect.open(frame);
                let unpacked = dialect.unpack(&wire);
                prop_assert_eq!(unpacked.fault, None);
                match key {
                    None => prop_assert_eq!(hex(&unpacked.message), hex(&plain)),
                    Some(key) => prop_assert!(dialect.verify(key, &wire)),
                }
                // What is cut short is the same behind every framing.
                let lengths = if dialect.framing == Framing::Binary2 { wire.len() } else { 0 };
                for length in 0..lengths {
                    let cut_short = dialect.unpack(&wire.slice(..length));
                    let parsed = Message::parse(&cut_short.message);
                    prop_assert!(cut_short.fault.is_some() || parsed.is_err());
                }
            }
        }
    }

    #[test]
    fn every_truncation_is_an_error(fields in fields()) {
        let bytes = packed(&fields, None);
        for length in 0..bytes.len() {
            prop_assert!(Message::parse(&bytes[..length]).is_err());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_everything(&bytes);
    }

    #[test]
    fn damaged_characters_never_panic(
        which in 0..12usize,
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let golden: serde_json::Value = serde_json::from_str(include_str!("../ascii.json")).unwrap();
        let wire = golden["wire"].as_object().unwrap().values().nth(which).unwrap();
        let mut bytes = wire.as_str().unwrap().as_bytes().to_vec();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        read_everything(&bytes);
    }

    #[test]
    fn damaged_messages_never_panic(
        which in 0..12usize,
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = crate::common::vectors().good[which].bytes();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        read_everything(&bytes);
    }
}
