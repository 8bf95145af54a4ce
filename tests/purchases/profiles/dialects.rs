//! Parties that frame and pack as they always did, all of them on one port.

use std::time::Duration;

use super::BALANCE;
use crate::rig::wire::tongue::{FRAMINGS, SeenText, Text, framed_as, keep_alive};
use crate::rig::wire::{
    ACQUIRER, Hand, MALL, PLAIN, Party, Wire, card_number, card_purchase, network, rig_with,
    started,
};
use crate::rig::{Rig, wait_for};

const CODES: [&str; 10] = [
    "30000000001",
    "30000000002",
    "30000000003",
    "30000000004",
    "30000000005",
    "30000000006",
    "30000000007",
    "30000000008",
    "30000000009",
    "30000000010",
];
const KEY: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";

/// A party for each framing and packing, every second one without a key.
fn speakers() -> impl Iterator<Item = (Party, &'static str, &'static str)> {
    let dialects = ["binary", "ascii"]
        .into_iter()
        .flat_map(|packing| FRAMINGS.map(|framing| (framing, packing)));
    dialects.enumerate().map(|(index, (framing, packing))| {
        let party = Party {
            code: CODES[index],
            acceptor: "SHOP-99",
            key: (index % 2 == 0).then_some(KEY),
            name: CODES[index],
        };
        (party, framing, packing)
    })
}

fn profile(party: &Party, framing: &str, packing: &str) -> String {
    format!(
        "code = \"{}\"\nname = \"{}\"\nkind = \"acquirer\"\nmac_key = \"{}\"\n[line]\nframing = \"{framing}\"\n\
         packing = \"{packing}\"\n",
        party.code,
        party.name,
        party.key.unwrap_or("none")
    )
}

/// A rig with a party for each dialect.
fn babel(cards: u64) -> Rig {
    babel_with(cards, &[])
}

fn babel_with(cards: u64, settings: &[(&str, &str)]) -> Rig {
    let rig = rig_with(cards, BALANCE, settings);
    for (party, framing, packing) in speakers() {
        rig.write_party(
            &format!("{}.toml", party.code),
            &profile(&party, framing, packing),
        );
    }
    started(rig, &[])
}

#[test]
fn every_framing_and_packing_buys_on_one_port() {
    let rig = babel(11);
    // The shipped ones speak as ever.
    let mut usual = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(usual.ask(&card_purchase(&ACQUIRER, 11, 100)).code(), "00");
    for (serial, (party, framing, packing)) in (1..).zip(speakers()) {
        let mut wire = Wire::connect(rig.addresses.malls);
        // Byte by byte: the dialect is not known before the frame is whole.
        let (sign_on, echo) = match packing {
            "binary" => (
                network(&party, "001").message(),
                network(&party, "301").message(),
            ),
            _ => (
                Text::network(&party, "001").message(),
                Text::network(&party, "301").message(),
            ),
        };
        for byte in framed_as(framing, &sign_on) {
            wire.send(&[byte]);
        }
        wire.answer_as(framing);
        let crowd = [framed_as(framing, &echo), keep_alive(framing).to_vec()].concat();
        wire.send(&crowd.repeat(20));
        for _ in 0..20 {
            wire.answer_as(framing);
        }
        if packing == "binary" {
            let purchase = card_purchase(&party, serial, 100);
            let answer = wire.ask_hand(framing, &purchase);
            assert_eq!(answer.code(), "00", "{framing}: {}", answer.reason());
            assert!(answer.is_sealed_for(&party), "{framing}");
            assert_eq!(answer.digits(11), purchase.field(11));
            let wrong = Hand::key(
                card_purchase(&party, serial, 100),
                Some("00112233445566778899aabbccddeeff"),
            );
            if party.key.is_some() {
                assert_eq!(wire.ask_hand(framing, &wrong).code(), "63");
            }
        } else {
            let purchase = Text::purchase(&party, &card_number(serial), 100);
            let answer = wire.ask_text(framing, &purchase);
            assert_eq!(answer.field(39), "00", "{framing}: {answer:?}");
            assert_eq!(answer.mti, "0210");
            assert!(answer.is_sealed_for(&party), "{framing}");
            for field in [3, 4, 7, 11, 12, 13, 37, 41, 42, 49] {
                assert_eq!(answer.field(field), purchase.field(field), "field {field}");
            }
            assert_eq!(answer.field(2), card_number(serial));
            assert_eq!(answer.field(38).len(), 6);
            // Over the host and back: a repeat is answered alike.
            let mut repeat = purchase.message();
            repeat[3] = b'1';
            if party.key.is_none() {
                let again = SeenText::read(&wire.ask_as(framing, &repeat));
                assert_eq!(again.field(38), answer.field(38));
            }
        }
    }
    rig.get("/metrics");
}

#[test]
fn a_fault_in_ascii_is_answered_with_30_and_a_wrong_mac_with_63() {
    let rig = babel(1);
    let (party, framing, _) = speakers().nth(8).expect("ascii-4, sealed");
    assert_eq!((framing, party.key), ("ascii-4", Some(KEY)));
    let mut wire = Wire::connect(rig.addresses.malls);
    assert_eq!(
        wire.ask_text(framing, &Text::network(&party, "001"))
            .field(39),
        "00"
    );
    let good = || Text::purchase(&party, &card_number(1), 100);
    for (what, message, field) in [
        ("no digit", good().with(4, "00000000010A"), "field 4"),
        ("too long", good().with(32, "12300000000091"), "field 32"),
        ("no length", good().with(32, "1x30000000009"), "field 32"),
        ("no month", good().with(13, "1322"), "field 13"),
    ] {
        let answer = wire.ask_text(framing, &message);
        assert_eq!(answer.field(39), "30", "{what}");
        assert!(answer.field(48).contains(field), "{what}: {answer:?}");
        assert_eq!(answer.field(11), message.field(11), "{what}");
        assert!(answer.is_sealed_for(&party), "{what}");
    }
    let mut wrong = good().message();
    let last = wrong.len() - 1;
    wrong[last] = if wrong[last] == b'0' { b'1' } else { b'0' };
    let answer = SeenText::read(&wire.ask_as(framing, &wrong));
    assert_eq!(answer.field(39), "63");
    assert!(answer.is_sealed_for(&party));
    assert_eq!(wire.ask_text(framing, &good()).field(39), "00");
}

#[test]
fn another_dialect_than_the_profiles_is_refused_and_the_log_says_which_it_was() {
    let rig = babel_with(1, &[("sign_on_within", "\"4s\"")]);
    let (party, _, _) = speakers().next().expect("binary-2");
    let mut wire = Wire::connect(rig.addresses.malls);
    let answer = wire.ask_text("ascii-4", &Text::network(&party, "001"));
    assert_eq!(answer.field(39), "58");
    assert!(answer.field(48).contains("another framing or packing"));
    wire.assert_closed("refused");
    wait_for("the log to say so", || {
        let log = rig.log("switch");
        log.contains("framing = \"ascii-4\", packing = \"ascii\"") && log.contains(party.code)
    });
    let refused = "tessera_connections_refused_total{reason=\"dialect\"}";
    wait_for("it to be counted", || rig.figure(refused) == Some(1.0));

    // Once signed on, no other framing is understood.
    let mut wire = Wire::signed_on(&rig, &PLAIN);
    wire.send(&framed_as(
        "ascii-4",
        &Text::network(&PLAIN, "301").message(),
    ));
    wire.assert_closed("another framing");

    // What no party speaks.
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x16\x03\x01\x02\x00\x01"] {
        let mut wire = Wire::connect(rig.addresses.malls);
        wire.send(bytes);
        wire.assert_closed("no message");
    }
    wait_for("the log to say so", || {
        let log = rig.log("switch");
        log.contains("HTTP") && log.contains("TLS, sent to the plain port")
    });
}

#[test]
fn the_doctor_names_the_lines_that_accept_a_message() {
    let rig = Rig::new(0, 0);
    for (party, framing, packing) in speakers() {
        let message = match packing {
            "binary" => network(&party, "001").message(),
            _ => Text::network(&party, "001").message(),
        };
        let frame = framed_as(framing, &message);
        let hex: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(rig.path("captured"), &frame).expect("a file");
        for input in [hex.as_str(), "captured"] {
            let output = rig.run(&["doctor", input]);
            let said = String::from_utf8_lossy(&output.stdout);
            let lines = format!("  framing = \"{framing}\"\n  packing = \"{packing}\"\n");
            assert!(said.contains(&lines), "{framing}: {said}");
            assert!(said.contains(&format!("code = \"{}\"", party.code)));
            assert_eq!(said.contains("mac_key_file"), party.key.is_some());
            assert!(said.contains("network management code"), "{said}");
        }
    }
    assert_eq!(
        rig.try_run(&["doctor", "474554202f"]).status.code(),
        Some(1)
    );
}

/// If all parties use the default dialect, it is not recognized from bytes; an unknown client is still detected.
#[test]
fn a_dialect_that_nobody_speaks_is_named_in_the_log() {
    let rig = started(Rig::new(0, 0), &[]);
    for (number, (party, framing, packing)) in speakers().enumerate() {
        // A keep-alive and a frame of the usual kind.
        if (framing, packing) == ("binary-2", "binary") || framing == "binary-4" {
            continue;
        }
        let mut wire = Wire::connect(rig.addresses.malls);
        let message = match packing {
            "binary" => network(&party, "001").message(),
            _ => Text::network(&party, "001").message(),
        };
        wire.send(&framed_as(framing, &message));
        // Longer than what was sent, if its length is read otherwise.
        wire.send(&[0; 5000]);
        while wire.try_message(|_| None).is_some() {}
        let lines = format!("framing = \"{framing}\", packing = \"{packing}\"");
        wait_for(&format!("{number}: {lines} in the log"), || {
            rig.log("switch").contains(&lines)
        });
    }
    let mut wire = Wire::signed_on(&rig, &MALL);
    wire.assert_serves(&MALL);
    wire.assert_silent(Duration::from_millis(10));
}
