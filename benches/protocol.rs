//! What the protocol costs per message: `cargo bench --bench protocol`.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, criterion_group, criterion_main};
use tessera_protocol::{
    Dialect, Extras, Framing, MacKey, Message, MessagePacking, Request, ResponseCode, answer,
};

/// A purchase of seventeen fields, its MAC included: one of the golden messages of
/// `protocol/tests/vectors.json`.
const PURCHASE: &str = "\
    0200723c448108c0800116990000000000001000000000000001234511220945000000010945001122311259\
    99081259112000000000103633323630393030303030325445524d3030303153484f502d3737202020202020\
    20203834308cf844bd181c32d0";

/// The same without fields 14, 18, 22, 25 and 64: twelve fields.
const TWELVE_FIELDS: &str = "\
    02007238000108c0800016990000000000001000000000000001234511220945000000010945001122112000\
    000000103633323630393030303030325445524d3030303153484f502d37372020202020202020383430";

fn protocol(criterion: &mut Criterion) {
    let purchase = unhex(PURCHASE);
    let twelve = unhex(TWELVE_FIELDS);
    let key = MacKey::new(std::array::from_fn(|index| 0x20 + index as u8));
    assert!(key.verify(&purchase), "the bench speaks of a real message");
    let extras = Extras {
        approval: Some(*b"A1B2C3"),
        ..Extras::default()
    };
    let mut out = BytesMut::with_capacity(4096);

    criterion.bench_function("parse, 12 fields", |bencher| {
        bencher.iter(|| parse(black_box(&twelve)).mti());
    });
    criterion.bench_function("parse, 17 fields", |bencher| {
        bencher.iter(|| parse(black_box(&purchase)).mti());
    });
    criterion.bench_function("parse and read, 17 fields", |bencher| {
        bencher.iter(|| black_box(Request::read(&parse(black_box(&purchase)))).is_ok());
    });
    criterion.bench_function("parse, read and answer, 17 fields", |bencher| {
        bencher.iter(|| {
            out.clear();
            let message = parse(black_box(&purchase));
            let request = black_box(Request::read(&message));
            answer(&message, &mut out, ResponseCode::APPROVED, &extras, None);
            request.is_ok()
        });
    });
    criterion.bench_function("verify a MAC, 101 bytes", |bencher| {
        bencher.iter(|| key.verify(black_box(&purchase)));
    });
    let ascii = Dialect {
        framing: Framing::Ascii4,
        header_bytes: 0,
        packing: MessagePacking::Ascii,
    };
    let usual = Bytes::from(unhex(PURCHASE));
    let mut wire = BytesMut::new();
    ascii
        .answer(Default::default(), None, &mut wire, |out, _| {
            out.extend_from_slice(&(usual.len() as u16).to_be_bytes());
            out.extend_from_slice(&usual);
        })
        .expect("a message that ASCII can say");
    let wire = ascii.cut(&mut wire).expect("a frame").expect("a whole one");
    criterion.bench_function("put 17 fields of ASCII into binary", |bencher| {
        bencher.iter(|| ascii.unpack(black_box(&wire)).fault.is_none());
    });
    criterion.bench_function("answer and seal in ASCII", |bencher| {
        let message = parse(&purchase);
        bencher.iter(|| {
            out.clear();
            let header = Default::default();
            let answered = ascii.answer(header, Some(&key), &mut out, |out, key| {
                answer(&message, out, ResponseCode::APPROVED, &extras, key);
            });
            answered.is_ok()
        });
    });
    criterion.bench_function("parse, verify, read, answer and seal", |bencher| {
        bencher.iter(|| {
            out.clear();
            let message = parse(black_box(&purchase));
            assert!(key.verify(message.bytes()));
            let request = black_box(Request::read(&message));
            answer(
                &message,
                &mut out,
                ResponseCode::APPROVED,
                &extras,
                Some(&key),
            );
            request.is_ok()
        });
    });
}

fn parse(bytes: &[u8]) -> Message<'_> {
    Message::parse(bytes).expect("a good message")
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |character: u8| (character as char).to_digit(16).expect("a digit") as u8;
    let (pairs, _) = hex.as_bytes().as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|[high, low]| digit(*high) << 4 | digit(*low));
    bytes.collect()
}

criterion_group!(benches, protocol);
criterion_main!(benches);
