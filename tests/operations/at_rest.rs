//! What a run leaves on the disk says nothing about who paid: no card number, funding source or address, in no encoding in
//! which a program may have written it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;

use crate::rig::mix::{self, BALANCE, CARDS};
use crate::rig::wire::{ACQUIRER, Wire, card_purchase, network, started};
use crate::rig::{Rig, wait_for};

/// So that a run leaves files of every kind.
const CHANGES: [(&str, &str); 3] = [
    ("\"4MiB\"", "\"64KiB\""),
    ("checkpoint_every = \"30s\"", "checkpoint_every = \"200ms\""),
    ("snapshot_every = \"24h\"", "snapshot_every = \"1s\""),
];

/// Full snapshots are written when there is something new.
fn until_there_is_an_archive(rig: &Rig) {
    let mut wire = Wire::connect(rig.addresses.malls);
    wire.ask(&network(&ACQUIRER, "001"));
    wait_for("a segment to be archived", || {
        wire.ask(&card_purchase(&ACQUIRER, CARDS, 100));
        rig.path("data/archive").exists() && !files(&rig.path("data/archive")).is_empty()
    });
}

/// The files of a folder and of all folders in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push(path),
        }
    }
    all
}

/// Digits as programs write them: each is searched for.
fn encodings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let hexadecimal = |upper: bool| -> Vec<u8> {
        let digits = |byte: u8| match upper {
            true => format!("{byte:02X}"),
            false => format!("{byte:02x}"),
        };
        text.bytes()
            .flat_map(|byte| digits(byte).into_bytes())
            .collect()
    };
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut all = vec![
        ("text", text.as_bytes().to_vec()),
        ("hexadecimal", hexadecimal(false)),
        ("upper hexadecimal", hexadecimal(true)),
        ("UTF-16", utf_16),
    ];
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: u64 = text.parse().expect("at most 19 digits");
        let digit = |place: usize| text.as_bytes().get(place).map_or(0, |digit| digit - b'0');
        // Two digits in a byte, beginning at either half of it. What is beside them in the first and last byte is not known.
        let packed = |first: usize| -> Vec<u8> {
            let pairs = (text.len() - first) / 2;
            (0..pairs)
                .map(|pair| digit(first + 2 * pair) << 4 | digit(first + 2 * pair + 1))
                .collect()
        };
        let exact = format!("{number:x}");
        all.extend([
            ("packed digits", packed(0)),
            ("packed digits, shifted", packed(1)),
            ("little-endian number", without_zeros(&number.to_le_bytes())),
            ("big-endian number", without_zeros(&number.to_be_bytes())),
            ("number in hexadecimal digits", exact.into_bytes()),
        ]);
    }
    all
}

fn without_zeros(bytes: &[u8]) -> Vec<u8> {
    let is_zero = |byte: &u8| *byte == 0;
    let leading = bytes.iter().take_while(|byte| is_zero(byte)).count();
    let trailing = bytes.iter().rev().take_while(|byte| is_zero(byte)).count();
    bytes[leading..bytes.len() - trailing].to_vec()
}

/// Where in these folders something of what is secret is.
fn found(folders: &[PathBuf], secrets: &[String]) -> Vec<String> {
    let encoded = |secret: &String| {
        let secret = secret.clone();
        encodings(&secret)
            .into_iter()
            .map(move |(encoding, bytes)| (format!("{secret} as {encoding}"), bytes))
    };
    let (names, patterns): (Vec<_>, Vec<_>) = secrets.iter().flat_map(encoded).unzip();
    let search = AhoCorasick::new(patterns).expect("patterns");
    let mut found = BTreeSet::new();
    for path in folders.iter().flat_map(|folder| files(folder)) {
        let content = fs::read(&path).unwrap_or_default();
        for at in search.find_overlapping_iter(&content) {
            found.insert(format!("{}: {}", path.display(), names[at.pattern()]));
        }
    }
    found.into_iter().collect()
}

#[test]
fn no_card_number_source_or_address_is_in_any_file() {
    let rig = Rig::with(CARDS, BALANCE, &CHANGES);
    let mut rig = started(
        mix::without_push_service(mix::without_mail_server(rig)),
        &mix::host(),
    );
    let secrets = mix::run(&rig);
    assert!(secrets.len() > CARDS as usize + 4);
    until_there_is_an_archive(&rig);
    let config = ["--config", "switch.toml"];
    rig.run(&[&["backup", "--to", "backup"], &config[..]].concat());
    rig.run(&[&["audit", "--result", "data/audited"], &config[..]].concat());
    let folders = ["data", "host-data", "backup"].map(|folder| rig.path(folder));
    let kinds = ["journal", "archive", "index", "snapshot", "keys", "table"];
    for kind in kinds {
        let is_one = |path: &PathBuf| path.extension().is_some_and(|extension| extension == kind);
        assert!(files(&folders[0]).iter().any(is_one), "{kind}");
    }
    // While the switch runs, after a kill, and after an orderly stop, which writes everything to the store.
    let nothing: [String; 0] = [];
    assert_eq!(found(&folders, &secrets), nothing, "while it runs");
    rig.kill_switch();
    assert_eq!(found(&folders, &secrets), nothing, "killed");
    rig.start_switch();
    rig.wait_until_ready();
    assert_eq!(rig.stop_switch(), Some(0));
    rig.kill_host();
    assert_eq!(found(&folders, &secrets), nothing, "stopped");
    // The search finds what there is.
    for (encoding, bytes) in encodings(&secrets[0]) {
        let surrounded = [b"before".as_slice(), &bytes, b"after"].concat();
        fs::write(rig.path("data/found"), surrounded).expect("a file");
        assert!(!found(&folders, &secrets).is_empty(), "{encoding}");
    }
}
