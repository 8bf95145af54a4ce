//! The payer's transactions: the list, the page of one, the file.

use std::time::Duration;

use crate::fake::{Browser, World};
use tessera_protocol::leased::{EventKind, HistoryRow, Operation, Purpose, RequestRow};

const PASSWORD: &str = "correct horse";

#[test]
fn transactions_are_searched_and_paged() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(&client);
        for place in 0..60 {
            let reference = format!("P{place:011}");
            let row = wallet.row(
                1_795_000_000_000,
                EventKind::Declined,
                &reference,
                100 + place,
            );
            (row.code, row.text) = ("51".into(), format!("thing {place};"));
        }
        number
    });
    let first = browser.get("/transactions");
    assert!(first.body.contains("thing 59;") && !first.body.contains("thing 34;"));
    assert!(first.body.contains("Declined: not enough money"));
    assert!(first.body.contains("id=\"older\"") && !first.body.contains("id=\"newer\""));
    let last = browser.get("/transactions?page=3");
    assert!(last.body.contains("thing 0;") && !last.body.contains("id=\"older\""));
    for (query, found) in [
        ("q=thing+7%3B", 6),
        ("q=1.42", 1),
        ("q=teacup", 25),
        ("status=paid", 0),
        ("from=2027-01-01", 0),
    ] {
        let page = browser.get(&format!("/transactions?{query}")).body;
        assert_eq!(
            page.matches("class=\"transaction\"").count(),
            found,
            "{query}"
        );
    }
    assert_eq!(browser.get("/transactions?from=yesterday").status, 422);
    assert_eq!(
        browser
            .get("/transactions.csv?status=declined")
            .body
            .lines()
            .count(),
        61
    );
}

/// A wallet with so many declined purchases, a day apart; the oldest is `thing 0;`.
fn with_history(world: &World, count: u64) -> Browser {
    let (browser, client) = world.member(PASSWORD);
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(&client);
        for place in 0..count {
            let at = 1_300_000_000_000 + place * 86_400_000;
            let reference = format!("P{place:011}");
            let row = wallet.row(at, EventKind::Declined, &reference, 100 + place);
            (row.code, row.text) = ("51".into(), format!("thing {place};"));
        }
        number
    });
    browser
}

#[test]
fn a_long_history_is_found_and_sent_to_its_end() {
    let world = World::start();
    let mut browser = with_history(&world, 5_100);
    let csv = browser.get("/transactions.csv");
    assert!(csv.whole);
    assert_eq!(csv.body.lines().count(), 5_101);
    let found = browser.get("/transactions?until=2011-03-14").body;
    assert_eq!(found.matches("class=\"transaction\"").count(), 2);
    assert!(found.contains("thing 0;") && found.contains("thing 1;"));
    let last = browser.get("/transactions?page=204").body;
    assert!(last.contains("thing 0;") && !last.contains("id=\"older\""));
    // Nothing that is older than what is looked for is read.
    let before = world.switch.count(Operation::ReadHistory);
    let newest = browser.get("/transactions?from=2025-02-20").body;
    assert!(newest.contains("thing 5099;"));
    assert!(world.switch.count(Operation::ReadHistory) - before < 10);
    // Nor more than a little for a page that shows a few.
    browser.get("/home");
    assert!(world.switch.count(Operation::ReadHistory) - before < 20);
}

#[test]
fn one_long_history_is_read_at_a_time() {
    let world = World::start();
    let mut browser = with_history(&world, 400);
    *world.switch.silent_at.lock().unwrap() = Some((Operation::ReadHistory, 1));
    let (head, held) = browser.events("/transactions.csv");
    assert_eq!(head.status, 200);
    // The history is being read, and its next piece does not come.
    while world.switch.count(Operation::ReadHistory) < 2 {
        std::thread::yield_now();
    }
    for path in ["/transactions.csv", "/transactions?q=nothing+like+it"] {
        let busy = browser.get(path);
        assert_eq!((busy.status, busy.header("retry-after")), (429, "5"));
    }
    assert_eq!(browser.get("/home").status, 200);
    assert_eq!(browser.get("/transactions").status, 200);
    // Over another line it does.
    world.switch.cut_all();
    assert!(held.rest().contains("thing 0;"));
    while browser.get("/transactions.csv").status != 200 {
        std::thread::yield_now();
    }
}

#[test]
fn a_file_that_can_not_be_made_whole_is_broken_off() {
    let world = World::with(|settings| {
        settings.line.answer_within = Duration::from_secs(3);
    });
    let mut browser = with_history(&world, 20);
    *world.switch.silent_at.lock().unwrap() = Some((Operation::ReadHistory, 2));
    assert!(!browser.get("/transactions.csv").whole);
    assert!(browser.get("/transactions.csv").whole);
}

/// What a party's request says besides.
fn request(purpose: Purpose, place: &str, reason: &str) -> Option<RequestRow> {
    Some(RequestRow {
        purpose,
        retrieval: "RRN000000042".into(),
        place: place.into(),
        reason: reason.into(),
    })
}

/// Amounts have a space that no line is broken at.
fn spaced(page: &str) -> String {
    page.replace('\u{a0}', " ")
}

/// A wallet that loaded 50.00, paid 19.99 at a mall that is not known here, and got 5.00 back.
fn with_refund(world: &World) -> (Browser, String) {
    let (browser, client) = world.member(PASSWORD);
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(&client);
        let at = 1_795_000_000_000;
        let mut row = |minute: u64, kind, reference: &str, amount, moves: i64| -> usize {
            wallet.row(at + minute * 60_000, kind, reference, amount);
            wallet.available = wallet.available.checked_add_signed(moves).unwrap();
            wallet.rows.len() - 1
        };
        row(0, EventKind::Provisioned, "L00000000001", 5_000, 5_000);
        let held = row(1, EventKind::Held, "P00000000001", 1_999, -1_999);
        row(1, EventKind::Approved, "P00000000001", 1_999, 0);
        let refund = row(2, EventKind::RefundRequested, "F00000000001", 500, 0);
        row(3, EventKind::Approved, "F00000000001", 500, 500);
        let late = row(4, EventKind::Declined, "P00000000002", 700, 0);
        let too_much = row(5, EventKind::Declined, "F00000000002", 9_900, 0);
        let set = |row: &mut HistoryRow, request| {
            row.acceptor = "LANTERN-0001".into();
            row.request = request;
        };
        let place = "PAPER LANTERN            SEOUL        KR";
        let rows = &mut wallet.rows;
        rows[held].card = "4711".into();
        set(&mut rows[held], request(Purpose::Payment, place, ""));
        rows[refund].original = "P00000000001".into();
        set(&mut rows[refund], request(Purpose::Refund, place, ""));
        rows[late].code = "54".into();
        let why = "not the card's expiry";
        set(&mut rows[late], request(Purpose::Payment, place, why));
        rows[too_much].code = "13".into();
        let why = "more than what is left of the purchase";
        set(&mut rows[too_much], request(Purpose::Refund, place, why));
        number
    });
    (browser, client)
}

#[test]
fn a_refund_is_listed_beside_its_purchase_and_what_a_mall_may_not_do_is_not() {
    let world = World::start();
    let (mut browser, _) = with_refund(&world);
    let list = spaced(&browser.get("/transactions").body);
    assert_eq!(list.matches("class=\"transaction\"").count(), 4, "{list}");
    assert!(list.contains("Refund: PAPER LANTERN, SEOUL, KR"), "{list}");
    assert!(list.contains("Refunded $5.00 of $19.99"), "{list}");
    assert!(list.contains("Declined: the expiry date was wrong"));
    assert!(!list.contains("99.00"));
    let csv = browser.get("/transactions.csv").body;
    let rows: Vec<Vec<&str>> = csv.lines().map(|row| row.split(',').collect()).collect();
    assert!(rows[0].ends_with(&["amount", "balance_change", "balance", "currency"]));
    let money: Vec<_> = rows[1..]
        .iter()
        .map(|row| row[row.len() - 4..row.len() - 1].join(" "))
        .collect();
    let expected = [
        "7.00 0.00 35.01",
        "5.00 5.00 35.01",
        "19.99 -19.99 30.01",
        "50.00 50.00 50.00",
    ];
    assert_eq!(money, expected, "{csv}");
    assert!(csv.contains("\"RRN000000042\",\"F00000000001\",\"P00000000001\""));
}

#[test]
fn a_transaction_has_a_page_with_all_that_is_known() {
    let world = World::start();
    let (mut browser, _) = with_refund(&world);
    let list = browser.get("/transactions").body;
    assert!(list.contains("href=\"/transactions/P00000000001\""));
    let page = spaced(&browser.get("/transactions/P00000000001").body);
    for text in [
        "PAPER LANTERN, SEOUL, KR",
        "LANTERN-0001",
        "card ending 4711",
        "RRN000000042",
        "P00000000001",
        "The shop asked for $19.99.",
        "It was approved and paid.",
        "$5.00 came back.",
        "href=\"/transactions/F00000000001\"",
        "I don't recognise this",
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
    let refund = browser.get("/transactions/F00000000001").body;
    assert!(refund.contains("href=\"/transactions/P00000000001\""));
    assert!(!refund.contains("id=\"dispute\""));
    for none in ["P00000000099", "F00000000002", "%3Cscript%3E"] {
        assert_eq!(browser.get(&format!("/transactions/{none}")).status, 404);
    }
}

#[test]
fn a_transaction_that_the_payer_does_not_recognise_is_reported_and_freezes_the_wallet() {
    let world = World::start();
    let (mut browser, client) = with_refund(&world);
    browser.get("/transactions/P00000000001");
    let path = "/transactions/P00000000001/report";
    let answer = browser.send(path, "dispute", &[]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = browser.get(answer.header("location")).body;
    assert!(page.contains("We have your report"), "{page}");
    assert!(page.contains("id=\"disputed\"") && !page.contains("id=\"dispute\""));
    assert!(page.contains("You reported it."));
    assert!(world.switch.wallets.lock().unwrap().of(&client).1.frozen);
    // Nothing is frozen for one that is not there.
    let path = "/transactions/P00000000099/report";
    assert_eq!(browser.send(path, "dispute", &[]).status, 404);
}
