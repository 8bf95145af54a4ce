//! Answers by the echo rules.

use crate::common::{hex, unhex, value, vectors};
use bytes::BytesMut;
use tessera_protocol::{
    Amount, Balances, Currency, Extras, MacKey, Message, ResponseCode, Totals, answer, cut,
    format_error_answer,
};

fn answered(
    request: &[u8],
    code: ResponseCode,
    extras: &Extras<'_>,
    key: Option<&MacKey>,
) -> Vec<u8> {
    let mut out = BytesMut::from("an earlier frame");
    answer(
        &Message::parse(request).unwrap(),
        &mut out,
        code,
        extras,
        key,
    );
    let mut frames = out.split_off(16);
    let frame = cut(&mut frames).unwrap().unwrap();
    assert!(frames.is_empty());
    frame.to_vec()
}

#[test]
fn builds_the_golden_answers() {
    let vectors = vectors().good;
    let extras = Extras {
        approval: Some(*b"A1B2C3"),
        ..Extras::default()
    };
    let pairs = [(0, 1, Extras::default()), (3, 4, extras)];
    for (request, expected, extras) in pairs {
        let key = vectors[request].key();
        let bytes = answered(
            &vectors[request].bytes(),
            ResponseCode::APPROVED,
            &extras,
            key.as_ref(),
        );
        assert_eq!(hex(&bytes), vectors[expected].hex);
    }
}

#[test]
fn echoes_what_was_there_and_adds_what_it_has() {
    let vectors = vectors().good;
    let amount = |minor| Amount::new(minor).unwrap();
    let balances = Balances::new(amount(100_000), amount(90_000), Currency::USD);
    let totals = Totals {
        net: -5,
        ..Totals::default()
    };
    let extras = Extras {
        amount: None,
        approval: Some(*b"A1B2C3"),
        balances: Some(&balances),
        reason: Some("because"),
        totals: Some((false, &totals)),
        status: None,
    };
    for vector in &vectors {
        let request = vector.bytes();
        let request = Message::parse(&request).unwrap();
        let key = vector.key();
        let bytes = answered(
            request.bytes(),
            ResponseCode::DECLINED,
            &extras,
            key.as_ref(),
        );
        let message = Message::parse(&bytes).unwrap();
        assert!(key.is_none_or(|key| key.verify(&bytes)));
        for field in [2, 3, 4, 7, 11, 12, 13, 15, 32, 37, 41, 42, 49, 70, 90] {
            assert_eq!(
                message.wire(field),
                request.wire(field),
                "{} {field}",
                vector.name
            );
        }
        for field in [5, 14, 18, 22, 25, 28, 35, 43, 95, 102] {
            assert!(!message.has(field), "{} {field}", vector.name);
        }
        assert_eq!(message.text(38), Some(&b"A1B2C3"[..]));
        assert_eq!(message.text(39), Some(&b"05"[..]));
        assert_eq!(message.text(48), Some(&b"09007because"[..]));
        assert_eq!(message.number(66), Some(2));
        assert_eq!(value(&message, 97), "D0000000000000005");
        assert_eq!(
            Balances::parse(message.raw(54).unwrap()),
            Some(balances.clone())
        );
    }
}

#[test]
fn answers_a_format_error_with_what_it_could_read() {
    let key = MacKey::from_hex("202122232425262728292a2b2c2d2e2f").unwrap();
    let bad = vectors().bad;
    let expected = [
        (0, None),
        (
            1,
            Some("09034end: 2 bytes left over at byte 101".to_owned()),
        ),
        (
            2,
            Some("09034field 4: nibble above 9 at byte 22".to_owned()),
        ),
        (
            3,
            Some("09038field 2: length 20 above 19 at byte 10".to_owned()),
        ),
        (4, None),
        (5, None),
        (6, None),
    ];
    for (index, reason) in expected {
        let bytes = unhex(&bad[index].hex);
        let error = Message::parse(&bytes).unwrap_err();
        let mut out = BytesMut::new();
        let answered = format_error_answer(&bytes, &error, &mut out, Some(&key));
        assert_eq!(answered, reason.is_some(), "{}", bad[index].name);
        let Some(reason) = reason else {
            assert!(out.is_empty());
            continue;
        };
        let frame = cut(&mut out).unwrap().unwrap();
        assert!(key.verify(&frame));
        let message = Message::parse(&frame).unwrap();
        assert_eq!(message.mti().to_string(), "0210");
        assert_eq!(message.text(39), Some(&b"30"[..]));
        assert_eq!(String::from_utf8_lossy(message.text(48).unwrap()), reason);
        if index < 3 {
            let fields: Vec<u8> = message.fields().map(|(field, _)| field).collect();
            assert_eq!(fields, [7, 11, 32, 37, 39, 41, 42, 48, 64]);
        }
    }
}
