//! Clients that no one here wrote speak to the switch: witnesses of the wire that share no line with it.

mod rig;

use std::path::Path;
use std::process::Command;

use rig::Rig;
use rig::books::{far_off, today};
use rig::wire::{ACQUIRER, rig_with, started};

#[test]
#[ignore = "needs the Python peers: make peers"]
fn a_client_on_pyiso8583_buys() {
    run(&Rig::started(1, 1_000_000), "buy.py", &[]);
}

#[test]
#[ignore = "needs the Python peers: make peers"]
fn a_client_on_pyiso8583_buys_in_ascii() {
    let rig = Rig::new(1, 1_000_000);
    speaks_ascii(&rig, "");
    run(&started(rig, &[]), "ascii.py", &[]);
}

#[test]
#[ignore = "needs the Python peers: make peers"]
fn a_client_on_pyiso8583_sends_every_kind_of_message() {
    every_kind(|rig, habits| rig.add_to_party(PARTY, habits), "binary");
}

#[test]
#[ignore = "needs the Python peers: make peers"]
fn a_client_on_pyiso8583_sends_every_kind_of_message_in_ascii() {
    every_kind(speaks_ascii, "ascii");
}

const PARTY: &str = "development-acquirer-1.toml";

/// A rig whose acquirer may send whatever there is, on a settlement date that does not end meanwhile.
fn every_kind(prepare: impl Fn(&Rig, &str), packing: &str) {
    let rig = rig_with(1, 1_000_000, &[("settlement_cutover", &far_off())]);
    prepare(&rig, "stand_in_advices = true\npartial_approval = true\n");
    let rig = started(rig, &[]);
    let date = today(&rig)[5..].replace('-', "");
    run(&rig, "kinds.py", &[&date, packing]);
}

/// The acquirer's profile with four digits in front, and messages in characters.
fn speaks_ascii(rig: &Rig, habits: &str) {
    let line = "\n[line]\nframing = \"ascii-4\"\npacking = \"ascii\"\n";
    rig.write_party(
        PARTY,
        &format!(
            "code = \"{}\"\nname = \"ASCII\"\nkind = \"acquirer\"\nmac_key = \"{}\"\n[quirks]\n{habits}{line}",
            ACQUIRER.code,
            ACQUIRER.key.expect("a key")
        ),
    );
}

/// Runs a script, which fails where an answer is not what it must be.
fn run(rig: &Rig, script: &str, more: &[&str]) {
    let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peers")
        .join(script);
    let output = Command::new(python)
        .arg(script)
        .arg(rig.addresses.malls.to_string())
        .args(more)
        .output()
        .expect("the interpreter runs");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
