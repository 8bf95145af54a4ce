//! How a reversal, completion or refund names its original, and which requests are the same one: against the real
//! switch and the real financial system, whose totals are compared at the end.

use std::time::Duration;

use crate::rig::leased::{Line, announcement};
use crate::rig::totals::settles;
use crate::rig::wire::{
    ACQUIRER, Hand, MALL, PLAIN, Seen, Wire, card_number, card_purchase, completion, inquiry,
    order_purchase, refund, reversal, rig_with, started, time_of,
};
use crate::rig::{Rig, wait_for};

const CARDS: u64 = 10;
const BALANCE: u64 = 10_000;
const PROVISIONED: i64 = (CARDS * BALANCE) as i64;

const NOT_FOUND: &str = "original not found";

fn rig() -> Rig {
    started(rig_with(CARDS, BALANCE, &[("order_wait", "\"1s\"")]), &[])
}

/// Ledger and available balance of a card.
fn balances(wire: &mut Wire, serial: u64) -> (u64, u64) {
    wire.ask(&inquiry(&ACQUIRER, serial)).balances()
}

fn said(seen: &Seen) -> (String, String) {
    (seen.code(), seen.reason())
}

fn code(wire: &mut Wire, message: &Hand) -> String {
    wire.ask(message).code()
}

/// Field 90 of this message without trace number, time and institution.
fn unnamed(following: Hand) -> Hand {
    let mti = following.field(90)[..4].to_owned();
    following.with(90, &format!("{mti}{:038}", 0))
}

/// The same, with the field 37 of its original.
fn by_reference(following: Hand, original: &Hand) -> Hand {
    unnamed(following).with(37, &original.field(37))
}

/// Its own local time differs, so it does not identify the original.
fn own(following: Hand) -> Hand {
    following.with(12, "000001")
}

/// The first transmission of a request that was lost, and the second with a field 7 of its own and no mark.
fn lost(request: Hand) -> (Hand, Hand) {
    let first = request.with(7, &time_of(-95));
    let second = first.clone().with(7, &time_of(0));
    (first, second)
}

fn not_found(rig: &Rig) -> f64 {
    rig.sum("tessera_originals_not_found_total")
}

#[test]
fn a_transmission_that_never_came_names_its_request() {
    let rig = rig();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    for (serial, mti) in [(1, "0400"), (2, "0420")] {
        let (first, second) = lost(card_purchase(&ACQUIRER, serial, 700));
        assert_eq!(code(&mut wire, &second), "00");
        assert_eq!(balances(&mut wire, serial), (9_300, 9_300));
        let answer = wire.ask(&own(reversal(mti, &first)));
        assert_eq!(said(&answer), ("00".into(), String::new()));
        assert_eq!(balances(&mut wire, serial), (10_000, 10_000));
    }
    // Completions and refunds likewise.
    let (first, second) = lost(card_purchase(&ACQUIRER, 3, 700).mti("0100"));
    assert_eq!(code(&mut wire, &second), "00");
    let (completes, completes_again) = lost(own(completion(&first, 600)));
    let answer = wire.ask(&completes_again);
    assert_eq!(said(&answer), ("00".into(), String::new()));
    assert_eq!(balances(&mut wire, 3), (9_400, 9_400));
    let named = reversal("0420", &completes).field(90);
    let refunds = own(refund(&first, 200)).with(90, &named);
    assert_eq!(code(&mut wire, &refunds), "00");
    assert_eq!(balances(&mut wire, 3), (9_600, 9_600));
    assert_eq!(not_found(&rig), 0.0);
    settles(rig, PROVISIONED);
}

#[test]
fn field_37_names_its_request_also_after_a_crash() {
    let mut rig = rig();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let bought: Vec<Hand> = (1..=4)
        .map(|serial| card_purchase(&ACQUIRER, serial, 700))
        .collect();
    for purchase in &bought {
        assert_eq!(code(&mut wire, purchase), "00");
    }
    // Settled by now, and read back from the journal.
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let reverses = own(by_reference(reversal("0420", &bought[0]), &bought[0]));
    assert_eq!(said(&wire.ask(&reverses)), ("00".into(), String::new()));
    assert_eq!(balances(&mut wire, 1), (10_000, 10_000));
    let refunds = own(by_reference(refund(&bought[1], 700), &bought[1]));
    assert_eq!(code(&mut wire, &refunds), "00");
    assert_eq!(balances(&mut wire, 2), (10_000, 10_000));
    // The right trace number and field 37, at another terminal of the same shop.
    let desk = own(reversal("0420", &bought[2])).text(41, "DESK0001");
    let named = desk.field(90).replace(&bought[2].field(7), "0000000000");
    let desk = desk.with(90, &named).with(37, &bought[2].field(37));
    assert_eq!(said(&wire.ask(&desk)), ("00".into(), String::new()));
    assert_eq!(balances(&mut wire, 3), (10_000, 10_000));
    // By the time of the purchase without field 37.
    let desk = own(reversal("0420", &bought[3])).text(41, "DESK0001");
    assert_eq!(said(&wire.ask(&desk)), ("00".into(), String::new()));
    assert_eq!(balances(&mut wire, 4), (10_000, 10_000));
    settles(rig, PROVISIONED);
}

#[test]
fn what_is_not_found_or_fits_twice_is_said_counted_and_logged() {
    let mut rig = rig();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let first = card_purchase(&ACQUIRER, 1, 700).with(12, "101010");
    let second = first.clone().with(12, "101011").with(7, &time_of(-3));
    assert_eq!(code(&mut wire, &first), "00");
    assert_eq!(code(&mut wire, &second), "00");
    let unclear = |mti| {
        let message = own(reversal(mti, &first));
        let named = message.field(90).replace(&first.field(7), "0000000000");
        message.with(90, &named)
    };
    let answer = wire.ask(&unclear("0400"));
    assert_eq!(said(&answer), ("25".into(), NOT_FOUND.into()));
    let advice = unclear("0420");
    assert_eq!(said(&wire.ask(&advice)), ("00".into(), NOT_FOUND.into()));
    // Another amount, another card acceptor.
    let other = by_reference(reversal("0420", &first), &first).with(4, "000000000699");
    assert_eq!(said(&wire.ask(&other)), ("00".into(), NOT_FOUND.into()));
    let other =
        by_reference(reversal("0420", &first), &first).text(42, &format!("{:15}", "SHOP-78"));
    assert_eq!(said(&wire.ask(&other)), ("00".into(), NOT_FOUND.into()));
    // A completion of nothing; what names a card that nobody has.
    let completes = completion(&card_purchase(&ACQUIRER, 1, 700).mti("0100"), 700);
    assert_eq!(said(&wire.ask(&completes)), ("00".into(), NOT_FOUND.into()));
    let nobodys = reversal("0420", &card_purchase(&ACQUIRER, 77, 700));
    assert_eq!(said(&wire.ask(&nobodys)), ("00".into(), NOT_FOUND.into()));
    let nobodys = completion(&card_purchase(&ACQUIRER, 77, 700).mti("0100"), 700);
    assert_eq!(said(&wire.ask(&nobodys)), ("00".into(), NOT_FOUND.into()));
    let refunds = refund(&card_purchase(&ACQUIRER, 1, 700), 700);
    assert_eq!(said(&wire.ask(&refunds)), ("25".into(), NOT_FOUND.into()));
    wait_for("all eight to be counted", || not_found(&rig) == 8.0);
    wait_for("all eight to be logged", || {
        rig.log("switch").matches(NOT_FOUND).count() == 8
    });
    assert!(!rig.log("switch").contains(&card_number(1)));
    assert_eq!(balances(&mut wire, 1), (8_600, 8_600));
    // The repeat is answered alike, whatever happened in between.
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let again = wire.ask(&advice.mti("0421"));
    assert_eq!(said(&again), ("00".into(), NOT_FOUND.into()));
    assert_eq!(balances(&mut wire, 1), (8_600, 8_600));
    settles(rig, PROVISIONED);
}

#[test]
fn an_original_that_was_reversed_without_its_trace_number_is_declined_when_it_comes() {
    let rig = rig();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let late = card_purchase(&ACQUIRER, 1, 700);
    let reverses = own(by_reference(reversal("0420", &late), &late));
    assert_eq!(said(&wire.ask(&reverses)), ("00".into(), NOT_FOUND.into()));
    assert_eq!(code(&mut wire, &late), "05");
    // Marked as a repeat, with another time, after a reversal that named another one.
    let (first, second) = lost(card_purchase(&ACQUIRER, 1, 700));
    assert_eq!(code(&mut wire, &own(reversal("0400", &first))), "25");
    assert_eq!(code(&mut wire, &second.mti("0201")), "05");
    assert_eq!(balances(&mut wire, 1), (10_000, 10_000));
    settles(rig, PROVISIONED);
}

#[test]
fn another_card_makes_another_request_and_another_amount_a_contradiction() {
    let mut rig = rig();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let first = card_purchase(&ACQUIRER, 1, 700);
    let second = first.clone().with(2, &format!("16 {}", card_number(2)));
    let approved = wire.ask(&first);
    let other = wire.ask(&second);
    assert_eq!((approved.code(), other.code()), ("00".into(), "00".into()));
    assert_ne!(approved.text(38), other.text(38));
    let hold = second.clone().mti("0100");
    assert_eq!(code(&mut wire, &hold), "00", "another message class");
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    for message in [&first, &second] {
        for amount in ["000000000701", "000000000699"] {
            assert_eq!(code(&mut wire, &message.clone().with(4, amount)), "94");
        }
        let repeat = wire.ask(&message.clone().mti("0201"));
        assert_eq!(repeat.code(), "00");
    }
    assert_eq!(balances(&mut wire, 1), (9_300, 9_300));
    assert_eq!(balances(&mut wire, 2), (9_300, 8_600));
    // Each reversal undoes that of its own card.
    assert_eq!(code(&mut wire, &reversal("0420", &second)), "00");
    assert_eq!(balances(&mut wire, 1), (9_300, 9_300));
    assert_eq!(balances(&mut wire, 2), (10_000, 9_300));
    assert_eq!(code(&mut wire, &reversal("0420", &hold)), "00");
    settles(rig, PROVISIONED);
}

#[test]
fn what_waits_for_its_order_is_held_to_its_key_and_reversed_like_what_is_being_decided() {
    let rig = started(
        rig_with(
            0,
            0,
            &[("answer_within", "\"60s\""), ("order_wait", "\"60s\"")],
        ),
        &[],
    );
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(10_000);
    let mut mall = Wire::signed_on(&rig, &MALL);
    let mut other = Wire::signed_on(&rig, &MALL);
    let waiting = order_purchase(&MALL, "W-1", 700);
    mall.send(&waiting.frame());
    mall.has_been_read(&MALL);
    let contradicts = waiting.clone().with(4, "000000000800");
    assert_eq!(code(&mut other, &contradicts), "94");
    // Its repeat takes its place, and is the one that is answered.
    other.send(&waiting.clone().mti("0201").frame());
    other.has_been_read(&MALL);
    let mut third = Wire::signed_on(&rig, &MALL);
    let answer = third.ask(&reversal("0400", &waiting));
    assert_eq!(said(&answer), ("00".into(), String::new()));
    assert_eq!(other.answer().code(), "05");
    mall.assert_silent(Duration::from_millis(50));
    // What follows an order that nobody knows does not wait for it.
    let never = order_purchase(&MALL, "W-2", 700);
    assert_eq!(
        said(&third.ask(&completion(&never.clone().mti("0100"), 700))),
        ("00".into(), NOT_FOUND.into())
    );
    assert_eq!(
        said(&third.ask(&refund(&never, 700))),
        ("25".into(), NOT_FOUND.into())
    );
    assert_eq!(line.announce(&wallet, &MALL, "W-1", 700).code(), "00");
    assert_eq!(code(&mut third, &waiting.mti("0201")), "05");
    assert_eq!(code(&mut third, &order_purchase(&MALL, "W-1", 700)), "00");
    assert_eq!(line.balance(&wallet), (9_300, 9_300));
    settles(rig, 0);
}

#[test]
fn a_card_is_verified_without_a_hold() {
    let rig = rig();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let verifies = || card_purchase(&ACQUIRER, 1, 0).mti("0100");
    let answer = wire.ask(&verifies());
    assert_eq!((answer.code(), answer.text(38).len()), ("00".into(), 6));
    assert_eq!(code(&mut wire, &verifies().with(3, "380000")), "00");
    assert_eq!(code(&mut wire, &verifies().with(14, "3111")), "54");
    assert_eq!(code(&mut wire, &verifies().with(14, "2001")), "54");
    let nobodys = card_purchase(&ACQUIRER, 77, 0).mti("0100");
    assert_eq!(code(&mut wire, &nobodys), "14");
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 1, 0)), "13");
    for (field, date) in [(13, "0230"), (15, "0931"), (7, "0230101010"), (14, "3113")] {
        let bought = card_purchase(&ACQUIRER, 1, 700).with(field, date);
        let answer = wire.ask(&bought);
        assert_eq!(answer.code(), "30", "{field}");
        assert!(
            answer.reason().contains(&format!("field {field}")),
            "{}",
            answer.reason()
        );
    }
    assert_eq!(balances(&mut wire, 1), (10_000, 10_000));
    let mut plain = Wire::signed_on(&rig, &PLAIN);
    assert_eq!(
        code(&mut plain, &card_purchase(&PLAIN, 1, 0).mti("0100")),
        "00"
    );
    settles(rig, PROVISIONED);
}

#[test]
fn an_operation_of_the_wallet_server_is_known_by_its_wallet_too() {
    let rig = started(rig_with(0, 0, &[]), &[]);
    let mut line = Line::signed_on(&rig);
    let (one, other) = (line.wallet_with(10_000), line.wallet_with(10_000));
    let first = announcement(&one, &MALL, "K-1", 700);
    let named_alike = |message: Hand| {
        let message = message.with(11, &first.field(11));
        message.with(37, &first.field(37))
    };
    assert_eq!(line.ask(&first).code(), "00");
    let elsewhere = named_alike(announcement(&other, &MALL, "K-2", 700));
    assert_eq!(line.ask(&elsewhere).code(), "00");
    let contradicts = named_alike(announcement(&one, &MALL, "K-3", 700));
    assert_eq!(line.ask(&contradicts).code(), "94");
    let mut mall = Wire::signed_on(&rig, &MALL);
    for order in ["K-1", "K-2"] {
        assert_eq!(code(&mut mall, &order_purchase(&MALL, order, 700)), "00");
    }
    assert_eq!(line.balance(&one), (9_300, 9_300));
    assert_eq!(line.balance(&other), (9_300, 9_300));
    settles(rig, 0);
}

#[test]
fn what_a_party_sends_without_an_original_fills_no_log() {
    let rig = rig();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let sent: Vec<Hand> = (0..30)
        .map(|_| reversal("0420", &card_purchase(&ACQUIRER, 1, 100)))
        .collect();
    sent.iter()
        .for_each(|reversal| wire.send(&reversal.frame()));
    for _ in &sent {
        assert_eq!(said(&wire.answer()), ("00".into(), NOT_FOUND.into()));
    }
    wait_for("all of them to be counted", || not_found(&rig) == 30.0);
    let left_out = || {
        let kind = format!("tessera_log_lines_suppressed_total{{kind=\"{NOT_FOUND}\"}}");
        rig.figure(&kind).unwrap_or_default() as usize
    };
    let written = || {
        let log = rig.log("switch");
        log.lines()
            .filter(|line| line.contains("original_trace"))
            .count()
    };
    wait_for("all lines to be written or left out", || {
        written() + left_out() == 30
    });
    assert!(left_out() > 0 && written() >= 10, "{}", written());
}
