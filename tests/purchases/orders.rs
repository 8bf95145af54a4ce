//! Both ways to pay and the leased line: the wallet server's raw 0600 messages over mutual TLS, and
//! malls that name orders.

use std::time::{Duration, Instant};

use crate::rig::leased::{Line, WALLET_SERVER, announcement, cancellation, operation};
use crate::rig::wire::{
    MALL, OTHER_MALL, PLAIN, Wire, card_purchase, order_purchase, reversal, rig_with, started,
    time_of,
};
use crate::rig::{Rig, wait_for};

#[test]
fn the_wallet_server_makes_loads_and_reads_wallets() {
    let rig = Rig::started(0, 0);
    let mut line = Line::connect(&rig, true);
    assert_eq!(
        line.ask(&operation("100", &[])).code(),
        "58",
        "not signed on"
    );
    let foreign = operation("100", &[]).with(32, "11 100000000010");
    assert_eq!(line.ask(&foreign).code(), "63", "another's code");
    assert_eq!(
        line.ask(&crate::rig::wire::network(&WALLET_SERVER, "001"))
            .code(),
        "00"
    );
    assert_eq!(
        line.ask(&crate::rig::wire::network(&WALLET_SERVER, "301"))
            .code(),
        "00"
    );

    let create = operation("100", &[]);
    let made = line.ask(&create);
    assert_eq!(
        (made.mti.as_str(), made.code().as_str()),
        ("0610", "00"),
        "{}",
        made.reason()
    );
    let wallet = made.tag(61, 1);
    let again = line.ask(&create.clone().mti("0601").with(7, &time_of(1)));
    assert_eq!(
        (again.code(), again.tag(61, 1)),
        ("00".into(), wallet.clone()),
        "the same wallet"
    );
    let other = line.ask(&operation("100", &[])).tag(61, 1);
    assert_ne!(other, wallet);

    assert_eq!(
        line.ask(&operation("120", &[(1, &wallet), (2, "1"), (7, "X")]))
            .code(),
        "14",
        "no card yet"
    );
    let issue = operation("110", &[(1, &wallet)]);
    let issued = line.ask(&issue);
    assert_eq!(issued.code(), "00", "{}", issued.reason());
    let (card, expiry) = (issued.tag(62, 8), issued.tag(62, 9));
    assert!(card.len() == 16 && expiry.len() == 4, "{card} {expiry}");
    assert_eq!(
        line.ask(&issue.clone().mti("0601")).tag(62, 8),
        card,
        "the same card"
    );

    let load = operation(
        "120",
        &[(1, &wallet), (2, "50000"), (3, "840"), (7, "IBAN-1")],
    );
    assert_eq!(line.ask(&load).code(), "00");
    assert_eq!(line.ask(&load.clone().mti("0601")).code(), "00");
    assert_eq!(line.balance(&wallet), (50_000, 50_000), "loaded once");
    assert_eq!(line.balance(&other), (0, 0));

    // The card buys at any shop.
    let mut shop = Wire::signed_on(&rig, &PLAIN);
    let bought = card_purchase(&PLAIN, 1, 1200)
        .with(2, &format!("16 {card}"))
        .with(14, &expiry);
    assert_eq!(shop.ask(&bought).code(), "00");
    assert_eq!(line.balance(&wallet), (48_800, 48_800));

    // History, newest first, and from where it broke off.
    let page = line.ask(&operation("150", &[(1, &wallet), (12, "3")]));
    let events = page.tags(61, 14);
    let kinds = |events: &[String]| -> Vec<String> {
        events
            .iter()
            .map(|event| event.split(',').nth(1).unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(kinds(&events)[..2], ["approved", "held"], "{events:?}");
    assert!(
        events[1].contains(",1200,") && events[1].contains("SHOP-88"),
        "{events:?}"
    );
    let next = page.tag(61, 13);
    let rest = line.ask(&operation("150", &[(1, &wallet), (13, &next)]));
    let rest = [rest.tags(61, 14), rest.tags(63, 14)].concat();
    assert_eq!(
        kinds(&rest).last().map(String::as_str),
        Some("opened"),
        "{rest:?}"
    );
    assert!(
        !events.concat().contains(&card),
        "no card number in the history"
    );

    for (what, message, code) in [
        (
            "an unknown operation",
            operation("199", &[(1, &wallet)]),
            "12",
        ),
        ("no wallet named", operation("140", &[(2, "5")]), "30"),
        (
            "a wallet that is no number",
            operation("140", &[(1, "x")]),
            "30",
        ),
        (
            "nothing to load",
            operation("120", &[(1, &wallet), (2, "0"), (7, "X")]),
            "13",
        ),
        (
            "no funding source",
            operation("120", &[(1, &wallet), (2, "5")]),
            "30",
        ),
        (
            "a card for no wallet",
            operation("110", &[(1, "12345")]),
            "14",
        ),
        ("a purchase", card_purchase(&WALLET_SERVER, 1, 5), "12"),
    ] {
        let answer = line.ask(&message);
        assert_eq!(answer.code(), code, "{what}: {}", answer.reason());
    }
    assert_eq!(line.balance(&wallet), (48_800, 48_800));
}

#[test]
fn a_client_without_a_certificate_is_refused() {
    let rig = Rig::started(0, 0);
    let mut line = Line::connect(&rig, false);
    assert!(
        line.try_ask(&crate::rig::wire::network(&WALLET_SERVER, "001"))
            .is_err()
    );
    assert!(
        Line::signed_on(&rig)
            .try_ask(&operation("100", &[]))
            .is_ok()
    );
}

#[test]
fn a_mall_and_a_wallet_meet_at_an_order() {
    let rig = started(rig_with(0, 0, &[("order_wait", "\"4s\"")]), &[]);
    let mut line = Line::signed_on(&rig);
    let (wallet, other) = (line.wallet_with(100_000), line.wallet_with(100_000));
    let mut mall = Wire::signed_on(&rig, &MALL);

    // The payer first. The mall learns that it is paid, and nothing of who did.
    let announced = announcement(&wallet, &MALL, "A-1", 700);
    assert_eq!(line.ask(&announced).code(), "00");
    assert_eq!(
        line.ask(&announced.clone().mti("0601")).code(),
        "00",
        "a repeat"
    );
    assert_eq!(
        line.announce(&wallet, &MALL, "A-1", 700).code(),
        "00",
        "nothing is paid by it yet"
    );
    assert_eq!(
        line.announce(&other, &MALL, "A-1", 700).code(),
        "94",
        "another wallet's order"
    );
    let amiss = mall.ask(&order_purchase(&MALL, "A-1", 701));
    assert_eq!(amiss.code(), "13", "not the amount agreed to");
    let paid = mall.ask(&order_purchase(&MALL, "A-1", 700));
    assert_eq!(paid.code(), "00", "{}", paid.reason());
    assert_eq!(
        paid.numbers(),
        [3, 4, 7, 11, 12, 13, 32, 37, 38, 39, 41, 42, 49, 64]
    );
    assert!(paid.is_sealed_for(&MALL));
    assert_eq!(
        mall.ask(&order_purchase(&MALL, "A-1", 700)).code(),
        "94",
        "paid once"
    );
    assert_eq!(
        line.announce(&other, &MALL, "A-1", 700).code(),
        "94",
        "paid already"
    );
    assert_eq!(
        line.ask(&cancellation(&wallet, &MALL, "A-1")).code(),
        "94",
        "too late"
    );
    assert_eq!(line.balance(&wallet), (99_300, 99_300));

    // The mall first: it waits for the payer. A repeat from elsewhere takes its place.
    let early = order_purchase(&MALL, "A-2", 800);
    mall.send(&early.frame());
    mall.assert_silent(Duration::from_millis(200));
    let mut again = Wire::signed_on(&rig, &MALL);
    again.send(&early.clone().mti("0201").frame());
    again.assert_silent(Duration::from_millis(100));
    assert_eq!(line.announce(&wallet, &MALL, "A-2", 800).code(), "00");
    assert_eq!(again.answer().code(), "00");
    mall.assert_silent(Duration::from_millis(100));
    mall.assert_serves(&MALL);
    assert_eq!(line.balance(&wallet), (98_500, 98_500));

    // Nobody comes, or comes to another mall's order of the same number.
    assert_eq!(line.announce(&wallet, &OTHER_MALL, "A-3", 5).code(), "00");
    let asked = Instant::now();
    let unpaid = mall.ask(&order_purchase(&MALL, "A-3", 5));
    assert_eq!(unpaid.code(), "25", "{}", unpaid.reason());
    assert!(asked.elapsed() >= Duration::from_secs(4), "it waited");
    assert_eq!(
        Wire::signed_on(&rig, &OTHER_MALL)
            .ask(&order_purchase(&OTHER_MALL, "A-3", 5))
            .code(),
        "00"
    );

    // Taken back.
    assert_eq!(line.announce(&wallet, &MALL, "A-4", 5).code(), "00");
    assert_eq!(
        line.ask(&cancellation(&other, &MALL, "A-4")).code(),
        "25",
        "not its order"
    );
    assert_eq!(line.ask(&cancellation(&wallet, &MALL, "A-4")).code(), "00");
    assert_eq!(mall.ask(&order_purchase(&MALL, "A-4", 5)).code(), "25");
    assert_eq!(
        line.announce(&other, &MALL, "A-4", 5).code(),
        "00",
        "free again"
    );
    assert_eq!(mall.ask(&order_purchase(&MALL, "A-4", 5)).code(), "00");
    assert_eq!(line.balance(&other), (99_995, 99_995));

    // Reversed: the payer's money is back, and the order may be paid anew.
    assert_eq!(line.announce(&wallet, &MALL, "A-5", 400).code(), "00");
    let undone = order_purchase(&MALL, "A-5", 400);
    assert_eq!(mall.ask(&undone).code(), "00");
    // Where field 90 and the order are of two purchases it means neither.
    assert_eq!(line.announce(&wallet, &MALL, "A-6", 70).code(), "00");
    let kept = order_purchase(&MALL, "A-6", 70);
    assert_eq!(mall.ask(&kept).code(), "00");
    let of_neither = reversal("0400", &undone).tags(48, &[(1, "A-6")]);
    assert_eq!(mall.ask(&of_neither).code(), "25");
    assert_eq!(line.balance(&wallet), (98_025, 98_025));
    assert_eq!(mall.ask(&reversal("0420", &kept)).code(), "00");
    assert_eq!(mall.ask(&reversal("0420", &undone)).code(), "00");
    assert_eq!(line.balance(&wallet), (98_495, 98_495));
    assert_eq!(mall.ask(&order_purchase(&MALL, "A-5", 400)).code(), "00");
    assert_eq!(line.balance(&wallet), (98_095, 98_095));
}

#[test]
fn after_a_decline_the_mall_may_ask_again_while_the_agreement_stands() {
    let rig = started(
        rig_with(
            0,
            0,
            &[("order_valid_for", "\"6s\""), ("order_wait", "\"300ms\"")],
        ),
        &["rules.endings={ \"6605\" = \"05\" }"],
    );
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(10_000);
    let mut mall = Wire::signed_on(&rig, &MALL);
    assert_eq!(line.announce(&wallet, &MALL, "B-1", 16_605).code(), "00");
    assert_eq!(mall.ask(&order_purchase(&MALL, "B-1", 16_605)).code(), "51");
    let load = operation("120", &[(1, &wallet), (2, "90000"), (7, "IBAN-1")]);
    assert_eq!(line.ask(&load).code(), "00");
    let declined = order_purchase(&MALL, "B-1", 16_605);
    assert_eq!(
        mall.ask(&declined).code(),
        "05",
        "the financial system's word"
    );
    assert_eq!(
        mall.ask(&declined.clone().mti("0201")).code(),
        "05",
        "and its repeat"
    );
    assert_eq!(line.balance(&wallet), (100_000, 100_000));
    assert_eq!(
        mall.ask(&order_purchase(&MALL, "B-1", 16_605)).code(),
        "05",
        "asked again"
    );
    wait_for("the agreement to expire", || {
        mall.ask(&order_purchase(&MALL, "B-1", 16_605)).code() == "25"
    });
    assert_eq!(
        line.announce(&wallet, &MALL, "B-1", 600).code(),
        "00",
        "a new agreement"
    );
    assert_eq!(mall.ask(&order_purchase(&MALL, "B-1", 600)).code(), "00");
    assert_eq!(line.balance(&wallet), (99_400, 99_400));
}

#[test]
fn what_was_reversed_before_anyone_announced_it_stays_reversed() {
    let mut rig = started(rig_with(0, 0, &[("order_wait", "\"6s\"")]), &[]);
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(10_000);
    let mut mall = Wire::signed_on(&rig, &MALL);

    // While it waits for the order: the purchase is declined at once.
    let waiting = order_purchase(&MALL, "C-1", 100);
    mall.send(&waiting.frame());
    mall.assert_silent(Duration::from_millis(100));
    let mut other = Wire::signed_on(&rig, &MALL);
    assert_eq!(other.ask(&reversal("0420", &waiting)).code(), "00");
    assert_eq!(mall.answer().code(), "05");

    // Before it comes: remembered, whichever way the order then goes.
    let never_came = [
        order_purchase(&MALL, "C-2", 100),
        order_purchase(&MALL, "C-3", 100),
        order_purchase(&MALL, "C-4", 100),
    ];
    for purchase in &never_came {
        assert_eq!(mall.ask(&reversal("0420", purchase)).code(), "00");
    }
    assert_eq!(line.announce(&wallet, &MALL, "C-1", 100).code(), "00");
    assert_eq!(
        mall.ask(&waiting.clone().mti("0201")).code(),
        "05",
        "its repeat comes after all"
    );
    assert_eq!(line.announce(&wallet, &MALL, "C-2", 100).code(), "00");
    assert_eq!(mall.ask(&never_came[0]).code(), "05");

    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    let mut line = Line::signed_on(&rig);
    let mut mall = Wire::signed_on(&rig, &MALL);
    assert_eq!(line.announce(&wallet, &MALL, "C-3", 100).code(), "00");
    assert_eq!(mall.ask(&never_came[1]).code(), "05", "after a crash");
    // The mall first, then the payer.
    mall.send(&never_came[2].frame());
    mall.has_been_read(&MALL);
    assert_eq!(line.announce(&wallet, &MALL, "C-4", 100).code(), "00");
    assert_eq!(mall.answer().code(), "05", "the mall first, after a crash");
    assert_eq!(line.balance(&wallet), (10_000, 10_000));

    // Another purchase of the same order is none that was reversed.
    for order in ["C-1", "C-2", "C-3", "C-4"] {
        let bought = mall.ask(&order_purchase(&MALL, order, 100));
        assert_eq!(bought.code(), "00", "{order}: {}", bought.reason());
    }
    assert_eq!(line.balance(&wallet), (9_600, 9_600));
}
