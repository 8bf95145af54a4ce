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

/// The financial system has all that happened; the journal ends in the middle.
#[test]
fn a_plan_lists_what_an_older_journal_lacks_and_nothing_else() {
    let (folder, keys, mut traffic) = journal();
    let today = Day(20_003);
    // Not yet answered at the restored time.
    let waits = traffic.buys(30, 77);
    traffic.close();
    let older = tempfile::tempdir().unwrap();
    copy(folder.path(), older.path());
    let mut traffic = Traffic::new(folder.path(), 16 << 10);
    traffic.now = traffic.now.saturating_sub(DAY / 2);
    traffic.approves(30, waits);
    let bought = traffic.buys(31, 88);
    traffic.approves(31, bought);
    traffic.reverses(31, bought, 0);
    let refunded = traffic.buys(32, 99);
    traffic.approves(32, refunded);
    traffic.refunds(32, refunded, 40);
    traffic.close();

    let (all, less) = (location(&folder, &keys), location(&older, &keys));
    let list = |location: &Location| {
        let mut list = Vec::new();
        let rows = [today, Day(today.0 - 1)].map(|day| items(location, day, None).unwrap().rows);
        write(&rows.concat(), &mut list).unwrap();
        list
    };
    assert_eq!(plan(&all, &list(&all)[..]).unwrap().steps, []);
    assert_eq!(plan(&less, &list(&less)[..]).unwrap().steps, []);
    let missing = plan(&less, &list(&all)[..]).unwrap();
    let found: Vec<_> = missing
        .steps
        .iter()
        .map(|step| (step.found, &*step.side, step.ours, step.theirs))
        .collect();
    let mut expected = vec![
        ("in flight", "debit", None, Some(77)),
        ("only theirs", "debit", None, Some(88)),
        ("only theirs", "debit_reversal", None, Some(88)),
        ("only theirs", "debit", None, Some(99)),
        ("only theirs", "credit", None, Some(40)),
    ];
    let mut sorted = found.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    // The other way round: the financial system has lost something, or has another amount.
    let surplus = plan(&all, &list(&less)[..]).unwrap();
    assert_eq!(surplus.steps.len(), found.len());
    assert!(surplus.steps.iter().all(|step| step.found == "only ours"));
    let text = String::from_utf8(list(&all)).unwrap();
    let changed = text.replacen(",debit,88,", ",debit,89,", 1);
    let changed = plan(&all, changed.as_bytes()).unwrap().steps;
    assert_eq!(changed.len(), 1);
    assert_eq!((changed[0].ours, changed[0].theirs), (Some(88), Some(89)));
}

#[test]
fn a_list_for_a_plan_says_which_row_is_wrong() {
    let (folder, keys, _traffic) = journal();
    let refused = |list: &str| {
        let refused = plan(&location(&folder, &keys), list.as_bytes());
        refused.unwrap_err().to_string()
    };
    let titles = "settlement_date,side,amount,switch_reference\n";
    let good = "2024-10-04,debit,1,00000000000A\n";
    for (row, wanted) in [
        (
            "2024-13-04,debit,1,00000000000A\n",
            "row 2 of the list: settlement_date",
        ),
        (
            "2024-10-04,debit,1,x-y\n",
            "row 2 of the list: switch_reference",
        ),
        (
            "2024-10-04,debit,1,0000000000000A\n",
            "row 2 of the list: switch_reference",
        ),
        ("2024-10-04,debit,-1,00000000000A\n", "record 2"),
        (
            "2024-10-05,debit,1,00000000000A\n",
            "row 2 of the list: the list has this row already",
        ),
        (
            "2024-10-04,debit,0,00000000000B\n",
            "row 2 of the list: amount",
        ),
        (
            "2024-10-04,Debit,1,00000000000B\n",
            "row 2 of the list: side",
        ),
        (
            "2024-10-04,debit,1,\n",
            "row 2 of the list: switch_reference",
        ),
    ] {
        let error = refused(&[titles, good, row].concat());
        assert!(error.contains(wanted), "{error}");
    }
    assert!(
        refused("settlement_date,side,amount\n2024-10-04,debit,1\n").contains("switch_reference")
    );
    let tomorrow = plan(
        &location(&folder, &keys),
        [titles, "2200-01-01,debit,1,00000000000A\n"]
            .concat()
            .as_bytes(),
    );
    let tomorrow = tomorrow.unwrap();
    assert_eq!((tomorrow.steps.len(), tomorrow.not_begun.len()), (1, 1));
}

#[test]
fn a_list_to_import_says_which_cell_is_wrong() {
    let (folder, keys, _traffic) = journal();
    let titles = "settlement_date,side,amount,switch_reference";
    for (column, wrong) in [
        ("party", "2.0E+10"),
        ("party", "200000000010"),
        ("card", "990000000000001"),
        ("card", "9900000000000011"),
        ("card", "9.9E+15"),
        ("local_time", "240000"),
        ("local_time", "9:45:00"),
        ("local_date", "20261124"),
        ("local_date", "1300"),
        ("terminal", "TERM00011"),
        ("acceptor", "SHOP-77 is too long"),
        ("currency", "USD"),
        ("switch_trace", "1000000"),
        ("switch_trace", "0"),
        ("original", "x-y"),
    ] {
        let list = format!("{titles},{column}\r\n2024-10-04,debit,1,A,{wrong}\r\n");
        let refused = plan(&location(&folder, &keys), list.as_bytes()).unwrap_err();
        let refused = refused.to_string();
        assert!(
            refused.contains(&format!("row 1 of the list: {column} is not")),
            "{refused}"
        );
        let empty = format!("\u{feff}{titles},{column}\n2024-10-04,debit,1,A,\n");
        assert!(
            plan(&location(&folder, &keys), empty.as_bytes()).is_ok(),
            "{column}"
        );
    }
}

fn location(folder: &tempfile::TempDir, keys: &DataKeys) -> Location {
    Location::in_data(folder.path(), keys)
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => {
                std::fs::create_dir(&to).unwrap();
                copy(&entry.path(), &to);
            }
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}
