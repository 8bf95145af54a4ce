//! What a durable record costs: append a batch, wait until all of it is synced, on real files.
//!
//! The files are beside the build's output, so on whatever disk that is; on a memory file system
//! the figures mean nothing.

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tessera_encryption::{DataKeys, Purpose};
use tessera_journal::{Journal, JournalError, Location, Options, Sequence};

const PARTITION: u16 = 1;
/// About what an event of a purchase takes.
const PAYLOAD: [u8; 150] = [0x5A; 150];

fn directory() -> tempfile::TempDir {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&target).expect("the target directory can be made");
    tempfile::tempdir_in(target).expect("the target directory is writable")
}

fn location(directory: &tempfile::TempDir) -> Location {
    Location::in_data(directory.path(), &DataKeys::for_tests(directory.path()))
}

fn open(directory: &tempfile::TempDir) -> Arc<dyn Journal> {
    let faults = Box::new(|error: &JournalError| panic!("{error}"));
    let opened = tessera_journal::open(
        &location(directory),
        Options::default(),
        None,
        &mut |_| Ok(()),
        faults,
    );
    opened.expect("a new journal opens").journal
}

/// Has this thread woken after each sync, the way a worker is.
fn subscribe(journal: &dyn Journal) {
    let this = thread::current();
    journal.subscribe(Box::new(move || this.unpark()));
}

fn wait(journal: &dyn Journal, sequence: Option<Sequence>) {
    while journal.durable(PARTITION) < sequence {
        thread::park();
    }
}

/// One batch after the other: what a batch takes from its first append until it is durable.
fn durable(criterion: &mut Criterion) {
    let directory = directory();
    let journal = open(&directory);
    subscribe(journal.as_ref());
    let mut group = criterion.benchmark_group("journal/durable");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500));
    for records in [1, 64, 256, 1024] {
        group.throughput(Throughput::Elements(records));
        group.bench_function(BenchmarkId::from_parameter(records), |bencher| {
            bencher.iter(|| {
                for _ in 0..records {
                    black_box(journal.append(PARTITION, &PAYLOAD));
                }
                wait(journal.as_ref(), journal.last(PARTITION));
            });
        });
    }
    group.finish();
}

/// As under load: so many records are under way at any time, and the next batch gathers while one
/// is synced.
fn pipelined(criterion: &mut Criterion) {
    let directory = directory();
    let journal = open(&directory);
    subscribe(journal.as_ref());
    let mut group = criterion.benchmark_group("journal/pipelined");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500));
    group.throughput(Throughput::Elements(1));
    for window in [256, 512, 2048] {
        group.bench_function(BenchmarkId::from_parameter(window), |bencher| {
            bencher.iter_custom(|records| {
                let begun = Instant::now();
                for _ in 0..records {
                    let appended = journal.append(PARTITION, &PAYLOAD);
                    let before = appended.sequence.to_stored().saturating_sub(window);
                    wait(journal.as_ref(), Sequence::from_stored(before));
                }
                wait(journal.as_ref(), journal.last(PARTITION));
                begun.elapsed()
            });
        });
    }
    group.finish();
}

/// What an append costs its caller, and reading everything back.
fn other(criterion: &mut Criterion) {
    let directory = directory();
    let journal = open(&directory);
    subscribe(journal.as_ref());
    let mut group = criterion.benchmark_group("journal");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500));
    group.bench_function("append", |bencher| {
        bencher.iter_custom(|records| {
            // In pieces, so that memory does not grow: only the appends are timed.
            let mut taken = Duration::ZERO;
            for piece in 0..records.div_ceil(1000) {
                let begun = Instant::now();
                for _ in piece * 1000..records.min((piece + 1) * 1000) {
                    black_box(journal.append(PARTITION, &PAYLOAD));
                }
                taken += begun.elapsed();
                wait(journal.as_ref(), journal.last(PARTITION));
            }
            taken
        });
    });
    let position = journal.append(PARTITION, &PAYLOAD).position;
    wait(journal.as_ref(), journal.last(PARTITION));
    group.bench_function("read", |bencher| {
        bencher.iter(|| journal.read(position).expect("the record is there"));
    });
    journal.close().expect("nothing failed");
    group.throughput(Throughput::Elements(journal.progress().durable));
    group.bench_function("scan", |bencher| {
        let reader = tessera_journal::reader(&location(&directory));
        bencher.iter(|| {
            let read = reader.scan(None, &mut |_| Ok(()));
            read.expect("the journal is whole")
        });
    });
    group.finish();
}

/// What encryption adds to the writer's work, for each of the 256 records of a batch: record by record, as the journal does it, or
/// the whole batch at once, of which no record could be read alone; and the checksum that the tag replaces.
fn encryption(criterion: &mut Criterion) {
    const RECORDS: usize = 256;
    const HEADER: usize = 40;
    let folder = directory();
    let keys = DataKeys::for_tests(folder.path());
    let cipher = keys
        .cipher(keys.newest(), Purpose::Journal, b"salt")
        .expect("a key");
    let mut group = criterion.benchmark_group("journal/encryption");
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(1))
        .warm_up_time(Duration::from_millis(300))
        .throughput(Throughput::Elements(RECORDS as u64));
    for payload in [150, 300] {
        let mut batch = vec![0x5A; RECORDS * (HEADER + payload)];
        group.bench_function(BenchmarkId::new("record", payload), |bencher| {
            bencher.iter(|| {
                for (number, record) in batch.chunks_exact_mut(HEADER + payload).enumerate() {
                    let (header, payload) = record.split_at_mut(HEADER);
                    let mut nonce = [0; 12];
                    nonce[..8].copy_from_slice(&(number as u64).to_le_bytes());
                    let tag = cipher.encrypt(&nonce, &header[16..], payload);
                    header[..16].copy_from_slice(&tag);
                }
            });
        });
        group.bench_function(BenchmarkId::new("batch", payload), |bencher| {
            bencher.iter(|| cipher.encrypt(&[0; 12], &[], &mut batch));
        });
        group.bench_function(BenchmarkId::new("checksum", payload), |bencher| {
            bencher.iter(|| {
                let records = batch.chunks_exact(HEADER + payload);
                records.fold(0, |sum, record| sum ^ crc32c::crc32c(record))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, encryption, durable, pipelined, other);
criterion_main!(benches);
