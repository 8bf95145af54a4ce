//! Clients that no one here wrote speak to the switch: witnesses of the wire that share no line with it.

mod rig;

use std::path::Path;
use std::process::Command;

use rig::Rig;
use rig::wire::{ACQUIRER, started};

#[test]
#[ignore = "needs the Python peers: make peers"]
fn a_client_on_pyiso8583_buys() {
    buy(&Rig::started(1, 1_000_000), "buy.py");
}

#[test]
#[ignore = "needs the Python peers: make peers"]
fn a_client_on_pyiso8583_buys_in_ascii() {
    let rig = Rig::new(1, 1_000_000);
    let line = "\n[line]\nframing = \"ascii-4\"\npacking = \"ascii\"\n";
    rig.write_party(
        "development-acquirer-1.toml",
        &format!(
            "code = \"{}\"\nname = \"ASCII\"\nkind = \"acquirer\"\nmac_key = \"{}\"\n{line}",
            ACQUIRER.code,
            ACQUIRER.key.expect("a key")
        ),
    );
    buy(&started(rig, &[]), "ascii.py");
}

/// Runs a script that signs on, buys, repeats, reverses and inquires.
fn buy(rig: &Rig, script: &str) {
    let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peers")
        .join(script);
    let output = Command::new(python)
        .arg(script)
        .arg(rig.addresses.malls.to_string())
        .output()
        .expect("the interpreter runs");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
