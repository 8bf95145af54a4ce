//! The keys of the data: where they come from, how they are renewed, and what happens without them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use crate::rig::totals::settles;
use crate::rig::wire::{ACQUIRER, Wire, card_purchase};
use crate::rig::{Rig, wait_for};

const SWITCH: [&str; 3] = ["switch", "--config", "switch.toml"];

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn keys(rig: &Rig, command: &str) -> String {
    let output = rig.run(&["keys", command, "--config", "switch.toml"]);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A copy of the configuration with another source of the master key.
fn configuration(rig: &Rig, name: &str, encryption: &str) {
    let text = fs::read_to_string(rig.path("switch.toml")).expect("a configuration");
    let stated = "\nkey_file = \"keys/master.key\"\n";
    assert!(text.contains(stated));
    let text = text.replace(stated, &format!("\n{encryption}\n"));
    fs::write(rig.path(name), text).expect("a configuration");
}

#[test]
fn a_switch_without_its_master_key_does_not_start() {
    let rig = Rig::new(1, 10_000);
    fs::rename(rig.path("keys/master.key"), rig.path("kept.key")).expect("a key");
    // A development switch makes one, but not where there is data.
    let refused = rig.try_run(&SWITCH);
    assert!(!refused.status.success());
    let why = errors(&refused);
    assert!(
        why.contains("there is no master key at keys/master.key"),
        "{why}"
    );
    assert!(why.contains("restore the key that belongs to it"), "{why}");
    rig.run(&["keys", "make", "--bits", "256", "keys/master.key"]);
    let refused = rig.try_run(&SWITCH);
    assert!(!refused.status.success());
    let why = errors(&refused);
    assert!(why.contains("key 1 of the key table"), "{why}");
    // Not a violation: nothing was read.
    let audit = rig.try_run(&["audit", "--config", "switch.toml"]);
    assert_eq!(
        (audit.status.code(), audit.stdout.is_empty()),
        (Some(3), true)
    );
    let why = errors(&audit);
    assert!(
        why.contains("audit: not completed, nothing is proven: "),
        "{why}"
    );
    assert!(why.contains("another master key wrapped it"), "{why}");
    assert!(why.contains("another master key wrapped it"), "{why}");

    configuration(
        &rig,
        "other.toml",
        "key_environment = \"MASTER_KEY_OF_TEST\"",
    );
    let switch = ["switch", "--config", "other.toml"];
    let refused = rig.try_run(&switch);
    assert!(!refused.status.success());
    let why = errors(&refused);
    assert!(
        why.contains("the environment variable MASTER_KEY_OF_TEST is not set"),
        "{why}"
    );
    let key = fs::read_to_string(rig.path("kept.key")).expect("a key");
    let verified = ["keys", "verify", "--config", "other.toml"];
    let mut verify = rig.command(&verified);
    let verified = verify.env("MASTER_KEY_OF_TEST", key.trim()).output();
    let verified = verified.expect("tessera runs");
    assert!(verified.status.success(), "{}", errors(&verified));
}

#[test]
fn a_running_switch_takes_a_new_data_key() {
    let mut rig = Rig::started(1, 10_000);
    assert!(keys(&rig, "list").contains("\n2       data  "));
    let rotated = keys(&rig, "rotate");
    assert_eq!(
        rotated,
        "data key 3 encrypts new data from now on, and the journal from its next segment on\n"
    );
    wait_for("the new key", || {
        rig.log("switch").contains("encrypting with a new data key")
    });
    let listed = keys(&rig, "list");
    let newest = listed.lines().last().expect("a key");
    assert!(newest.starts_with("3       data"), "{listed}");
    assert!(newest.ends_with("encrypt and decrypt"), "{listed}");
    let file = rig.run(&["keys", "check", "keys/master.key"]);
    let file = String::from_utf8_lossy(&file.stdout).into_owned();
    let (_, check_value) = file.trim().split_once("  ").expect("a check value");
    assert!(
        listed
            .lines()
            .next()
            .expect("a line")
            .ends_with(check_value),
        "{listed}"
    );
    // Without the table it goes on with the key that it has, and says so.
    let failing = || {
        rig.figure("tessera_data_key_renewal_failing")
            .expect("a figure")
    };
    assert_eq!(failing(), 0.0);
    let (table, aside) = (rig.path("data/keys.table"), rig.path("keys.aside"));
    fs::rename(&table, &aside).expect("a file");
    wait_for("the failure", || failing() == 1.0);
    assert!(rig.log("switch").contains("no new data key"));
    fs::rename(&aside, &table).expect("a file");
    wait_for("the table", || failing() == 0.0);
    assert_eq!(rig.stop_switch(), Some(0));
}

#[test]
fn verify_names_what_an_older_key_table_does_not_decrypt() {
    let mut rig = Rig::started(1, 10_000);
    let verified = keys(&rig, "verify");
    let expected = "2 keys unwrap under the master key from the file keys/master.key\n\
                    they decrypt 2 segments of the journal, 0 full snapshots and 0 keys of wallets\n";
    assert_eq!(verified, expected);
    let older = fs::read(rig.path("data/keys.table")).expect("a table");
    keys(&rig, "rotate");
    assert_eq!(rig.stop_switch(), Some(0));
    rig.start_switch();
    assert_eq!(rig.stop_switch(), Some(0));
    let verified = keys(&rig, "verify");
    assert!(verified.starts_with("3 keys unwrap"), "{verified}");
    assert!(verified.contains("they decrypt 3 segments"), "{verified}");
    fs::write(rig.path("data/keys.table"), older).expect("a file");
    let refused = rig.try_run(&["keys", "verify", "--config", "switch.toml"]);
    assert!(!refused.status.success());
    let found = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(
        found.contains("data key 3 is not in the key table"),
        "{found}"
    );
    assert!(found.contains(".journal"), "{found}");
    assert!(errors(&refused).contains("restore the newest keys.table"));
}

#[test]
fn lost_keys_of_wallets_are_not_replaced_unasked() {
    let mut rig = Rig::started(1, 10_000);
    let accept = ["keys", "accept-lost-wallet-keys", "--config", "switch.toml"];
    let refused = rig.try_run(&accept);
    assert!(errors(&refused).contains("nothing was changed"));
    assert_eq!(rig.stop_switch(), Some(0));
    let file = rig.path("data/wallet.keys");
    fs::rename(&file, rig.path("kept.keys")).expect("a file");
    let refused = rig.try_run(&SWITCH);
    assert!(!refused.status.success());
    let why = errors(&refused);
    assert!(why.contains("restore its newest copy"), "{why}");
    assert!(why.contains("accept-lost-wallet-keys"), "{why}");
    assert!(!file.exists());
    fs::rename(rig.path("kept.keys"), &file).expect("a file");
    rig.start_switch();
    assert_eq!(rig.stop_switch(), Some(0));
    fs::remove_file(&file).expect("a file");
    rig.run(&accept);
    rig.start_switch();
    assert!(file.exists());
    assert_eq!(rig.stop_switch(), Some(0));
    // As if the file had had more changes when the switch was started last.
    let table = rig.path("data/keys.table");
    let text = fs::read_to_string(&table).expect("a table");
    let newer = text.replace("wallet.keys 0", "wallet.keys 7");
    assert_ne!(newer, text);
    fs::write(&table, newer).expect("a table");
    let warnings = |rig: &Rig| {
        rig.log("switch")
            .matches("wallet.keys is an older copy")
            .count()
    };
    for starts in 1..=2 {
        rig.start_switch();
        assert_eq!(rig.stop_switch(), Some(0));
        assert_eq!(warnings(&rig), starts);
    }
    rig.run(&accept);
    rig.start_switch();
    assert_eq!(rig.stop_switch(), Some(0));
    assert_eq!(warnings(&rig), 2);
}

/// The bytes of a card number as a file may have it: digits, hexadecimal, BCD from either nibble, and a number.
fn spellings(number: &str) -> Vec<Vec<u8>> {
    let value: u64 = number.parse().expect("digits");
    let packed = |digits: &str| -> Vec<u8> {
        let digits = digits.as_bytes();
        let pair = |two: &[u8]| (two[0] - b'0') << 4 | (two[1] - b'0');
        digits.chunks_exact(2).map(pair).collect()
    };
    vec![
        number.as_bytes().to_vec(),
        format!("{value:x}").into_bytes(),
        packed(number),
        packed(&number[1..15]),
        value.to_le_bytes()[..7].to_vec(),
        value.to_be_bytes()[1..].to_vec(),
    ]
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect()
}

#[test]
fn the_financial_system_keeps_no_card_number_in_clear() {
    let mut rig = Rig::new(1, 10_000);
    rig.start_host(&["data=ledger"]);
    rig.start_switch();
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(wire.ask(&card_purchase(&ACQUIRER, 1, 100)).code(), "00");
    rig.kill_host();
    let number = tessera_protocol::CardNumber::development(1)
        .expose()
        .to_string();
    for file in files(&rig.path("ledger")) {
        let bytes = fs::read(&file).expect("a file");
        for spelling in spellings(&number) {
            let found = bytes
                .windows(spelling.len())
                .any(|window| window == spelling);
            assert!(!found, "{} in {}", spelling.escape_ascii(), file.display());
        }
    }
    rig.start_host(&["data=ledger"]);
    rig.wait_until_ready();
    settles(rig, 10_000);
}

/// `rewrap` is killed at many moments: the table always opens under the old or the new master key, and doing it once more
/// completes it. The data stays as it is.
#[test]
fn a_new_master_key_wraps_the_table_wherever_it_is_killed() {
    let mut rig = Rig::started(1, 10_000);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(wire.ask(&card_purchase(&ACQUIRER, 1, 100)).code(), "00");
    assert_eq!(rig.stop_switch(), Some(0));
    let sources: Vec<String> = (0..2)
        .map(|number| {
            let file = format!("keys/master-{number}.key");
            rig.run(&["keys", "make", "--bits", "256", &file]);
            let name = format!("switch-{number}.toml");
            configuration(&rig, &name, &format!("key_file = \"{file}\""));
            name
        })
        .collect();
    let opens = |config: &str| {
        let verified = rig.try_run(&["keys", "verify", "--config", config]);
        verified.status.success()
    };
    let arguments = |from: &str, to: &str| {
        ["keys", "rewrap", "--config", from, "--new-config", to].map(str::to_owned)
    };
    let mut current = "switch.toml".to_owned();
    for round in 0u64..24 {
        let next = &sources[usize::from(current == sources[0])];
        let arguments = arguments(&current, next);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut child = rig
            .command(&arguments)
            .stdout(Stdio::null())
            .spawn()
            .expect("tessera runs");
        std::thread::sleep(Duration::from_micros(500 * round));
        let _ = child.kill();
        let _ = child.wait();
        assert!(opens(&current) != opens(next), "round {round}");
        rig.run(&arguments);
        assert!(opens(next) && !opens(&current), "round {round}");
        current.clone_from(next);
    }
    let why = errors(&rig.try_run(&SWITCH));
    assert!(why.contains("another master key wrapped it"), "{why}");
    rig.switch = Some(rig.spawn(&["switch", "--config", &current]));
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(wire.ask(&card_purchase(&ACQUIRER, 1, 100)).code(), "00");
    assert_eq!(rig.stop_switch(), Some(0));
}
