//! A party changes its MAC key over the wire (0800/101), against the real switch.

use crate::rig::wire::{
    ACQUIRER, Hand, Party, Seen, Wire, card_purchase, network, rig_with, started,
};
use crate::rig::{Rig, wait_for};
use tessera_protocol::{KeyEncryptingKey, MacKey};

/// The example of RFC 3394, section 4.3.
const WRAPPING: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const SECOND: Party = Party {
    key: Some("00112233445566778899aabbccddeeff"),
    ..ACQUIRER
};
const THIRD: Party = Party {
    key: Some("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"),
    ..ACQUIRER
};
const PROFILE: &str = "development-acquirer-1.toml";

/// The acquirer's profile, with a key-encrypting key.
fn profile(mac_key: &str) -> String {
    format!(
        "code = \"{}\"\nname = \"{}\"\nkind = \"acquirer\"\n{mac_key}\nkey_encrypting_key = \"{WRAPPING}\"\n",
        ACQUIRER.code, ACQUIRER.name
    )
}

fn plain(party: &Party) -> String {
    format!("mac_key = \"{}\"", party.key.expect("a key"))
}

fn ready(settings: &[(&str, &str)]) -> Rig {
    let rig = rig_with(10, 100_000, settings);
    rig.write_party(PROFILE, &profile(&plain(&ACQUIRER)));
    started(rig, &[])
}

/// Tag 03 for a key, by the product's own arithmetic, which the standard's examples prove.
fn material(party: &Party) -> String {
    let wrapping = KeyEncryptingKey::from_hex(WRAPPING).expect("a key");
    let key = MacKey::bytes(party.key.expect("a key")).expect("a key");
    wrapping.wrap(&key).to_string()
}

/// 0800/101 to the key of `to`, sealed with that of `from`.
fn change(from: &Party, to: &Party) -> Hand {
    network(from, "101").tags(48, &[(3, &material(to))])
}

fn buy(wire: &mut Wire, party: &Party) -> Seen {
    wire.ask(&card_purchase(party, 1, 1))
}

fn assert_buys(wire: &mut Wire, party: &Party) {
    let answer = buy(wire, party);
    assert_eq!(answer.code(), "00", "{}", answer.reason());
    assert!(answer.is_sealed_for(party), "sealed as the request was");
}

fn assert_changes(wire: &mut Wire, from: &Party, to: &Party) {
    let answer = wire.ask(&change(from, to));
    assert_eq!(answer.code(), "00", "{}", answer.reason());
    assert!(answer.is_sealed_for(from), "sealed as the request was");
}

/// What is sealed so is refused, in an answer that is sealed with the newest key.
fn assert_refuses(wire: &mut Wire, old: &Party, newest: &Party) {
    let answer = buy(wire, old);
    assert_eq!(answer.code(), "63");
    assert!(answer.is_sealed_for(newest));
}

#[test]
fn both_keys_count_on_every_connection_until_the_next_change() {
    let rig = ready(&[]);
    let mut wires: Vec<_> = (0..4).map(|_| Wire::signed_on(&rig, &ACQUIRER)).collect();
    assert_changes(&mut wires[0], &ACQUIRER, &SECOND);
    for wire in &mut wires {
        assert_buys(wire, &SECOND);
        assert_buys(wire, &ACQUIRER);
    }
    Wire::signed_on(&rig, &SECOND).assert_serves(&SECOND);
    Wire::signed_on(&rig, &ACQUIRER).assert_serves(&ACQUIRER);
    // A repeat changes nothing, under either key.
    assert_changes(&mut wires[1], &ACQUIRER, &SECOND);
    assert_changes(&mut wires[2], &SECOND, &SECOND);
    assert_buys(&mut wires[3], &ACQUIRER);

    // With the old one it is not changed any further.
    let answer = wires[3].ask(&change(&ACQUIRER, &THIRD));
    assert_eq!(answer.code(), "63", "{}", answer.reason());
    assert!(answer.is_sealed_for(&ACQUIRER) && answer.reason().contains("newest"));
    assert_changes(&mut wires[1], &SECOND, &THIRD);
    // Nor taken back.
    assert_eq!(wires[3].ask(&change(&SECOND, &SECOND)).code(), "63");
    for wire in &mut wires {
        assert_buys(wire, &THIRD);
        assert_buys(wire, &SECOND);
        assert_refuses(wire, &ACQUIRER, &THIRD);
    }
    let figure = |outcome| {
        rig.figure(&format!(
            "tessera_party_key_changes_total{{outcome=\"{outcome}\",party=\"{}\"}}",
            ACQUIRER.name
        ))
    };
    wait_for("the changes to be counted", || {
        figure("changed") == Some(4.0)
    });
    assert_eq!(figure("refused"), Some(2.0));
}

#[test]
fn the_old_key_counts_no_longer_than_it_may() {
    let rig = ready(&[("key_overlap", "\"0s\"")]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let mut other = Wire::signed_on(&rig, &ACQUIRER);
    assert_changes(&mut wire, &ACQUIRER, &SECOND);
    assert_refuses(&mut other, &ACQUIRER, &SECOND);
    assert_buys(&mut other, &SECOND);
    assert_buys(&mut wire, &SECOND);
}

#[test]
fn a_changed_key_outlives_crashes_and_restarts() {
    let mut rig = ready(&[]);
    assert_changes(&mut Wire::signed_on(&rig, &ACQUIRER), &ACQUIRER, &SECOND);
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &SECOND);
    assert_buys(&mut wire, &SECOND);
    assert_buys(&mut wire, &ACQUIRER);
    assert_changes(&mut wire, &SECOND, &THIRD);
    // An orderly end leaves it in the snapshots.
    rig.stop_switch();
    rig.start_switch();
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &THIRD);
    assert_buys(&mut wire, &SECOND);
    assert_refuses(&mut wire, &ACQUIRER, &THIRD);
    // What is written anywhere is no key in the clear.
    let clear = crate::rig::wire::hex(THIRD.key.expect("a key"));
    let mut folders = vec![rig.path("")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if !path.is_file() {
                continue;
            }
            let content = std::fs::read(&path).expect("a file");
            let found = content.windows(16).any(|bytes| bytes == clear);
            assert!(!found, "{}", path.display());
        }
    }
}

#[test]
fn what_is_wrong_with_a_change_is_said_and_changes_nothing() {
    let rig = ready(&[]);
    let mut unsigned = Wire::connect(rig.addresses.malls);
    assert_eq!(unsigned.ask(&change(&ACQUIRER, &SECOND)).code(), "58");
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let whole = material(&SECOND);
    let with = |text: &str| network(&ACQUIRER, "101").tags(48, &[(3, text)]);
    for length in (0..whole.len()).chain([whole.len() + 2]) {
        let text: String = whole.chars().chain("00".chars()).take(length).collect();
        let answer = wire.ask(&with(&text));
        assert_eq!(answer.code(), "30", "{length}: {}", answer.reason());
        assert!(answer.is_sealed_for(&ACQUIRER));
    }
    assert_eq!(wire.ask(&network(&ACQUIRER, "101")).code(), "30");
    let damaged = whole.replacen(&whole[..2], "ff", 1);
    assert_eq!(wire.ask(&with(&damaged)).code(), "63");
    let mistaken = format!("{}000000", &whole[..48]);
    let answer = wire.ask(&with(&mistaken));
    assert_eq!(answer.code(), "63");
    assert!(
        answer.reason().contains("check value"),
        "{}",
        answer.reason()
    );
    assert_eq!(
        wire.ask(&change(&SECOND, &THIRD)).code(),
        "63",
        "not its MAC"
    );
    assert_refuses(&mut wire, &SECOND, &ACQUIRER);
    assert_buys(&mut wire, &ACQUIRER);

    let mut other = Wire::signed_on(&rig, &crate::rig::wire::MALL);
    let answer = other.ask(&change(&crate::rig::wire::MALL, &SECOND));
    assert_eq!(answer.code(), "12", "{}", answer.reason());
}

#[test]
fn a_new_key_in_the_profile_ends_what_was_changed() {
    let rig = ready(&[]);
    assert_changes(&mut Wire::signed_on(&rig, &ACQUIRER), &ACQUIRER, &SECOND);
    // Wrapped in the profile, too.
    let wrapped = format!("mac_key_wrapped = \"{}\"", material(&THIRD));
    rig.write_party(PROFILE, &profile(&wrapped));
    rig.reload("done");
    let mut wire = Wire::signed_on(&rig, &THIRD);
    assert_refuses(&mut wire, &SECOND, &THIRD);
    assert_changes(&mut wire, &THIRD, &SECOND);
    assert_buys(&mut wire, &THIRD);
}
