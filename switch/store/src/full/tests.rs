//! Snapshots as they were written, damaged ones, and those that a kill or another journal has left.

use std::collections::BTreeSet;

use tessera_journal::Journal as _;
use tessera_journal::testing::Memory;
use tessera_ledger::{Wallet, WalletId};
use tessera_protocol::CardNumber;

use super::*;
use crate::tables::Table;
use crate::tests::with_card;
use crate::{Snapshot, Store};

const CACHE_BYTES: u64 = 1 << 20;

struct Bench {
    folder: tempfile::TempDir,
    keys: DataKeys,
    journal: Memory,
    store: Store,
    snapshots: FullSnapshots,
}

type Rows = BTreeSet<(u8, Vec<u8>, Vec<u8>)>;

fn rows(store: &Store) -> Rows {
    let mut rows = Rows::new();
    let view = store.view().unwrap().expect("a mark");
    view.each_row(&mut |table, key, value| {
        rows.insert((table as u8, key.to_vec(), value.to_vec()));
        Ok(())
    })
    .unwrap();
    rows
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        let store = Store::open(&folder.path().join("store"), CACHE_BYTES, keys.clone());
        Self {
            store: store.unwrap(),
            snapshots: FullSnapshots::in_data(folder.path(), keys.clone()),
            journal: Memory::default(),
            keys,
            folder,
        }
    }

    /// Wallets with a card each, and a record of the journal that the store reflects.
    fn add(&self, numbers: std::ops::Range<u64>) {
        let take = |number| {
            let wallet = &mut with_card(WalletId(number), &CardNumber::development(number));
            Snapshot::take(wallet)
        };
        let snapshots: Vec<_> = numbers.map(take).collect();
        let mark = self.journal.append(0, b"an event").into();
        self.journal.sync().unwrap();
        self.store.write(&snapshots, Some(mark)).unwrap();
    }

    fn write(&self) -> PathBuf {
        let written = self.snapshots.write(&self.store, &self.journal, &|| true);
        let written = written.unwrap().expect("a new one");
        assert_eq!(Some(written.mark), self.store.mark().unwrap());
        let path = self.snapshots.path(written.mark);
        assert_eq!(self.snapshots.mark(&path).unwrap(), written.mark);
        path
    }

    /// Only the newest one stays: the one that it takes the place of is aside.
    fn restore(&self) -> Option<FullSnapshot> {
        crate::remove_replaced(&self.folder.path().join("restored")).unwrap();
        let directory = self.folder.path().join("restored");
        let restored = self
            .snapshots
            .restore(&directory, CACHE_BYTES, &self.journal);
        assert!(!directory.with_extension("new").exists());
        restored.unwrap()
    }

    fn restored(&self) -> Store {
        let directory = self.folder.path().join("restored");
        Store::open(&directory, CACHE_BYTES, self.keys.clone()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.snapshots.folder).unwrap();
        let name = |entry: io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn a_restored_store_has_every_row_of_the_one_that_was_written() {
    let bench = Bench::new();
    assert!(bench.restore().is_none());
    // Several frames.
    bench.add(1..8_000);
    bench.keys.rotate().unwrap();
    bench.add(8_000..16_000);
    let path = bench.write();
    let again = bench
        .snapshots
        .write(&bench.store, &bench.journal, &|| true);
    assert_eq!(again.unwrap(), None, "nothing is new");
    let restored = bench.restore().expect("a good snapshot");
    let before = rows(&bench.store);
    assert_eq!(restored.rows, before.len() as u64);
    let store = bench.restored();
    assert!(rows(&store) == before);
    assert_eq!(store.mark().unwrap(), bench.store.mark().unwrap());
    assert_eq!(store.time().unwrap(), bench.store.time().unwrap());
    let card = store.indexed(&CardNumber::development(9_000));
    let found = store.card(card).unwrap().expect("a card");
    assert_eq!(found.wallet, WalletId(9_000));
    let stopped = bench.snapshots.verify(restored.mark, &mut || false);
    assert!(matches!(stopped, Err(FullSnapshotError::Stopped)));
    let verified = bench.snapshots.verify(restored.mark, &mut || true);
    assert_eq!(verified.unwrap(), restored);
    // Not what a database would be of so many rows.
    assert!(std::fs::metadata(path).unwrap().len() < 1 << 20);
}

/// The store goes on while a snapshot is written.
#[test]
fn a_snapshot_is_of_one_moment() {
    let bench = Bench::new();
    bench.add(1..2);
    let view = bench.store.view().unwrap().unwrap();
    bench.add(2..9);
    let mut wallets = 0;
    view.each_row(&mut |table, _, _| {
        wallets += u32::from(table == Table::Wallets);
        Ok(())
    })
    .unwrap();
    assert_eq!(wallets, 1);
    assert_ne!(Some(view.mark), bench.store.mark().unwrap());
}

#[test]
fn every_flipped_bit_and_every_length_is_refused() {
    let bench = Bench::new();
    bench.add(1..3);
    let path = bench.write();
    let good = std::fs::read(&path).unwrap();
    let mark = bench.snapshots.mark(&path).unwrap();
    let refused = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).unwrap();
        let read = bench.snapshots.verify(mark, &mut || true);
        assert!(read.is_err(), "{what}");
    };
    for bit in 0..good.len() * 8 {
        let mut changed = good.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        refused(&changed, &format!("bit {bit}"));
    }
    for length in 0..good.len() {
        refused(&good[..length], &format!("{length} bytes"));
    }
    refused(&[&good[..], b"\0"].concat(), "longer");
    std::fs::write(&path, &good).unwrap();
    let read = bench.snapshots.verify(mark, &mut || true);
    assert_eq!(read.unwrap().rows, rows(&bench.store).len() as u64);
}

#[test]
fn the_newest_two_are_kept_and_a_damaged_one_is_passed_over() {
    let bench = Bench::new();
    let mut paths = Vec::new();
    for number in 1..=4 {
        bench.add(number..number + 1);
        paths.push(bench.write());
    }
    let newest = &paths[3];
    assert_eq!(
        bench.snapshots.files().unwrap(),
        [newest.clone(), paths[2].clone()]
    );
    assert_eq!(bench.names().len(), 2);
    let mut bytes = std::fs::read(newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(newest, bytes).unwrap();
    let restored = bench.restore().expect("the older one");
    assert_eq!(restored.mark, bench.snapshots.mark(&paths[2]).unwrap());
    let store = bench.restored();
    assert!(store.wallet(WalletId(3)).unwrap().is_some());
    assert!(store.wallet(WalletId(4)).unwrap().is_none());
    drop(store);
    std::fs::write(&paths[2], b"").unwrap();
    assert!(bench.restore().is_none());
    let left = bench.restored();
    assert!(left.wallet(WalletId(3)).unwrap().is_some(), "unchanged");
}

/// What was not finished is no snapshot, and is removed by the next one.
#[test]
fn a_snapshot_that_was_stopped_is_none() {
    let bench = Bench::new();
    bench.add(1..8_000);
    let stopped = bench
        .snapshots
        .write(&bench.store, &bench.journal, &|| false);
    assert!(matches!(stopped, Err(FullSnapshotError::Stopped)));
    assert!(bench.names()[0].ends_with(".new"));
    assert!(bench.restore().is_none());
    bench.add(8_000..8_001);
    bench.write();
    assert_eq!(bench.names().len(), 1);
    assert!(bench.restore().is_some());
}

#[test]
fn a_snapshot_of_another_journal_or_of_a_newer_build_is_passed_over() {
    let bench = Bench::new();
    bench.add(1..3);
    let path = bench.write();
    let other = Memory::default();
    let directory = bench.folder.path().join("restored");
    let restored = |journal: &Memory| {
        let restored = bench.snapshots.restore(&directory, CACHE_BYTES, journal);
        restored.unwrap().is_some()
    };
    assert!(!restored(&other), "it has no record there");
    other.append(0, b"something else");
    other.sync().unwrap();
    assert!(!restored(&other), "it has another record there");
    assert!(restored(&bench.journal));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] += 1;
    std::fs::write(&path, bytes).unwrap();
    let error = bench.snapshots.mark(&path).unwrap_err().to_string();
    let newer = SNAPSHOT_VERSION + 1;
    assert!(error.contains(&format!("has version {newer}")), "{error}");
    assert!(error.contains("this build"), "{error}");
    assert!(!restored(&bench.journal));
}

/// Wallets go to the store one after another, so that some are ahead of the mark. The journal was restored from a copy of
/// before, and goes on differently.
#[test]
fn a_snapshot_that_reflects_more_than_a_restored_journal_is_passed_over_and_removed() {
    let bench = Bench::new();
    bench.add(1..3);
    let mark = bench.store.mark().unwrap();
    let ahead = bench.journal.append(0, b"a later event");
    bench.journal.sync().unwrap();
    let mut wallet = with_card(WalletId(3), &CardNumber::development(3));
    wallet.last_sequence = Some(ahead.sequence);
    wallet.last_position = Some(ahead.position);
    let snapshot = Snapshot::take(&mut wallet);
    bench.store.write(&[snapshot], None).unwrap();
    assert_eq!(bench.store.reach().unwrap(), Some(ahead.into()));
    let path = bench.write();
    assert_eq!(bench.snapshots.mark(&path).ok(), mark);
    assert!(bench.restore().is_some());
    let marks = || bench.snapshots.marks(&bench.journal).unwrap();
    assert_eq!(marks(), [mark.unwrap()]);
    bench.journal.restore_older(1);
    assert_eq!(marks(), []);
    assert!(bench.restore().is_none(), "it reflects what is missing");
    let other = bench.journal.append(0, b"another event");
    bench.journal.sync().unwrap();
    assert_eq!(other.position, ahead.position);
    assert!(bench.restore().is_none(), "it reflects another record");
    bench.add(4..5);
    bench.write();
    assert_eq!(bench.names().len(), 1);
    assert!(!path.exists());
}

/// A journal was restored, and the store with it: what was written after its end is in nobody's way.
#[test]
fn snapshots_of_a_journal_before_it_was_restored_are_removed() {
    let [before, after] = [Bench::new(), Bench::new()];
    for number in 1..=3 {
        before.add(number..number + 1);
        before.write();
    }
    std::fs::create_dir(&after.snapshots.folder).unwrap();
    for path in before.snapshots.files().unwrap() {
        let name = path.file_name().unwrap();
        std::fs::copy(&path, after.snapshots.folder.join(name)).unwrap();
    }
    for number in 1..=2 {
        after.add(number + 7..number + 8);
        let path = after.write();
        assert_eq!(after.snapshots.files().unwrap()[0], path);
    }
    assert_eq!(after.names().len(), 2);
    assert!(after.restore().is_some());
}

#[test]
fn a_store_that_reflects_nothing_has_no_snapshot() {
    let bench = Bench::new();
    let mut wallet = Wallet::new(WalletId(7));
    let snapshot = Snapshot::take(&mut wallet);
    bench.store.write(&[snapshot], None).unwrap();
    let written = bench
        .snapshots
        .write(&bench.store, &bench.journal, &|| true);
    assert_eq!(written.unwrap(), None);
    assert!(!bench.snapshots.folder.exists());
}

#[test]
fn the_key_of_a_snapshot_is_found_out_from_its_beginning() {
    let bench = Bench::new();
    let older = std::fs::read(bench.folder.path().join("keys.table")).unwrap();
    bench.keys.rotate().unwrap();
    bench.add(1..3);
    let path = bench.write();
    bench.snapshots.check_key(&path).unwrap();
    std::fs::write(bench.folder.path().join("keys.table"), older).unwrap();
    let keys = DataKeys::for_tests(bench.folder.path());
    let missing = || FullSnapshots::in_data(bench.folder.path(), keys.clone()).check_key(&path);
    assert!(matches!(missing(), Err(FullSnapshotError::Keys(_))));
    // Another key of the same number.
    keys.rotate().unwrap();
    assert!(matches!(missing(), Err(FullSnapshotError::Damaged { .. })));
}
