//! What it takes to look up a card: among those in memory for each purchase, in the store when its wallet starts.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tessera_encryption::{CardCipher, DataKeys};

fn cards(criterion: &mut Criterion) {
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
    let cipher = CardCipher::new().expect("random numbers");
    criterion.bench_function("encryption/card in memory", |bencher| {
        bencher.iter(|| {
            digits += 10;
            black_box(cipher.encrypt(black_box(digits), 16))
        });
    });
}

criterion_group!(benches, cards);
criterion_main!(benches);
