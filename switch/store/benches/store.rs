//! What a checkpoint writes in a second, and what it costs to load a wallet that is not in memory.
//!
//! The files are beside the build's output, so on whatever disk that is.

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tessera_encryption::DataKeys;
use tessera_journal::{Position, Sequence};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Balance, Entry, Event, Wallet, WalletId};
use tessera_protocol::{Amount, CardNumber, Currency};
use tessera_store::{Snapshot, Store};

const WALLETS: u64 = 100_000;
const BATCH: u64 = 1024;

fn store(folder: &tempfile::TempDir) -> Store {
    let keys = DataKeys::for_tests(folder.path());
    Store::open(&folder.path().join("store"), 64 << 20, keys).expect("a store")
}

fn folder() -> tempfile::TempDir {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&target).expect("the target directory can be made");
    tempfile::tempdir_in(target).expect("the target directory is writable")
}

fn wallet(number: u64) -> Wallet {
    let event = Event::Provisioned {
        currency: Currency::USD,
        card: CardNumber::development(number),
        expiry: 3112,
        balance: Amount::new(1_000).expect("twelve digits"),
    };
    let entry = Entry {
        wallet: WalletId(number),
        previous: None,
        at: Timestamp::from_milliseconds(1),
        available: Balance::ZERO,
        held: Balance::ZERO,
        owed: Balance::ZERO,
        event,
    };
    let mut wallet = Wallet::new(WalletId(number));
    let position = Position::from_stored(number * 128).expect("a position");
    let sequence = Sequence::from_stored(number).expect("a sequence");
    wallet.apply(&entry, position, sequence).expect("a wallet");
    wallet
}

fn snapshots(from: u64, count: u64) -> Vec<Snapshot> {
    let numbers = from..from + count;
    numbers
        .map(|number| Snapshot::take(&mut wallet(number)))
        .collect()
}

/// Two rows of each wallet: itself, and its card.
fn checkpoint(criterion: &mut Criterion) {
    let folder = folder();
    let store = store(&folder);
    let mut group = criterion.benchmark_group("store/checkpoint");
    group.throughput(Throughput::Elements(2 * BATCH));
    let batch = snapshots(1, BATCH);
    group.bench_function("1024 wallets", |bencher| {
        bencher.iter(|| store.write(&batch, None).expect("written"));
    });
    group.finish();
}

fn load(criterion: &mut Criterion) {
    let folder = folder();
    let store = store(&folder);
    for from in (1..=WALLETS).step_by(BATCH as usize) {
        store.write(&snapshots(from, BATCH), None).expect("written");
    }
    store.sync().expect("synced");
    let mut random = StdRng::seed_from_u64(1);
    criterion.bench_function("store/load a wallet", |bencher| {
        bencher.iter(|| {
            let number = random.random_range(1..=WALLETS);
            black_box(store.wallet(WalletId(number)).expect("read"))
        });
    });
    let mut random = StdRng::seed_from_u64(1);
    criterion.bench_function("store/find a card", |bencher| {
        bencher.iter(|| {
            let number = CardNumber::development(random.random_range(1..=WALLETS));
            black_box(store.card(store.indexed(&number)).expect("read"))
        });
    });
}

criterion_group!(benches, checkpoint, load);
criterion_main!(benches);
