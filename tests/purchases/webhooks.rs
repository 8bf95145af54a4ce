//! Webhooks: what a mall's server gets of its orders, whatever fails between.

use std::collections::BTreeSet;

use tessera_protocol::OrderKey;

use crate::rig::hooks::{Came, Shop, with_webhook};
use crate::rig::leased::Line;
use crate::rig::wait_for;
use crate::rig::wire::{MALL, Wire, order_purchase, refund, reversal};

fn key(order: &str) -> String {
    let key = OrderKey::of(MALL.acceptor.as_bytes(), order.as_bytes()).0;
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_mall_is_notified_of_what_becomes_of_its_orders_and_of_nothing_about_the_payer() {
    let shop = Shop::open();
    let rig = with_webhook(&shop, &[("order_valid_for", "\"4s\"")]);
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(100_000);
    let mut mall = Wire::signed_on(&rig, &MALL);
    for order in ["W-1", "W-2", "W-3"] {
        assert_eq!(line.announce(&wallet, &MALL, order, 700).code(), "00");
    }
    let bought = order_purchase(&MALL, "W-1", 700);
    let approved = mall.ask(&bought);
    assert_eq!(approved.code(), "00", "{}", approved.reason());
    let came = shop.wait_for(1);
    assert_eq!(came[0].what(), ("payment.approved".into(), key("W-1"), 700));
    let data = came[0].event["data"].as_object().expect("data");
    let names: BTreeSet<_> = data.keys().map(String::as_str).collect();
    let expected = [
        "acceptor",
        "amount",
        "authorization",
        "currency",
        "order_key",
        "party",
        "reference",
        "request_amount",
        "terminal",
        "trace",
        "transmission",
    ];
    assert_eq!(
        names,
        BTreeSet::from(expected),
        "and nothing about the payer"
    );
    assert_eq!(data["reference"], approved.text(37).as_str());
    assert_eq!(data["authorization"], approved.text(38).as_str());
    assert_eq!(data["trace"], approved.digits(11).as_str());
    assert!(came[0].head.starts_with("POST /hooks?of=tessera HTTP/1.1"));
    assert_eq!(came[0].header("content-type"), "application/json");
    assert!(came[0].header("webhook-signature").starts_with("v1,"));

    assert_eq!(mall.ask(&refund(&bought, 200)).code(), "00");
    shop.wait_for(2);
    let undone = order_purchase(&MALL, "W-2", 700);
    assert_eq!(mall.ask(&undone).code(), "00");
    shop.wait_for(3);
    assert_eq!(mall.ask(&reversal("0420", &undone)).code(), "00");
    // Declined ones are answered, and nothing else.
    assert_eq!(mall.ask(&order_purchase(&MALL, "W-3", 701)).code(), "13");
    let mut rest: Vec<_> = shop.wait_for(6)[1..].iter().map(Came::what).collect();
    rest.sort();
    let expected = [
        ("order.expired", "W-2", 700),
        ("order.expired", "W-3", 700),
        ("payment.approved", "W-2", 700),
        ("payment.refunded", "W-1", 200),
        ("payment.reversed", "W-2", 700),
    ];
    let mut expected = expected.map(|(what, order, amount)| (what.into(), key(order), amount));
    expected.sort();
    assert_eq!(rest, expected);
    let ids: BTreeSet<_> = shop.came().iter().map(Came::id).collect();
    assert_eq!(ids.len(), 6);
    assert_eq!(
        rig.figure("tessera_webhooks_total{result=\"sent\"}"),
        Some(6.0)
    );
}

#[test]
fn what_is_not_taken_comes_again_with_the_same_id_over_kills_and_redirects_are_not_followed() {
    let shop = Shop::open();
    shop.will_answer(&["500 Internal Server Error", "302 Found"]);
    let mut rig = with_webhook(&shop, &[]);
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(100_000);
    let mut mall = Wire::signed_on(&rig, &MALL);
    assert_eq!(line.announce(&wallet, &MALL, "K-1", 700).code(), "00");
    assert_eq!(mall.ask(&order_purchase(&MALL, "K-1", 700)).code(), "00");
    shop.wait_for(1);
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    let came = shop.wait_for(3);
    let ids: BTreeSet<_> = came.iter().map(Came::id).collect();
    assert_eq!(ids.len(), 1, "{came:?}");
    assert!(came.iter().all(|came| came.head.starts_with("POST /hooks")));
    let events: BTreeSet<_> = came.iter().map(|came| came.event.to_string()).collect();
    assert_eq!(events.len(), 1);
    wait_for("the event to be taken", || {
        rig.figure("tessera_webhooks_waiting{party=\"Teacup & Co\"}") == Some(0.0)
    });
}
