//! Full snapshots of a real switch under load: it is killed while it writes them, loses its store, and goes on from them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::rig::totals::settles;
use crate::rig::{Rig, wait_for};

const CARDS: u64 = 2_000;
const BALANCE: u64 = 100_000;
const LOAD: [&str; 6] = ["--cards", "100", "--rate", "200", "--connections", "2"];
const IN_A_HURRY: [(&str, &str); 2] = [
    ("checkpoint_every = \"30s\"", "checkpoint_every = \"200ms\""),
    ("snapshot_every = \"24h\"", "snapshot_every = \"1s\""),
];

fn files(rig: &Rig, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(rig.path("data/snapshots")) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|it| it == extension))
        .collect()
}

fn count(rig: &Rig, line: &str) -> usize {
    rig.log("switch").matches(line).count()
}

fn rig() -> Rig {
    let mut rig = Rig::with(CARDS, BALANCE, &IN_A_HURRY);
    rig.start_host(&[]);
    rig.start_switch();
    rig.wait_until_ready();
    rig
}

fn restart_without_store(rig: &mut Rig) {
    fs::remove_dir_all(rig.path("data/store")).expect("a folder");
    rig.start_switch();
    rig.wait_until_ready();
}

#[test]
fn a_switch_that_is_killed_while_it_writes_a_snapshot_goes_on_from_an_older_one() {
    let mut rig = rig();
    let loading = rig.start_load(&LOAD);
    wait_for("the first snapshot", || !files(&rig, "snapshot").is_empty());
    for round in 1..=4 {
        // The moment that is wanted: this file is there while one is written. Where it is missed, any moment is good.
        wait_for("a snapshot that is being written", || {
            !files(&rig, "new").is_empty() || count(&rig, "wrote a full snapshot") > 8 * round
        });
        rig.kill_switch();
        restart_without_store(&mut rig);
        let restored = count(&rig, "restored the store from a full snapshot");
        assert_eq!(restored, round, "{}", rig.log("switch"));
    }
    wait_for("another snapshot", || {
        count(&rig, "wrote a full snapshot") > 5
    });
    assert!(files(&rig, "snapshot").len() <= 2);
    rig.finish_load(loading);
    settles(rig, (CARDS * BALANCE) as i64);
}

#[test]
fn a_switch_passes_over_damaged_snapshots_and_replays_the_journal_in_the_end() {
    let mut rig = rig();
    let loading = rig.start_load(&LOAD);
    wait_for("two snapshots", || files(&rig, "snapshot").len() == 2);
    rig.finish_load(loading);
    let [time, bytes] = ["timestamp_seconds", "bytes"].map(|name| {
        let figure = rig.figure(&format!("tessera_full_snapshot_{name}"));
        figure.expect("a figure")
    });
    assert!(time > 1.7e9 && bytes > 10_000.0, "{time} {bytes}");
    assert_eq!(rig.stop_switch(), Some(0));
    let mut snapshots = files(&rig, "snapshot");
    snapshots.sort();
    let (restored, passed_over) = (
        "restored the store from a full snapshot",
        "a full snapshot is passed over",
    );
    for (path, counts) in snapshots.iter().rev().zip([(1, 1), (1, 3)]) {
        let mut bytes = fs::read(path).expect("a file");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(path, bytes).expect("a file");
        // Without another snapshot meanwhile: it would be a good one.
        let slow = fs::read_to_string(rig.path("switch.toml")).expect("a file");
        let slow = slow.replace("snapshot_every = \"1s\"", "snapshot_every = \"1h\"");
        fs::write(rig.path("switch.toml"), slow).expect("a file");
        restart_without_store(&mut rig);
        let found = (count(&rig, restored), count(&rig, passed_over));
        assert_eq!(found, counts, "{}", rig.log("switch"));
        assert_eq!(rig.stop_switch(), Some(0));
    }
    rig.start_switch();
    rig.wait_until_ready();
    settles(rig, (CARDS * BALANCE) as i64);
}

#[test]
fn a_snapshot_that_cannot_be_written_is_counted_and_tried_again() {
    let rig = rig();
    let folder = rig.path("data/snapshots");
    wait_for("the first snapshot", || !files(&rig, "snapshot").is_empty());
    fs::rename(&folder, rig.path("aside")).expect("a folder");
    fs::write(&folder, b"in the way").expect("a file");
    let loading = rig.start_load(&LOAD);
    let failures = || {
        rig.figure("tessera_full_snapshot_failures_total")
            .expect("a figure")
    };
    wait_for("two failures", || failures() > 1.0);
    assert!(
        rig.log("switch")
            .contains("a full snapshot could not be written")
    );
    fs::remove_file(&folder).expect("a file");
    wait_for("another snapshot", || !files(&rig, "snapshot").is_empty());
    rig.finish_load(loading);
    settles(rig, (CARDS * BALANCE) as i64);
}

/// What the newer files know of events that are not in the journal, no start brings back.
#[test]
fn a_restored_older_journal_is_not_completed_from_newer_files_beside_it() {
    let mut rig = rig();
    assert_eq!(rig.stop_switch(), Some(0));
    let copy = |from: &str, to: &str| {
        let copied = Command::new("cp")
            .args(["--recursive", "--preserve=mode"])
            .args([rig.path(from), rig.path(to)])
            .status();
        assert!(copied.expect("cp runs").success());
    };
    copy("data/journal", "older");
    rig.start_switch();
    rig.wait_until_ready();
    let loading = rig.start_load(&LOAD);
    let before = count(&rig, "wrote a full snapshot");
    // One may have been under way.
    wait_for("two snapshots of the load", || {
        count(&rig, "wrote a full snapshot") >= before + 3
    });
    rig.finish_load(loading);
    rig.kill_switch();
    let kept = files(&rig, "snapshot").len();
    fs::rename(rig.path("data/journal"), rig.path("newer")).expect("a folder");
    fs::rename(rig.path("older"), rig.path("data/journal")).expect("a folder");
    let refused = rig.try_run(&["switch", "--config", "switch.toml"]);
    assert!(!refused.status.success());
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("the store is ahead of the journal"), "{why}");
    restart_without_store(&mut rig);
    let log = rig.log("switch");
    assert_eq!(count(&rig, "restored the store"), 0, "{log}");
    let passed_over = log.matches("which the journal does not have").count();
    assert_eq!(passed_over, kept, "{log}");
    assert_eq!(rig.stop_switch(), Some(0));
    rig.run(&["audit", "--config", "switch.toml"]);
}
