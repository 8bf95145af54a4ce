//! Frames: whole, in pieces, in crowds, and what can't be followed.

use std::net::Shutdown;
use std::time::{Duration, Instant};

use super::{BALANCE, balances, closed, frames_refused, wait_for_refused};
use crate::rig::wire::{
    Hand, MALL, OTHER_MALL, PLAIN, Wire, card_purchase, framed, hex, mac, network, rig_with,
    started, time_of,
};
use crate::rig::{Rig, wait_for};

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
                ("frame_within", "\"2s\""),
                ("sign_on_within", "\"3s\""),
                ("idle_for", "\"9s\""),
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
    assert!(begun.elapsed() >= Duration::from_secs(2), "it had its time");
    wait_for_refused(&rig, "unfinished", 1.0);

    let mut silent = Wire::connect(rig.addresses.malls);
    let mut chatty = Wire::connect(rig.addresses.malls);
    chatty.send(&[0, 0]);
    bystander.assert_serves(&MALL);
    silent.assert_closed("no sign-on");
    chatty.assert_closed("a keep-alive is no sign-on");
    wait_for("two closed for want of a sign-on", || {
        closed(&rig, "no_sign_on") == 2.0
    });

    let mut kept_alive = Wire::signed_on(&rig, &MALL);
    let mut idle = Wire::signed_on(&rig, &OTHER_MALL);
    wait_for("one closed as idle", || {
        kept_alive.send(&[0, 0]);
        bystander.send(&[0, 0]);
        closed(&rig, "idle") >= 1.0
    });
    idle.assert_closed("idle");
    kept_alive.assert_serves(&MALL);
    bystander.assert_serves(&MALL);
    assert_eq!(balances(&rig, 1), before);
}

/// A busy connection whose segments end in the middle of frames finishes each of them in time.
#[test]
fn a_connection_that_always_has_a_frame_half_sent_is_not_unfinished() {
    let rig = started(rig_with(0, 0, &[("frame_within", "\"2s\"")]), &[]);
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
        std::thread::sleep(Duration::from_millis(150));
    }
    wire.send(&rest);
    assert_eq!(wire.answer().code(), "00");
    wait_for_refused(&rig, "unfinished", 0.0);
}

/// A peer that has closed its sending half still gets the answers.
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
