//! Keys over levels and restarts, and files that are not what was written.

use std::sync::Arc;

use aes_gcm::aead::Aead;

use super::*;

const NONCE: [u8; 12] = [7; 12];

fn open(folder: &Path) -> WalletKeys {
    WalletKeys::open(folder, DataKeys::for_tests(folder)).unwrap()
}

fn fingerprint(key: &Aes256Gcm) -> Vec<u8> {
    key.encrypt(&NONCE.into(), &b"contact"[..]).unwrap()
}

/// More keys than their page of the first level has slots for.
#[test]
fn each_wallet_keeps_its_key_over_levels_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let keys = open(folder.path());
    assert!(keys.find(WalletId(1)).unwrap().is_none());
    let page = Level(0).page_of(WalletId(0));
    let wallets = (0..).map(WalletId);
    let wallets = wallets.filter(|wallet| Level(0).page_of(*wallet) == page);
    let wallets: Vec<WalletId> = wallets.take(60).collect();
    let made: Vec<_> = wallets
        .iter()
        .map(|wallet| fingerprint(&keys.find_or_make(*wallet).unwrap()))
        .collect();
    let length = std::fs::metadata(folder.path().join("wallet.keys")).unwrap();
    assert!(length.len() > Level(0).end(), "one level was enough");
    drop(keys);
    let keys = open(folder.path());
    for (wallet, made) in wallets.iter().zip(&made) {
        let found = keys.find(*wallet).unwrap().unwrap();
        assert_eq!(&fingerprint(&found), made);
        let again = keys.find_or_make(*wallet).unwrap();
        assert_eq!(&fingerprint(&again), made);
    }
    let mut listed = Vec::new();
    for page in 0.. {
        let Some(wallets) = keys.wallets_in(page).unwrap() else {
            break;
        };
        listed.extend(wallets);
    }
    listed.sort_unstable();
    assert_eq!(listed, wallets);
}

#[test]
fn a_destroyed_key_is_nowhere_in_the_file_and_never_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wallet.keys");
    let keys = open(folder.path());
    let first = fingerprint(&keys.find_or_make(WalletId(7)).unwrap());
    let other = fingerprint(&keys.find_or_make(WalletId(8)).unwrap());
    let before = std::fs::read(&path).unwrap();
    let at = before.chunks(16).rposition(|chunk| chunk != [0; 16]);
    assert!(at.is_some());
    assert!(keys.destroy(WalletId(7)).unwrap());
    assert!(!keys.destroy(WalletId(7)).unwrap());
    assert!(keys.find(WalletId(7)).unwrap().is_none());
    let after = std::fs::read(&path).unwrap();
    let changed: Vec<usize> = (0..after.len())
        .filter(|&at| at >= PAGE && before[at] != after[at])
        .collect();
    assert!(changed.iter().all(|&at| after[at] == 0) && changed.len() > 40);
    assert_eq!(
        fingerprint(&keys.find(WalletId(8)).unwrap().unwrap()),
        other
    );
    assert_ne!(fingerprint(&keys.find_or_make(WalletId(7)).unwrap()), first);
}

#[test]
fn a_changed_or_moved_key_and_a_foreign_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wallet.keys");
    let keys = open(folder.path());
    keys.find_or_make(WalletId(7)).unwrap();
    let slot = keys
        .slots_of(&keys.file().file, WalletId(7))
        .unwrap()
        .0
        .unwrap();
    let good = std::fs::read(&path).unwrap();
    for byte in 12..72 {
        let mut changed = good.clone();
        changed[slot.offset as usize + byte] ^= 1;
        std::fs::write(&path, changed).unwrap();
        let error = keys.find(WalletId(7)).expect_err("a changed key");
        assert!(matches!(error, WalletKeysError::Changed { .. }), "{error}");
    }
    drop(keys);
    for foreign in [&b"tessera wallet keys 2\n"[..], b"something else"] {
        std::fs::write(&path, foreign).unwrap();
        let opened = WalletKeys::open(folder.path(), DataKeys::for_tests(folder.path()));
        assert!(matches!(opened, Err(WalletKeysError::Foreign { .. })));
    }
}

/// A kill while it is made leaves a part of the first page, before the key table knows of the file.
#[test]
fn a_file_that_was_not_finished_is_made_anew_and_one_that_was_lost_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wallet.keys");
    let data_keys = DataKeys::for_tests(folder.path());
    for cut in 0..FIRST_LINE.len() {
        data_keys.record_wallet_key_changes(None).unwrap();
        std::fs::write(&path, &FIRST_LINE[..cut]).unwrap();
        let keys = open(folder.path());
        assert_eq!(
            (keys.fit(), data_keys.wallet_key_changes().unwrap()),
            (Fit::Good, Some(0))
        );
    }
    let assert_lost = || {
        let opened = WalletKeys::open(folder.path(), data_keys.clone());
        assert!(matches!(opened, Err(WalletKeysError::Lost { .. })));
    };
    std::fs::write(&path, FIRST_LINE).unwrap();
    assert_lost();
    std::fs::remove_file(&path).unwrap();
    assert_lost();
    assert!(!path.exists());
    // A new data key and a new master key leave what the table says of the file.
    data_keys.rotate().unwrap();
    assert_lost();
    data_keys.record_wallet_key_changes(None).unwrap();
    assert_eq!(open(folder.path()).fit(), Fit::Good);
}

#[test]
fn an_older_copy_of_the_file_or_of_the_table_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let [path, table] = ["wallet.keys", "keys.table"].map(|name| folder.path().join(name));
    let older_table = {
        DataKeys::for_tests(folder.path());
        std::fs::read(&table).unwrap()
    };
    let keys = open(folder.path());
    keys.find_or_make(WalletId(1)).unwrap();
    drop(keys);
    let older_file = std::fs::read(&path).unwrap();
    DataKeys::for_tests(folder.path()).rotate().unwrap();
    let keys = open(folder.path());
    assert_eq!(keys.fit(), Fit::Good, "the switch alone has changed it");
    keys.find_or_make(WalletId(2)).unwrap();
    keys.destroy(WalletId(1)).unwrap();
    drop(keys);
    assert_eq!(open(folder.path()).fit(), Fit::Good);
    let newest = std::fs::read(&table).unwrap();
    let newest_file = std::fs::read(&path).unwrap();
    std::fs::write(&path, older_file).unwrap();
    for _ in 0..3 {
        assert_eq!(open(folder.path()).fit(), Fit::OlderFile, "at each start");
    }
    std::fs::write(&path, &newest_file).unwrap();
    assert_eq!(open(folder.path()).fit(), Fit::Good, "it was restored");
    std::fs::write(&table, older_table).unwrap();
    assert_eq!(open(folder.path()).fit(), Fit::OlderTable);
    std::fs::write(&table, newest).unwrap();
    assert_eq!(open(folder.path()).fit(), Fit::Good);
}

/// Also where it has had more changes since than the newest one: neither has all keys any more.
#[test]
fn an_older_copy_that_was_changed_is_said_until_an_operator_accepts_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wallet.keys");
    let accept = || {
        let keys = DataKeys::for_tests(folder.path());
        accept_lost_wallet_keys(folder.path(), &keys).unwrap()
    };
    open(folder.path()).find_or_make(WalletId(1)).unwrap();
    let older = std::fs::read(&path).unwrap();
    let keys = open(folder.path());
    keys.find_or_make(WalletId(2)).unwrap();
    keys.find_or_make(WalletId(3)).unwrap();
    drop(keys);
    assert_eq!(open(folder.path()).fit(), Fit::Good);
    let newest = std::fs::read(&path).unwrap();
    assert_eq!(accept(), Accepted::Nothing);
    std::fs::write(&path, &older).unwrap();
    let keys = open(folder.path());
    for number in 4..20 {
        keys.find_or_make(WalletId(number)).unwrap();
    }
    keys.destroy(WalletId(1)).unwrap();
    drop(keys);
    let changed = std::fs::read(&path).unwrap();
    for bytes in [&changed, &newest, &changed] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(open(folder.path()).fit(), Fit::OlderFile);
    }
    assert_eq!(accept(), Accepted::Older);
    assert_eq!(accept(), Accepted::Nothing);
    assert_eq!(open(folder.path()).fit(), Fit::Good);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(accept(), Accepted::Lost);
    assert_eq!(open(folder.path()).fit(), Fit::Good);
    std::fs::write(&path, b"something else").unwrap();
    let keys = DataKeys::for_tests(folder.path());
    assert!(accept_lost_wallet_keys(folder.path(), &keys).is_err());
}

#[test]
fn another_node_has_the_same_keys() {
    let [here, there, copy] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    DataKeys::for_tests(here.path());
    // As it is before the first file of wallet keys: a new node makes one of its own.
    for node in [&there, &copy] {
        let table = |folder: &tempfile::TempDir| folder.path().join("keys.table");
        std::fs::copy(table(&here), table(node)).unwrap();
    }
    let open = |data: &Path| WalletKeys::open(data, DataKeys::for_tests(data)).unwrap();
    let changes = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::clone(&changes);
    let active = open(here.path());
    let active = active.showing(Box::new(move |offset, slot| {
        shown.lock().unwrap().push((offset, *slot));
    }));
    for wallet in (0..2000).map(WalletId) {
        active.find_or_make(wallet).unwrap();
    }
    active.show_destroyed(WalletId(7)).unwrap();
    assert_eq!(changes.lock().unwrap().len(), 2001);
    assert!(active.find(WalletId(7)).unwrap().is_some());
    assert!(active.destroy(WalletId(7)).unwrap());
    active.show_destroyed(WalletId(7)).unwrap();
    // One that is there is shown again: the node may have made it and failed before the others had it.
    active.find_or_make(WalletId(8)).unwrap();
    assert_eq!(changes.lock().unwrap().len(), 2002);
    let standby = open(there.path());
    // What was taken over once may come again.
    for (offset, slot) in changes
        .lock()
        .unwrap()
        .iter()
        .flat_map(|change| [change; 2])
    {
        standby.adopt(*offset, slot).unwrap();
    }
    let slots = |data: &Path| std::fs::read(data.join("wallet.keys")).unwrap()[PAGE..].to_vec();
    assert!(slots(here.path()) == slots(there.path()));
    assert!(standby.find(WalletId(7)).unwrap().is_none());
    assert!(standby.find(WalletId(8)).unwrap().is_some());
    // The whole file, page by page.
    let copied = open(copy.path());
    let file = std::fs::read(here.path().join("wallet.keys")).unwrap();
    for (number, page) in file.chunks_exact(PAGE).enumerate().skip(1) {
        let offset = (number * PAGE) as u64;
        copied.adopt_page(offset, page.try_into().unwrap()).unwrap();
    }
    assert!(slots(here.path()) == slots(copy.path()));
    assert!(copied.find(WalletId(8)).unwrap().is_some());
    assert!(copied.adopt_page(0, &[0; PAGE]).is_err());
    for offset in [0, 64, 4095, 4097, 4096 + 480] {
        assert!(standby.adopt(offset, &[0; SLOT]).is_err(), "{offset}");
    }
}
