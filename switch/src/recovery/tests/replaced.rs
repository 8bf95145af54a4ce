//! Stores that another one has to take the place of, on journals whose oldest segments are deleted or not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tessera_encryption::DataKeys;
use tessera_journal::testing::Memory;
use tessera_store::Store;

use super::{FIRST, MANY, SECOND, THIRD, damage, with_snapshot};
use crate::recovery::store::{open_store, remove_replaced};

/// What is done to the folder of a store.
type Change = fn(&Path);

/// What a start finds, after this was done to the store.
struct Left {
    data: TempDir,
    journal: Memory,
}

impl Left {
    /// A journal with events before and after the full snapshots. Its oldest records are deleted, if so it is.
    fn new(is_pruned: bool, change: impl FnOnce(&Path)) -> Self {
        let (mut bench, _) = with_snapshot();
        bench.start(MANY).unwrap();
        bench.snapshot();
        let begins = bench.block(THIRD).position;
        bench.start(MANY).unwrap();
        bench.snapshot();
        bench.block(FIRST);
        bench.start(MANY).unwrap();
        let (data, journal) = bench.close();
        change(&data.path().join("store"));
        if is_pruned {
            journal.delete_before(begins);
        }
        Self { data, journal }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    fn start(&self) -> anyhow::Result<Store> {
        let data = self.data.path();
        open_store(data, 1 << 20, &DataKeys::for_tests(data), &self.journal)
    }

    #[track_caller]
    fn refusal(&self) -> String {
        self.start().map(drop).unwrap_err().to_string()
    }

    fn damage_snapshots(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let good = files(&self.path("snapshots"));
        damage(&self.path("snapshots"));
        good.into_iter().collect()
    }
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), fs::read(path).unwrap())),
        }
    }
    found
}

/// As if the build before had written the store.
fn outdate(store: &Path) {
    let database = fjall::Database::builder(store).open().unwrap();
    let meta = database.keyspace("meta", Default::default).unwrap();
    let format = meta.get("format").unwrap().expect("a format")[0];
    meta.insert("format", [format - 1]).unwrap();
    database.persist(fjall::PersistMode::SyncAll).unwrap();
}

/// The disk does not open it.
fn obstruct(store: &Path) {
    fs::rename(store, store.with_extension("away")).unwrap();
    fs::write(store, "no folder").unwrap();
}

#[test]
fn a_store_that_nothing_can_take_the_place_of_is_refused_and_stays() {
    let cases: [(Change, &str); 2] = [
        (damage, "the store is damaged and can't be rebuilt"),
        (outdate, "start the build that wrote the store"),
    ];
    for (change, expected) in cases {
        let left = Left::new(true, change);
        let good = left.damage_snapshots();
        let store = files(&left.path("store"));
        for _ in 0..2 {
            let refused = left.refusal();
            assert!(refused.contains(expected), "{refused}");
            assert!(refused.contains("tessera restore"), "{refused}");
            let now = files(&left.path("store"));
            // The library may begin another file of its own, and changes none.
            assert!(
                store
                    .iter()
                    .all(|(path, bytes)| now.get(path) == Some(bytes))
            );
            assert!(!left.path("store.old").exists());
        }
        for (path, bytes) in good {
            fs::write(path, bytes).unwrap();
        }
        let restored = left.start().unwrap();
        assert!(restored.wallet(THIRD).unwrap().is_some());
    }
}

/// Until the journal is replayed; a kill in between changes nothing about that.
#[test]
fn a_store_that_is_replaced_is_kept_until_the_other_one_is_complete() {
    let cases: [Change; 2] = [damage, outdate];
    for change in cases {
        for has_snapshots in [true, false] {
            let left = Left::new(false, change);
            if !has_snapshots {
                fs::remove_dir_all(left.path("snapshots")).unwrap();
            }
            let before = files(&left.path("store")).len();
            let store = left.start().unwrap();
            assert_eq!(store.wallet(SECOND).unwrap().is_some(), has_snapshots);
            drop(store);
            let aside = files(&left.path("store.old"));
            assert!(aside.len() >= before, "{}", aside.len());
            // Killed, and what it has begun is damaged too.
            damage(&left.path("store"));
            drop(left.start().unwrap());
            assert_eq!(files(&left.path("store.old")), aside);
            remove_replaced(left.data.path());
            assert!(!left.path("store.old").exists());
            assert!(left.path("store").exists());
        }
    }
}

/// The disk's word, and not that segments are missing: they were not needed before.
#[test]
fn a_store_that_the_disk_does_not_open_is_needed_once_segments_are_deleted() {
    let left = Left::new(true, obstruct);
    let refused = left.refusal();
    assert!(refused.starts_with("the store: "), "{refused}");
    assert!(
        refused.contains("can't start without the store"),
        "{refused}"
    );
    fs::remove_file(left.path("store")).unwrap();
    fs::rename(left.path("store.away"), left.path("store")).unwrap();
    assert!(left.start().unwrap().mark().unwrap().is_some());
    let left = Left::new(false, obstruct);
    let store = left.start().unwrap();
    assert!(store.is_failing());
    assert_eq!(store.mark().unwrap(), None);
}

#[test]
fn a_missing_store_needs_a_full_snapshot_once_segments_are_deleted() {
    let left = Left::new(true, |store| fs::remove_dir_all(store).unwrap());
    let good = left.damage_snapshots();
    for _ in 0..2 {
        let refused = left.refusal();
        assert!(refused.starts_with("there is no store"), "{refused}");
    }
    for (path, bytes) in good {
        fs::write(path, bytes).unwrap();
    }
    // The store that it is restored to does not go to the disk.
    fs::write(left.path("store.new"), "no folder").unwrap();
    assert!(left.start().is_err());
    fs::remove_file(left.path("store.new")).unwrap();
    assert!(left.start().unwrap().mark().unwrap().is_some());
}
