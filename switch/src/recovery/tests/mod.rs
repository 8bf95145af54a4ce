//! Replay into a store, from a journal in memory.

mod bench;
mod replaced;

use std::fs;
use std::path::{Path, PathBuf};

use tessera_journal::Journal;
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Balance, Day, Directive, Entry, Event, Subject, WalletId};
use tessera_store::Snapshot;

use bench::{Bench, append, decided};

const NOW: Timestamp = Timestamp::from_milliseconds(1_790_000_000_000);
const DAY: u64 = 86_400_000;
const MANY: usize = 1_000;
const FIRST: WalletId = WalletId(1);
const SECOND: WalletId = WalletId(2);
const THIRD: WalletId = WalletId(3);

#[test]
fn replays_what_the_store_lacks_and_no_more() {
    let mut bench = Bench::new();
    assert_eq!(bench.start(MANY).unwrap(), 0);
    assert_eq!(bench.store.mark().unwrap(), None);
    bench.provision(FIRST);
    bench.provision(SECOND);
    bench.block(FIRST);
    assert_eq!(bench.start(MANY).unwrap(), 3);
    bench.assert_stored();
    assert_eq!(bench.start(MANY).unwrap(), 0);
    bench.block(SECOND);
    bench.provision(THIRD);
    assert_eq!(bench.start(MANY).unwrap(), 2);
    bench.assert_stored();
}

/// A checkpoint takes wallets one after another, and its mark is older than most.
#[test]
fn a_wallet_that_is_ahead_of_the_mark_is_not_applied_twice() {
    let mut bench = Bench::new();
    let mark = bench.provision(FIRST);
    bench.provision(SECOND);
    bench.load(FIRST, NOW);
    let snapshots = [FIRST, SECOND].map(|id| {
        let mut ahead = bench.wallets[&id].clone();
        Snapshot::take(&mut ahead)
    });
    bench.store.write(&snapshots, Some(mark)).unwrap();
    bench.block(SECOND);
    assert_eq!(bench.start(MANY).unwrap(), 1);
    bench.assert_stored();
    // It was counted with the snapshot, not again.
    assert_eq!(bench.store.totals(Day::default()).unwrap(), []);
}

#[test]
fn a_record_that_does_not_follow_its_wallets_last_event_is_refused() {
    let mut bench = Bench::new();
    let [first, second] = [FIRST, SECOND].map(|id| bench.provision(id));
    let wallet = &bench.wallets[&FIRST];
    let foreign = Entry {
        wallet: FIRST,
        previous: Some(second.position),
        at: NOW,
        available: wallet.available,
        held: Balance::ZERO,
        owed: Balance::ZERO,
        event: decided(Directive::Block(Subject::Wallet)),
    };
    let sequence = append(&bench.journal, &foreign).sequence;
    let expected = format!(
        "journal record {sequence} follows position {} of its wallet, but the wallet is at {}: \
         the store is not of this journal; delete the folder `store` and start again",
        second.position, first.position
    );
    let refusal = bench.refusal();
    assert!(refusal.contains(&expected), "{refusal}");
}

#[test]
fn an_event_without_its_predecessors_is_refused() {
    let mut bench = Bench::new();
    let last = bench.provision(FIRST);
    bench.block(FIRST);
    // The mark promises that the first event is in the store, and no wallet is there.
    bench.store.write(&[], Some(last)).unwrap();
    let expected = format!(
        "follows position {} of its wallet, but the wallet is at 0:",
        last.position
    );
    let refusal = bench.refusal();
    assert!(refusal.contains(&expected), "{refusal}");
}

#[test]
fn an_unreadable_event_is_refused_by_its_sequence() {
    let mut bench = Bench::new();
    let partition = FIRST.partition(64);
    bench.provision(FIRST);
    bench.block(FIRST);
    assert_eq!(
        bench
            .journal
            .append(partition, b"no event")
            .sequence
            .to_string(),
        "3"
    );
    let refusal = bench.refusal();
    let expected = "the record with sequence 3 was refused: journal record 3: unreadable at byte 8";
    assert!(refusal.starts_with(expected), "{refusal}");
    // What came before it is not written either: nothing of this start remains.
    assert_eq!(bench.store.mark().unwrap(), None);
}

#[test]
fn wallets_above_the_limit_go_to_the_store_on_the_way() {
    let mut bench = Bench::new();
    for round in 0..3 {
        for id in 1..=5 {
            match round {
                0 => bench.provision(WalletId(id)),
                _ => bench.block(WalletId(id)),
            };
            bench.load(WalletId(id), NOW.plus(round * 1_000));
        }
    }
    assert_eq!(bench.start(2).unwrap(), 45);
    bench.assert_stored();
    let [(party, _, totals)] = bench.store.totals(Day::default()).unwrap()[..] else {
        panic!("all loads are of one date");
    };
    assert_eq!((party, totals.credits), (None, 15));
}

#[test]
fn a_standby_that_goes_on_with_its_wallets_writes_what_a_start_does() {
    for flush_every in 1..6 {
        let mut bench = Bench::new();
        for id in [FIRST, SECOND, THIRD] {
            bench.provision(id);
        }
        for round in 0..4 {
            for id in [FIRST, SECOND, THIRD] {
                bench.load(id, NOW.plus(round * 1_000));
                bench.block(id);
            }
        }
        bench.follow(flush_every);
        bench.assert_stored();
        let totals = bench.store.totals(Day::default()).unwrap();
        assert_eq!(totals[0].2.credits, 12, "written after {flush_every}");
        assert_eq!(bench.start(MANY).unwrap(), 0);
    }
}

/// The mark in the store never names a record that the store does not have.
#[test]
fn a_start_that_is_killed_anywhere_is_made_up_for_by_the_next() {
    for records in 0..9 {
        let mut bench = Bench::new();
        for id in [FIRST, SECOND, THIRD] {
            bench.provision(id);
            bench.load(id, NOW);
        }
        bench.start_killed_after(records, 1);
        bench.start(1).unwrap();
        bench.assert_stored();
        let totals = bench.store.totals(Day::default()).unwrap();
        assert_eq!(totals[0].2.credits, 3, "killed after {records}");
    }
}

#[test]
fn a_settled_transaction_is_read_back_from_the_journal() {
    let mut bench = Bench::new();
    bench.provision(FIRST);
    let reference = bench.load(FIRST, NOW);
    bench.start(MANY).unwrap();
    let stored = bench.store.wallet(FIRST).unwrap().unwrap();
    assert!(
        stored.transactions.by_reference(reference).is_none(),
        "it is settled"
    );
    let repeated = Event::Repeated {
        reference,
        transmission: 1,
    };
    bench.add(FIRST, repeated);
    bench.journal.fail_read_after(0);
    let refusal = bench.refusal();
    assert!(
        refusal.contains("journal record 4: the journal has stopped"),
        "{refusal}"
    );
    assert_eq!(bench.start(MANY).unwrap(), 1);
    bench.assert_stored();
}

/// The financial system's reference, which an old transaction has too.
#[test]
fn a_settled_transaction_that_the_journal_no_longer_has_stays_forgotten() {
    let mut bench = Bench::new();
    bench.provision(FIRST);
    let reference = bench.load(FIRST, NOW);
    bench.start(MANY).unwrap();
    let mark = bench.store.mark().unwrap().unwrap();
    bench.load(FIRST, NOW);
    let repeated = Event::Repeated {
        reference,
        transmission: 1,
    };
    bench.add(FIRST, repeated);
    bench.journal.delete_before(mark.position);
    assert_eq!(bench.start(MANY).unwrap(), 3);
}

/// As the operator's wallet says it, in the store or on the way.
#[test]
fn items_are_counted_under_the_dates_that_the_operator_has_begun() {
    let mut bench = Bench::new();
    let [first, second] = [Day(30_000), Day(30_001)];
    bench.add(WalletId::OPERATOR, decided(Directive::BeginDay(NOW, first)));
    bench.provision(FIRST);
    bench.load(FIRST, NOW);
    let dates = |bench: &Bench| {
        let totals = bench.store.totals(Day::default()).unwrap();
        let counted = totals.iter().map(|(_, day, totals)| (*day, totals.credits));
        counted.collect::<Vec<_>>()
    };
    bench.start(MANY).unwrap();
    assert_eq!(dates(&bench), [(first, 1)]);
    // The first from the store, the second on the way, after an item that it does not concern.
    bench.load(FIRST, NOW.plus(1_000));
    bench.add(
        WalletId::OPERATOR,
        decided(Directive::BeginDay(NOW.plus(DAY), second)),
    );
    bench.load(FIRST, NOW.plus(DAY));
    bench.start(MANY).unwrap();
    assert_eq!(dates(&bench), [(first, 2), (second, 1)]);
}

/// A journal with events of all wallets before and after a snapshot.
fn with_snapshot() -> (Bench, PathBuf) {
    let mut bench = Bench::new();
    for id in [FIRST, SECOND] {
        bench.provision(id);
        bench.load(id, NOW);
    }
    bench.start(MANY).unwrap();
    let path = bench.snapshot();
    bench.block(SECOND);
    bench.provision(THIRD);
    bench.load(THIRD, NOW);
    (bench, path)
}

#[test]
fn a_start_from_a_snapshot_comes_to_the_same_as_one_by_replay() {
    let (bench, _) = with_snapshot();
    let remove = |store: &Path| fs::remove_dir_all(store).unwrap();
    let bench = bench.after(remove).unwrap();
    assert_eq!(bench.start(MANY).unwrap(), 4, "what came after it");
    bench.assert_stored();
    let totals = bench.store.totals(Day::default()).unwrap();
    let bench = bench.after(remove).unwrap();
    fs::remove_dir_all(bench.snapshots().files().unwrap()[0].parent().unwrap()).unwrap();
    let bench = bench.after(remove).unwrap();
    assert_eq!(bench.start(MANY).unwrap(), 10, "all of it");
    bench.assert_stored();
    assert_eq!(bench.store.totals(Day::default()).unwrap(), totals);
    assert_ne!(totals, []);
}

#[test]
fn a_damaged_store_is_restored_from_the_newest_good_snapshot_or_the_journal() {
    let (mut bench, first) = with_snapshot();
    bench.start(MANY).unwrap();
    let second = bench.snapshot();
    bench.block(THIRD);
    let all = 11;
    for (damaged, missing) in [(None, 1), (Some(&second), 5), (Some(&first), all)] {
        if let Some(path) = damaged {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).unwrap();
        }
        bench = bench.after(damage).unwrap();
        assert_eq!(bench.start(MANY).unwrap(), missing);
        bench.assert_stored();
    }
}

/// A store whose only wallet is two events ahead of the mark, a full snapshot of it, and a journal that was restored from
/// a copy of one event before.
fn ahead_of_the_journal() -> Bench {
    let mut bench = Bench::new();
    let mark = bench.provision(FIRST);
    bench.block(FIRST);
    bench.block(FIRST);
    let mut ahead = bench.wallets[&FIRST].clone();
    let snapshot = Snapshot::take(&mut ahead);
    bench.store.write(&[snapshot], Some(mark)).unwrap();
    bench.snapshot();
    bench.journal.restore_older(2);
    bench
}

#[test]
fn a_store_that_knows_more_than_the_journal_is_refused() {
    let refused = ahead_of_the_journal().after(|_| {});
    let refused = refused.map(drop).unwrap_err().to_string();
    let expected =
        "the store is ahead of the journal: it reflects sequence 3, the journal ends at 2";
    assert!(refused.starts_with(expected), "{refused}");
    // Also where the journal has gone on without it meanwhile, under a store that has not.
    let mut bench = ahead_of_the_journal();
    bench.provision(SECOND);
    bench.load(SECOND, NOW);
    let refused = bench.after(|_| {}).map(drop).unwrap_err().to_string();
    let expected = "the store does not belong to this journal";
    assert!(refused.starts_with(expected), "{refused}");
}

#[test]
fn a_full_snapshot_that_knows_more_than_the_journal_is_not_used() {
    let remove = |store: &Path| fs::remove_dir_all(store).unwrap();
    let bench = ahead_of_the_journal().after(remove).unwrap();
    assert_eq!(bench.start(MANY).unwrap(), 2, "all of the journal");
    let wallet = bench.store.wallet(FIRST).unwrap().unwrap();
    assert_eq!(wallet.last_sequence.unwrap().to_stored(), 2);
}

/// Every file of the store has other bytes in its middle.
fn damage(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damage(&path);
            continue;
        }
        let mut bytes = fs::read(&path).unwrap();
        bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
        fs::write(&path, bytes).unwrap();
    }
}
