//! Disks that refuse writes, and rows that are not what was written.

use std::collections::BTreeMap;
use tessera_kit::clock::Timestamp;
use tessera_protocol::Institution;

use super::*;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tessera_journal::{Mark, Position, Sequence};
use tessera_ledger::{OrderState, Reference, Wallet};

const SEED: u64 = 20_261_128;

fn store(folder: &tempfile::TempDir) -> Store {
    try_open(folder).unwrap()
}

fn try_open(folder: &tempfile::TempDir) -> Result<Store, StoreError> {
    let keys = DataKeys::for_tests(folder.path());
    Store::open(&folder.path().join("store"), 1 << 20, keys)
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
            .map(|(key, value)| row(Table::Cards, key, value.as_deref()));
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
            found.as_ref(),
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
    let store = store(&folder);
    assert!(store.is_failing());
    assert_eq!(store.mark().unwrap(), None);
    store
        .put(vec![row(Table::Cards, b"new", Some(b"row"))])
        .unwrap();
    assert!(store.retry().is_err());
    std::fs::remove_file(&path).unwrap();
    let old = self::store(&folder);
    old.put(vec![row(Table::Cards, b"old", Some(b"row"))])
        .unwrap();
    drop(old);
    store.retry().unwrap();
    let expected = [(b"new".to_vec(), b"row".to_vec())];
    assert_eq!(all(&store, Table::Cards), expected);
}

/// Nothing of it is read, and nothing is changed.
#[test]
fn refuses_the_format_of_a_newer_build() {
    let folder = tempfile::tempdir().unwrap();
    let newer = tables::FORMAT + 1;
    left_in_format(&folder, Some(newer));
    for _ in 0..2 {
        let error = try_open(&folder).unwrap_err();
        let StoreError::Version { found, known } = error else {
            panic!("{error}");
        };
        assert_eq!((found, known), (newer, tables::FORMAT));
        let said = error.to_string();
        assert!(said.contains(&format!("has format {found}")), "{said}");
        assert!(said.contains(&format!("reads format {known}")), "{said}");
        assert!(said.contains("delete the folder `store`"), "{said}");
    }
}

/// Also one of before 0.2, which had no number there.
#[test]
fn a_store_of_an_older_build_is_deleted_to_be_rebuilt() {
    for format in [Some(tables::FORMAT - 1), None] {
        let folder = tempfile::tempdir().unwrap();
        left_in_format(&folder, format);
        let store = store(&folder);
        assert_eq!(store.mark().unwrap(), None);
        assert!(all(&store, Table::Cards).is_empty());
        assert_eq!(recorded_mark(&folder.path().join("store")), None);
        drop(store);
        self::store(&folder);
    }
}

/// A store with a card and a mark, as if a build with another format had left it.
fn left_in_format(folder: &tempfile::TempDir, format: Option<u8>) {
    let store = store(folder);
    store.write(&[], Some(mark(7, 4711))).unwrap();
    store.sync().unwrap();
    let format = format.map(|format| [format]);
    let format = format.as_ref().map(|row| &row[..]);
    let rows = [
        row(Table::Cards, b"card", Some(b"row")),
        row(Table::Meta, tables::FORMAT_KEY, format),
    ];
    store.put(rows.into()).unwrap();
}

/// Rows of another version, or of a disk that forgets: an error that says what to do, or another value, never a panic.
#[test]
fn a_damaged_row_is_an_error_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let id = WalletId(7);
    let mut snapshot = Snapshot::take(&mut Wallet::new(id));
    // A settled order and a settled transaction, and nothing in them but where they stand.
    let order_bytes = tessera_ledger::SettledOrder::BYTES;
    snapshot.settled = vec![0; order_bytes + tessera_ledger::Settled::BYTES];
    for (byte, value) in [(0, 1), (17, 7), (order_bytes + 9, 7)] {
        snapshot.settled[byte] = value;
    }
    snapshot.at = Timestamp::from_milliseconds(1);
    snapshot.cards = vec![(1, CardNumber::development(1))];
    let order = OrderKey([3; 16]);
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
        .put(vec![row(Table::Totals, &key, Some(&totals))])
        .unwrap();
    let card = store.indexed(&CardNumber::development(1));
    let read_all = || -> Vec<Result<(), StoreError>> {
        vec![
            store.mark().map(drop),
            store.wallet(id).map(drop),
            store.each_wallet(&mut |_| {}),
            store.card(card).map(drop),
            store.order(&order).map(drop),
            store.open_wallets().map(drop),
            store.holding_wallets().map(drop),
            store.totals(Day::default()).map(drop),
        ]
    };
    let mut refused = 0;
    for table in Table::ALL {
        for (key, value) in all(&store, table) {
            let cut = (0..value.len()).map(|length| value[..length].to_vec());
            let flipped = (0..value.len() * 8).map(|bit| {
                let mut value = value.clone();
                value[bit / 8] ^= 1 << (bit % 8);
                value
            });
            let longer = [[&value[..], &[0]].concat(), vec![0xFF; value.len().max(64)]];
            for damaged in cut.chain(flipped).chain(longer) {
                store.put(vec![row(table, &key, Some(&damaged))]).unwrap();
                for error in read_all().into_iter().filter_map(Result::err) {
                    refused += 1;
                    assert!(
                        error.to_string().contains("delete the folder `store`"),
                        "{error}"
                    );
                }
            }
            store.put(vec![row(table, &key, Some(&value))]).unwrap();
            // A key that is too short.
            store
                .put(vec![row(table, &key[..key.len() / 2], Some(&value))])
                .unwrap();
            read_all();
            store
                .put(vec![row(table, &key[..key.len() / 2], None)])
                .unwrap();
        }
    }
    assert!(refused > 100, "{refused}");
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
