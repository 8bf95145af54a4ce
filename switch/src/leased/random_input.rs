//! Operations changed at random: each is read or refused.

use std::sync::Arc;

use bytes::BytesMut;
use tessera_config::WebPushSettings;
use tessera_kit::clock::Timestamp;
use tessera_protocol::leased::{Operation as Code, SECRET_DIGITS, tag};
use tessera_protocol::{Currency, Institution, Message, Mti, Packer, Request, tlv};
use tessera_vault::Vault;

use super::Reading;
use super::operation::Operation;
use crate::mutation::Mutation;
use crate::passkeys::Passkeys;

const PUSH_KEYS: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4.BTBZMqHH6r4Tts7J_aSIgg";
const CASES: usize = 20_000;

/// Each operation, with all that any of them reads.
fn operations() -> Vec<Vec<u8>> {
    let secret = "5a".repeat(SECRET_DIGITS / 2);
    let session = format!("{:016x}{secret}", 7);
    let (mut data, mut secrets) = (tlv::TlvWriter::new(), tlv::TlvWriter::new());
    for (tag, value) in [
        (tag::WALLET, "7"),
        (tag::AMOUNT, "1999"),
        (tag::CURRENCY, "840"),
        (tag::ACCEPTOR, "MALL-0001"),
        (tag::ORDER, "ORDER-1"),
        (tag::DESCRIPTION, "2 x tea"),
        (tag::COUNT, "5"),
        (tag::POSITION, "100"),
        (tag::DEVICE, "Firefox"),
        (tag::NUMBER, "1"),
        (tag::KIND, "web"),
        (tag::THRESHOLD, "500"),
        (tag::PREFERENCES, "plrs"),
        (tag::LIMITS, "1,2,3,4,5"),
        (tag::SOURCE, "9902000000000018"),
        (tag::CLIENT_DATA, "e30"),
    ] {
        assert!(data.add(tag, value.as_bytes()));
    }
    for (tag, value) in [
        (tag::SESSION, session.as_str()),
        (tag::CLIENT, "1234567890"),
        (tag::PASSWORD, "correct horse"),
        (tag::NEW_PASSWORD, "battery staple"),
        (tag::SECRET, &secret),
        (tag::ADDRESS, "192.0.2.1"),
        (tag::CONTACT, "alice@example.com"),
        (tag::CODE, "123456"),
        (tag::SOURCE, "9902000000000018"),
        (tag::PASSKEY, "AQID"),
        (tag::PASSKEY_USER, "AQID"),
        (tag::AUTHENTICATOR, "AQID.BAUG"),
        (tag::PUSH_ADDRESS, "https://fcm.googleapis.com/fcm/send/1"),
        (tag::PUSH_KEYS, PUSH_KEYS),
    ] {
        assert!(secrets.add(tag, value.as_bytes()));
    }
    let codes = (0..=999).filter(|code| Code::of(*code).is_some());
    let pack = |code| {
        let mut out = BytesMut::new();
        Packer::new(&mut out, Mti::ADMINISTRATIVE)
            .number(7, 1_122_094_501)
            .number(11, 1)
            .number(24, u64::from(code))
            .number(32, 90_000_000_001)
            .text(37, b"000000000001")
            .text(60, data.as_bytes())
            .text(62, secrets.as_bytes())
            .finish();
        out[2..].to_vec()
    };
    codes.map(pack).collect()
}

#[test]
fn every_operation_is_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let reading = Reading {
        institution: Institution::new(90_000_000_001).unwrap(),
        currency: Currency::USD,
        order_valid_for: 1_000,
        vault: Arc::new(Vault::for_tests(folder.path())),
        channels: Vec::new(),
        passkeys: Some(Arc::new(Passkeys::new("http://localhost:8080").unwrap())),
        web_push: Some((WebPushSettings::default(), "AQID".to_owned())),
    };
    let (read, refused) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    Mutation::of(operations()).run(CASES, |input| {
        let Ok(message) = Message::parse(input) else {
            return;
        };
        let Ok(Request::Administrative(administrative)) = Request::read(&message) else {
            return;
        };
        match Operation::read(
            &message,
            &administrative,
            &reading,
            Timestamp::from_milliseconds(1),
        ) {
            Ok(_) => read.set(read.get() + 1),
            Err(_) => refused.set(refused.get() + 1),
        }
    });
    assert!(
        read.get() > 100 && refused.get() > 100,
        "{read:?} {refused:?}"
    );
}
