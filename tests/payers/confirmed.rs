//! What the affiliated shop shows of an order from the switch's webhooks: real switch, real shop.

use std::net::SocketAddr;

use crate::rig::hooks::notify;
use crate::rig::leased::Line;
use crate::rig::shop::{Shops, get, post, post_form, post_json};
use crate::rig::wait_for;
use crate::rig::wire::{MALL, rig_with, started};

/// What the shipped profile of the shop's party and the shipped shop have.
const SECRET: &str = "whsec_dGVhY3VwLWRldmVsb3BtZW50LXdlYmhvb2sta2V5";

const EVENTS: &str = "/tessera/events";

/// Orders a tin of tea, and agrees to it.
fn agreed(shop: SocketAddr, line: &mut Line, wallet: &str) -> String {
    let basket = post_form(shop, "/basket", "", "good=assam&add=1").cookie;
    let placed = post_form(shop, "/orders", &format!("cookie: {basket}\r\n"), "");
    let order = placed.location.strip_prefix("/orders/").expect("an order");
    let order = order.trim_end_matches("/pay").to_owned();
    let amount = get(shop, &format!("/orders/{order}/state"), "").value("amount");
    let amount = amount.parse().expect("minor units");
    assert_eq!(line.announce(wallet, &MALL, &order, amount).code(), "00");
    order
}

/// Waits until the page of an order says this.
fn wait_for_text(shop: SocketAddr, order: &str, text: &str) {
    wait_for(text, || {
        get(shop, &format!("/orders/{order}"), "")
            .text
            .contains(text)
    });
}

/// Headers and body of the first event that the shop was sent.
fn first_event(captured: &str) -> (String, String) {
    let (_, rest) = captured
        .split_once(&format!("POST {EVENTS} HTTP/1.1\n"))
        .expect("an event");
    let (head, rest) = rest.split_once("\n\n").expect("a head");
    let body = rest.lines().next().expect("a body").to_owned();
    let headers = head
        .lines()
        .filter(|line| line.starts_with("webhook-"))
        .map(|line| format!("{line}\r\n"));
    (headers.collect(), body)
}

#[test]
fn the_page_of_an_order_says_what_the_switch_has_confirmed() {
    let rig = rig_with(0, 0, &[("order_valid_for", "\"4s\"")]);
    let shops = Shops::start(&rig, &[]);
    let shop = shops.affiliated;
    notify(
        &rig.path("parties/teacup.toml"),
        &format!("http://{shop}{EVENTS}"),
        SECRET,
    );
    let mut rig = started(rig, &[]);
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(100_000);

    // Agreed to, and then the payer's browser never asks the shop to collect: nothing but the webhook says that it is over.
    let abandoned = agreed(shop, &mut line, &wallet);

    let paid = agreed(shop, &mut line, &wallet);
    let collected = post_json(shop, &format!("/orders/{paid}/collect"), "");
    assert_eq!(collected.value("status"), "paid", "{}", collected.text);
    wait_for_text(shop, &paid, " - confirmed by webhook at ");
    let form = "amount=5.00&refunds=0";
    post_form(shop, &format!("/clerk/{paid}/refund"), "", form);
    wait_for_text(shop, &paid, "5.00 USD refunded");

    let cancelled = agreed(shop, &mut line, &wallet);
    post_json(shop, &format!("/orders/{cancelled}/collect"), "");
    post_form(shop, &format!("/clerk/{cancelled}/cancel"), "", "");
    wait_for_text(shop, &cancelled, " USD reversed");
    wait_for_text(shop, &abandoned, "Your agreement in the wallet expired at ");

    // The same event once more, changed, and unsigned.
    let path = rig.path("data/shop/affiliated.capture");
    let captured = std::fs::read_to_string(path).expect("a file");
    let (headers, body) = first_event(&captured);
    let state = || get(shop, &format!("/orders/{paid}/state"), "").text;
    let before = state();
    assert_eq!(before.matches("\"what\":").count(), 2, "{before}");
    for _ in 0..2 {
        assert_eq!(post(shop, EVENTS, &headers, &body).status, 204);
    }
    let changed = body.replacen("\"amount\":", "\"amount\":1", 1);
    for (headers, body) in [(&*headers, &*changed), ("", &*body)] {
        assert_eq!(post(shop, EVENTS, headers, body).status, 401, "{body}");
    }
    assert_eq!(state(), before);
    let page = get(shop, &format!("/orders/{paid}"), "").text;
    assert_eq!(page.matches("USD refunded").count(), 1, "{page}");

    // They are on the disk.
    drop(shops);
    let shops = Shops::again(&rig);
    wait_for_text(shops.affiliated, &paid, "5.00 USD refunded");
    rig.stop_switch();
}
