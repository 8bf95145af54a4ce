//! The gate by itself, over a journal in which each partition has its own sequence.

use std::time::Instant;

use tessera_journal::Journal;
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Balance, Day, Outcome, Rules, Supervision, WalletId};

use super::{News, Release};
use crate::testing::{Bench, PARTITIONS};

/// Two wallets of different partitions.
fn wallets() -> [WalletId; 2] {
    let first = WalletId(1);
    let other = (2..).map(WalletId);
    let mut others =
        other.filter(|other| other.partition(PARTITIONS) != first.partition(PARTITIONS));
    [first, others.next().expect("there are several partitions")]
}

/// Appends a record for the wallet, and holds an answer until it is durable.
fn hold_answer(bench: &Bench, wallet: WalletId, question: &'static str) {
    let appended = bench
        .journal
        .append(wallet.partition(PARTITIONS), b"record");
    hold(
        bench,
        wallet,
        Some(appended.sequence),
        answer(bench, question),
    );
}

fn hold(
    bench: &Bench,
    wallet: WalletId,
    sequence: Option<tessera_journal::Sequence>,
    release: Release,
) {
    bench
        .services
        .gate
        .hold(wallet, sequence, Instant::now(), release);
}

fn answer(bench: &Bench, question: &'static str) -> Release {
    Release::Answer(bench.requester(question), Outcome::approved())
}

#[test]
fn effects_leave_in_order_when_their_events_are_durable() {
    let bench = Bench::new(Rules::default(), 0);
    let [first, second] = wallets();
    hold_answer(&bench, first, "a");
    hold_answer(&bench, second, "b");
    hold_answer(&bench, first, "c");
    bench.services.gate.open();
    assert_eq!(bench.answers(), "");
    assert_eq!(bench.services.gate.len(), 3);

    // The other partition's event does not let out those that come after it.
    bench.journal.sync_partition(first.partition(PARTITIONS));
    bench.services.gate.open();
    assert_eq!(bench.answers(), "a 00;");
    assert_eq!(bench.services.gate.len(), 2);

    bench.sync();
    assert_eq!(bench.answers(), "b 00;c 00;");
    assert!(bench.services.gate.is_empty());
    assert_eq!(bench.in_flight.taken(), 0);
}

#[test]
fn what_rests_on_no_event_leaves_behind_what_was_held_before() {
    let bench = Bench::new(Rules::default(), 0);
    let [wallet, other] = wallets();
    hold(&bench, other, None, answer(&bench, "at once"));
    bench.services.gate.open();
    assert_eq!(bench.answers(), "at once 00;");

    hold_answer(&bench, wallet, "a");
    hold(&bench, other, None, answer(&bench, "b"));
    bench.services.gate.open();
    assert_eq!(bench.answers(), "");
    bench.sync();
    assert_eq!(bench.answers(), "a 00;b 00;");
}

#[test]
fn the_operators_decision_counts_when_it_is_durable() {
    let bench = Bench::new(Rules::default(), 0);
    let mut decided = Supervision::default();
    decided
        .days
        .begin(Timestamp::from_milliseconds(5), Day(20_000));
    let wallet = WalletId::OPERATOR;
    let appended = bench
        .journal
        .append(wallet.partition(PARTITIONS), b"record");
    let proclaim = Release::Proclaim(Box::new(decided.clone()));
    hold(&bench, wallet, Some(appended.sequence), proclaim);
    bench.services.gate.open();
    assert_eq!(*bench.policy.read(), Supervision::default());
    bench.sync();
    assert_eq!(*bench.policy.read(), decided);
}

#[test]
fn an_answer_to_a_connection_that_has_ended_gives_its_place_back() {
    let bench = Bench::new(Rules::default(), 0);
    let [wallet, _] = wallets();
    hold_answer(&bench, wallet, "a");
    bench.connection.close();
    bench.sync();
    assert_eq!(bench.answers(), "");
    assert_eq!(bench.in_flight.taken(), 0);
}

#[test]
fn a_batch_is_flushed_once() {
    let bench = Bench::new(Rules::default(), 0);
    let [wallet, _] = wallets();
    for _ in 0..10 {
        hold_answer(&bench, wallet, "a");
    }
    let before = bench.lines.flushes.get();
    bench.sync();
    assert_eq!(bench.lines.flushes.get(), before + 1);
    bench.services.gate.open();
    assert_eq!(bench.lines.flushes.get(), before + 1, "nothing was let out");
}

#[test]
fn a_watcher_that_does_not_read_misses_news_and_nothing_grows() {
    let bench = Bench::new(Rules::default(), 0);
    let [wallet, _] = wallets();
    let news = || {
        Release::News(Box::new(News {
            watchers: vec![std::sync::Arc::clone(&bench.connection)],
            wallet,
            ledger: Balance::ZERO,
            available: Balance::ZERO,
            position: None,
        }))
    };
    for _ in 0..20_000 {
        hold(&bench, wallet, None, news());
    }
    bench.services.gate.open();
    let waiting = bench.connection.waiting_bytes();
    let bound = tessera_admission::OUTBOX_BYTES_MAX + 64;
    assert!(waiting > 0 && waiting < bound, "{waiting}");
    bench.connection.take();
    hold(&bench, wallet, None, news());
    bench.services.gate.open();
    assert_eq!(bench.answers(), format!("{wallet:?};"));
}
