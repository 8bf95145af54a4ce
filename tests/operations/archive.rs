//! Closed segments go to the archive while the switch serves, and nobody notices.

use std::fs;
use std::path::PathBuf;

use crate::rig::totals::settles;
use crate::rig::wire::{ACQUIRER, Wire, card_purchase, network};
use crate::rig::{Rig, wait_for};

const CARDS: u64 = 2_000;
const BALANCE: u64 = 100_000;
const LOAD: [&str; 6] = ["--cards", "100", "--rate", "300", "--connections", "2"];
const CHANGES: [(&str, &str); 3] = [
    ("\"4MiB\"", "\"64KiB\""),
    ("checkpoint_every = \"30s\"", "checkpoint_every = \"200ms\""),
    ("snapshot_every = \"24h\"", "snapshot_every = \"1s\""),
];

/// The files with this extension in a folder, oldest first, and their bytes.
fn files(folder: &PathBuf, extension: &str) -> (Vec<PathBuf>, u64) {
    let Ok(entries) = fs::read_dir(folder) else {
        return (Vec::new(), 0);
    };
    let paths = entries.map(|entry| entry.expect("a file").path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|is| is == extension))
        .collect();
    paths.sort();
    // One may be moved meanwhile.
    let lengths = paths
        .iter()
        .filter_map(|path| Some(fs::metadata(path).ok()?.len()));
    let bytes = lengths.sum();
    (paths, bytes)
}

fn archives(rig: &Rig) -> (Vec<PathBuf>, u64) {
    files(&rig.path("data/archive"), "archive")
}

fn segments(rig: &Rig) -> (Vec<PathBuf>, u64) {
    files(&rig.path("data/journal"), "journal")
}

fn audit(rig: &Rig) -> String {
    let output = rig.run(&["audit", "--config", "switch.toml"]);
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What both streams of a command that was refused have.
fn refused(rig: &Rig, arguments: &[&str]) -> String {
    let output = rig.try_run(arguments);
    let both = [output.stdout, output.stderr].concat();
    let both = String::from_utf8_lossy(&both).into_owned();
    assert!(!output.status.success(), "{both}");
    both
}

/// Buys until two full snapshots are newer than all of these segments, and they have been moved.
fn buy_until_archived(rig: &Rig, segments: &[PathBuf]) {
    let mut wire = Wire::connect(rig.addresses.malls);
    wire.ask(&network(&ACQUIRER, "001"));
    let mut trace = 1;
    wait_for("closed segments to be archived", || {
        // Each snapshot needs something new.
        wire.ask(&card_purchase(&ACQUIRER, trace, 1_000));
        trace += 1;
        segments.iter().all(|segment| !segment.exists())
    });
}

#[test]
fn segments_go_to_the_archive_and_everything_is_read_from_there() {
    let mut rig = Rig::with(4 * CARDS, BALANCE, &CHANGES);
    let before = segments(&rig);
    assert!(before.0.len() > 2, "{before:?}");
    rig.start_host(&[]);
    rig.start_switch();
    rig.wait_until_ready();
    assert_eq!(archives(&rig).0.len(), 0);
    let wanted = &before.0[..before.0.len() - 1];
    buy_until_archived(&rig, wanted);
    let archived = archives(&rig);
    let moved = &archived.0[..wanted.len()];
    for (archive, segment) in moved.iter().zip(&before.0) {
        assert_eq!(archive.file_stem(), segment.file_stem());
        // What is looked up there needs no reading of all of it.
        assert!(segment.with_extension("index").exists(), "{segment:?}");
    }
    assert!(archived.1 < before.1 / 2, "{before:?}, {archived:?}");
    wait_for("the figures of the files", || {
        let figure = |name| rig.figure(name).unwrap_or(0.0);
        figure("tessera_archive_segments") >= moved.len() as f64
            && figure("tessera_archive_bytes") > 0.0
            && figure("tessera_journal_segments") >= 2.0
            && figure("tessera_journal_segment_bytes") > 0.0
    });
    assert_eq!(rig.figure("tessera_archive_failing"), Some(0.0));
    for folder in ["data", "archive"] {
        let free = rig.figure(&format!("tessera_disk_free_bytes{{folder=\"{folder}\"}}"));
        assert!(free.is_some_and(|free| free > 0.0), "{folder}: {free:?}");
    }
    // A running switch, and commands beside it, read on; also those for which there is no index.
    assert!(audit(&rig).contains("the totals agree"));
    rig.run(&[
        "export",
        "--config",
        "switch.toml",
        "--format",
        "csv",
        "--from",
        "2000-01-01",
        "--to",
        "2100-01-01",
        "--out",
        "all.csv",
    ]);
    let rows = fs::read_to_string(rig.path("all.csv")).expect("rows");
    assert!(rows.lines().count() as u64 > 4 * CARDS, "{}", rows.len());
    rig.kill_switch();
    let sold = audit(&rig);
    // All of it is replayed, from the archive on.
    for folder in ["data/store", "data/snapshots"] {
        fs::remove_dir_all(rig.path(folder)).expect("a folder");
    }
    rig.start_switch();
    rig.wait_until_ready();
    assert_eq!(rig.stop_switch(), Some(0), "{}", rig.log("switch"));
    let lasting = |audit: &str| {
        let lines = audit
            .lines()
            .filter(|line| line.starts_with("wallets") || line.starts_with("loaded"));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(lasting(&audit(&rig)), lasting(&sold));
    // An archive that was changed is refused, and named.
    let (archived, _) = archives(&rig);
    let intact = fs::read(&archived[1]).expect("a file");
    let mut bytes = intact.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&archived[1], bytes).expect("a file");
    let said = refused(&rig, &["audit", "--config", "switch.toml"]);
    assert!(said.contains("archive"), "{said}");
    // And so is a journal of which one is missing.
    fs::remove_file(&archived[1]).expect("a file");
    let said = refused(&rig, &["audit", "--config", "switch.toml"]);
    assert!(said.contains("gap"), "{said}");
    fs::write(&archived[1], intact).expect("a file");
    audit(&rig);
}

/// A switch that is killed again and again while it archives, to another folder.
#[test]
fn nothing_is_lost_where_a_switch_is_killed_while_it_archives() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let folder = elsewhere.path().join("of this switch");
    let line = format!("archive_folder = {folder:?}");
    let changes = [&CHANGES[..], &[("archive_folder = \"archive\"", &line)]].concat();
    let mut rig = Rig::with(CARDS, BALANCE, &changes);
    rig.start_host(&[]);
    rig.start_switch();
    rig.wait_until_ready();
    let loading = rig.start_load(&LOAD);
    for _ in 0..5 {
        let archived = files(&folder, "archive").0.len();
        // The moment that is wanted: this file is there while one is written. Where it is missed, any moment is good.
        wait_for("an archive that is being written", || {
            !files(&folder, "preparing").0.is_empty()
                || files(&folder, "archive").0.len() > archived + 3
        });
        rig.kill_switch();
        assert!(audit(&rig).contains("the totals agree"));
        rig.start_switch();
        rig.wait_until_ready();
    }
    let archived = files(&folder, "archive").0.len();
    wait_for("another archive", || {
        files(&folder, "archive").0.len() > archived
    });
    rig.finish_load(loading);
    assert!(archives(&rig).0.is_empty());
    settles(rig, (CARDS * BALANCE) as i64);
    // One that belongs to a process that has ended stays until the next one is archived.
    assert!(files(&folder, "preparing").0.len() <= 1);
}
