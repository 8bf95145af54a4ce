//! The door, spoken to in bytes written by hand: section 8 of the wire protocol row by row, and the
//! rules of sections 1, 3 and 4 that a mall meets.

mod rig;

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use rig::wire::{
    ACQUIRER, Hand, MALL, OTHER_MALL, PLAIN, Party, Seen, Wire, card_purchase, framed, fresh, hex,
    inquiry, mac, network, order_purchase, purchase, reversal, rig_with, started, time_of,
};
use rig::{Rig, wait_for};

const BALANCE: u64 = 1_000_000;

/// A worker pours its own figures into the common ones now and then.
fn wait_for_refused(rig: &Rig, reason: &str, count: f64) {
    wait_for(
        &format!(
            "{count} frames refused as {reason}, not {}",
            frames_refused(rig, reason)
        ),
        || frames_refused(rig, reason) == count,
    );
}

fn frames_refused(rig: &Rig, reason: &str) -> f64 {
    rig.figure(&format!(
        "tessera_frames_refused_total{{reason=\"{reason}\"}}"
    ))
    .unwrap_or(0.0)
}

fn closed(rig: &Rig, reason: &str) -> f64 {
    rig.figure(&format!(
        "tessera_connections_closed_total{{reason=\"{reason}\"}}"
    ))
    .unwrap_or(0.0)
}

/// Ledger and available balance of a development card, asked for on a connection of its own.
fn balances(rig: &Rig, serial: u64) -> (u64, u64) {
    let answer = Wire::signed_on(rig, &PLAIN).ask(&inquiry(&PLAIN, serial));
    assert_eq!(answer.code(), "00", "{}", answer.reason());
    answer.balances()
}

/// Section 2 byte by byte: nothing in this test is computed but the time and the MAC.
#[test]
fn a_purchase_in_literal_bytes_is_answered_in_literal_bytes() {
    let rig = Rig::started(1, BALANCE);
    let mut wire = Wire::connect(rig.addresses.malls);
    let time = time_of(0);
    let key = "202122232425262728292a2b2c2d2e2f";
    let mut sign_on = hex(&format!(
        "0800 82 20 00 01 00 00 00 00  04 00 00 00 00 00 00 01 {time} 000001 11 200000000010 0001"
    ));
    sign_on.extend(mac(key, &sign_on));
    wire.send(&framed(&sign_on));
    let mut expected = hex(&format!(
        "0810 82 20 00 01 02 00 00 00  04 00 00 00 00 00 00 01 {time} 000001 11 200000000010 3030 0001"
    ));
    expected.extend(mac(key, &expected));
    assert_eq!(wire.answer().message, expected, "the answer to the sign-on");

    let mut purchase = hex(&format!(
        "0200 72 3c 44 81 08 c0 80 01 16 9900000000000010 000000 000000012345 {time} 000002 094500 1122
         3112 5999 0812 59 11 200000000010 363332363039303030303032 5445524d30303031
         53484f502d3737 2020202020202020 383430"
    ));
    purchase.extend(mac(key, &purchase));
    wire.send(&framed(&purchase));
    let answer = wire.answer();
    let approval: String = answer
        .text(38)
        .bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(approval.len(), 12, "six characters");
    let mut expected = hex(&format!(
        "0210 72 38 00 01 0e c0 80 01 16 9900000000000010 000000 000000012345 {time} 000002 094500 1122
         11 200000000010 363332363039303030303032 {approval} 3030 5445524d30303031
         53484f502d3737 2020202020202020 383430"
    ));
    expected.extend(mac(key, &expected));
    assert_eq!(answer.message, expected, "the answer to the purchase");
    assert_eq!(balances(&rig, 1), (BALANCE - 12_345, BALANCE - 12_345));
}

#[test]
fn frames_come_in_single_bytes_in_crowds_and_with_keep_alives_between() {
    let rig = Rig::started(1, BALANCE);
    let mut wire = Wire::connect(rig.addresses.malls);
    wire.send(&[0, 0, 0, 0]);
    for byte in network(&MALL, "001").frame() {
        wire.send(&[byte]);
    }
    assert_eq!(wire.answer().code(), "00");
    let echoes: Vec<Hand> = (0..50).map(|_| network(&MALL, "301")).collect();
    let mut segment = Vec::new();
    for echo in &echoes {
        segment.extend([0, 0]);
        segment.extend(echo.frame());
    }
    // The last one in two segments.
    let (most, rest) = segment.split_at(segment.len() - 9);
    wire.send(most);
    wire.send(rest);
    for echo in &echoes {
        let answer = wire.answer();
        assert_eq!(answer.mti, "0810");
        assert_eq!(answer.digits(11), echo.field(11));
        assert!(answer.is_sealed_for(&MALL));
    }
    wire.assert_silent(Duration::from_millis(100));
}

#[test]
fn what_cannot_be_followed_or_waited_for_ends_its_connection_and_no_other() {
    let rig = started(
        rig_with(
            1,
            BALANCE,
            &[
                ("frame_within", "\"700ms\""),
                ("sign_on_within", "\"1s\""),
                ("idle_for", "\"1500ms\""),
            ],
        ),
        &[],
    );
    let mut bystander = Wire::signed_on(&rig, &MALL);
    let before = balances(&rig, 1);

    let mut wire = Wire::signed_on(&rig, &MALL);
    wire.send(&hex("1001"));
    wire.assert_closed("a length of 4097");
    wait_for_refused(&rig, "too_long", 1.0);

    // As long as a frame may be: an answer that nobody asked for, of 4096 bytes.
    let mut wire = Wire::signed_on(&rig, &MALL);
    wire.send(&hex("1000 0210"));
    wire.send(&[0; 4094]);
    wire.assert_serves(&MALL);

    for no_mti in ["0002 0a00", "0001 08", "0004 ffffffff"] {
        let counted = frames_refused(&rig, "no_mti");
        let mut wire = Wire::signed_on(&rig, &MALL);
        wire.send(&hex(no_mti));
        wire.assert_closed(no_mti);
        wait_for_refused(&rig, "no_mti", counted + 1.0);
    }

    // Keep-alives and a byte now and then do not finish a frame.
    let mut wire = Wire::signed_on(&rig, &MALL);
    let begun = Instant::now();
    for byte in hex("0030 0800 82") {
        wire.send(&[byte]);
        std::thread::sleep(Duration::from_millis(50));
    }
    wire.assert_closed("a frame begun and not finished");
    assert!(
        begun.elapsed() >= Duration::from_millis(700),
        "it had its time"
    );
    wait_for_refused(&rig, "unfinished", 1.0);

    let mut silent = Wire::connect(rig.addresses.malls);
    let mut chatty = Wire::connect(rig.addresses.malls);
    let not_signed_on = chatty.ask(&card_purchase(&PLAIN, 1, 100));
    assert_eq!(not_signed_on.code(), "58");
    bystander.assert_serves(&MALL);
    silent.assert_closed("no sign-on");
    chatty.assert_closed("talking is no sign-on");
    wait_for("two closed for want of a sign-on", || {
        closed(&rig, "no_sign_on") == 2.0
    });

    let mut kept_alive = Wire::signed_on(&rig, &MALL);
    let mut idle = Wire::signed_on(&rig, &OTHER_MALL);
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(200));
        kept_alive.send(&[0, 0]);
        bystander.send(&[0, 0]);
    }
    idle.assert_closed("idle");
    wait_for("one closed as idle", || closed(&rig, "idle") >= 1.0);
    kept_alive.assert_serves(&MALL);
    bystander.assert_serves(&MALL);
    assert_eq!(balances(&rig, 1), before);
}

/// A busy connection whose segments end in the middle of frames finishes each of them in time.
#[test]
fn a_connection_that_always_has_a_frame_half_sent_is_not_unfinished() {
    let rig = started(rig_with(0, 0, &[("frame_within", "\"500ms\"")]), &[]);
    let mut wire = Wire::signed_on(&rig, &MALL);
    let mut rest = Vec::new();
    for _ in 0..20 {
        let frame = network(&MALL, "301").frame();
        let (half, other) = frame.split_at(20);
        wire.send(&[&rest[..], half].concat());
        if !rest.is_empty() {
            assert_eq!(wire.answer().code(), "00");
        }
        rest = other.to_vec();
        std::thread::sleep(Duration::from_millis(50));
    }
    wire.send(&rest);
    assert_eq!(wire.answer().code(), "00");
    wait_for_refused(&rig, "unfinished", 0.0);
}

#[test]
fn format_errors_are_answered_with_30_and_the_field_at_fault() {
    let rig = Rig::started(1, BALANCE);
    let before = balances(&rig, 1);
    let mut bystander = Wire::signed_on(&rig, &PLAIN);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let good = || card_purchase(&ACQUIRER, 1, 100);
    let all: &[u8] = &[7, 11, 32, 37, 39, 41, 42, 48, 64];
    let cases: Vec<(&str, Hand, &str, &[u8])> = vec![
        (
            "a nibble above 9",
            good().with(4, "00000000010a"),
            "4",
            &[7, 11, 32, 37, 39, 41, 42, 48, 64],
        ),
        (
            "a length above the maximum",
            good().with(32, "12 200000000010"),
            "32",
            all,
        ),
        (
            "a length that is no number",
            good().with(32, "1f 200000000010"),
            "32",
            all,
        ),
        ("no field 3", good().without(3), "3", all),
        ("no field 4", good().without(4), "4", all),
        (
            "no field 7",
            good().without(7),
            "7",
            &[11, 32, 37, 39, 41, 42, 48, 64],
        ),
        ("no field 12", good().without(12), "12", all),
        ("no field 13", good().without(13), "13", all),
        ("no field 14 with a card", good().without(14), "14", all),
        ("no field 18", good().without(18), "18", all),
        ("no field 22", good().without(22), "22", all),
        ("no field 25", good().without(25), "25", all),
        (
            "no field 32",
            good().without(32),
            "32",
            &[7, 11, 37, 39, 41, 42, 48, 64],
        ),
        (
            "no field 37",
            good().without(37),
            "37",
            &[7, 11, 32, 39, 41, 42, 48, 64],
        ),
        (
            "no field 41",
            good().without(41),
            "41",
            &[7, 11, 32, 37, 39, 42, 48, 64],
        ),
        (
            "no field 42",
            good().without(42),
            "42",
            &[7, 11, 32, 37, 39, 41, 48, 64],
        ),
        ("no field 49", good().without(49), "49", all),
        ("nobody who pays", good().without(2), "2", all),
        ("no such month", good().with(13, "1322"), "13", all),
        (
            "field 48 is no TLVs",
            good().without(2).with(48, "0003 303139"),
            "48",
            all,
        ),
    ];
    for (what, message, field, expected) in cases {
        let counted = frames_refused(&rig, "format");
        let answer = wire.ask(&message);
        let reason = answer.reason();
        assert_eq!(
            (answer.mti.as_str(), answer.code().as_str()),
            ("0210", "30"),
            "{what}: {reason}"
        );
        assert!(
            reason.contains(&format!("field {field}")),
            "{what}: {reason}"
        );
        assert!(answer.is_sealed_for(&ACQUIRER), "{what}");
        let mut readable = answer.numbers();
        // A fault early in the message leaves the rest unreadable; what is echoed must be as sent.
        for number in [7, 11, 32, 37, 41, 42]
            .iter()
            .filter(|number| readable.contains(number))
        {
            let sent = message.field(*number);
            assert!(
                sent.ends_with(&answer.digits(*number)),
                "{what}: field {number}"
            );
        }
        if what.starts_with("no ") || what.starts_with("nobody") || what.starts_with("field") {
            assert_eq!(readable, expected, "{what}");
        }
        readable.retain(|number| ![7, 11, 32, 37, 39, 41, 42, 48, 64].contains(number));
        assert_eq!(readable, [0u8; 0], "{what}");
        wait_for_refused(&rig, "format", counted + 1.0);
    }

    // Cut off after every byte from its trace number on: answered where that could be read.
    let whole = good().key(None).message();
    for length in 12..whole.len() {
        wire.send(&framed(&whole[..length]));
        if length >= 10 + 9 + 3 + 6 + 5 + 3 {
            let answer = wire.answer();
            assert_eq!(
                answer.code(),
                "30",
                "cut off at {length}: {}",
                answer.reason()
            );
        }
    }
    // Bytes left over.
    let mut longer = good().message();
    longer.push(0);
    wire.send(&framed(&longer));
    assert_eq!(wire.answer().code(), "30");
    // Without a trace number nobody can match the answer, but somebody can read it.
    let answer = wire.ask(&good().without(11));
    assert_eq!(
        (answer.code(), answer.digits(11)),
        ("30".into(), String::new())
    );
    wire.assert_serves(&ACQUIRER);
    bystander.assert_serves(&PLAIN);
    assert_eq!(balances(&rig, 1), before);
}

#[test]
fn refusals_change_nothing_and_are_counted() {
    let rig = Rig::started(2, BALANCE);
    let before = (balances(&rig, 1), balances(&rig, 2));
    let mut bystander = Wire::signed_on(&rig, &PLAIN);

    // Before a sign-on: 58, sealed for whom the message names.
    let mut wire = Wire::connect(rig.addresses.malls);
    for early in [
        card_purchase(&ACQUIRER, 1, 100),
        network(&ACQUIRER, "301"),
        inquiry(&ACQUIRER, 1),
    ] {
        let answer = wire.ask(&early);
        assert_eq!(answer.code(), "58", "{}", answer.reason());
        assert!(answer.is_sealed_for(&ACQUIRER));
    }
    let stranger = Party {
        code: "30000000003",
        ..ACQUIRER
    };
    let answer = wire.ask(&network(&stranger, "001"));
    assert_eq!(answer.code(), "63", "a code that nobody has");
    assert!(answer.is_sealed_for(&PLAIN), "no key to seal with");
    for (what, message) in [
        ("no MAC on a sign-on", network(&ACQUIRER, "001").key(None)),
        (
            "another's MAC on a sign-on",
            network(&ACQUIRER, "001").key(MALL.key),
        ),
    ] {
        let answer = wire.ask(&message);
        assert_eq!(answer.code(), "63", "{what}");
        assert!(answer.is_sealed_for(&ACQUIRER), "{what}");
    }
    assert_eq!(
        wire.ask(&card_purchase(&ACQUIRER, 1, 100)).code(),
        "58",
        "still not signed on"
    );
    assert_eq!(wire.ask(&network(&ACQUIRER, "001")).code(), "00");
    assert_eq!(
        wire.ask(&network(&ACQUIRER, "001")).code(),
        "00",
        "a second time"
    );

    let good = || card_purchase(&ACQUIRER, 1, 100);
    let mut flipped = good().message();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    wire.send(&framed(&flipped));
    let answer = wire.answer();
    assert_eq!(answer.code(), "63", "one bit of the MAC");
    assert!(answer.is_sealed_for(&ACQUIRER));
    let mut other_amount = good().message();
    other_amount[27] ^= 1;
    wire.send(&framed(&other_amount));
    assert_eq!(wire.answer().code(), "63", "one bit under the MAC");

    let seconds = |offset: i64| time_of(offset);
    let cases: Vec<(&str, Hand, &str)> = vec![
        ("no MAC", good().key(None), "63"),
        (
            "another party's code",
            good().with(32, "11 200000000020"),
            "63",
        ),
        (
            "a code that nobody has",
            good().with(32, "11 300000000030"),
            "63",
        ),
        ("an MTI of no message", good().mti("0300"), "12"),
        ("an MTI of 1993", good().mti("1200"), "12"),
        (
            "an administrative message",
            good().mti("0600").with(24, "0140").tags(60, &[(1, "1")]),
            "12",
        ),
        ("an unknown processing code", good().with(3, "990000"), "12"),
        (
            "an hour and a half ago",
            good().with(7, &seconds(-5400)),
            "12",
        ),
        (
            "in an hour and a half",
            good().with(7, &seconds(5400)),
            "12",
        ),
        (
            "an echo of yesterday",
            network(&ACQUIRER, "301").with(7, &seconds(-86_400)),
            "12",
        ),
        ("an unknown network code", network(&ACQUIRER, "999"), "12"),
        ("nothing to pay", good().with(4, "000000000000"), "13"),
        (
            "an inquiry with an amount",
            inquiry(&ACQUIRER, 1).with(4, "000000000001"),
            "13",
        ),
        ("no such card", card_purchase(&ACQUIRER, 3, 100), "14"),
        ("no such card, inquired", inquiry(&ACQUIRER, 3), "14"),
        ("another expiry", good().with(14, "3111"), "54"),
        (
            "another expiry, inquired",
            inquiry(&ACQUIRER, 1).with(14, "3011"),
            "54",
        ),
        ("another currency", good().text(49, "978"), "12"),
        ("too much", card_purchase(&ACQUIRER, 1, BALANCE + 1), "51"),
        (
            "an order, of an acquirer",
            order_purchase(&ACQUIRER, "A-1", 100),
            "58",
        ),
    ];
    for (what, message, code) in cases {
        let answer = wire.ask(&message);
        assert_eq!(answer.code(), code, "{what}: {}", answer.reason());
        assert!(answer.is_sealed_for(&ACQUIRER), "{what}");
        assert_eq!(answer.digits(11), message.field(11), "{what}");
        assert!(answer.text(38).is_empty(), "{what}");
    }

    let mut mall = Wire::signed_on(&rig, &MALL);
    for (what, message, code) in [
        (
            "another mall's acceptor",
            order_purchase(&MALL, "A-1", 100).text(42, "MALL-0002      "),
            "63",
        ),
        ("a card, at a mall", card_purchase(&MALL, 1, 100), "58"),
        ("a balance, for a mall", inquiry(&MALL, 1), "58"),
    ] {
        let answer = mall.ask(&message);
        assert_eq!(answer.code(), code, "{what}: {}", answer.reason());
        assert!(answer.is_sealed_for(&MALL), "{what}");
    }
    // The connection is the mall's for good, whoever else speaks on it.
    assert_eq!(mall.ask(&network(&OTHER_MALL, "001")).code(), "63");

    // Answers that nobody asked for: dropped, counted.
    let counted = frames_refused(&rig, "unexpected_answer");
    mall.send(&order_purchase(&MALL, "A-1", 100).mti("0210").frame());
    mall.send(&network(&MALL, "301").mti("0810").frame());
    mall.assert_serves(&MALL);
    wait_for_refused(&rig, "unexpected_answer", counted + 2.0);

    wait_for_refused(&rig, "not_signed_on", 3.0);
    wait_for_refused(&rig, "unknown_mti", 2.0);
    wait_for_refused(&rig, "invalid", 4.0);
    wait_for_refused(&rig, "clock", 3.0);
    wait_for_refused(&rig, "not_permitted", 4.0);
    wait_for_refused(&rig, "violation", 10.0);
    let failures = format!(
        "tessera_party_mac_failures_total{{party=\"{}\"}}",
        ACQUIRER.name
    );
    wait_for("MAC failures to be counted", || {
        rig.figure(&failures) == Some(5.0)
    });
    bystander.assert_serves(&PLAIN);
    assert_eq!((balances(&rig, 1), balances(&rig, 2)), before);
    let log = rig.log("switch");
    assert!(
        !log.contains("9900000000000010"),
        "no card number in the log"
    );
}

#[test]
fn after_a_sign_off_nothing_is_served_until_the_next_sign_on() {
    let rig = started(rig_with(1, BALANCE, &[("sign_on_within", "\"1s\"")]), &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(wire.ask(&card_purchase(&ACQUIRER, 1, 100)).code(), "00");
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(wire.ask(&network(&ACQUIRER, "002")).code(), "00");
    assert_eq!(wire.ask(&card_purchase(&ACQUIRER, 1, 100)).code(), "58");
    assert_eq!(wire.ask(&network(&ACQUIRER, "301")).code(), "58");
    assert_eq!(wire.ask(&network(&ACQUIRER, "001")).code(), "00");
    assert_eq!(wire.ask(&card_purchase(&ACQUIRER, 1, 100)).code(), "00");
    assert_eq!(wire.ask(&network(&ACQUIRER, "002")).code(), "00");
    wire.assert_closed("signed off, and no sign-on in time");
    assert_eq!(balances(&rig, 1), (BALANCE - 200, BALANCE - 200));
}

#[test]
fn a_party_has_no_more_connections_and_requests_than_it_may() {
    let rig = Rig::new(1, BALANCE);
    let text = std::fs::read_to_string(rig.path("switch.toml")).expect("a configuration");
    let text = text.replace(
        "mac_key = \"none\"\n",
        "mac_key = \"none\"\nconnections_max = 3\nin_flight_max = 4\nin_flight_per_connection_max = 3\n",
    );
    std::fs::write(rig.path("switch.toml"), text).expect("a file");
    let rig = started(rig, &["faults.delay={ fixed = \"200ms\" }"]);

    let (mut one, mut two, mut three) = (
        Wire::signed_on(&rig, &PLAIN),
        Wire::signed_on(&rig, &PLAIN),
        Wire::signed_on(&rig, &PLAIN),
    );
    let mut four = Wire::connect(rig.addresses.malls);
    assert_eq!(four.ask(&network(&PLAIN, "001")).code(), "58");
    four.assert_closed("one connection too many");
    let party_full = "tessera_connections_refused_total{reason=\"party_full\"}";
    wait_for("a refusal to be counted", || {
        rig.figure(party_full) == Some(1.0)
    });
    drop(three);
    wait_for("room for a connection", || {
        let mut again = Wire::connect(rig.addresses.malls);
        again.ask(&network(&PLAIN, "001")).code() == "00"
    });

    // Twelve at once on each of two connections, where four may be unanswered: all are answered, a
    // few at a time, and the others' requests are not held up.
    let purchases: Vec<Hand> = (0..24).map(|_| card_purchase(&PLAIN, 1, 10)).collect();
    let begun = Instant::now();
    for (wire, share) in [&mut one, &mut two].into_iter().zip(purchases.chunks(12)) {
        wire.send(&share.iter().flat_map(Hand::frame).collect::<Vec<u8>>());
    }
    three = Wire::signed_on(&rig, &ACQUIRER);
    let in_flight = format!(
        "tessera_party_requests_in_flight{{party=\"{}\"}}",
        PLAIN.name
    );
    let most = (0..10)
        .filter_map(|_| rig.figure(&in_flight))
        .fold(0.0, f64::max);
    assert!((1.0..=4.0).contains(&most), "{most} in flight");
    assert_eq!(three.ask(&card_purchase(&ACQUIRER, 1, 1)).code(), "00");
    for wire in [&mut one, &mut two] {
        for _ in 0..12 {
            let answer = wire.answer();
            assert_eq!(answer.code(), "00", "{}", answer.reason());
        }
    }
    assert!(
        begun.elapsed() >= Duration::from_millis(6 * 200),
        "four at a time"
    );
    let received = "tessera_requests_total{kind=\"purchase\"}";
    wait_for("a request that waited to be one request", || {
        rig.figure(received) == Some(25.0)
    });
    assert_eq!(balances(&rig, 1), (BALANCE - 241, BALANCE - 241));
}

#[test]
fn a_repeat_is_answered_where_it_was_sent_and_applied_once() {
    let rig = started(
        Rig::new(1, BALANCE),
        &["faults.delay={ fixed = \"500ms\" }"],
    );
    let mut one = Wire::signed_on(&rig, &ACQUIRER);
    let mut two = Wire::signed_on(&rig, &ACQUIRER);
    let purchase = card_purchase(&ACQUIRER, 1, 700);
    one.send(&purchase.frame());
    std::thread::sleep(Duration::from_millis(150));
    let repeat = purchase.clone().mti("0201").with(7, &time_of(1));
    let answer = two.ask(&repeat);
    assert_eq!(
        (answer.mti.as_str(), answer.code().as_str()),
        ("0210", "00")
    );
    assert_eq!(answer.digits(7), repeat.field(7));
    one.assert_silent(Duration::from_millis(300));
    let again = one.ask(&repeat);
    assert_eq!(
        (again.code(), again.text(38)),
        ("00".into(), answer.text(38))
    );
    let other = repeat.clone().with(4, "000000000701");
    assert_eq!(one.ask(&other).code(), "94");
    assert_eq!(balances(&rig, 1), (BALANCE - 700, BALANCE - 700));

    let undo = reversal("0420", &purchase);
    let answer = two.ask(&undo);
    assert_eq!(
        (answer.mti.as_str(), answer.code().as_str()),
        ("0430", "00"),
        "{}",
        answer.reason()
    );
    assert_eq!(answer.digits(90), undo.field(90));
    assert_eq!(two.ask(&undo.mti("0421")).code(), "00");
    assert_eq!(balances(&rig, 1), (BALANCE, BALANCE));
}

/// A peer that has sent all that it had to say still hears the answers.
#[test]
fn a_half_open_peer_is_answered_and_then_closed() {
    let rig = started(
        Rig::new(1, BALANCE),
        &["faults.delay={ fixed = \"200ms\" }"],
    );
    let mut wire = Wire::signed_on(&rig, &PLAIN);
    let purchases: Vec<Hand> = (0..3).map(|_| card_purchase(&PLAIN, 1, 10)).collect();
    wire.send(&purchases.iter().flat_map(Hand::frame).collect::<Vec<u8>>());
    wire.socket.shutdown(Shutdown::Write).expect("half a close");
    for _ in &purchases {
        assert_eq!(
            wire.try_answer().map(|answer| answer.code()),
            Some("00".into())
        );
    }
    wire.assert_closed("all is answered");
    assert_eq!(balances(&rig, 1), (BALANCE - 30, BALANCE - 30));
}

/// What came before the fault was sound: it is decided, even if its answer finds nobody.
#[test]
fn requests_before_an_oversized_frame_are_decided() {
    let rig = started(rig_with(8, BALANCE, &[("workers", "2")]), &[]);
    let mut wire = Wire::signed_on(&rig, &PLAIN);
    let mut segment: Vec<u8> = (1..=8)
        .flat_map(|serial| card_purchase(&PLAIN, serial, 10).frame())
        .collect();
    segment.extend(hex("ffff"));
    wire.send(&segment);
    while wire.try_answer().is_some() {}
    let approved = "tessera_answers_total{code=\"00\",kind=\"purchase\"}";
    wait_for("eight purchases to be decided", || {
        rig.figure(approved) == Some(8.0)
    });
}

#[test]
fn slow_readers_cannot_make_memory_grow_and_are_closed_in_the_end() {
    let rig = started(rig_with(1, BALANCE, &[("write_stall", "\"1500ms\"")]), &[]);
    let mut bystander = Wire::signed_on(&rig, &ACQUIRER);
    let memory = || {
        rig.figure("process_resident_memory_bytes")
            .expect("a figure")
    };
    let before = memory();
    let mut readers: Vec<Wire> = (0..8).map(|_| Wire::signed_on(&rig, &PLAIN)).collect();
    let echoes: Vec<u8> = (0..1000)
        .flat_map(|_| network(&PLAIN, "301").frame())
        .collect();
    let mut sent = 0;
    for wire in &mut readers {
        wire.socket
            .set_write_timeout(Some(Duration::from_millis(300)))
            .expect("a socket");
        // Until the switch reads no more, and the socket's own buffers are full.
        while sent < 4_000_000_000_usize {
            match wire.socket.write(&echoes) {
                Ok(written) => sent += written,
                Err(error) => {
                    assert!(
                        matches!(
                            error.kind(),
                            ErrorKind::WouldBlock
                                | ErrorKind::TimedOut
                                | ErrorKind::ConnectionReset
                                | ErrorKind::BrokenPipe
                        ),
                        "{error}"
                    );
                    break;
                }
            }
        }
        bystander.assert_serves(&ACQUIRER);
    }
    let grown = memory() - before;
    assert!(grown < 32e6, "{grown} bytes for {sent} bytes of requests");
    wait_for("the slow readers to be closed", || {
        closed(&rig, "write_stall") == 8.0
    });
    bystander.assert_serves(&ACQUIRER);
    drop(readers);
}

/// Whatever one connection sends, and however fast, the others on its worker have their turn.
#[test]
fn a_flood_on_one_connection_does_not_hold_up_another() {
    let rig = started(rig_with(1, BALANCE, &[("workers", "1")]), &[]);
    let mut bystander = Wire::signed_on(&rig, &ACQUIRER);
    let flood = Wire::signed_on(&rig, &PLAIN).socket;
    let (mut writer, mut reader) = (flood.try_clone().expect("a socket"), flood);
    let flooding = std::thread::spawn(move || {
        let keep_alives = vec![0; 1 << 20];
        while writer.write_all(&keep_alives).is_ok() {}
    });
    for _ in 0..50 {
        let answer = bystander.ask(&card_purchase(&ACQUIRER, 1, 1));
        assert_eq!(answer.code(), "00", "{}", answer.reason());
    }
    reader.shutdown(Shutdown::Both).expect("an open socket");
    let _ = reader.read(&mut [0; 16]);
    flooding.join().expect("the flood ends");
}

/// Half of them signed on; each sends a byte of a frame now and then.
#[test]
fn a_thousand_slow_connections_do_not_slow_a_fast_one() {
    let rig = Rig::started(10, BALANCE);
    let mut fast = Wire::signed_on(&rig, &ACQUIRER);
    let mut rounds = |count: u64| {
        let begun = Instant::now();
        for number in 0..count {
            let answer = fast.ask(&card_purchase(&ACQUIRER, 1 + number % 10, 1));
            assert_eq!(answer.code(), "00", "{}", answer.reason());
        }
        begun.elapsed()
    };
    let alone = rounds(300);
    let mut slow: Vec<(Wire, Vec<u8>)> = (0..1000)
        .map(|number| {
            let wire = match number % 2 {
                0 => Wire::signed_on(&rig, &PLAIN),
                _ => Wire::connect(rig.addresses.malls),
            };
            (wire, network(&PLAIN, "001").frame())
        })
        .collect();
    let crowd = std::thread::scope(|scope| {
        let dripping = scope.spawn(|| {
            // Three bytes each: no frame is whole, no time is over.
            for at in 0..3 {
                for (wire, frame) in &mut slow {
                    wire.send(&frame[at..=at]);
                }
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        let crowd = rounds(300);
        dripping.join().expect("bytes were taken");
        crowd
    });
    assert!(
        crowd < alone * 10 + Duration::from_secs(1),
        "{crowd:?} against {alone:?} alone"
    );
    // They were slow, not lost.
    for (wire, frame) in &mut slow {
        wire.send(&frame[3..]);
        assert_eq!(wire.answer().code(), "00");
    }
}

/// Nothing of a refused purchase can be seen, nor of one that another party sent.
#[test]
fn a_party_sees_and_undoes_nothing_of_another() {
    let rig = Rig::started(1, BALANCE);
    let mut one = Wire::signed_on(&rig, &ACQUIRER);
    let mut two = Wire::signed_on(&rig, &PLAIN);
    let bought = card_purchase(&ACQUIRER, 1, 500);
    assert_eq!(one.ask(&bought).code(), "00");
    let foreign = reversal("0420", &bought)
        .with(32, &format!("11 {}0", PLAIN.code))
        .key(None);
    let answer: Seen = two.ask(&foreign);
    assert_eq!(answer.code(), "00", "an advice is never declined");
    let foreign = reversal("0400", &bought)
        .with(32, &format!("11 {}0", PLAIN.code))
        .key(None);
    assert_eq!(two.ask(&foreign).code(), "25", "but it has nothing to undo");
    assert_eq!(balances(&rig, 1), (BALANCE - 500, BALANCE - 500));
    let late = purchase(&PLAIN, 5)
        .with(2, &bought.field(2))
        .with(14, "3112")
        .with(11, &format!("{:06}", fresh()));
    assert_eq!(two.ask(&late).code(), "00");
}
