//! One process at a time writes in a folder of data, whatever it does there first.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tessera_common::lock_file::LockFile;

use crate::golden::{left_by, releases};
use crate::rig::Rig;

const PROVISION: [&str; 7] = [
    "provision",
    "--config",
    "switch.toml",
    "--cards",
    "2",
    "--balance",
    "1",
];

fn refusal(rig: &Rig, arguments: &[&str]) -> String {
    let refused = rig.try_run(arguments);
    assert!(!refused.status.success(), "{arguments:?}");
    String::from_utf8_lossy(&refused.stderr).into_owned()
}

/// Every file but locks, with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.append(&mut files(&path));
        } else if path.file_name().is_some_and(|name| name != "lock") {
            let bytes = fs::read(&path).expect("a file");
            found.insert(path, bytes);
        }
    }
    found
}

#[test]
fn nobody_else_writes_while_a_switch_runs() {
    let mut rig = Rig::started(1, 10_000);
    let switch = rig.switch.as_ref().expect("a switch").0.id();
    let why = refusal(&rig, &PROVISION);
    let expected = format!("is in use by another process (process {switch})");
    assert!(why.contains(&expected), "{why}");
    rig.run(&["audit", "--config", "switch.toml"]);
    rig.run(&["keys", "rotate", "--config", "switch.toml"]);
    assert_eq!(rig.stop_switch(), Some(0));
    rig.run(&PROVISION);
}

/// The lock of the folder is another start's, that of the journal a switch's of 0.2, which knows no other.
#[test]
fn data_of_an_older_release_is_not_touched_while_another_process_has_it() {
    let release = releases()
        .find(|release| release.ends_with("0.2.0"))
        .expect("0.2.0");
    let mut rig = left_by(&release);
    let data = rig.path("data");
    let before = files(&data.join("journal"));
    for (lock, expected) in [
        ("lock", "is in use by another process (process "),
        ("journal/lock", "is open in another switch (process "),
    ] {
        let held = LockFile::take(&data.join(lock)).expect("a lock");
        for arguments in [&["switch", "--config", "switch.toml"][..], &PROVISION] {
            let why = refusal(&rig, arguments);
            assert!(why.contains(expected), "{why}");
        }
        assert!(files(&data.join("journal")) == before, "{lock}");
        assert!(!data.join("upgrade").exists(), "{lock}");
        drop(held);
    }
    rig.start_switch();
    assert!(rig.log("switch").contains("upgraded the data"));
    assert_eq!(rig.stop_switch(), Some(0));
}
