//! The worked examples of the protocol guide, made by the code that serves them.

use std::fmt::Write as _;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use bytes::BytesMut;
use tessera_protocol::{
    Amount, Balances, Currency, Extras, Institution, KeyEncryptingKey, MacKey, Message, Mti,
    OriginalData, Packer, ResponseCode, Stan, State, StatusAmounts, StatusReport, Totals, answer,
    format_error_answer, tlv,
};

use crate::common::{hex, set, unhex};

/// A frame as it travels, its length in front.
pub struct Example {
    pub name: &'static str,
    pub frame: Vec<u8>,
    /// Of the party that sends or gets it.
    pub key: Option<&'static str>,
}

const MALL: Option<&str> = Some("000102030405060708090a0b0c0d0e0f");
const ACQUIRER: Option<&str> = Some("202122232425262728292a2b2c2d2e2f");

type Fields<'a> = &'a [(u8, &'a str)];

const SIGN_ON: Fields<'_> = &[
    (7, "1122094459"),
    (11, "000001"),
    (32, "10000000001"),
    (70, "001"),
];
const BY_CARD: Fields<'_> = &[
    (2, "9900000000000010"),
    (3, "000000"),
    (4, "000000001999"),
    (7, "1122094500"),
    (11, "000002"),
    (12, "104500"),
    (13, "1122"),
    (14, "3112"),
    (18, "5999"),
    (22, "812"),
    (25, "59"),
    (32, "20000000001"),
    (37, "632609000002"),
    (41, "TERM0001"),
    (42, "SHOP-77"),
    (49, "840"),
];
const BY_ORDER: Fields<'_> = &[
    (3, "000000"),
    (4, "000000001999"),
    (7, "1122094500"),
    (11, "000003"),
    (12, "104500"),
    (13, "1122"),
    (18, "5999"),
    (22, "812"),
    (25, "59"),
    (32, "10000000001"),
    (37, "632609000003"),
    (41, "TERM0001"),
    (42, "MALL-0001"),
    (48, "01007ORDER-1020072 x tea"),
    (49, "840"),
];
const REVERSAL: Fields<'_> = &[
    (2, "9900000000000010"),
    (3, "000000"),
    (4, "000000001999"),
    (7, "1122094530"),
    (11, "000004"),
    (12, "104530"),
    (13, "1122"),
    (32, "20000000001"),
    (37, "632609000002"),
    (41, "TERM0001"),
    (42, "SHOP-77"),
    (49, "840"),
    (90, "020000000211220945002000000000100000000000"),
];
const SHRINK_TO: (u8, &str) = (95, "000000000500000000000000000000000000000000");
const INQUIRY: Fields<'_> = &[
    (2, "9900000000000010"),
    (3, "310000"),
    (4, "000000000000"),
    (7, "1122094600"),
    (11, "000006"),
    (12, "104600"),
    (13, "1122"),
    (14, "3112"),
    (18, "5999"),
    (22, "812"),
    (25, "59"),
    (32, "20000000001"),
    (37, "632609000006"),
    (41, "TERM0001"),
    (42, "SHOP-77"),
    (49, "840"),
];
const REFUND: Fields<'_> = &[
    (2, "9900000000000010"),
    (3, "200000"),
    (4, "000000000700"),
    (7, "1122100000"),
    (11, "000008"),
    (12, "110000"),
    (13, "1122"),
    (18, "5999"),
    (22, "812"),
    (25, "59"),
    (32, "20000000001"),
    (37, "632610000008"),
    (41, "TERM0001"),
    (42, "SHOP-77"),
    (49, "840"),
    (90, "020000000211220945002000000000100000000000"),
];
const COMPLETION: Fields<'_> = &[
    (2, "9900000000000010"),
    (3, "000000"),
    (4, "000000001500"),
    (7, "1122100100"),
    (11, "000010"),
    (12, "110100"),
    (13, "1122"),
    (32, "20000000001"),
    (37, "632610000010"),
    (41, "TERM0001"),
    (42, "SHOP-77"),
    (49, "840"),
    (90, "010000000911220945002000000000100000000000"),
];
const STATUS: Fields<'_> = &[
    (7, "1122094530"),
    (11, "000013"),
    (24, "310"),
    (32, "10000000001"),
    (41, "TERM0001"),
    (42, "MALL-0001"),
    (48, "01007ORDER-1"),
];
const STATUS_BY_CARD: Fields<'_> = &[
    (2, "9900000000000010"),
    (7, "1122094530"),
    (11, "000014"),
    (24, "310"),
    (32, "20000000001"),
    (41, "TERM0001"),
    (42, "SHOP-77"),
    (90, "020000000211220945002000000000100000000000"),
];
const RECONCILIATION: Fields<'_> = &[
    (7, "1123000500"),
    (11, "000011"),
    (15, "1122"),
    (32, "20000000001"),
];
const KEY_CHANGE: Fields<'_> = &[
    (7, "1123001000"),
    (11, "000012"),
    (32, "20000000001"),
    (48, ""),
    (70, "101"),
];
/// The keys of RFC 3394, section 4.3.
const WRAPPING: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const NEW_KEY: &str = "00112233445566778899aabbccddeeff";
const ANNOUNCE: Fields<'_> = &[
    (7, "1122094455"),
    (11, "000007"),
    (24, "130"),
    (32, "90000000001"),
    (37, "632609000007"),
    (60, ""),
];

/// All of them, in the order of the guide.
pub fn examples() -> Vec<Example> {
    let sign_on = pack("0800", SIGN_ON, MALL);
    let by_card = pack("0200", BY_CARD, ACQUIRER);
    let by_order = pack("0200", BY_ORDER, MALL);
    let reversal = pack("0420", REVERSAL, ACQUIRER);
    let mut partial = put(REVERSAL, 11, "000005");
    partial.push(SHRINK_TO);
    let inquiry = pack("0100", INQUIRY, ACQUIRER);
    let authorization = pack("0100", &put(BY_CARD, 11, "000009"), ACQUIRER);
    let refund = pack("0200", REFUND, ACQUIRER);
    let completion = pack("0220", COMPLETION, ACQUIRER);
    let totals = Totals {
        credits: 1,
        debits: 2,
        debit_reversals: 1,
        credit_amount: 700,
        debit_amount: 3_499,
        debit_reversal_amount: 1_499,
        net: -1_300,
        ..Totals::default()
    };
    let reconciliation = reconciliation(&totals);
    let agreed = Extras {
        totals: Some((true, &totals)),
        ..Extras::default()
    };
    let status = pack("0600", STATUS, MALL);
    let paid = paid();
    let paid = Extras {
        status: Some(&paid),
        ..Extras::default()
    };
    let status_by_card = pack("0600", STATUS_BY_CARD, ACQUIRER);
    let unknown = Extras {
        reason: Some("no such order or request is known here"),
        ..Extras::default()
    };
    let key_change = key_change();
    let malformed = malformed();
    let announce = announce();
    let approved = |approval: &[u8; 6]| Extras {
        approval: Some(*approval),
        ..Extras::default()
    };
    let declined = Extras {
        reason: Some("not enough money"),
        ..Extras::default()
    };
    let balances = Balances::new(amount(100_000), amount(98_001), Currency::USD);
    let balances = Extras {
        balances: Some(&balances),
        ..Extras::default()
    };
    let plain = Extras::default();
    const OK: ResponseCode = ResponseCode::APPROVED;
    let example = |name, frame: &[u8], key| Example {
        name,
        frame: frame.to_vec(),
        key,
    };
    vec![
        example("sign-on", &sign_on, MALL),
        answered("sign-on-answer", &sign_on, OK, &plain, MALL),
        example("purchase-by-card", &by_card, ACQUIRER),
        answered(
            "purchase-approved",
            &by_card,
            OK,
            &approved(b"7K2M9D"),
            ACQUIRER,
        ),
        answered(
            "purchase-declined",
            &by_card,
            ResponseCode::NOT_ENOUGH_MONEY,
            &declined,
            ACQUIRER,
        ),
        example("purchase-by-order", &by_order, MALL),
        answered("order-approved", &by_order, OK, &approved(b"Q04WX1"), MALL),
        example("reversal", &reversal, ACQUIRER),
        answered("reversal-answer", &reversal, OK, &plain, ACQUIRER),
        example(
            "partial-reversal",
            &pack("0420", &partial, ACQUIRER),
            ACQUIRER,
        ),
        example("refund", &refund, ACQUIRER),
        example("authorization", &authorization, ACQUIRER),
        answered(
            "authorization-approved",
            &authorization,
            OK,
            &approved(b"3HX80P"),
            ACQUIRER,
        ),
        example("completion", &completion, ACQUIRER),
        answered("completion-answer", &completion, OK, &plain, ACQUIRER),
        example("reconciliation", &reconciliation, ACQUIRER),
        answered(
            "reconciliation-answer",
            &reconciliation,
            OK,
            &agreed,
            ACQUIRER,
        ),
        example("status", &status, MALL),
        answered("status-answer", &status, OK, &paid, MALL),
        example("status-by-card", &status_by_card, ACQUIRER),
        answered(
            "status-unknown",
            &status_by_card,
            ResponseCode::NOT_FOUND,
            &unknown,
            ACQUIRER,
        ),
        example("key-change", &key_change, ACQUIRER),
        answered("key-change-answer", &key_change, OK, &plain, ACQUIRER),
        example("inquiry", &inquiry, ACQUIRER),
        answered("inquiry-answer", &inquiry, OK, &balances, ACQUIRER),
        example("purchase-malformed", &malformed, None),
        example("format-error", &format_error(&malformed), None),
        example("announce-order", &announce, None),
        example(
            "announce-order-answer",
            &administrative_answer(&announce),
            None,
        ),
    ]
}

fn pack(mti: &str, fields: Fields<'_>, key: Option<&str>) -> Vec<u8> {
    let mti = Mti::new(u16::from_str_radix(mti, 16).unwrap()).unwrap();
    let mut buffer = BytesMut::new();
    let mut packer = Packer::new(&mut buffer, mti);
    for (field, value) in fields {
        set(&mut packer, *field, value);
    }
    packer.close(key.map(|key| MacKey::from_hex(key).unwrap()).as_ref());
    buffer.to_vec()
}

/// What has become of the purchase by order, after a refund.
fn paid() -> StatusReport {
    StatusReport {
        state: State::Approved,
        code: Some(ResponseCode::APPROVED),
        approval: Some(*b"Q04WX1"),
        currency: Currency::USD,
        amount: amount(1_999),
        amounts: Some(StatusAmounts {
            approved: amount(1_999),
            refunded: amount(700),
            ..StatusAmounts::default()
        }),
        retrieval: Some(*b"632609000003"),
        original: Some(OriginalData {
            mti: Mti::PURCHASE,
            trace: Stan::new(3),
            transmission: 1_122_094_500,
            institution: Institution::new(10_000_000_001),
            forwarding: None,
        }),
        reason: None,
    }
}

/// 0500 with these totals.
fn reconciliation(totals: &Totals) -> Vec<u8> {
    let mut buffer = BytesMut::new();
    let mut packer = Packer::new(&mut buffer, Mti::RECONCILIATION);
    for (field, value) in RECONCILIATION {
        set(&mut packer, *field, value);
    }
    totals.pack(&mut packer);
    packer.close(Some(&MacKey::from_hex(ACQUIRER.unwrap()).unwrap()));
    buffer.to_vec()
}

fn answered(
    name: &'static str,
    request: &[u8],
    code: ResponseCode,
    extras: &Extras<'_>,
    key: Option<&'static str>,
) -> Example {
    let mut buffer = BytesMut::new();
    let mac_key = key.map(|key| MacKey::from_hex(key).unwrap());
    let request = Message::parse(&request[2..]).unwrap();
    answer(&request, &mut buffer, code, extras, mac_key.as_ref());
    let frame = buffer.to_vec();
    Example { name, frame, key }
}

/// The purchase by card of a party without a key, its amount made `0000000A1999`.
fn malformed() -> Vec<u8> {
    let mut frame = pack("0200", &put(BY_CARD, 32, "20000000002"), None);
    let amount = unhex("000000001999");
    let at = frame.windows(6).position(|bytes| bytes == amount).unwrap();
    frame[at + 3] = 0xA0;
    frame
}

fn format_error(frame: &[u8]) -> Vec<u8> {
    let error = Message::parse(&frame[2..]).unwrap_err();
    let mut buffer = BytesMut::new();
    assert!(format_error_answer(&frame[2..], &error, &mut buffer, None));
    buffer.to_vec()
}

/// 0800/101.
fn key_change() -> Vec<u8> {
    let wrapping = KeyEncryptingKey::from_hex(WRAPPING).unwrap();
    let material = wrapping.wrap(&MacKey::bytes(NEW_KEY).unwrap()).to_string();
    let mut tags = tlv::TlvWriter::new();
    assert!(tags.add(tlv::KEY_MATERIAL, material.as_bytes()));
    let text = String::from_utf8(tags.as_bytes().to_vec()).unwrap();
    pack("0800", &put(KEY_CHANGE, 48, &text), ACQUIRER)
}

/// The fields, one of them with this text.
fn put<'a>(fields: Fields<'a>, number: u8, text: &'a str) -> Vec<(u8, &'a str)> {
    let with = |&(field, value): &(u8, &'a str)| match field == number {
        true => (field, text),
        false => (field, value),
    };
    fields.iter().map(with).collect()
}

fn announce() -> Vec<u8> {
    let mut data = tlv::TlvWriter::new();
    let values = [
        (1, "4711"),
        (2, "1999"),
        (3, "840"),
        (4, "MALL-0001"),
        (5, "ORDER-1"),
        (6, "2 x tea"),
    ];
    for (tag, value) in values {
        assert!(data.add(tag, value.as_bytes()));
    }
    let text = String::from_utf8(data.as_bytes().to_vec()).unwrap();
    pack("0600", &put(ANNOUNCE, 60, &text), None)
}

fn administrative_answer(request: &[u8]) -> Vec<u8> {
    let request = Message::parse(&request[2..]).unwrap();
    let mut buffer = BytesMut::new();
    let mut packer = Packer::new(&mut buffer, request.mti().answer());
    for field in [7, 11, 24, 32, 37] {
        packer.copy(&request, field);
    }
    packer.raw(39, b"00").finish();
    buffer.to_vec()
}

fn amount(minor: u64) -> Amount {
    Amount::new(minor).unwrap()
}

/// AES-CMAC of an example, step by step and with nothing of the crate's own.
pub fn mac(example: &Example) -> String {
    let key = unhex(example.key.unwrap());
    let message = &example.frame[2..];
    let (covered, sent) = message.split_at(message.len() - 8);
    let cipher = Aes128::new(&Array::try_from(&key[..]).unwrap());
    let encrypt = |block: u128| {
        let mut block = Array::from(block.to_be_bytes());
        cipher.encrypt_block(&mut block);
        u128::from_be_bytes(block.into())
    };
    let double = |value: u128| value << 1 ^ if value >> 127 == 1 { 0x87 } else { 0 };
    let l = encrypt(0);
    let (k1, k2) = (double(l), double(double(l)));
    let mut text = String::from("```text\n");
    let mut line = |what: &str, value: &dyn std::fmt::Display| {
        writeln!(text, "{what:<30}{value}").unwrap();
    };
    line("key", &hex(&key));
    line(&format!("covered, {} bytes", covered.len()), &hex(covered));
    line("L  = AES(key, zeros)", &format_args!("{l:032x}"));
    line("K1 = double(L)", &format_args!("{k1:032x}"));
    line("K2 = double(K1)", &format_args!("{k2:032x}"));
    let mut state = 0;
    let blocks = covered.len().div_ceil(16);
    for (index, chunk) in covered.chunks(16).enumerate() {
        let mut block = [0; 16];
        block[..chunk.len()].copy_from_slice(chunk);
        let whole = chunk.len() == 16;
        if !whole {
            block[chunk.len()] = 0x80;
        }
        let mut value = u128::from_be_bytes(block);
        let padded = if whole { "" } else { ", padded with 80 00.." };
        line(
            &format!("block {}{padded}", index + 1),
            &format_args!("{value:032x}"),
        );
        if index + 1 == blocks {
            let (subkey, name) = if whole { (k1, "K1") } else { (k2, "K2") };
            value ^= subkey;
            line(&format!("  xor {name}"), &format_args!("{value:032x}"));
        }
        state = encrypt(value ^ state);
        let input = if index == 0 { "" } else { " xor last" };
        line(
            &format!("  AES(key, block{input})"),
            &format_args!("{state:032x}"),
        );
    }
    let full = state.to_be_bytes();
    assert_eq!(&full[..8], sent, "the worked MAC is the one that was sent");
    line("MAC, the first 8 bytes", &hex(&full[..8]));
    text.push_str("```\n");
    text
}
