//! Profiles that change while the switch runs.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use super::BALANCE;
use crate::rig::wire::{
    ACQUIRER, MALL, OTHER_MALL, PLAIN, Party, Wire, card_purchase, network, reversal, started,
};
use crate::rig::{Rig, wait_for};

const NEW: Party = Party {
    code: "30000000001",
    acceptor: "SHOP-99",
    key: Some("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"),
    name: "A new one",
};

fn profile(party: &Party, more: &str) -> String {
    format!(
        "code = \"{}\"\nname = \"{}\"\nkind = \"acquirer\"\nmac_key = \"{}\"\n{more}\n",
        party.code,
        party.name,
        party.key.unwrap_or("none")
    )
}

const PLAIN_FILE: &str = "development-acquirer-2.toml";

/// The reason field 39 of a sign-on on a connection of its own.
fn sign_on(rig: &Rig, party: &Party) -> String {
    let mut wire = Wire::connect(rig.addresses.malls);
    wire.ask(&network(party, "001")).code()
}

#[test]
fn unaffected_connections_lose_nothing_under_load() {
    let rig = started(Rig::new(40, BALANCE), &[]);
    let done = AtomicBool::new(false);
    let (rig, done) = (&rig, &done);
    std::thread::scope(|scope| {
        // On one connection each, a window of purchases at a time; any lost answer or connection is a panic.
        let buyers = [(&ACQUIRER, 0), (&ACQUIRER, 20)].map(|(party, first)| {
            scope.spawn(move || {
                let mut wire = Wire::signed_on(rig, party);
                let mut bought = 0;
                while !done.load(Ordering::Relaxed) || bought < 200 {
                    let purchases: Vec<_> = (1..=20)
                        .map(|serial| card_purchase(party, first + serial, 1))
                        .collect();
                    let frames: Vec<u8> = purchases
                        .iter()
                        .flat_map(crate::rig::wire::Hand::frame)
                        .collect();
                    wire.send(&frames);
                    for _ in &purchases {
                        let answer = wire.answer();
                        assert_eq!(answer.code(), "00", "{}", answer.reason());
                        assert!(answer.is_sealed_for(party));
                    }
                    bought += purchases.len();
                }
                bought
            })
        });
        let mut mall = Wire::signed_on(rig, &MALL);
        for round in 0..10 {
            rig.write_party("new.toml", &profile(&NEW, ""));
            rig.write_party(
                PLAIN_FILE,
                &profile(&PLAIN, &format!("in_flight_max = {}", 10 + round)),
            );
            rig.reload("done");
            let mut new = Wire::signed_on(rig, &NEW);
            new.assert_serves(&NEW);
            fs::remove_file(rig.path("parties/new.toml")).expect("a file");
            rig.reload("done");
            new.assert_closed("its party is gone");
            assert_eq!(sign_on(rig, &NEW), "63");
            mall.assert_serves(&MALL);
        }
        done.store(true, Ordering::Relaxed);
        for buyer in buyers {
            assert!(buyer.join().expect("a buyer misses nothing") >= 200);
        }
    });
    wait_for("the closed ones to be counted", || {
        rig.figure("tessera_connections_closed_total{reason=\"profile\"}") == Some(10.0)
    });
    let metrics = rig.get("/metrics");
    assert!(
        !metrics.contains("A new one"),
        "a removed party has no metrics"
    );
}

#[test]
fn what_is_under_way_is_answered_before_a_connection_ends() {
    let rig = started(
        Rig::new(1, BALANCE),
        &["faults.delay={ fixed = \"300ms\" }"],
    );
    let mut wire = Wire::signed_on(&rig, &PLAIN);
    wire.send(&card_purchase(&PLAIN, 1, 100).frame());
    let in_flight = format!(
        "tessera_party_requests_in_flight{{party=\"{}\"}}",
        PLAIN.name
    );
    wait_for("it to be under way", || rig.figure(&in_flight) == Some(1.0));
    fs::remove_file(rig.path("parties").join(PLAIN_FILE)).expect("a file");
    rig.reload("done");
    assert_eq!(
        wire.try_answer().map(|answer| answer.code()),
        Some("00".into())
    );
    wire.assert_closed("its party is gone");
}

#[test]
fn a_change_that_matters_ends_a_connection_and_any_other_takes_hold_of_it() {
    let rig = started(Rig::new(2, BALANCE), &[]);
    let change = |party: &Party, more: &str| {
        rig.write_party(PLAIN_FILE, &profile(party, more));
        rig.reload("done");
    };
    // What a connection has, and what it may: at once.
    let mut wire = Wire::signed_on(&rig, &PLAIN);
    let unknown = reversal("0400", &card_purchase(&PLAIN, 1, 5));
    assert_eq!(wire.ask(&unknown).code(), "25");
    change(
        &PLAIN,
        "connections_max = 1\n[quirks]\nunknown_reversal = \"00\"",
    );
    assert_eq!(
        sign_on(&rig, &PLAIN),
        "58",
        "one connection, and it is there"
    );
    let unknown = reversal("0400", &card_purchase(&PLAIN, 1, 5));
    assert_eq!(wire.ask(&unknown).code(), "00", "the quirk is of now");
    change(&PLAIN, "messages = [\"0100\"]");
    assert_eq!(wire.ask(&card_purchase(&PLAIN, 1, 5)).code(), "58");
    change(
        &PLAIN,
        "acceptors = [\"SHOP-88\"]\n[line]\naddresses = [\"127.0.0.0/8\"]",
    );
    assert_eq!(wire.ask(&card_purchase(&PLAIN, 1, 5)).code(), "00");
    assert_eq!(
        sign_on(&rig, &PLAIN),
        "00",
        "more connections than one again"
    );

    // Another name.
    let renamed = Party {
        name: "Renamed",
        ..PLAIN
    };
    change(&renamed, "");
    wire.assert_serves(&PLAIN);
    assert_eq!(
        rig.figure("tessera_party_connections{party=\"Renamed\"}"),
        Some(1.0)
    );

    // Another key, address or dialect.
    let sealed = Party {
        key: NEW.key,
        ..PLAIN
    };
    change(&sealed, "");
    wire.assert_closed("another key");
    assert_eq!(sign_on(&rig, &PLAIN), "63");
    let mut wire = Wire::signed_on(&rig, &sealed);
    change(&sealed, "[line]\naddresses = [\"10.0.0.0/8\", \"::1\"]");
    wire.assert_closed("another address");
    assert_eq!(sign_on(&rig, &sealed), "58");
    let refused = "tessera_connections_refused_total{reason=\"address\"}";
    wait_for("it to be counted", || rig.figure(refused) == Some(1.0));
    change(&sealed, "");
    let mut wire = Wire::signed_on(&rig, &sealed);
    change(&sealed, "[line]\nframing = \"ascii-4\"");
    wire.assert_closed("another framing");
    change(&sealed, "");
    assert_eq!(sign_on(&rig, &sealed), "00");
}

#[test]
fn files_that_are_wrong_change_nothing_and_say_why() {
    let rig = started(Rig::new(1, BALANCE), &[]);
    let mut plain = Wire::signed_on(&rig, &PLAIN);
    let mut mall = Wire::signed_on(&rig, &OTHER_MALL);
    let good = fs::read(rig.path("parties").join(PLAIN_FILE)).expect("a file");
    for (number, (text, why)) in [
        ("code = ".to_owned(), "not TOML"),
        (profile(&PLAIN, "mac_kee = 1"), "did you mean `mac_key`?"),
        (profile(&ACQUIRER, ""), "has this code too"),
        (profile(&PLAIN, "mac_key_file = \"x\""), "state one of"),
        (
            profile(
                &Party {
                    key: Some("00"),
                    ..PLAIN
                },
                "",
            ),
            "32 hexadecimal digits",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        // Another party's file has changed too, and is good: that does not count either.
        fs::remove_file(rig.path("parties/development-mall-2.toml")).ok();
        rig.write_party(PLAIN_FILE, &text);
        rig.reload("refused");
        wait_for(&format!("{number}: {why}"), || {
            rig.log("switch").contains(why)
        });
        plain.assert_serves(&PLAIN);
        mall.assert_serves(&OTHER_MALL);
        assert_eq!(sign_on(&rig, &PLAIN), "00");
    }
    fs::rename(rig.path("parties"), rig.path("elsewhere")).expect("a folder");
    rig.reload("refused");
    fs::create_dir(rig.path("parties")).expect("a folder");
    rig.reload("refused");
    wait_for("the log to say so", || {
        rig.log("switch").contains("no party in")
    });
    fs::remove_dir(rig.path("parties")).expect("a folder");
    fs::rename(rig.path("elsewhere"), rig.path("parties")).expect("a folder");
    fs::write(rig.path("parties").join(PLAIN_FILE), good).expect("a file");
    rig.reload("done");
    plain.assert_serves(&PLAIN);
    mall.assert_closed("its file is gone, and that counts now");
}
