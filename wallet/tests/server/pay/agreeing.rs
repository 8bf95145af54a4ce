//! What a payer agrees to in the pay window, and what comes of it.

use super::{PASSWORD, agree, open, open_for, press, rich, turn};
use crate::fake::{MALL, World};
use tessera_protocol::leased::{EventKind, Operation};

#[test]
fn a_payer_agrees_and_gets_the_result() {
    let world = World::start();
    let (mut browser, client) = rich(&world);
    let page = open(&mut browser, "ORDER-1");
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("&lt;i&gt;Cup&lt;/i&gt;") && !page.body.contains("<i>"));
    assert_eq!(page.text_of("total"), "$19.99");
    assert_eq!(page.text_of("balance-after"), "$30.01");
    let agreed = press(&mut browser, &page, "/pay/agree");
    let status = agreed.header("location").to_owned();
    assert!(status.starts_with("/pay/status?"), "{}", agreed.body);
    assert!(browser.get(&status).body.contains("data-state=\"agreed\""));
    // A second window of the same order is led to the same place.
    let second = press(&mut browser, &page, "/pay/agree");
    assert!(second.header("location").starts_with("/pay/status?"));
    let query = status.split_once('?').unwrap().1.to_owned();
    let (_, mut events) = browser.events(&format!("/pay/live?{query}"));
    assert_eq!(events.next()["state"], "agreed");
    turn(&world, &client, |wallet| {
        wallet.decide_order("ORDER-1", "00");
    });
    while events.next()["state"] != "paid" {}
    let paid = browser.get(&status).body;
    assert!(paid.contains("data-state=\"paid\"") && paid.contains("data-final"));
    assert!(
        browser
            .get(&format!("/pay/state?{query}"))
            .body
            .contains("\"paid\"")
    );
    // The messages of the window to the mall's page do not identify the payer.
    assert!(!paid.contains(&client));
}

#[test]
fn a_decline_has_its_reason_in_words() {
    let world = World::start();
    let (mut browser, client) = rich(&world);
    let page = open(&mut browser, "ORDER-2");
    let status = press(&mut browser, &page, "/pay/agree")
        .header("location")
        .to_owned();
    turn(&world, &client, |wallet| {
        wallet.decide_order("ORDER-2", "91");
    });
    let page = browser.get(&status).body;
    assert!(page.contains("data-state=\"declined\""), "{page}");
    assert!(page.contains("the bank did not answer"));
    assert!(page.contains("<div role=\"status\"><h1>Declined</h1></div>"));

    // The mall opens its window again: it says so, and the payer may agree once more.
    let page = open(&mut browser, "ORDER-2");
    let says = "The last try was declined: the bank did not answer. Nothing was paid, and you may agree again.";
    assert!(page.body.contains(says), "{}", page.body);
    let status = agree(&mut browser, &page);
    let page = browser.get(&status).body;
    assert!(page.contains("data-state=\"agreed\""), "{page}");
}

#[test]
fn what_was_agreed_to_is_shown_and_no_other_amount() {
    let world = World::start();
    let (mut browser, client) = rich(&world);
    let page = open(&mut browser, "ORDER-6");
    let second = open_for(&mut browser, "ORDER-6", "999");
    let status = agree(&mut browser, &page);
    // Agreed to at once in another window, opened again, with another amount.
    let refused = press(&mut browser, &second, "/pay/agree");
    for answer in [refused, open_for(&mut browser, "ORDER-6", "999")] {
        assert_eq!(answer.status, 403);
        assert!(answer.body.contains("not what you agreed to"));
        assert!(!answer.body.contains("9.99") && !answer.body.contains("pay-state"));
    }
    // Another agreement takes the place of one that is over.
    turn(&world, &client, |wallet| {
        wallet.turn_order("ORDER-6", "expired");
    });
    let page = open_for(&mut browser, "ORDER-6", "999");
    let other = agree(&mut browser, &page);
    assert!(browser.get(&other).body.contains("9.99"));
    let old = browser.get(&status);
    assert_eq!(old.status, 403);
    assert!(old.body.contains("not what you agreed to"));
    let poll = status.replace("/pay/status", "/pay/state");
    assert!(browser.get(&poll).body.contains("\"other\""));
}

#[test]
fn an_agreement_that_is_over_can_be_given_again() {
    let world = World::start();
    let (mut browser, client) = rich(&world);
    for state in ["expired", "cancelled"] {
        let page = open(&mut browser, "ORDER-7");
        let status = agree(&mut browser, &page);
        assert!(browser.get(&status).body.contains("data-state=\"agreed\""));
        turn(&world, &client, |wallet| {
            wallet.turn_order("ORDER-7", state);
        });
        let page = browser.get(&status).body;
        assert!(page.contains(&format!("data-state=\"{state}\"")), "{page}");
    }
}

#[test]
fn a_decline_belongs_to_its_own_order_and_agreement() {
    let world = World::start();
    let (mut browser, client) = rich(&world);
    let mut agreed = |order| {
        let page = open(&mut browser, order);
        agree(&mut browser, &page)
    };
    // The same goods, twice.
    let (first, second) = (agreed("ORDER-8"), agreed("ORDER-9"));
    turn(&world, &client, |wallet| {
        wallet.decide_order("ORDER-9", "91");
        // More than the switch sends at once.
        for _ in 0..9 {
            wallet.row(1_795_000_600_000, EventKind::SignedIn, "", 0);
        }
    });
    assert!(browser.get(&first).body.contains("data-state=\"agreed\""));
    assert!(
        browser
            .get(&second)
            .body
            .contains("data-state=\"declined\"")
    );
    // The decline of an agreement that is over is none of the next one.
    turn(&world, &client, |wallet| {
        wallet.decide_order("ORDER-9", "91");
        wallet.turn_order("ORDER-9", "expired");
    });
    let page = open(&mut browser, "ORDER-9");
    let again = agree(&mut browser, &page);
    assert!(browser.get(&again).body.contains("data-state=\"agreed\""));
}

#[test]
fn a_payer_who_cancels_has_paid_nothing() {
    let world = World::start();
    let (mut browser, _) = rich(&world);
    let page = open(&mut browser, "ORDER-5");
    let status = press(&mut browser, &page, "/pay/cancel")
        .header("location")
        .to_owned();
    assert!(
        browser
            .get(&status)
            .body
            .contains("data-state=\"cancelled\"")
    );
    assert_eq!(world.switch.count(Operation::AnnounceOrder), 0);
}

#[test]
fn the_longest_basket_that_malls_may_show_is_paid_cancelled_and_signed_in_for() {
    let world = World::start();
    let (mut browser, client) = rich(&world);
    // 80 characters that take 4 bytes each, which JSON may write with 12.
    let text = "\u{20000}".repeat(80);
    let lines: Vec<_> = (0..30)
        .map(|_| serde_json::json!({ "text": text, "amount": 1 }))
        .collect();
    let lines = serde_json::to_string(&lines).unwrap();
    let escaped = lines.replace('\u{20000}', "\\ud840\\udc00");
    let order = "O".repeat(32);
    let return_url = format!("{MALL}/done?{}", "x".repeat(1_000));
    let fields = |lines| {
        [
            ("mall", "MALL-0001"),
            ("order", order.as_str()),
            ("amount", "30"),
            ("currency", "USD"),
            ("lines", lines),
            ("return_url", return_url.as_str()),
        ]
    };
    let mut locations = Vec::new();
    for lines in [&lines, &escaped] {
        let opened = browser.post("/pay", &[("Origin", MALL)], &fields(lines));
        assert_eq!(opened.status, 303, "{}", opened.body);
        locations.push(opened.header("location").to_owned());
    }
    assert_eq!(locations[0], locations[1]);
    let by_link = {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields(&lines));
        format!("/pay?{}", query.finish())
    };
    let referrer = format!("{MALL}/cart");
    let opened = browser.request("GET", &by_link, &[("Referer", &referrer)], "");
    assert_eq!(opened.header("location"), locations[0]);
    let page = browser.get(&locations[0]);
    assert!(page.body.contains(&text), "{}", page.status);
    let cancelled = press(&mut browser, &page, "/pay/cancel");
    assert!(cancelled.header("location").contains("tessera=cancelled"));
    let session = browser.cookies.remove("__Host-tessera").unwrap();
    let sign_in = browser.get(&locations[0]);
    let credentials = [("client", client.as_str()), ("password", PASSWORD)];
    let signed_in = browser.send(&sign_in.action("/pay/sign-in"), "sign-in", &credentials);
    assert_eq!(signed_in.header("location"), locations[0]);
    browser.cookies.insert("__Host-tessera".into(), session);
    let page = browser.get(&locations[0]);
    let agreed = press(&mut browser, &page, "/pay/agree");
    assert!(agreed.header("location").contains("tessera=agreed"));
    // Nowhere else is a form that long.
    let long = browser.send("/limits/freeze", "freeze", &[("more", &lines)]);
    assert_eq!(long.status, 413);
}
