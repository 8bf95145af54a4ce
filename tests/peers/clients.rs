//! Clients that no one here wrote speak to the switch: witnesses of the wire that share no line with it.

use std::path::Path;
use std::process::Command;

use crate::rig::Rig;
use crate::rig::totals::{far_off, today};
use crate::rig::wire::{ACQUIRER, rig_with, started};

#[test]
#[ignore = "needs the Python peers: make test AREA=peers"]
fn a_client_on_pyiso8583_buys() {
    run(&Rig::started(1, 1_000_000), "buy.py", &[]);
}

#[test]
#[ignore = "needs the Python peers: make test AREA=peers"]
fn a_client_on_pyiso8583_buys_in_ascii() {
    let rig = Rig::new(1, 1_000_000);
    rig.write_party(PARTY, &profile("", ASCII));
    run(&started(rig, &[]), "ascii.py", &[]);
}

#[test]
#[ignore = "needs the Python peers: make test AREA=peers"]
fn a_client_on_pyiso8583_sends_every_kind_of_message() {
    every_kind("", "binary");
}

#[test]
#[ignore = "needs the Python peers: make test AREA=peers"]
fn a_client_on_pyiso8583_sends_every_kind_of_message_in_ascii() {
    every_kind(ASCII, "ascii");
}

const PARTY: &str = "development-acquirer-1.toml";

/// Four digits in front, and messages in characters.
const ASCII: &str = "[line]\nframing = \"ascii-4\"\npacking = \"ascii\"\n";

/// A rig whose acquirer may send whatever there is, on a settlement date that does not end meanwhile.
fn every_kind(line: &str, packing: &str) {
    let rig = rig_with(1, 1_000_000, &[("settlement_cutover", &far_off())]);
    let habits = "stand_in_advices = true\npartial_approval = true\n";
    rig.write_party(PARTY, &profile(habits, line));
    let rig = started(rig, &[]);
    let date = today(&rig)[5..].replace('-', "");
    run(&rig, "kinds.py", &[&date, packing]);
}

/// The acquirer's profile, with a key-encrypting key.
fn profile(habits: &str, line: &str) -> String {
    format!(
        "code = \"{}\"\nname = \"Python\"\nkind = \"acquirer\"\nmac_key = \"{}\"\n\
         key_encrypting_key = \"{KEY_ENCRYPTING_KEY}\"\n[quirks]\n{habits}{line}",
        ACQUIRER.code,
        ACQUIRER.key.expect("a key")
    )
}

const KEY_ENCRYPTING_KEY: &str = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f";

/// Runs a script, which fails where an answer is not what it must be.
fn run(rig: &Rig, script: &str, more: &[&str]) {
    let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peers")
        .join(script);
    let mut command = Command::new(python);
    crate::rig::at_home(&mut command, rig.folder.path());
    let output = command
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
