//! Backups of a journal that grows, killed at every operation, damaged at every place, restored to every moment.

mod line;
mod reading;
mod wallet_keys;

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tessera_encryption::{DataKeys, MemoryKey};
use tessera_journal::{Cut, Location, Sequence, reader};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Entry, WalletId};
use tessera_reports::testing::{BEGIN, Traffic};
use tessera_vault::{Purpose, Vault, WalletKeys};

use crate::apart::expect_apart;
use crate::backup::{Backup, Copied, Durable};
use crate::error::BackupError;
use crate::file_name::FileName;
use crate::folder::Folder;
use crate::hex::Hash;
use crate::manifest::Manifest;
use crate::restore::Restored;
use crate::stored::Stored;
use crate::target::Target;

/// Some ten segments in each of these tests.
const SEGMENT_BYTES: u64 = 3 << 10;
const WALLETS: u64 = 20;

struct Bed {
    folder: TempDir,
}

impl Bed {
    /// Data with some traffic.
    fn new() -> Self {
        let bed = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(bed.data()).unwrap();
        let mut traffic = bed.traffic();
        traffic.provision(WALLETS);
        traffic.round(WALLETS);
        traffic.close();
        bed
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn copy(&self) -> std::path::PathBuf {
        self.folder.path().join("copy")
    }

    fn traffic(&self) -> Traffic {
        let mut traffic = Traffic::new(&self.data(), SEGMENT_BYTES);
        traffic.sync_every = 7;
        traffic
    }

    fn grow(&self) {
        let mut traffic = self.traffic();
        traffic.round(WALLETS);
        traffic.close();
    }

    fn keys(&self) -> DataKeys {
        DataKeys::for_tests(&self.data())
    }

    fn back_up(&self, durable: Durable) -> Result<Copied, BackupError> {
        back_up(&self.data(), &mut Folder::open(&self.copy())?, durable)
    }

    fn stored(&self) -> Stored {
        Stored::open(&self.copy()).unwrap()
    }

    fn verify(&self) -> Result<(), BackupError> {
        let stored = Stored::open(&self.copy())?;
        let keys = keys_of(&stored)?;
        stored.verify(&keys, None, &mut |_, _| {})
    }

    fn restore(&self, to: &str, at: Option<Timestamp>) -> Result<Restored, BackupError> {
        let stored = Stored::open(&self.copy())?;
        let keys = keys_of(&stored)?;
        let to = self.folder.path().join(to);
        stored.restore(&keys, &to, at, &mut |_, _| {})
    }

    /// The records of the data, or of a folder beside it.
    fn records(&self, folder: &str) -> Vec<(Sequence, Timestamp, Vec<u8>)> {
        let data = self.folder.path().join(folder);
        let mut records = Vec::new();
        reader(&Location::in_data(&data, &DataKeys::for_tests(&data)))
            .scan(None, &mut |record| {
                let at = Entry::read(record.payload)?.at;
                records.push((record.sequence, at, record.payload.to_vec()));
                Ok(())
            })
            .unwrap();
        records
    }
}

/// The keys in a backup, under the master key of [`DataKeys::for_tests`]. Nothing is made there.
fn keys_of(stored: &Stored) -> Result<DataKeys, BackupError> {
    let master = MemoryKey::from_hex(&"5e".repeat(32)).unwrap();
    Ok(DataKeys::read(&stored.keys_folder()?, Box::new(master))?)
}

fn back_up(data: &Path, target: &mut dyn Target, durable: Durable) -> Result<Copied, BackupError> {
    let keys = DataKeys::for_tests(data);
    let mut backup = Backup::new(&Location::in_data(data, &keys), keys);
    backup.begin(target, u64::MAX)?;
    backup.finish(target, durable)
}

#[test]
fn what_is_new_is_copied_and_restored_as_it_was() {
    let bed = Bed::new();
    let first = bed.back_up(Durable::Stopped).unwrap();
    assert!(first.segments.len() > 1, "{first:?}");
    bed.verify().unwrap();
    let again = bed.back_up(Durable::Stopped).unwrap();
    assert_eq!((again.bytes, again.last), (0, first.last));
    bed.grow();
    let second = bed.back_up(Durable::Stopped).unwrap();
    assert!(second.last > first.last && second.bytes > 0);
    let newest = *first.segments.last().unwrap();
    assert!(*second.segments.first().unwrap() >= newest, "{second:?}");
    bed.verify().unwrap();
    let restored = bed.restore("new", None).unwrap();
    assert_eq!(restored.last, second.last);
    assert_eq!(bed.records("new"), bed.records("data"));
    // It goes on like any other.
    Traffic::new(&bed.folder.path().join("new"), SEGMENT_BYTES).close();
    let taken = bed.restore("new", None).unwrap_err();
    assert!(matches!(taken, BackupError::NotEmpty { .. }), "{taken}");
}

#[test]
fn nothing_is_copied_that_is_not_durable() {
    let bed = Bed::new();
    let all = bed.records("data");
    for known in (1..=all.len() as u64).step_by(9) {
        let durable = Sequence::from_stored(known);
        let copied = bed.back_up(Durable::To(durable));
        // A batch is copied whole or not at all, and a switch only says that whole ones are durable.
        let last = bed.stored_last();
        assert!(last.is_none_or(|last| last <= known), "{last:?} of {known}");
        assert!(copied.is_ok() == (last == Some(known)), "{copied:?}");
    }
    bed.back_up(Durable::Stopped).unwrap();
    bed.verify().unwrap();
    let missing = bed.back_up(Durable::To(Sequence::from_stored(1 << 40)));
    assert!(missing.is_err(), "{missing:?}");
    bed.verify().unwrap();
}

impl Bed {
    fn stored_last(&self) -> Option<u64> {
        let stored = Stored::open(&self.copy()).ok()?;
        stored.last().map(Sequence::to_stored)
    }
}

/// A target that fails at its n-th operation, as a process that is killed then.
struct Failing<'a> {
    folder: &'a mut Folder,
    left: u32,
}

impl Failing<'_> {
    fn count(&mut self) -> Result<(), BackupError> {
        self.left = self.left.checked_sub(1).ok_or(BackupError::NoManifest {
            path: "killed".into(),
        })?;
        Ok(())
    }
}

impl Target for Failing<'_> {
    fn manifest(&mut self) -> Result<Option<Manifest>, BackupError> {
        self.folder.manifest()
    }

    fn write(&mut self, file: FileName, offset: u64, bytes: &[u8]) -> Result<(), BackupError> {
        if self.left == 0 {
            self.folder.write(file, offset, &bytes[..bytes.len() / 2])?;
        }
        self.count()?;
        self.folder.write(file, offset, bytes)
    }

    fn finish(&mut self, file: FileName, bytes: u64) -> Result<Option<Hash>, BackupError> {
        self.count()?;
        self.folder.finish(file, bytes)
    }

    fn commit(&mut self, manifest: &Manifest) -> Result<(), BackupError> {
        self.count()?;
        self.folder.commit(manifest)
    }

    fn is_there(&mut self) -> Result<(), BackupError> {
        self.folder.is_there()
    }
}

#[test]
fn a_backup_that_is_cut_off_anywhere_leaves_the_one_before() {
    let bed = Bed::new();
    let before = bed.back_up(Durable::Stopped).unwrap();
    bed.grow();
    bed.keys().rotate().unwrap();
    bed.grow();
    for operations in 0.. {
        let mut folder = Folder::open(&bed.copy()).unwrap();
        let mut failing = Failing {
            folder: &mut folder,
            left: operations,
        };
        let copied = back_up(&bed.data(), &mut failing, Durable::Stopped);
        drop(folder);
        bed.verify().unwrap();
        if copied.is_ok() {
            assert!(operations > 5);
            break;
        }
        assert_eq!(bed.stored().last(), before.last);
    }
    bed.restore("new", None).unwrap();
    assert_eq!(bed.records("new"), bed.records("data"));
}

#[test]
fn a_flipped_bit_anywhere_is_found() {
    let bed = Bed::new();
    let vault = Vault::for_tests(&bed.data());
    for wallet in 1..=WALLETS {
        vault
            .seal(WalletId(wallet), Purpose::Contact, b"a@b.example")
            .unwrap();
    }
    let location = Location::in_data(&bed.data(), &bed.keys());
    let oldest = &reader(&location).parts().unwrap()[0];
    tessera_journal::archive(&location, oldest, &mut || true).unwrap();
    fs::create_dir(bed.data().join("snapshots")).unwrap();
    let snapshot = "snapshots/00000000000000004711.snapshot";
    fs::write(bed.data().join(snapshot), vec![7; 5000]).unwrap();
    bed.back_up(Durable::Stopped).unwrap();
    bed.verify().unwrap();
    let mut names: Vec<String> = bed
        .stored()
        .manifest
        .files
        .keys()
        .map(ToString::to_string)
        .collect();
    names.push("manifest.jsonl".to_owned());
    assert!(names.len() > 5, "{names:?}");
    for name in names {
        let path = bed.copy().join(&name);
        let good = fs::read(&path).unwrap();
        let used = good.iter().rposition(|byte| *byte != 0).unwrap();
        for place in (0..=used).step_by(used / 7 + 1) {
            // What is between keys of wallets says nothing, and its counts only lead to a warning.
            if name == "wallet.keys" && (good[place] == 0 || (64..76).contains(&place)) {
                continue;
            }
            let mut bad = good.clone();
            bad[place] ^= 4;
            fs::write(&path, &bad).unwrap();
            assert!(bed.verify().is_err(), "{name} at {place}");
            assert!(bed.restore("new", None).is_err());
            assert!(!bed.folder.path().join("new").exists());
        }
        fs::write(&path, &good[..used / 2]).unwrap();
        assert!(bed.verify().is_err(), "{name} cut off");
        let away = bed.folder.path().join("away");
        fs::rename(&path, &away).unwrap();
        assert!(bed.verify().is_err(), "{name} removed");
        fs::write(&away, &good).unwrap();
        fs::rename(&away, &path).unwrap();
        bed.verify().unwrap();
    }
}

#[test]
fn without_its_manifest_a_copy_loses_nothing_before_the_next_is_complete() {
    let bed = Bed::new();
    bed.back_up(Durable::Stopped).unwrap();
    bed.keys().rotate().unwrap();
    bed.back_up(Durable::Stopped).unwrap();
    fs::remove_file(bed.copy().join("manifest.jsonl")).unwrap();
    let table = bed.copy().join("keys/2/keys.table");
    let stale = bed.copy().join("keys/1/keys.table");
    fs::create_dir_all(stale.parent().unwrap()).unwrap();
    // Longer than what comes in its place.
    fs::copy(&table, &stale).unwrap();
    fs::write(&stale, vec![7; 9_000]).unwrap();
    let mut folder = Folder::open(&bed.copy()).unwrap();
    let mut failing = Failing {
        folder: &mut folder,
        left: 9,
    };
    assert!(back_up(&bed.data(), &mut failing, Durable::Stopped).is_err());
    drop(folder);
    assert!(table.exists());
    bed.back_up(Durable::Stopped).unwrap();
    bed.verify().unwrap();
    assert!(!table.exists());
}

#[test]
fn a_file_that_was_lost_is_copied_again() {
    let bed = Bed::new();
    bed.back_up(Durable::Stopped).unwrap();
    let first = bed.copy().join(FileName::Segment(0).to_string());
    let good = fs::read(&first).unwrap();
    fs::write(&first, &good[..100]).unwrap();
    assert!(bed.verify().is_err());
    bed.back_up(Durable::Stopped).unwrap();
    assert_eq!(fs::read(&first).unwrap(), good);
    bed.verify().unwrap();
}

#[test]
fn a_time_is_restored_up_to_the_last_batch_that_is_not_after_it() {
    let bed = Bed::new();
    bed.grow();
    bed.back_up(Durable::Stopped).unwrap();
    let all = bed.records("data");
    let early = bed.restore("early", Some(BEGIN.saturating_sub(1)));
    let early = early.unwrap_err();
    assert!(matches!(early, BackupError::TooEarly { begins } if begins == BEGIN));
    for (round, place) in (0..all.len()).step_by(23).enumerate() {
        let at = all[place].1;
        let name = format!("at-{round}");
        let restored = bed.restore(&name, Some(at)).unwrap();
        let records = bed.records(&name);
        let (there, left) = all.split_at(records.len());
        assert_eq!(records, there);
        assert_eq!(restored.last, records.last().map(|record| record.0));
        assert_eq!(restored.until, there.iter().map(|it| it.1).max().unwrap());
        assert!(there.iter().all(|record| record.1 <= at));
        // A batch has seven records at most: one of the next seven is later.
        assert!(left.is_empty() || left[..left.len().min(7)].iter().any(|it| it.1 > at));
    }
}

#[test]
fn archived_segments_are_copied_as_they_are_and_restored_to_any_time() {
    let bed = Bed::new();
    // The copy has this segment before it is archived, and part of the next.
    bed.back_up(Durable::To(Sequence::from_stored(35))).unwrap();
    bed.grow();
    bed.grow();
    let location = Location::in_data(&bed.data(), &bed.keys());
    let parts = reader(&location).parts().unwrap();
    let older = &parts[..parts.len() - 2];
    for part in older {
        tessera_journal::archive(&location, part, &mut || true).unwrap();
    }
    let all = bed.records("data");
    bed.back_up(Durable::Stopped).unwrap();
    bed.verify().unwrap();
    let names = bed.stored().manifest.files.into_keys();
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    let of = |folder: &str| names.iter().filter(|name| name.starts_with(folder)).count();
    assert!(of("journal/") > 3 && of("archive/") > 2, "{names:?}");
    assert_eq!(of("journal/") + of("archive/"), parts.len());
    bed.restore("new", None).unwrap();
    assert_eq!(bed.records("new"), all);
    for (round, place) in (0..all.len()).step_by(31).enumerate() {
        let name = format!("at-{round}");
        let restored = bed.restore(&name, Some(all[place].1)).unwrap();
        let records = bed.records(&name);
        assert_eq!(records, all[..records.len()]);
        assert_eq!(restored.last, records.last().map(|record| record.0));
        // It goes on, behind a segment that is not archived.
        Traffic::new(&bed.folder.path().join(&name), SEGMENT_BYTES).close();
    }
    bed.grow();
    bed.back_up(Durable::Stopped).unwrap();
    bed.verify().unwrap();
}

#[test]
fn segments_that_are_deleted_leave_the_backup_with_their_opening_balances_in_place() {
    let bed = Bed::new();
    bed.grow();
    bed.back_up(Durable::Stopped).unwrap();
    let segments_before = segments(&bed.data());
    // A start could not use a full snapshot from before.
    bed.put_snapshot(segments_before[0] + 1, 1);
    bed.prune();
    let kept = segments(&bed.data());
    assert!(kept.len() < segments_before.len());
    bed.back_up(Durable::Stopped).unwrap();
    assert_eq!(
        bed.stored().manifest.segments().len(),
        segments_before.len()
    );
    bed.verify().unwrap();
    bed.put_snapshot(kept[0], 1);
    let location = Location::in_data(&bed.data(), &bed.keys());
    for _ in 0..2 {
        bed.back_up(Durable::Stopped).unwrap();
        bed.verify().unwrap();
        assert_eq!(bed.stored().manifest.segments().len(), kept.len());
        let restored = bed.restore("new", None).unwrap();
        assert_eq!(restored.last, bed.stored().last());
        let new = bed.folder.path().join("new");
        let restored = Location::in_data(&new, &DataKeys::for_tests(&new));
        let proven = |location| tessera_reports::audit::Audit::of(location).run().unwrap();
        assert_eq!(proven(&restored).last, proven(&location).last);
        let before = Timestamp::from_milliseconds(BEGIN.milliseconds() + 1);
        assert!(bed.restore("early", Some(before)).is_err());
        // A new backup of what is left is the same.
        fs::remove_dir_all(new).unwrap();
        fs::remove_dir_all(bed.copy()).unwrap();
    }
    // Without the snapshot it is refused, as is what was copied without it.
    bed.back_up(Durable::Stopped).unwrap();
    let snapshot = FileName::Snapshot(kept[0]);
    fs::remove_file(bed.data().join(snapshot.to_string())).unwrap();
    let mut manifest = bed.stored().manifest;
    manifest.files.remove(&snapshot);
    fs::write(bed.copy().join("manifest.jsonl"), manifest.to_text()).unwrap();
    let error = bed.restore("new", None).unwrap_err();
    assert!(matches!(error, BackupError::NoSnapshot { .. }), "{error}");
    fs::remove_dir_all(bed.copy()).unwrap();
    let error = bed.back_up(Durable::Stopped).unwrap_err();
    assert!(matches!(error, BackupError::NoOpening { .. }), "{error}");
}

impl Bed {
    fn put_snapshot(&self, mark: u64, bytes: usize) {
        let path = self.data().join(FileName::Snapshot(mark).to_string());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, vec![7; bytes]).unwrap();
    }

    /// Deletes the older half of the segments, as a switch does: with opening balances.
    fn prune(&self) {
        let location = Location::in_data(&self.data(), &self.keys());
        let journal = reader(&location);
        let parts = journal.parts().unwrap();
        let (deleted, kept) = parts.split_at(parts.len() / 2);
        let mut until = None;
        journal
            .scan_part(&kept[1], &mut |record| {
                until.get_or_insert(record.mark());
                Ok(())
            })
            .unwrap();
        tessera_reports::opening::write(&location, until.unwrap(), &mut || true).unwrap();
        for part in deleted {
            tessera_journal::archive(&location, part, &mut || true).unwrap();
            assert!(tessera_journal::remove(&location, part, "index").unwrap());
        }
    }
}

#[test]
fn a_full_snapshot_from_after_the_time_is_left_out() {
    let bed = Bed::new();
    let data = bed.data();
    fs::create_dir(data.join("snapshots")).unwrap();
    let path = |mark: u64| data.join(FileName::Snapshot(mark).to_string());
    fs::write(path(1), b"older").unwrap();
    bed.back_up(Durable::Stopped).unwrap();
    let between = bed.records("data").last().unwrap().1;
    bed.grow();
    fs::write(path(2), b"newer").unwrap();
    bed.back_up(Durable::Stopped).unwrap();
    assert_eq!(bed.restore("all", None).unwrap().snapshots, 2);
    assert_eq!(bed.restore("older", Some(between)).unwrap().snapshots, 1);
    fs::remove_file(path(1)).unwrap();
    bed.back_up(Durable::Stopped).unwrap();
    assert_eq!(bed.restore("newest", None).unwrap().snapshots, 1);
    assert!(!bed.copy().join(FileName::Snapshot(1).to_string()).exists());
}

#[test]
fn a_backup_of_other_data_or_of_an_earlier_time_is_not_continued() {
    let (bed, other) = (Bed::new(), Bed::new());
    bed.back_up(Durable::Stopped).unwrap();
    let good = bed.stored().last();
    let continues = |data: &Path| {
        let mut folder = Folder::open(&bed.copy()).unwrap();
        back_up(data, &mut folder, Durable::Stopped)
    };
    let error = continues(&other.data()).unwrap_err();
    assert!(matches!(error, BackupError::OtherJournal { .. }), "{error}");
    // Data that was restored from an earlier time, and went on.
    let middle = bed.records("data")[25].1;
    bed.restore("earlier", Some(middle)).unwrap();
    let earlier = bed.folder.path().join("earlier");
    for _ in 0..3 {
        let error = continues(&earlier).unwrap_err();
        assert!(matches!(error, BackupError::OtherJournal { .. }), "{error}");
        let mut traffic = Traffic::new(&earlier, SEGMENT_BYTES);
        traffic.round(WALLETS);
        traffic.close();
    }
    assert_eq!(bed.stored().last(), good);
    bed.verify().unwrap();
    // Without its oldest segments the data still goes on where the backup ends; without the next one it does not.
    bed.grow();
    let (end, ..) = bed.stored().manifest.end().map(Cut::to_stored).unwrap();
    let lost: Vec<_> = segments(&bed.data())
        .into_iter()
        .filter(|it| *it <= end)
        .collect();
    for start in &lost {
        fs::remove_file(bed.data().join(FileName::Segment(*start).to_string())).unwrap();
    }
    let error = bed.back_up(Durable::Stopped).unwrap_err();
    assert!(matches!(error, BackupError::Gap { .. }), "{error}");
    bed.verify().unwrap();
}

fn segments(data: &Path) -> Vec<u64> {
    let location = Location::in_data(data, &DataKeys::for_tests(data));
    let parts = reader(&location).parts().unwrap();
    parts.iter().map(|part| part.span().0).collect()
}

#[test]
fn other_folders_are_left_alone() {
    let bed = Bed::new();
    fs::create_dir(bed.copy()).unwrap();
    fs::write(bed.copy().join("notes.txt"), "mine").unwrap();
    let error = bed.back_up(Durable::Stopped).unwrap_err();
    assert!(
        matches!(error, BackupError::NoBackupFolder { .. }),
        "{error}"
    );
    let data = bed.data();
    for inside in ["", "/backup", "/journal/a/b", "/.."] {
        let path = data.to_str().unwrap().to_owned() + inside;
        let error = expect_apart(&data, path.as_ref()).unwrap_err();
        assert!(
            matches!(error, BackupError::Inside { .. }),
            "{inside}: {error}"
        );
    }
    expect_apart(&data, &bed.copy()).unwrap();
    fs::remove_file(bed.copy().join("notes.txt")).unwrap();
    let held = Folder::open(&bed.copy()).unwrap();
    let error = Folder::open(&bed.copy()).err().unwrap();
    assert!(matches!(error, BackupError::InUse { .. }), "{error}");
    drop(held);
    bed.back_up(Durable::Stopped).unwrap();
    // A file that came later is nobody's of ours.
    fs::write(bed.copy().join("notes.txt"), "mine").unwrap();
    bed.back_up(Durable::Stopped).unwrap();
    assert!(bed.copy().join("notes.txt").exists());
}

#[test]
fn a_manifest_of_a_newer_build_is_refused() {
    let bed = Bed::new();
    bed.back_up(Durable::Stopped).unwrap();
    let path = bed.copy().join("manifest.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"version\":1", "\"version\":2", 1)).unwrap();
    for error in [
        bed.verify().unwrap_err(),
        bed.back_up(Durable::Stopped).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(
            matches!(error, BackupError::Version { found: 2, .. }),
            "{text}"
        );
        assert!(
            text.contains("version 2") && text.contains("version 1"),
            "{text}"
        );
    }
}

#[test]
fn a_destroyed_key_of_a_wallet_is_destroyed_in_the_copy() {
    let bed = Bed::new();
    let data = bed.data();
    let vault = Vault::for_tests(&data);
    let seal = |wallet| vault.seal(WalletId(wallet), Purpose::Contact, b"a@b.example");
    let (first, second) = (seal(1).unwrap(), seal(2).unwrap());
    bed.back_up(Durable::Stopped).unwrap();
    let path = bed.copy().join("wallet.keys");
    let before = fs::read(&path).unwrap();
    assert_eq!(before, fs::read(data.join("wallet.keys")).unwrap());
    let keys = WalletKeys::open(&data, bed.keys()).unwrap();
    assert!(keys.destroy(WalletId(1)).unwrap());
    bed.grow();
    bed.back_up(Durable::Stopped).unwrap();
    assert_ne!(fs::read(&path).unwrap(), before);
    bed.restore("new", None).unwrap();
    let restored = Vault::for_tests(&bed.folder.path().join("new"));
    assert!(
        restored
            .open(WalletId(1), Purpose::Contact, &first)
            .is_err()
    );
    assert!(
        restored
            .open(WalletId(2), Purpose::Contact, &second)
            .is_ok()
    );
    // No older copy of the file is left.
    let names = fs::read_dir(bed.copy()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.contains("wallet")).count(), 1);
}
