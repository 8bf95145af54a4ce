//! What is refused, answered once, or not to be seen: nothing of it changes a balance.

use std::time::Duration;

use super::{BALANCE, balances, frames_refused, wait_for_refused};
use crate::rig::wire::{
    ACQUIRER, Hand, MALL, OTHER_MALL, PLAIN, Party, Seen, Wire, card_purchase, framed, fresh,
    inquiry, network, order_purchase, purchase, reversal, rig_with, started, time_of,
};
use crate::rig::{Rig, wait_for};

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
    for early in [
        card_purchase(&ACQUIRER, 1, 100),
        network(&ACQUIRER, "301"),
        network(&ACQUIRER, "002"),
        inquiry(&ACQUIRER, 1),
    ] {
        let mut wire = Wire::connect(rig.addresses.malls);
        let answer = wire.ask(&early);
        assert_eq!(answer.code(), "58", "{}", answer.reason());
        assert!(answer.is_sealed_for(&ACQUIRER));
        wire.assert_closed("its first message was no sign-on");
    }
    let mut wire = Wire::connect(rig.addresses.malls);
    let unknown = Party {
        code: "30000000003",
        ..ACQUIRER
    };
    let answer = wire.ask(&network(&unknown, "001"));
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
    // The connection permanently belongs to the mall, also if another party sends over it.
    assert_eq!(mall.ask(&network(&OTHER_MALL, "001")).code(), "63");

    // Answers that nobody asked for: dropped, counted.
    let counted = frames_refused(&rig, "unexpected_answer");
    mall.send(&order_purchase(&MALL, "A-1", 100).mti("0210").frame());
    mall.send(&network(&MALL, "301").mti("0810").frame());
    mall.assert_serves(&MALL);
    wait_for_refused(&rig, "unexpected_answer", counted + 2.0);

    wait_for_refused(&rig, "not_signed_on", 4.0);
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
    let rig = started(rig_with(1, BALANCE, &[("sign_on_within", "\"4s\"")]), &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(wire.ask(&card_purchase(&ACQUIRER, 1, 100)).code(), "00");
    std::thread::sleep(Duration::from_millis(4200));
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
fn a_repeat_is_answered_where_it_was_sent_and_applied_once() {
    let rig = started(Rig::new(1, BALANCE), &["faults.delay={ fixed = \"3s\" }"]);
    let mut one = Wire::signed_on(&rig, &ACQUIRER);
    let mut two = Wire::signed_on(&rig, &ACQUIRER);
    let purchase = card_purchase(&ACQUIRER, 1, 700);
    one.send(&purchase.frame());
    // Only then has the wallet decided it: before that, the repeat may overtake it on another worker.
    wait_for("it to be at the financial system", || {
        rig.sum("tessera_host_requests_in_flight") == 1.0
    });
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
