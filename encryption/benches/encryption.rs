//! What encryption at rest adds to a purchase by card, and to a row.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tessera_encryption::DataKeys;

/// Each purchase by card looks its card up once.
fn card_index(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = DataKeys::for_tests(folder.path());
    let index = keys.card_index();
    let mut digits = 9_900_000_000_000_010_u64;
    criterion.bench_function("encryption/card index", |bencher| {
        bencher.iter(|| {
            digits += 10;
            black_box(index.of(black_box(digits), 16))
        });
    });
}

criterion_group!(benches, card_index);
criterion_main!(benches);
