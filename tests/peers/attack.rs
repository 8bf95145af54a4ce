//! A short attack by the model in `tests/attack`; `make attack` runs a long one.

use std::process::Command;

/// Another one by `TESSERA_ATTACK_SEED`.
const SEED: &str = "20261128";
const SECONDS: &str = "15";

#[test]
#[ignore = "needs the Python peers: make test AREA=peers"]
fn survives_a_short_attack_by_an_independent_model() {
    let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
    let seed = std::env::var("TESSERA_ATTACK_SEED").unwrap_or_else(|_| SEED.to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/attack/attack.py");
    let status = Command::new(python)
        .args([script, "--tessera", env!("CARGO_BIN_EXE_tessera")])
        .args(["--seed", &seed, "--seconds", SECONDS])
        .status()
        .expect("the interpreter runs");
    assert!(
        status.success(),
        "the attack with seed {seed} found a fault"
    );
}
