//! Certification held to itself: against a small server that lies in one thing at a time, every kind of expectation is seen
//! to fail, and against one that does not lie, to pass.

mod keys;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use tessera_protocol::{Dialect, MacKey};

use super::answer::{Expected, answered, approved};
use super::case::{Case, Expect, Need, Raw, Step};
use super::cases::cases;
use super::connection::{Target, framed};
use super::judge::answer_mti;
use super::message::{Seal, Value, authorization, echo, inquiry, network, purchase, repeat};
use super::packing::{Body, FilledMessage};
use super::report::Outcome;
use super::run::{Options, run};
use super::seen::Seen;
use super::{Party, Payer, junit, listing};

/// What the server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    None,
    Code,
    MessageType,
    OtherAmount,
    NoEcho,
    MoreThanAsked,
    NoApprovalNumber,
    ShortApprovalNumber,
    AnotherApprovalNumber,
    NoMac,
    WrongMac,
    Malformed,
    NoFrame,
    OtherTraceNumber,
    Silence,
    AnswersAnswers,
    Hangs,
    HangsUp,
    HangsUpEarly,
    MovesMoney,
    NoBalances,
    NoReason,
    EveryConnection,
}

/// One connection, signed on or not, and the sum of what was approved on its card.
fn serve(mut stream: TcpStream, lie: Lie, key: &MacKey, first: bool) -> std::io::Result<()> {
    let dialect = Dialect::CANONICAL;
    let mut incoming = BytesMut::new();
    let mut approvals = 100_000;
    loop {
        let frame = match dialect.cut(&mut incoming) {
            Ok(frame) => frame,
            Err(_) if lie == Lie::Hangs => None,
            Err(_) => return Ok(()),
        };
        let Some(wire) = frame else {
            let mut bytes = [0; 4096];
            match stream.read(&mut bytes)? {
                0 => return Ok(()),
                read => incoming.put_slice(&bytes[..read]),
            }
            continue;
        };
        let asked = Seen::read(dialect, &wire);
        let signs_on = asked.text(70) == Some("001");
        if asked.mti.as_bytes().get(2) == Some(&b'1') && lie != Lie::AnswersAnswers {
            continue;
        }
        if lie == Lie::HangsUp && !signs_on {
            return Ok(());
        }
        if lie == Lie::Silence && asked.mti == "0200" {
            continue;
        }
        approvals += u32::from(lie == Lie::AnotherApprovalNumber);
        let crowded = signs_on && !first && lie != Lie::EveryConnection;
        let mut filled = honest(&asked, approvals);
        if crowded {
            filled.fields.insert(39, body("58"));
        }
        if !signs_on {
            bend(&mut filled, lie);
        }
        let seal = match lie {
            Lie::WrongMac if !signs_on => Seal::OneBitOff,
            Lie::NoMac if !signs_on => Seal::None,
            _ => Seal::Right,
        };
        let mut bytes = filled.pack(dialect.packing, Some(key), seal, None);
        match lie {
            Lie::Malformed if !signs_on => bytes.push(0),
            Lie::NoFrame if !signs_on => {
                stream.write_all(&[0xFF; 8])?;
                continue;
            }
            _ => {}
        }
        stream.write_all(&framed(dialect, &bytes))?;
        if crowded {
            return Ok(());
        }
    }
}

/// What the wire protocol would have it answer.
fn honest(asked: &Seen, approval: u32) -> FilledMessage {
    let mut filled = FilledMessage {
        mti: answer_mti(&asked.mti),
        fields: [2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 70, 90]
            .into_iter()
            .filter_map(|field| Some((field, body(asked.text(field)?))))
            .collect(),
    };
    let mut code = "00";
    if asked.text(4) == Some("000000000666") {
        code = "05";
        filled.fields.insert(48, body("09002no"));
    }
    let inquires = asked.text(3) == Some("310000");
    if inquires {
        let text = "0001840C0000000090000002840C000000090000";
        filled.fields.insert(54, body(text));
    } else if code == "00" && ["0200", "0201", "0100"].contains(&asked.mti.as_str()) {
        filled.fields.insert(38, body(&approval.to_string()));
    }
    filled.fields.insert(39, body(code));
    filled
}

fn bend(filled: &mut FilledMessage, lie: Lie) {
    let inquires = filled.text(3) == Some("310000");
    let mut put = |field: u8, text: &str| {
        filled.fields.insert(field, body(text));
    };
    match lie {
        Lie::Code => put(39, "96"),
        Lie::MessageType => filled.mti = "0830".to_owned(),
        Lie::OtherAmount => put(4, "000000000701"),
        Lie::NoEcho => drop(filled.fields.remove(&37)),
        Lie::MoreThanAsked => put(18, "5999"),
        Lie::NoApprovalNumber => drop(filled.fields.remove(&38)),
        Lie::ShortApprovalNumber => put(38, "12    "),
        Lie::OtherTraceNumber => put(11, "999999"),
        Lie::MovesMoney if inquires => {
            static MOVES: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
            let moved = MOVES.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let text = format!("0001840C{0:012}0002840C{0:012}", 90_000 - moved);
            put(54, &text);
        }
        Lie::NoBalances if inquires => put(54, "0001840C000000090000"),
        Lie::NoReason => drop(filled.fields.remove(&48)),
        _ => {}
    }
}

fn body(text: &str) -> Body {
    text.to_owned().into()
}

/// Faults of this case against a server that answers wrongly in this way: the wrong places; none if it has passed.
fn places(lie: Lie, case: Case) -> Vec<String> {
    let party = Party::development(20_000_000_001).unwrap();
    let key = party.key.clone().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = listener.local_addr().unwrap().into();
    // It ends with the test's process.
    std::thread::spawn(move || {
        let mut many = 0;
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            if lie == Lie::HangsUpEarly && many > 0 {
                continue;
            }
            many += 1;
            let key = key.clone();
            // Two connections more than the one apart, which is closed by then.
            let first = many <= 3;
            std::thread::spawn(move || serve(stream, lie, &key, first));
        }
    });
    let options = Options {
        target: Target {
            addresses,
            tls: None,
        },
        party: Party {
            connections_max: 2,
            ..party
        },
        payers: vec![Payer::development(1)],
        wallet_line: None,
        sandbox: false,
        long: false,
        only: Vec::new(),
        answer_within: Duration::from_secs(2),
        terminal: None,
    };
    let report = run(&options, vec![case]).unwrap();
    assert_eq!(report.results.len(), 1);
    let result = &report.results[0];
    let xml = junit(&report);
    assert_eq!(xml.contains("<failure "), !report.clean());
    assert_eq!(report.to_string().contains("\n  ✗ "), !report.clean());
    match &result.outcome {
        Outcome::Passed => Vec::new(),
        Outcome::Failed(faults) => faults.iter().map(|fault| fault.place.clone()).collect(),
        Outcome::Skipped(why) => panic!("skipped: {why}"),
    }
}

fn case() -> Case {
    Case::new("9.01", "9, Test", "a test")
}

fn buys() -> Case {
    case().needs(Need::Payer).send(purchase(700), approved())
}

#[test]
fn what_is_right_passes() {
    let right = [
        buys().nothing_moved(),
        buys().send(repeat("0201", 1), approved().like(1)),
        buys().send(inquiry(), approved()).serves(),
        case().send(purchase(666), answered("05").with_reason()),
        case().send(network("echo", "301").mti("0810"), Expect::Nothing),
        case().raw_closes(Raw::Oversized, Duration::from_secs(2)),
        case().raw(Raw::KeepAlive),
        case()
            .needs(Need::Alone(2))
            .step(Step::CrowdOut { most: 2 }),
        case().send(
            authorization(700),
            approved().with(49, Expected::Exactly("840".into())),
        ),
    ];
    for case in right {
        let words = format!("{:?}", case.steps);
        assert_eq!(places(Lie::None, case), [""; 0], "{words}");
    }
}

#[test]
fn every_kind_of_lie_is_seen() {
    let crowd = || {
        case()
            .needs(Need::Alone(2))
            .step(Step::CrowdOut { most: 2 })
    };
    let silent = || {
        case().step(Step::Silent {
            line: 0,
            after: Duration::from_secs(5),
            within: Duration::from_secs(1),
        })
    };
    let lies: Vec<(Lie, Case, &[&str])> = vec![
        (Lie::Code, buys(), &["field 39"]),
        (Lie::Code, case().serves(), &["field 39"]),
        (
            Lie::MessageType,
            case().send(echo(), approved()),
            &["message type"],
        ),
        (Lie::OtherAmount, buys_unbalanced(), &["field 4"]),
        (Lie::NoEcho, buys_unbalanced(), &["field 37"]),
        (Lie::MoreThanAsked, buys_unbalanced(), &["field 18"]),
        (Lie::NoApprovalNumber, buys_unbalanced(), &["field 38"]),
        (Lie::ShortApprovalNumber, buys_unbalanced(), &["field 38"]),
        (
            Lie::AnotherApprovalNumber,
            buys_unbalanced().send(repeat("0201", 1), approved().like(1)),
            &["field 38"],
        ),
        (
            Lie::None,
            buys_unbalanced().send(repeat("0201", 1), approved().with(39, Expected::Absent)),
            &["field 39"],
        ),
        (Lie::NoMac, case().send(echo(), approved()), &["MAC"]),
        (Lie::WrongMac, case().send(echo(), approved()), &["MAC"]),
        (
            Lie::None,
            case().send(echo(), approved().unsealed()),
            &["MAC"],
        ),
        (
            Lie::Malformed,
            case().send(echo(), approved()),
            &["message", "MAC"],
        ),
        (Lie::NoFrame, case().send(echo(), approved()), &["frame"]),
        (
            Lie::OtherTraceNumber,
            case().send(echo(), approved()),
            &["answer"],
        ),
        (
            Lie::Silence,
            case().send(purchase(700), approved()),
            &["answer"],
        ),
        (Lie::HangsUp, case().send(echo(), approved()), &["answer"]),
        (
            Lie::AnswersAnswers,
            case().send(echo().mti("0810"), Expect::Nothing),
            &["answer"],
        ),
        (
            Lie::None,
            case().send(echo(), Expect::Closed),
            &["connection"],
        ),
        (
            Lie::None,
            case().send(echo(), Expect::AnswerAndClosed(approved())),
            &["connection"],
        ),
        (
            Lie::Hangs,
            case().raw_closes(Raw::Oversized, Duration::from_millis(200)),
            &["connection"],
        ),
        (Lie::None, silent(), &["connection"]),
        (Lie::HangsUpEarly, silent(), &["time"]),
        (
            Lie::MovesMoney,
            buys().nothing_moved(),
            &["ledger balance", "available balance"],
        ),
        (
            Lie::NoBalances,
            case().send(inquiry(), approved()),
            &["field 54"],
        ),
        (
            Lie::NoReason,
            case().send(purchase(666), answered("05").with_reason()),
            &["field 48"],
        ),
        (
            Lie::None,
            case().send(purchase(666), answered("05").with(48, Expected::Absent)),
            &["field 48"],
        ),
        (
            Lie::None,
            buys_unbalanced().send(inquiry(), approved().with(54, Expected::Absent)),
            &["field 54"],
        ),
        (
            Lie::None,
            case().send(
                authorization(700),
                approved().with(49, Expected::Exactly("978".into())),
            ),
            &["field 49"],
        ),
        (
            Lie::None,
            buys().send(
                purchase(5).with(48, Value::Order(1, vec![(4, "1")])),
                answered("00").with(4, Expected::WhatWasAvailable),
            ),
            &["field 4"],
        ),
        (Lie::EveryConnection, crowd(), &["connections"]),
        (
            Lie::None,
            case().together(vec![
                (echo(), approved().into()),
                (purchase(666), approved().into()),
            ]),
            &[
                "purchase: field 39",
                "purchase: field 38",
                "purchase: field 48",
            ],
        ),
    ];
    std::thread::scope(|scope| {
        for (lie, case, expected) in lies {
            scope.spawn(move || {
                let words = format!("{lie:?}: {:?}", case.steps);
                let found: BTreeSet<_> = places(lie, case).into_iter().collect();
                let expected: BTreeSet<_> =
                    expected.iter().map(|&place| place.to_owned()).collect();
                assert_eq!(found, expected, "{words}");
            });
        }
    });
}

/// A purchase without a look at the balance before, for lies that would spoil that, too.
fn buys_unbalanced() -> Case {
    case().send(purchase(700), approved())
}

#[test]
fn numbers_are_ascending_and_nobody_shares_one() {
    let place = |case: &Case| -> (u32, u32) {
        let (section, number) = case.number.split_once('.').unwrap();
        (section.parse().unwrap(), number.parse().unwrap())
    };
    let places: Vec<_> = cases().iter().map(place).collect();
    assert!(places.is_sorted_by(|one, next| one < next));
    for section in 1..=8 {
        assert!(places.iter().any(|(of, _)| *of == section), "{section}");
    }
    for case in cases() {
        let rule = case.rule.split(',').next().unwrap();
        assert_eq!(rule, case.section(), "{}", case.number);
        assert!(!case.steps.is_empty(), "{}", case.number);
    }
}

#[test]
fn every_case_can_be_listed_for_every_party() {
    for code in [10_000_000_001, 20_000_000_001, 20_000_000_002] {
        let party = Party::development(code).unwrap();
        let text = listing(&cases(), &party);
        for case in cases() {
            assert!(text.contains(&format!("{} {}\n", case.number, case.title)));
        }
    }
}
