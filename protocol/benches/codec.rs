//! What each step of the codec costs for the golden purchase, so that other load disturbs the figures least: `cargo bench -p
//! tessera-protocol --bench codec` shows the fastest of many batches.
//!
//! `-- STEP CALLS` makes so many calls of one step and shows nothing: `benches/instructions.py` counts its instructions.
//!
//! Calls in a row that don't need each other's results overlap in the processor, which shortens `verify` most: by itself a chain of
//! blocks takes as long as its rounds take one after the other.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tessera_protocol::{
    Dialect, Extras, Framing, MacKey, Message, MessagePacking, Request, ResponseCode, answer,
};

/// A purchase of seventeen fields, its MAC included: one of the golden messages of `protocol/tests/vectors.json`.
const PURCHASE: &str = "\
    0200723c448108c0800116990000000000001000000000000001234511220945000000010945001122311259\
    99081259112000000000103633323630393030303030325445524d3030303153484f502d3737202020202020\
    20203834308cf844bd181c32d0";

/// The same without fields 14, 18, 22, 25 and 64: twelve fields.
const TWELVE_FIELDS: &str = "\
    02007238000108c0800016990000000000001000000000000001234511220945000000010945001122112000\
    000000103633323630393030303030325445524d3030303153484f502d37372020202020202020383430";

/// What is called again and again; `false` where the codec found a fault.
type Step = fn(&Given, &mut BytesMut) -> bool;

const STEPS: [(&str, Step); 8] = [
    ("parse-12", |given, _| {
        parse(&given.twelve).bytes().len() > 2
    }),
    ("parse", |given, _| parse(&given.purchase).bytes().len() > 2),
    ("read", |given, _| {
        let message = parse(&given.purchase);
        black_box(Request::read(&message)).is_ok()
    }),
    ("answer", |given, out| {
        let message = parse(&given.purchase);
        read_and_answer(given, &message, out, None)
    }),
    ("verify", |given, _| {
        given.key.verify(black_box(&given.purchase))
    }),
    ("whole", |given, out| {
        let message = parse(&given.purchase);
        given.key.verify(message.bytes()) && read_and_answer(given, &message, out, Some(&given.key))
    }),
    // Of a party that speaks ASCII: its purchase becomes a binary one, and the answer to that becomes ASCII.
    ("unpack-ascii", |given, _| {
        ASCII.unpack(black_box(&given.in_ascii)).fault.is_none()
    }),
    ("answer-ascii", |given, out| {
        let message = parse(&given.purchase);
        answer_in_ascii(given, &message, out)
    }),
];

const ASCII: Dialect = Dialect {
    framing: Framing::Ascii4,
    header_bytes: 0,
    packing: MessagePacking::Ascii,
};

const BATCHES: u32 = 3_000;
const CALLS_OF_A_BATCH: u32 = 1_000;

struct Given {
    purchase: Vec<u8>,
    twelve: Vec<u8>,
    in_ascii: Bytes,
    key: MacKey,
    extras: Extras<'static>,
}

fn main() -> ExitCode {
    let given = Given {
        purchase: unhex(PURCHASE),
        in_ascii: in_ascii(&unhex(PURCHASE)),
        twelve: unhex(TWELVE_FIELDS),
        key: MacKey::new(std::array::from_fn(|index| 0x20 + index as u8)),
        extras: Extras {
            approval: Some(*b"A1B2C3"),
            ..Extras::default()
        },
    };
    let mut out = BytesMut::with_capacity(4096);
    // Cargo adds one of its own.
    let given_arguments = std::env::args().skip(1).filter(|one| one != "--bench");
    let arguments: Vec<String> = given_arguments.collect();
    if let [wanted, calls] = &arguments[..] {
        let step = STEPS.iter().find(|(name, _)| name == wanted);
        let (Some((_, step)), Ok(calls)) = (step, calls.parse()) else {
            let names = STEPS.map(|(name, _)| name).join(", ");
            println!("{wanted} {calls}: the arguments are a step ({names}) and a number of calls");
            return ExitCode::FAILURE;
        };
        run(*step, calls, &given, &mut out);
        return ExitCode::SUCCESS;
    }
    for (name, step) in STEPS {
        let batches = (0..BATCHES).map(|_| {
            let started = Instant::now();
            run(step, CALLS_OF_A_BATCH, &given, &mut out);
            started.elapsed()
        });
        let fastest = batches.min().unwrap_or_default();
        println!(
            "{name:12} {:6.1} ns",
            fastest.as_secs_f64() * 1e9 / f64::from(CALLS_OF_A_BATCH)
        );
    }
    ExitCode::SUCCESS
}

fn run(step: Step, calls: u32, given: &Given, out: &mut BytesMut) {
    for _ in 0..calls {
        assert!(step(black_box(given), out));
    }
}

fn parse(bytes: &[u8]) -> Message<'_> {
    Message::parse(black_box(bytes)).expect("a good message")
}

fn read_and_answer(
    given: &Given,
    message: &Message<'_>,
    out: &mut BytesMut,
    key: Option<&MacKey>,
) -> bool {
    out.clear();
    let request = black_box(Request::read(message));
    answer(message, out, ResponseCode::APPROVED, &given.extras, key);
    request.is_ok()
}

fn answer_in_ascii(given: &Given, message: &Message<'_>, out: &mut BytesMut) -> bool {
    out.clear();
    let answered = ASCII.answer(Default::default(), Some(&given.key), out, |out, key| {
        answer(message, out, ResponseCode::APPROVED, &given.extras, key);
    });
    answered.is_ok()
}

/// The frame in which a party that speaks ASCII sends this message.
fn in_ascii(message: &[u8]) -> Bytes {
    let mut wire = BytesMut::new();
    ASCII
        .answer(Default::default(), None, &mut wire, |out, _| {
            out.extend_from_slice(&(message.len() as u16).to_be_bytes());
            out.extend_from_slice(message);
        })
        .expect("a message that ASCII can say");
    let frame = ASCII.cut(&mut wire).expect("a frame");
    frame.expect("a whole one")
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |character: u8| (character as char).to_digit(16).expect("a digit") as u8;
    let (pairs, _) = hex.as_bytes().as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|[high, low]| digit(*high) << 4 | digit(*low));
    bytes.collect()
}
