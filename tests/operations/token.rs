//! A master key in a token: SoftHSM2, which is software that behaves as one.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::rig::Rig;
use crate::rig::wire::{ACQUIRER, Wire, card_purchase};

/// Debian has it in one of these folders, others in another.
const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];
const CONFIG: &str = "SOFTHSM2_CONF";
const PIN: &str = "48151623";

/// A token called `tessera` in the rig's folder, with a key `master` of these bytes.
fn make_token(rig: &mut Rig, key: &[u8]) {
    fs::create_dir(rig.path("tokens")).expect("a folder");
    let config = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\n",
        rig.path("tokens").display()
    );
    fs::write(rig.path("softhsm2.conf"), config).expect("a file");
    rig.environment.push((CONFIG, rig.path("softhsm2.conf")));
    fs::write(rig.path("master.bytes"), key).expect("a file");
    let utility = |arguments: &[&str]| {
        let done = Command::new("softhsm2-util")
            .args(arguments)
            .env(CONFIG, rig.path("softhsm2.conf"))
            .output()
            .expect("softhsm2-util: `make setup`");
        assert!(done.status.success(), "{}", errors(&done));
    };
    utility(&[
        "--init-token",
        "--free",
        "--label",
        "tessera",
        "--pin",
        PIN,
        "--so-pin",
        "48151623",
    ]);
    let bytes = rig.path("master.bytes").display().to_string();
    utility(&[
        "--import", &bytes, "--aes", "--token", "tessera", "--pin", PIN, "--label", "master",
        "--id", "01",
    ]);
    fs::write(rig.path("keys/token.pin"), format!("{PIN}\n")).expect("a file");
    let mode = Permissions::from_mode(0o600);
    fs::set_permissions(rig.path("keys/token.pin"), mode).expect("a file");
}

/// A copy of the configuration that names a token.
fn with_token(rig: &Rig, file: &str, token: &str, key: &str) {
    let module = MODULES.iter().find(|module| Path::new(module).exists());
    let module = module.expect("SoftHSM2: `make setup`");
    let text = fs::read_to_string(rig.path("switch.toml")).expect("a configuration");
    let stated = "\nkey_file = \"keys/master.key\"\n";
    assert!(text.contains(stated));
    let text = text.replace(stated, "\n");
    let text = format!(
        "{text}\n[encryption.pkcs11]\nmodule = {module:?}\ntoken = {token:?}\nkey = {key:?}\npin_file = \"keys/token.pin\"\n"
    );
    fs::write(rig.path(file), text).expect("a configuration");
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn bytes(digits: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
    (0..digits.len()).step_by(2).map(pair).collect()
}

#[test]
fn a_switch_starts_with_its_master_key_in_a_token() {
    let mut rig = Rig::new(1, 10_000);
    let key = loop {
        rig.run(&["keys", "make", "--bits", "256", "keys/other.key"]);
        let digits = fs::read_to_string(rig.path("keys/other.key")).expect("a key");
        let key = bytes(digits.trim());
        // softhsm2-util reads a line of text: it would import the bytes before one of these alone.
        if !key.contains(&0) && !key.contains(&b'\n') {
            break key;
        }
        fs::remove_file(rig.path("keys/other.key")).expect("a file");
    };
    make_token(&mut rig, &key);
    with_token(&rig, "token.toml", "tessera", "master");
    let verify = ["keys", "verify", "--config", "token.toml"];
    let refused = errors(&rig.try_run(&verify));
    assert!(
        refused.contains("another master key wrapped it"),
        "{refused}"
    );

    let rewrap = [
        "keys",
        "rewrap",
        "--config",
        "switch.toml",
        "--new-config",
        "token.toml",
    ];
    for expected in ["2 keys are wrapped", "the keys were wrapped"] {
        let done = rig.try_run(&rewrap);
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(said.starts_with(expected), "{said}{}", errors(&done));
    }
    for arguments in [
        ["keys", "rotate", "--config", "token.toml"],
        ["keys", "list", "--config", "token.toml"],
        verify,
        ["switch", "--check", "--config", "token.toml"],
    ] {
        let done = rig.try_run(&arguments);
        assert!(done.status.success(), "{arguments:?}: {}", errors(&done));
    }

    rig.start_host(&[]);
    rig.switch = Some(rig.spawn(&["switch", "--config", "token.toml"]));
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(wire.ask(&card_purchase(&ACQUIRER, 1, 100)).code(), "00");
    assert_eq!(rig.stop_switch(), Some(0));

    // The token wraps as RFC 3394 says: the same key in a file opens the table.
    let text = fs::read_to_string(rig.path("switch.toml")).expect("a configuration");
    let text = text.replace("keys/master.key", "keys/other.key");
    fs::write(rig.path("other.toml"), text).expect("a configuration");
    rig.run(&["keys", "verify", "--config", "other.toml"]);
}

#[test]
fn what_a_token_lacks_is_named() {
    let mut rig = Rig::new(1, 10_000);
    make_token(&mut rig, &[7; 32]);
    let complaint = |token, key| {
        with_token(&rig, "token.toml", token, key);
        errors(&rig.try_run(&["switch", "--config", "token.toml"]))
    };
    let error = complaint("another", "master");
    assert!(
        error.contains("has no token \"another\"; it has: tessera"),
        "{error}"
    );
    let error = complaint("tessera", "another");
    assert!(
        error.contains("the token has 0 secret keys \"another\""),
        "{error}"
    );
    fs::write(rig.path("keys/token.pin"), "0000").expect("a file");
    let error = complaint("tessera", "master");
    assert!(
        error.contains("no master key: the token's module"),
        "{error}"
    );
    assert!(!error.contains("0000"), "{error}");
}
