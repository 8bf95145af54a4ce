use std::path::Path;

use tempfile::TempDir;
use tessera_ledger::{Event, WalletId};
use tessera_protocol::{Currency, ResponseCode, plain_amount};

use super::*;
use crate::testing::Traffic;

const SEGMENT_BYTES: u64 = 1 << 20;

#[test]
fn totals_are_written_in_the_currency_of_the_wallets() {
    for currency in Currency::all() {
        let totals = Totals {
            currency: Some(currency),
            funding: 1_234_567,
            parties: vec![PartyTotals {
                approved: (1, 5),
                payable: -1_234_567,
                ..PartyTotals::default()
            }],
            ..Totals::default()
        };
        let text = totals.to_string();
        let funding = plain_amount(1_234_567, currency);
        let approved = format!("1 approved {}", plain_amount(5, currency));
        for part in [&funding, &format!("-{funding}"), &approved] {
            assert!(text.contains(part.as_str()), "{part} in {text}");
        }
        assert!(text.contains(currency.letters().unwrap()), "{text}");
    }
}

/// A journal of so many wallets, with a purchase of each in each round.
fn journal(wallets: u64, rounds: u64) -> (TempDir, Traffic) {
    let folder = tempfile::tempdir().unwrap();
    let mut traffic = Traffic::new(folder.path(), SEGMENT_BYTES);
    traffic.provision(wallets);
    for _ in 0..rounds {
        traffic.round(wallets);
    }
    traffic.sync();
    (folder, traffic)
}

fn whole(data: &Path) -> Totals {
    audit(&Location::in_data(data, &Traffic::keys(data))).unwrap()
}

/// Without what only the way to them says.
fn plain(totals: Totals) -> Totals {
    Totals {
        since: None,
        result: None,
        ..totals
    }
}

#[test]
fn the_totals_do_not_depend_on_memory_and_threads() {
    let (folder, _traffic) = journal(6_000, 1);
    let keys = Traffic::keys(folder.path());
    let totals = whole(folder.path());
    assert_eq!(totals.wallets, 6_000);
    assert_eq!((totals.pending, totals.unacknowledged > 0), (60, true));
    assert_eq!(totals.parties.len(), 1);
    for (workers, bytes) in [(1, 100_000), (3, 50_000), (2, 1)] {
        let mut passes = 0;
        let mut proof = Audit::of(&Location::in_data(folder.path(), &keys))
            .with_wallet_bytes_max(bytes)
            .with_progress(|progress| passes = progress.pass);
        proof.workers = workers;
        assert_eq!(proof.run().unwrap(), totals, "{workers} and {bytes}");
        assert!(passes > 1, "{passes} passes of {workers} and {bytes}");
    }
}

#[test]
fn an_audit_that_goes_on_from_a_result_comes_to_the_same() {
    let (folder, mut traffic) = journal(500, 2);
    let (data, keys) = (folder.path(), Traffic::keys(folder.path()));
    let file = data.join("proven");
    let bytes = 40_000;
    let from = |since: Option<&Path>| {
        Audit::of(&Location::in_data(data, &keys))
            .with_wallet_bytes_max(bytes)
            .since(since.map(Path::to_owned))
            .with_result(Some(file.clone()))
            .run()
            .unwrap()
    };
    let mut before = from(None);
    assert_eq!(plain(before.clone()), whole(data));
    for round in 0..3 {
        // The third goes on where nothing has happened since.
        if round < 2 {
            traffic.round(300 + 100 * round);
            traffic.sync();
        }
        let next = from(Some(&file));
        let (mark, hash) = next.since.unwrap();
        assert_eq!((Some(mark), Some(hash)), (before.last, before.result));
        assert_eq!(plain(next.clone()), whole(data), "round {round}");
        before = next;
    }
}

#[test]
fn a_violation_is_found_in_every_pass_and_after_a_result() {
    let (folder, mut traffic) = journal(1_000, 1);
    let (data, keys) = (folder.path(), Traffic::keys(folder.path()));
    let file = data.join("proven");
    let proof = Audit::of(&Location::in_data(data, &keys)).with_result(Some(file.clone()));
    proof.run().unwrap();
    // One whose bucket is among the last.
    let last = (1..1_000)
        .max_by_key(|id| bucket_of(WalletId(*id)))
        .unwrap();
    let event = Event::Released {
        reference: tessera_ledger::Reference(1),
        code: ResponseCode::DECLINED,
        advise: false,
    };
    traffic.append_wrong(WalletId(last), event);
    traffic.sync();
    let proofs = [
        Audit::of(&Location::in_data(data, &keys)),
        Audit::of(&Location::in_data(data, &keys)).with_wallet_bytes_max(20_000),
        Audit::of(&Location::in_data(data, &keys)).since(Some(file)),
    ];
    for proof in proofs {
        let violation = proof.run().unwrap_err();
        let Violation::Broken { wallet, .. } = violation else {
            panic!("{violation}")
        };
        assert_eq!(wallet, WalletId(last));
    }
}

#[test]
fn a_result_that_was_changed_or_is_of_another_journal_is_refused() {
    let (folder, _traffic) = journal(50, 1);
    let (data, keys) = (folder.path(), Traffic::keys(folder.path()));
    let file = data.join("proven");
    let proof = Audit::of(&Location::in_data(data, &keys)).with_result(Some(file.clone()));
    proof.run().unwrap();
    let intact = std::fs::read(&file).unwrap();
    let refused = |bytes: &[u8]| {
        let other = data.join("changed");
        std::fs::write(&other, bytes).unwrap();
        let found = Audit::of(&Location::in_data(data, &keys))
            .since(Some(other))
            .run();
        assert!(matches!(found, Err(Violation::Result(_))), "{found:?}");
    };
    for at in (0..intact.len()).step_by(97) {
        let mut changed = intact.clone();
        changed[at] ^= 1 << (at % 8);
        refused(&changed);
    }
    for length in [0, 7, 31, 63, 64, intact.len() - 1] {
        refused(&intact[..length]);
    }
    // With a SHA-256 that fits, the tags still do not.
    let mut changed = intact.clone();
    let end = changed.len() - 32;
    changed[end / 2] ^= 1;
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&changed[..end]);
    changed[end..].copy_from_slice(&digest);
    refused(&changed);

    let other = tempfile::tempdir().unwrap();
    let mut traffic = Traffic::new(other.path(), SEGMENT_BYTES);
    traffic.now = traffic.now.plus(1);
    traffic.provision(500);
    traffic.sync();
    let path = other.path().join("keys.table");
    std::fs::copy(data.join("keys.table"), &path).unwrap();
    let keys = Traffic::keys(other.path());
    let found = Audit::of(&Location::in_data(other.path(), &keys))
        .since(Some(file))
        .run();
    let Err(Violation::Result(ResultError::OtherJournal { .. })) = found else {
        panic!("{found:?}")
    };
}
