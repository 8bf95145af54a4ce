//! What is in the way of a purchase in the pay window, and is put right in it.

use super::{PASSWORD, agree, open, open_page, press, rich, turn};
use crate::fake::World;
use tessera_protocol::leased::{EventKind, Limits, Operation};

#[test]
fn what_fails_in_the_window_may_be_tried_again_in_it() {
    let world = World::with(|settings| {
        settings.line.answer_within = std::time::Duration::from_secs(3);
    });
    let (mut browser, _) = rich(&world);
    *world.switch.silent_at.lock().unwrap() = Some((Operation::Overview, 0));
    let failed = open_page(&mut browser, "ORDER-11");
    assert_eq!(failed.status, 503);
    let (_, link) = failed
        .body
        .split_once("href=\"/pay/review?")
        .expect("a link");
    let (query, _) = link.split_once('"').expect("its end");
    let page = browser.get(&format!("/pay/review?{}", query.replace("&amp;", "&")));
    assert!(page.body.contains("ORDER-11"), "{}", page.body);
    agree(&mut browser, &page);
}

/// A frozen wallet, too little money, a limit: what can be put right is put right in the window.

#[test]
fn what_is_in_the_way_is_put_right_in_the_window() {
    let world = World::start();
    let (mut browser, client) = rich(&world);
    browser.get("/card");
    browser.send("/card/issue", "issue-card", &[]);
    turn(&world, &client, |wallet| {
        wallet.frozen = true;
        wallet.available = 500;
    });
    let page = open(&mut browser, "ORDER-20");
    assert!(page.body.contains("id=\"frozen\"") && !page.body.contains("/pay/agree"));
    // The password counts no longer.
    turn(&world, &client, |wallet| wallet.confirmed = None);
    let asked = press(&mut browser, &page, "/pay/unfreeze");
    assert!(
        asked.body.contains("id=\"unfreeze-password-error\""),
        "{}",
        asked.body
    );
    let unfreeze = asked.action("/pay/unfreeze");
    let wrong = [("password", "not the password")];
    let refused = browser.send(&unfreeze, "unfreeze", &wrong);
    assert!(refused.body.contains("The password is wrong"));
    let right = browser.send(&unfreeze, "unfreeze", &[("password", PASSWORD)]);
    let review = right.header("location").to_owned();
    assert!(review.starts_with("/pay/review?"), "{}", right.body);

    // Nothing to load from: that is another page.
    let page = browser.get(&review);
    assert!(page.body.contains("You need $14.99 more"), "{}", page.body);
    assert!(page.body.contains("href=\"/money\" target=\"_blank\""));
    browser.add_source("card", "4111111111111111", PASSWORD);
    let page = browser.get(&review);
    assert!(
        page.body
            .contains("name=\"amount\" type=\"text\" value=\"14.99\""),
        "{}",
        page.body
    );
    assert!(!page.body.contains("/pay/agree"));
    let (load, name) = (page.action("/pay/load"), page.hidden("name").unwrap());
    let little = [("source", "1"), ("amount", "0"), ("name", &*name)];
    let refused = browser.send(&load, "load", &little);
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("id=\"load-amount-error\"") && refused.body.contains("ORDER-20"));
    let missing = [("source", "1"), ("amount", "14.99"), ("name", &*name)];
    for _ in 0..2 {
        let loaded = browser.send(&load, "load", &missing);
        assert_eq!(loaded.header("location"), review, "{}", loaded.body);
    }
    turn(&world, &client, |wallet| {
        assert_eq!(wallet.available, 1_999)
    });
    let page = browser.get(&review);
    assert!(agree(&mut browser, &page).starts_with("/pay/status?"));
}

#[test]
fn a_limit_is_named_with_the_time_at_which_it_begins_anew() {
    let world = World::start();
    let (mut browser, client) = rich(&world);
    let mut shown = |own: [u64; 5], day: u64| {
        turn(&world, &client, |wallet| {
            wallet.limits = Limits::from_array(own);
            wallet.spent.day = day;
        });
        let page = open(&mut browser, "ORDER-21").body;
        assert_eq!(page.contains("/pay/agree"), !page.contains("id=\"limit\""));
        page
    };
    let page = shown([1_000, 0, 0, 0, 0], 0);
    assert!(
        page.contains("above your limit of $10.00 for one purchase"),
        "{page}"
    );
    assert!(page.contains("href=\"/limits\" target=\"_blank\"") && !page.contains("Begins anew"));
    let page = shown([0, 5_000, 0, 0, 0], 4_000);
    assert!(page.contains("your limit of $50.00 per day: $40.00 are spent today"));
    assert!(page.contains("Begins anew at <time datetime=\""), "{page}");
    // The operator's can't be changed.
    let page = shown([0; 5], 199_000);
    assert!(
        page.contains("the operator&#39;s limit of $2,000.00")
            || page.contains("the operator's limit of $2,000.00")
    );
    assert!(!page.contains("href=\"/limits\""));
    assert!(!shown([0; 5], 0).contains("id=\"limit\""));
}

/// The review page is shown anew when the wallet changes; the window's forms are no others'.

#[test]
fn the_review_follows_the_wallet_and_its_forms_are_the_windows() {
    let world = World::start();
    let (mut browser, client) = rich(&world);
    let page = open(&mut browser, "ORDER-22");
    assert!(page.body.contains("id=\"purchase\" data-live=\"/live\""));
    let (_, mut events) = browser.events("/live");
    let before = events.next();
    turn(&world, &client, |wallet| {
        wallet.row(1_795_000_600_000, EventKind::SignedIn, "", 0);
        wallet.available = 100;
    });
    loop {
        let state = events.next();
        let moved = state["position"] != before["position"];
        if moved && state["available"] == "$1.00" {
            break;
        }
    }
    for path in ["/pay/load", "/pay/unfreeze"] {
        let address = page.action("/pay/cancel").replace("/pay/cancel", path);
        let fields = [("source", "1"), ("amount", "5")];
        let framed = [
            ("Origin", &*world.origin),
            ("Sec-Fetch-Site", "same-origin"),
            ("Sec-Fetch-Dest", "iframe"),
        ];
        let token = browser.token.clone();
        let fields = [&fields[..], &[("form_token", &*token)]].concat();
        assert_eq!(
            browser.post(&address, &framed, &fields).status,
            403,
            "{path}"
        );
        let broken = address.replace("amount=1999", "amount=1");
        assert_eq!(browser.send(&broken, "", &[]).status, 403, "{path}");
    }
    assert_eq!(world.switch.count(Operation::Load), 0);
    assert_eq!(world.switch.count(Operation::Unfreeze), 0);
}
