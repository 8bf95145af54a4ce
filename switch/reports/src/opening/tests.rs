use std::cell::Cell;

use tempfile::TempDir;
use tessera_journal::{Part, Position};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Day, Event, Reference, WalletId};

use super::*;
use crate::audit::{Opening, audit};
use crate::export::{ExportError, Format, export};
use crate::index::{EXTENSION, Index, build_missing};
use crate::recon::{ReconError, items};
use crate::testing::{BEGIN, Traffic};

const DAY: u64 = 86_400_000;
const DAYS: u32 = 10;
const WALLETS: u64 = 60;

/// Ten days of purchases, in many segments, all of which are in the archive that can be.
fn journal(each_day: impl Fn(&mut Traffic, u32)) -> (TempDir, Location, Traffic) {
    let folder = tempfile::tempdir().unwrap();
    let mut traffic = Traffic::new(folder.path(), 16 << 10);
    traffic.sync_every = 16;
    traffic.provision(WALLETS);
    for day in 0..DAYS {
        traffic.begin_day(first_day(day));
        shop(&mut traffic);
        each_day(&mut traffic, day);
        traffic.now = traffic.now.plus(DAY);
        traffic.sync();
    }
    let location = Location::in_data(folder.path(), &Traffic::keys(folder.path()));
    build_missing(&location, &mut || true).unwrap();
    while let Some(part) = tessera_journal::to_archive(&location, Position::MAX).unwrap() {
        tessera_journal::archive(&location, &part, &mut || true).unwrap();
    }
    (folder, location, traffic)
}

/// A purchase of each wallet, which the host approves; some are refunded and reversed.
fn shop(traffic: &mut Traffic) {
    for wallet in 1..=WALLETS {
        traffic.now = traffic.now.plus(1_000);
        let bought = traffic.buys(wallet, 100);
        traffic.approves(wallet, bought);
        match wallet % 20 {
            1 => {
                traffic.refunds(wallet, bought, 50);
                traffic.reverses(wallet, bought, 50);
            }
            2 => traffic.reverses(wallet, bought, 0),
            _ => continue,
        }
        acknowledge(traffic, wallet, bought);
    }
}

/// The financial system has the advice about a reversal.
fn acknowledge(traffic: &mut Traffic, wallet: u64, reference: Reference) {
    traffic.append(WalletId(wallet), Event::AdviceAcknowledged { reference });
}

fn first_day(after: u32) -> Day {
    Day((BEGIN.milliseconds() / DAY) as u32 + after)
}

fn parts(location: &Location) -> Vec<Part> {
    tessera_journal::reader(location).parts().unwrap()
}

/// The first record of a part.
fn first_of(location: &Location, part: &Part) -> Mark {
    let mut first = None;
    let read = tessera_journal::reader(location).scan_part(part, &mut |record| {
        first = first.or(Some(record.mark()));
        Ok(())
    });
    read.unwrap();
    first.unwrap()
}

/// Writes the opening at the beginning of a part, and deletes what it stands for. How many parts that were.
fn delete_before(location: &Location, part: &Part) -> usize {
    let until = first_of(location, part);
    let totals = write(location, until, &mut || true).unwrap();
    assert_eq!(totals.last, Some(until));
    let mut opening = opening(location);
    assert_eq!(opening.mark(), until);
    let needed = opening.oldest_needed(2 * DAY, &mut || true).unwrap();
    let old = parts(location).into_iter();
    let old = old.take_while(|part| part.span().1.is_some_and(|end| end <= needed.to_stored()));
    let deleted = old.map(|part| tessera_journal::remove(location, &part, EXTENSION).unwrap());
    deleted.filter(|deleted| *deleted).count()
}

fn opening(location: &Location) -> Opening {
    let journal = tessera_journal::reader(location);
    Opening::newest(location, journal.as_ref())
        .unwrap()
        .unwrap()
}

fn rows(location: &Location, day: u32) -> Result<Vec<String>, ReconError> {
    let items = items(location, first_day(day), None)?;
    Ok(items.rows.iter().map(|row| format!("{row:?}")).collect())
}

#[test]
fn everything_is_proven_from_the_opening_on() {
    let yesterday = Cell::new(None);
    let (folder, location, mut traffic) = journal(|traffic, _| {
        // What it is about may have come before the opening.
        if let Some(bought) = yesterday.take() {
            traffic.reverses(9, bought, 0);
            acknowledge(traffic, 9, bought);
        }
        let bought = traffic.buys(9, 10);
        traffic.approves(9, bought);
        yesterday.set(Some(bought));
    });
    let whole = audit(&location).unwrap();
    let listed: Vec<_> = (0..DAYS).map(|day| rows(&location, day).unwrap()).collect();
    assert!(matches!(
        Audit::of(&location).opening(),
        Err(Violation::Result(ResultError::Whole))
    ));
    let all = parts(&location);
    let early = folder.path().join("early");
    let until = first_of(&location, &all[1]);
    let proof = Audit::of(&location).until(until);
    proof.with_result(Some(early.clone())).run().unwrap();
    let middle = &all[all.len() / 2];
    let deleted = delete_before(&location, middle);
    assert!(deleted > 2, "{deleted} of {}", all.len());
    assert_eq!(parts(&location).len(), all.len() - deleted);
    // The indexes are gone with their parts.
    assert!(!all[0].companion(EXTENSION).exists());
    let (mark, hash, at) = {
        let opening = opening(&location);
        (opening.mark(), opening.hash(), opening.at())
    };
    let proven = audit(&location).unwrap();
    assert_eq!(proven.since, Some((mark, hash)));
    let text = proven.to_string();
    assert!(text.contains("not attested"), "{text}");
    let same = Totals {
        since: None,
        opening: None,
        ..proven
    };
    assert_eq!(same, whole);
    let older = Audit::of(&location).since(Some(early)).run().unwrap_err();
    assert!(matches!(
        older,
        Violation::Result(ResultError::NoLongerKept { .. })
    ));
    assert!(!older.is_in_the_journal());
    // What an operator has signed, and what nobody has.
    let attested = Audit::of(&location)
        .with_attested(Some(hash))
        .run()
        .unwrap();
    assert!(attested.opening.is_some_and(|opening| opening.is_attested));
    let other = format!("{hash}")
        .chars()
        .rev()
        .collect::<String>()
        .parse()
        .unwrap();
    let refused = Audit::of(&location).with_attested(Some(other)).run();
    assert!(matches!(
        refused,
        Err(Violation::Result(ResultError::NotAttested { .. }))
    ));
    let signed = Audit::of(&location).opening().unwrap();
    assert_eq!(
        (signed.last, signed.since),
        (Some(mark), Some((mark, hash)))
    );
    assert!(signed.events < whole.events);
    // Dates that are kept have the same items, and others are refused.
    let kept = (0..DAYS).filter(|day| first_day(*day).begins(0) > at);
    for day in kept.clone() {
        assert_eq!(rows(&location, day).unwrap(), listed[day as usize], "{day}");
    }
    assert!(kept.count() > 2);
    for day in [0, 1] {
        let refused = rows(&location, day);
        assert!(
            matches!(refused, Err(ReconError::NoLongerKept(_))),
            "{refused:?}"
        );
    }
    assert_eq!(rows(&location, DAYS + 5).unwrap(), Vec::<String>::new());
    let index = Index::open(&location).unwrap();
    let kept_from = index.kept_from().unwrap();
    assert!(BEGIN < kept_from && kept_from < at);
    let out = |from: Timestamp| export(&location, (from, traffic.now), Format::Csv, Vec::new());
    assert!(matches!(out(BEGIN), Err(ExportError::NoLongerKept(from)) if from == kept_from));
    assert!(out(kept_from).unwrap() > 0);
    assert!(!index.chain(WalletId(7)).unwrap().is_empty());
    // It goes on, and the next opening takes the place of this one.
    shop(&mut traffic);
    traffic.sync();
    let more = audit(&location).unwrap();
    assert!(more.events > whole.events);
    let later = parts(&location);
    assert!(delete_before(&location, &later[later.len() - 3]) > 0);
    assert_eq!(audit(&location).unwrap().available, more.available);
    let files = fs::read_dir(folder.path().join("opening")).unwrap();
    assert_eq!(files.count(), 1);
    assert!(opening(&location).mark().position > mark.position);
}

#[test]
fn a_purchase_that_is_not_settled_keeps_its_segment() {
    // One that the financial system has not answered, and one whose reversal it has not acknowledged.
    for is_answered in [false, true] {
        let (_folder, location, _traffic) = journal(|traffic, day| {
            if day == 3 {
                let bought = traffic.buys(5, 10);
                if is_answered {
                    traffic.approves(5, bought);
                    traffic.reverses(5, bought, 0);
                }
            }
        });
        let all = parts(&location);
        let deleted = delete_before(&location, &all[all.len() - 3]);
        let kept = all.len() - deleted;
        assert!(
            deleted > 0 && kept > all.len() / 2,
            "{deleted} of {}",
            all.len()
        );
        let totals = audit(&location).unwrap();
        assert_eq!(totals.pending + totals.unacknowledged, 1);
    }
}

#[test]
fn without_its_opening_a_journal_is_refused_that_begins_later() {
    let (folder, location, _traffic) = journal(|_, _| {});
    let all = parts(&location);
    assert!(delete_before(&location, &all[all.len() / 2]) > 0);
    let path = opening(&location).path().to_owned();
    let intact = fs::read(&path).unwrap();
    for at in [10, intact.len() / 2, intact.len() - 1] {
        let mut changed = intact.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).unwrap();
        assert!(
            matches!(audit(&location), Err(Violation::Result(_))),
            "{at}"
        );
    }
    fs::remove_file(&path).unwrap();
    let refused = audit(&location).unwrap_err();
    assert!(matches!(
        refused,
        Violation::Result(ResultError::NoOpening { .. })
    ));
    assert!(items(&location, first_day(8), None).is_err());
    fs::write(&path, intact).unwrap();
    audit(&location).unwrap();
    drop(folder);
}

#[test]
fn an_opening_that_is_not_finished_leaves_the_one_before() {
    let (folder, location, _traffic) = journal(|_, _| {});
    let all = parts(&location);
    delete_before(&location, &all[all.len() / 3]);
    let before = opening(&location).mark();
    let until = first_of(&location, &all[all.len() / 2]);
    for most in [0, 1, 100] {
        let mut asked = 0;
        let stopped = write(&location, until, &mut || {
            asked += 1;
            asked <= most
        });
        let is_stop = |error: &Violation| {
            matches!(
                error,
                Violation::Journal(tessera_journal::JournalError::Stopped)
            )
        };
        assert!(stopped.is_err_and(|error| is_stop(&error)), "{most}");
        assert_eq!(opening(&location).mark(), before);
        audit(&location).unwrap();
    }
    write(&location, until, &mut || true).unwrap();
    assert_eq!(opening(&location).mark(), until);
    let files = fs::read_dir(folder.path().join("opening")).unwrap();
    assert_eq!(files.count(), 1);
}
