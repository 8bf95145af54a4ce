//! Clients that no one here wrote speak to the switch: witnesses of the wire that share no line with it.

mod rig;

use std::path::Path;
use std::process::Command;

use rig::Rig;

#[test]
#[ignore = "needs the Python peers: make peers"]
fn a_client_on_pyiso8583_buys() {
    let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
    let rig = Rig::started(1, 1_000_000);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/buy.py");
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
