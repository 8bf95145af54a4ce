use std::path::Path;

use hashbrown::HashMap;
use tessera_encryption::DataKeys;
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Entry, Wallet};

use super::*;
use crate::testing::{BEGIN, Traffic};

const DAY: u64 = 86_400_000;
const WALLETS: u64 = 200;

/// Three dates, with refunds and reversals of what was bought on the date before.
fn journal() -> (tempfile::TempDir, DataKeys, Traffic) {
    let folder = tempfile::tempdir().unwrap();
    let keys = Traffic::keys(folder.path());
    let mut traffic = Traffic::new(folder.path(), 16 << 10);
    traffic.sync_every = 16;
    traffic.provision(WALLETS);
    let mut bought = Vec::new();
    for day in 1..=3 {
        traffic.begin_day(Day(20_000 + day));
        for (wallet, reference) in bought.drain(..) {
            traffic.refunds(wallet, reference, 5);
            traffic.reverses(wallet, reference, 5);
        }
        traffic.round(WALLETS);
        for wallet in 10..15 {
            let reference = traffic.buys(wallet, 50);
            traffic.approves(wallet, reference);
            bought.push((wallet, reference));
        }
        // Asked for on this date, approved when the next one has begun.
        let late = traffic.buys(20, 7);
        traffic.now = traffic.now.plus(DAY);
        traffic.approves(20, late);
    }
    traffic.sync();
    (folder, keys, traffic)
}

/// What the code that counts while running comes to.
fn counted(data: &Path, day: Day) -> Totals {
    let mut wallets: HashMap<WalletId, Wallet> = HashMap::new();
    let mut days = tessera_ledger::Days::default();
    let mut totals = Totals::default();
    let journal = tessera_journal::reader(&Location::in_data(data, &Traffic::keys(data)));
    let read = journal.scan(None, &mut |record| {
        let entry = Entry::read(record.payload)?;
        let wallet = wallets.entry(entry.wallet);
        let wallet = wallet.or_insert_with(|| Wallet::new(entry.wallet));
        let items = wallet.settles(&entry.event)?;
        wallet.apply(&entry, record.position, record.sequence)?;
        if let Some(decided) = &wallet.supervision {
            days = decided.days.clone();
        }
        for item in items {
            if days.of(item.at) == day {
                item.add_to(&mut totals);
            }
        }
        Ok(())
    });
    read.unwrap();
    totals.net = totals.net_of_amounts();
    totals
}

#[test]
fn the_items_of_a_date_are_what_was_counted_while_running() {
    let (folder, keys, _traffic) = journal();
    for day in 1..=3 {
        let day = Day(20_000 + day);
        let items = items(&Location::in_data(folder.path(), &keys), day, None).unwrap();
        assert_eq!(items.totals, counted(folder.path(), day), "{day}");
        assert!(items.totals.debits > 40 && items.totals.debit_reversals > 0);
        let whole = &items.totals;
        let counts = [
            whole.debits,
            whole.debit_reversals,
            whole.credits,
            whole.credit_reversals,
        ];
        assert_eq!(items.rows.len() as u64, counts.iter().sum::<u64>());
        let nobodys = super::items(&Location::in_data(folder.path(), &keys), day, Some(1)).unwrap();
        assert_eq!(nobodys.totals, Totals::default());
    }
    let never = items(&Location::in_data(folder.path(), &keys), Day(9), None).unwrap();
    assert!(never.rows.is_empty());
}

#[test]
fn only_what_a_date_needs_is_read() {
    let (folder, keys, _traffic) = journal();
    let day = Day(20_001);
    let before = items(&Location::in_data(folder.path(), &keys), day, None).unwrap();
    // The segments of later dates can't be read any more. Only the index knows that they are not needed.
    let index = Index::open(&Location::in_data(folder.path(), &keys)).unwrap();
    let closed: Vec<_> = index.journal().parts().unwrap();
    let later = Timestamp::from_milliseconds(BEGIN.milliseconds() + DAY + DAY / 2);
    let needed: Vec<_> = index.parts(Timestamp::EPOCH, later).cloned().collect();
    let mut unread = 0;
    for part in closed.iter().filter(|part| part.is_closed()) {
        if !needed.contains(part) {
            let path = part.companion("journal");
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle..middle + 64].fill(0xff);
            std::fs::write(&path, bytes).unwrap();
            unread += 1;
        }
    }
    assert!(unread > 0);
    let after = items(&Location::in_data(folder.path(), &keys), day, None).unwrap();
    assert_eq!((after.totals, after.rows), (before.totals, before.rows));
}

#[test]
fn dates_that_begin_earlier_than_was_said_are_understood_as_by_the_switch() {
    let (mut dates, mut days) = (Dates::default(), tessera_ledger::Days::default());
    let moment = Timestamp::from_milliseconds;
    assert_eq!(dates.of(moment(DAY * 3 + 5)), days.of(moment(DAY * 3 + 5)));
    for (at, day) in [
        (1_000, 5),
        (2_000, 6),
        (1_500, 7),
        (3_000, 6),
        (9_500, 7),
        (9_000, 7),
    ] {
        let (at, day) = (moment(at), Day(day));
        days.begin(at, day);
        dates.enter(&tessera_ledger::Event::Directed(Box::new(
            tessera_ledger::Directed {
                directive: tessera_ledger::Directive::BeginDay(at, day),
                by: "".into(),
                reason: "".into(),
            },
        )));
        for at in (0..12_000).step_by(250) {
            assert_eq!(dates.of(moment(at)), days.of(moment(at)), "{at}");
        }
    }
    assert_eq!(dates.span(Day(6)), Some((moment(2_000), moment(9_000))));
}
