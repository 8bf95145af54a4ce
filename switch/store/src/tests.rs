//! Disks that refuse writes, and rows that are not what was written.

use std::collections::BTreeMap;
use tessera_kit::clock::Timestamp;
use tessera_protocol::{Amount, Currency, Institution};

use super::*;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tessera_journal::{Mark, Position, Sequence};
use tessera_ledger::{Balance, Entry, Event, OrderState, Reference, Wallet};

const SEED: u64 = 20_261_128;

fn store(folder: &tempfile::TempDir) -> Store {
    try_open(folder).unwrap()
}

fn try_open(folder: &tempfile::TempDir) -> Result<Store, StoreError> {
    let keys = DataKeys::for_tests(folder.path());
    Store::open(&folder.path().join("store"), 1 << 20, keys)
}

fn row(store: &Store, table: Table, key: &[u8], value: Option<&[u8]>) -> Row {
    match value {
        Some(value) => store.row(table, key, value).unwrap(),
        None => Row::removed(table, key),
    }
}

fn at(position: u64) -> Position {
    Position::from_stored(position).unwrap()
}

fn mark(sequence: u64, position: u64) -> Mark {
    Mark {
        sequence: Sequence::from_stored(sequence).unwrap(),
        position: at(position),
    }
}

fn all(store: &Store, table: Table) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    store
        .scan(table, &[], Bound::Unbounded, &mut |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            Ok(())
        })
        .unwrap();
    found
}

/// As they are on the disk, without the format.
fn all_encrypted(store: &Store) -> Vec<(Table, Vec<u8>, Vec<u8>)> {
    let tables = store.tables().unwrap().unwrap();
    let rows = Table::ALL.into_iter().flat_map(|table| {
        let rows = tables.of(table).iter();
        rows.map(move |row| (table, row.into_inner().unwrap()))
    });
    rows.map(|(table, (key, value))| (table, key.to_vec(), value.to_vec()))
        .filter(|(_, key, _)| key != tables::FORMAT_KEY)
        .collect()
}

/// Whatever the disk refuses, and whenever: what is read is what was written last, also after another start.
#[test]
fn rows_are_read_as_they_were_written_whatever_the_disk_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    let mut random = StdRng::seed_from_u64(SEED);
    let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for step in 0..400_u32 {
        let rows = (0..random.random_range(1..8)).map(|_| {
            let key = vec![b'k', random.random_range(0..40)];
            let value = random.random_bool(0.7).then(|| step.to_le_bytes().to_vec());
            (key, value)
        });
        let rows: BTreeMap<_, _> = rows.collect();
        let written = rows
            .iter()
            .map(|(key, value)| row(&store, Table::Cards, key, value.as_deref()));
        store.put(written.collect()).unwrap();
        for (key, value) in rows {
            match value {
                Some(value) => model.insert(key, value),
                None => model.remove(&key),
            };
        }
        match random.random_range(0..20) {
            0..3 => store.refuse_writes(true),
            3..6 => {
                store.refuse_writes(false);
                if store.is_failing() {
                    store.retry().unwrap();
                }
                assert!(!store.is_failing(), "seed {SEED}, step {step}");
            }
            6 if !store.is_failing() => {
                store.sync().unwrap();
                drop(store);
                store = self::store(&folder);
            }
            _ => {}
        }
        let expected: Vec<_> = model.clone().into_iter().collect();
        assert_eq!(
            all(&store, Table::Cards),
            expected,
            "seed {SEED}, step {step}"
        );
        let key = [b'k', random.random_range(0..40)];
        let found = store.get(Table::Cards, &key).unwrap();
        assert_eq!(
            found.as_deref(),
            model.get(&key[..]),
            "seed {SEED}, step {step}"
        );
    }
}

#[test]
fn a_disk_that_refuses_is_said_and_tried_again_until_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let mark = mark(7, 4711);
    store.refuse_writes(true);
    let wallet = Snapshot::take(&mut Wallet::new(WalletId(7)));
    store.write(&[wallet], Some(mark)).unwrap();
    assert!(store.is_failing());
    assert!(store.sync().is_err());
    assert!(store.retry().is_err());
    assert_eq!(store.mark().unwrap(), Some(mark));
    assert!(store.wallet(WalletId(7)).unwrap().is_some());
    store.refuse_writes(false);
    store.retry().unwrap();
    store.sync().unwrap();
    drop(store);
    let store = self::store(&folder);
    assert_eq!(store.mark().unwrap(), Some(mark));
    assert!(store.wallet(WalletId(7)).unwrap().is_some());
}

/// What was there before is older than what was replayed meanwhile from the journal's beginning.
#[test]
fn a_store_that_cannot_be_opened_begins_empty_in_memory_and_takes_the_place_of_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    std::fs::write(&path, "no folder").unwrap();
    let refused = try_open(&folder);
    assert!(matches!(refused, Err(StoreError::Disk(_))));
    let keys = DataKeys::for_tests(folder.path());
    let store = Store::without_disk(&path, 1 << 20, keys).unwrap();
    assert!(store.is_failing());
    assert_eq!(store.mark().unwrap(), None);
    store
        .put(vec![row(&store, Table::Cards, b"new", Some(b"row"))])
        .unwrap();
    assert!(store.retry().is_err());
    std::fs::remove_file(&path).unwrap();
    let old = self::store(&folder);
    old.put(vec![row(&old, Table::Cards, b"old", Some(b"row"))])
        .unwrap();
    drop(old);
    store.retry().unwrap();
    let expected = [(b"new".to_vec(), b"row".to_vec())];
    assert_eq!(all(&store, Table::Cards), expected);
}

/// Nothing of it is read, and nothing is changed. Before 0.2, stores had no number there.
#[test]
fn refuses_the_format_of_another_build() {
    let (newer, older) = (tables::FORMAT + 1, tables::FORMAT - 1);
    for (format, says) in [(Some(newer), newer), (Some(older), older), (None, 1)] {
        let folder = tempfile::tempdir().unwrap();
        left_in_format(&folder, format);
        for _ in 0..2 {
            let error = try_open(&folder).unwrap_err();
            let StoreError::Version { found, known } = error else {
                panic!("{error}");
            };
            assert_eq!((found, known), (says, tables::FORMAT));
            let said = error.to_string();
            assert!(said.contains(&format!("has format {found}")), "{said}");
            assert!(said.contains(&format!("reads format {known}")), "{said}");
            assert!(said.contains("delete the folder `store`"), "{said}");
        }
        let mark = recorded_mark(&folder.path().join("store"));
        assert_eq!(mark, Some(self::mark(7, 4711)));
    }
}

/// A store with a card and a mark, as if a build with another format had left it.
fn left_in_format(folder: &tempfile::TempDir, format: Option<u8>) {
    let store = store(folder);
    store.write(&[], Some(mark(7, 4711))).unwrap();
    store.sync().unwrap();
    let format = Row {
        table: Table::Meta,
        key: tables::FORMAT_KEY.into(),
        value: format.map(|format| [format].into()),
    };
    let rows = [row(&store, Table::Cards, b"card", Some(b"row")), format];
    store.put(rows.into()).unwrap();
}

/// A row in each table, about this wallet, order and its first card.
fn fill(store: &Store, id: WalletId, order: OrderKey) {
    let mut snapshot = Snapshot::take(&mut Wallet::new(id));
    // A settled order and a settled transaction, and nothing in them but where they stand.
    let order_bytes = tessera_ledger::SettledOrder::BYTES;
    snapshot.settled = vec![0; order_bytes + tessera_ledger::Settled::BYTES];
    for (byte, value) in [(0, 1), (17, 7), (order_bytes + 9, 7)] {
        snapshot.settled[byte] = value;
    }
    snapshot.at = Timestamp::from_milliseconds(1);
    snapshot.cards = vec![(1, CardNumber::development(1))];
    let stored = StoredOrder {
        wallet: id,
        state: OrderState::Paid(Reference(5)),
        expires_at: Timestamp::from_milliseconds(6),
        position: at(7),
    };
    snapshot.orders = vec![(order, stored)];
    snapshot.open = Some(true);
    snapshot.wakes_at = Some(Some(Timestamp::from_milliseconds(9)));
    let day = Day(20_000);
    let totals = rows::totals(&Totals::default());
    store.write(&[snapshot], Some(mark(1, 2))).unwrap();
    let key = rows::totals_key(Institution::new(1), day);
    store
        .put(vec![row(store, Table::Totals, &key, Some(&totals))])
        .unwrap();
}

/// Each kind of read.
fn read_all(store: &Store, id: WalletId, order: &OrderKey) -> Vec<Result<(), StoreError>> {
    let card = store.indexed(&CardNumber::development(1));
    vec![
        store.mark().map(drop),
        store.reach().map(drop),
        store.wallet(id).map(drop),
        store.each_wallet(&mut |_| {}),
        store.card(card).map(drop),
        store.order(order).map(drop),
        store.open_wallets().map(drop),
        store.holding_wallets().map(drop),
        store.totals(Day::default()).map(drop),
    ]
}

/// Rows of another version: an error that says what to do, or another value, never a panic.
#[test]
fn a_row_that_reads_otherwise_is_an_error_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let (id, order) = (WalletId(7), OrderKey([3; 16]));
    fill(&store, id, order);
    let read_all = || read_all(&store, id, &order);
    let mut refused = 0;
    for (table, key, encrypted) in all_encrypted(&store) {
        let value = store.decrypt(table, &key, &encrypted).unwrap().to_vec();
        let cut = (0..value.len()).map(|length| value[..length].to_vec());
        let flipped = (0..value.len() * 8).map(|bit| {
            let mut value = value.clone();
            value[bit / 8] ^= 1 << (bit % 8);
            value
        });
        let longer = [[&value[..], &[0]].concat(), vec![0xFF; value.len().max(64)]];
        for damaged in cut.chain(flipped).chain(longer) {
            store
                .put(vec![row(&store, table, &key, Some(&damaged))])
                .unwrap();
            for error in read_all().into_iter().filter_map(Result::err) {
                refused += 1;
                assert!(
                    error.to_string().contains("delete the folder `store`"),
                    "{error}"
                );
            }
        }
        store
            .put(vec![row(&store, table, &key, Some(&value))])
            .unwrap();
        // A key that is too short.
        store
            .put(vec![row(
                &store,
                table,
                &key[..key.len() / 2],
                Some(&value),
            )])
            .unwrap();
        read_all();
        store
            .put(vec![row(&store, table, &key[..key.len() / 2], None)])
            .unwrap();
    }
    assert!(refused > 100, "{refused}");
}

/// A disk that forgets, or somebody who changes rows, exchanges them, or brings one back to another place.
#[test]
fn a_changed_or_exchanged_row_is_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let (id, order) = (WalletId(7), OrderKey([3; 16]));
    fill(&store, id, order);
    let put = |table, key: &[u8], value: &[u8]| {
        let (key, value) = (key.into(), Some(value.into()));
        store.put(vec![Row { table, key, value }]).unwrap();
    };
    let assert_refused = |what: &str| {
        let results = read_all(&store, id, &order);
        let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        assert!(!refused.is_empty(), "{what}");
        for error in refused {
            let StoreError::Row { .. } = error else {
                panic!("{what}: {error}");
            };
            let advises = error.to_string().contains("delete the folder `store`");
            assert!(advises, "{what}: {error}");
        }
    };
    let rows = all_encrypted(&store);
    // One of each, and the reach beside the mark.
    assert_eq!(rows.len(), Table::ALL.len() + 1);
    for (table, key, value) in &rows {
        for byte in 0..value.len() {
            let mut changed = value.clone();
            changed[byte] ^= 1 << (byte % 8);
            put(*table, key, &changed);
            assert_refused(&format!("{table:?}, byte {byte}"));
        }
        for (other_table, _, other) in rows.iter().filter(|other| other.0 != *table) {
            put(*table, key, other);
            assert_refused(&format!("{table:?} from {other_table:?}"));
        }
        put(*table, key, value);
        assert!(read_all(&store, id, &order).iter().all(Result::is_ok));
    }
}

#[test]
fn rows_of_an_older_data_key_are_read_after_a_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let keys = DataKeys::for_tests(folder.path());
    let path = folder.path().join("store");
    let store = Store::open(&path, 1 << 20, keys.clone()).unwrap();
    let (order, first, second) = (OrderKey([3; 16]), WalletId(7), WalletId(8));
    fill(&store, first, order);
    let newest = keys.rotate().unwrap();
    fill(&store, second, OrderKey([4; 16]));
    let ids: std::collections::BTreeSet<_> = all_encrypted(&store)
        .into_iter()
        .map(|(_, _, value)| value[..4].to_vec())
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.contains(newest.0.to_le_bytes().as_slice()));
    drop(store);
    let store = self::store(&folder);
    assert!(read_all(&store, first, &order).iter().all(Result::is_ok));
    assert!(store.wallet(first).unwrap().is_some() && store.wallet(second).unwrap().is_some());
}

pub(crate) fn with_card(id: WalletId, number: &CardNumber) -> Wallet {
    let event = Event::Provisioned {
        currency: Currency::USD,
        card: number.clone(),
        expiry: 3112,
        balance: Amount::new(1_000).unwrap(),
    };
    let entry = Entry {
        wallet: id,
        previous: None,
        at: Timestamp::from_milliseconds(1),
        available: Balance::ZERO,
        held: Balance::ZERO,
        owed: Balance::ZERO,
        event,
    };
    let mut wallet = Wallet::new(id);
    let Mark { sequence, position } = mark(1, 2);
    wallet.apply(&entry, position, sequence).unwrap();
    wallet
}

#[test]
fn the_files_hold_no_card_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let number = CardNumber::development(77);
    let mut wallet = with_card(WalletId(7), &number);
    store.write(&[Snapshot::take(&mut wallet)], None).unwrap();
    store.sync().unwrap();
    assert_eq!(store.wallet(WalletId(7)).unwrap().as_ref(), Some(&wallet));
    drop(store);
    let digits = number.expose();
    let forms = [
        digits.to_string().into_bytes(),
        digits.to_le_bytes().to_vec(),
        digits.to_be_bytes().to_vec(),
        u64::from_str_radix(&digits.to_string(), 16)
            .unwrap()
            .to_be_bytes()
            .to_vec(),
    ];
    let mut files = 0;
    let mut folders = vec![folder.path().join("store")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            for form in &forms {
                let found = bytes.windows(form.len()).any(|bytes| bytes == form);
                assert!(!found, "{form:x?} in {path:?}");
            }
        }
    }
    assert!(files > 3, "{files}");
}

/// A payer cancels, another one pays: whatever the first wallet's snapshots say later, the order stays paid.
#[test]
fn an_order_belongs_to_the_wallet_that_announced_it_last() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let (first, second, key) = (WalletId(7), WalletId(8), OrderKey([3; 16]));
    let snapshot = |wallet, state, position| {
        let order = StoredOrder {
            wallet,
            state,
            expires_at: Timestamp::from_milliseconds(6),
            position: at(position),
        };
        let mut snapshot = Snapshot::take(&mut Wallet::new(wallet));
        snapshot.orders = vec![(key, order)];
        snapshot
    };
    let cancelled = || snapshot(first, OrderState::Cancelled, 100);
    let paid = || snapshot(second, OrderState::Paid(Reference(5)), 200);
    let forgets = || {
        let mut snapshot = Snapshot::take(&mut Wallet::new(first));
        snapshot.forgotten = vec![key];
        snapshot
    };
    let is_paid = || {
        let known = store.order(&key).unwrap().map(|known| known.wallet);
        assert_eq!(known, Some(second));
    };
    store.write(&[cancelled()], None).unwrap();
    store
        .write(&[paid(), cancelled(), forgets()], None)
        .unwrap();
    is_paid();
    store.write(&[cancelled()], None).unwrap();
    store.write(&[forgets()], None).unwrap();
    is_paid();
    store
        .write(&[snapshot(second, OrderState::Open, 200)], None)
        .unwrap();
    let state = store.order(&key).unwrap().map(|known| known.state);
    assert_eq!(state, Some(OrderState::Open), "its own word counts");
}

/// Nothing in the files leads to its number without the key.
#[test]
fn a_card_is_found_by_its_index_with_its_serial() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let [first, second] = [1, 2].map(CardNumber::development);
    let mut snapshot = Snapshot::take(&mut Wallet::new(WalletId(7)));
    snapshot.cards = vec![(1, first.clone()), (2, second.clone())];
    store.write(&[snapshot], None).unwrap();
    for (serial, number) in [(1, &first), (2, &second)] {
        let wallet = WalletId(7);
        let found = store.card(store.indexed(number)).unwrap();
        assert_eq!(found, Some(StoredCard { wallet, serial }));
    }
    let longer = CardNumber::new(first.expose(), 19).unwrap();
    assert_eq!(store.card(store.indexed(&longer)).unwrap(), None);
    let keys = all(&store, Table::Cards).into_iter().map(|(key, _)| key);
    let expected = [&first, &second].map(|number| store.indexed(number).0.to_vec());
    assert!(keys.eq(std::collections::BTreeSet::from(expected)));
}

#[test]
fn of_a_known_wallet_only_what_has_changed_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let mut wallet = Wallet::new(WalletId(7));
    let tables = |wallet: &mut Wallet, known: &mut Known| {
        let mut rows = Vec::new();
        let snapshot = Snapshot::take(wallet).beside(known);
        store.rows_of(&snapshot, &mut rows).unwrap();
        rows.iter().map(|row| row.table).collect::<Vec<_>>()
    };
    // The row of a new wallet is all: nothing is removed that was never there, or starts would have to pass over it.
    let mut known = Known::of(&wallet);
    assert_eq!(tables(&mut wallet, &mut known), [Table::Wallets]);
    known.open = Some(true);
    known.wakes_at = Some(Some(Timestamp::EPOCH));
    assert_eq!(
        tables(&mut wallet, &mut known),
        [Table::Wallets, Table::Open, Table::Holds]
    );
    assert_eq!(tables(&mut wallet, &mut known), [Table::Wallets]);
}
