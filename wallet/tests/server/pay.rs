//! The pay window, and the extension's interface.

use crate::fake::browser::Answer;
use crate::fake::wallets::Wallet;
use crate::fake::{Browser, MALL, World};
use tessera_protocol::leased::{EventKind, Limits, Operation};

const PASSWORD: &str = "correct horse";
const LINES: &str = r#"[{"text":"<i>Cup</i>","amount":1500},{"text":"Saucer","amount":499}]"#;

fn purchase(order: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("mall", "MALL-0001"),
        ("order", order),
        ("amount", "1999"),
        ("currency", "USD"),
        ("lines", LINES),
    ]
}

/// A member with money.
fn rich(world: &World) -> (Browser, String) {
    let (browser, client) = world.member(PASSWORD);
    turn(world, &client, |wallet| wallet.available = 5_000);
    (browser, client)
}

/// Opens the window as our own script does after the handshake.
fn open(browser: &mut Browser, order: &'static str) -> Answer {
    let mut fields = purchase(order);
    fields.push(("origin", MALL));
    let answer = browser.send("/pay/open", "", &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let location = answer.header("location").to_owned();
    browser.get(&location)
}

/// Opens it for another amount than the others are about.
fn open_for(browser: &mut Browser, order: &'static str, amount: &'static str) -> Answer {
    let fields = [
        ("mall", "MALL-0001"),
        ("order", order),
        ("amount", amount),
        ("currency", "USD"),
        ("origin", MALL),
    ];
    let answer = browser.send("/pay/open", "", &fields);
    browser.get(answer.header("location"))
}

/// Opens the window without a popup, as a form of the mall's page does.
fn open_page(browser: &mut Browser, order: &'static str) -> Answer {
    let mut fields = purchase(order);
    fields.push(("return_url", "http://127.0.0.1:8081/done"));
    let answer = browser.post("/pay", &[("Origin", MALL)], &fields);
    browser.get(answer.header("location"))
}

fn press(browser: &mut Browser, page: &Answer, path: &str) -> Answer {
    let action = page.action(path);
    browser.send(&action, "", &[("name", "")])
}

/// Agrees; where the window goes then.
fn agree(browser: &mut Browser, page: &Answer) -> String {
    let answer = press(browser, page, "/pay/agree");
    answer.header("location").to_owned()
}

/// Changes a payer's wallet, as the mall or the switch would.
fn turn(world: &World, client: &str, change: impl FnOnce(&mut Wallet)) {
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(client);
        change(wallet);
        number
    });
}

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
fn an_unregistered_mall_is_refused() {
    let world = World::start();
    let (mut browser, _) = rich(&world);
    let from = |browser: &mut Browser, headers: &[(&str, &str)]| {
        browser.post("/pay", headers, &purchase("ORDER-3"))
    };
    assert_eq!(
        from(&mut browser, &[("Origin", "https://evil.example")]).status,
        403
    );
    assert_eq!(from(&mut browser, &[("Origin", "null")]).status, 403);
    assert_eq!(from(&mut browser, &[]).status, 403);
    assert_eq!(
        browser
            .get("/pay?mall=MALL-0001&order=O&amount=1&currency=840")
            .status,
        403
    );
    assert_eq!(browser.get("/pay?mall=MALL-9999").status, 403);
    // The route of our own script refuses other pages.
    let mut fields = purchase("ORDER-3");
    fields.push(("origin", MALL));
    assert_eq!(
        browser
            .post("/pay/open", &[("Origin", MALL)], &fields)
            .status,
        403
    );
    // An address that somebody made up, or changed.
    let good = browser.post("/pay", &[("Origin", MALL)], &purchase("ORDER-3"));
    let location = good.header("location").to_owned();
    assert_eq!(browser.get(&location).status, 200);
    assert_eq!(browser.get(&location.replace("1999", "2999")).status, 403);
    let mut other = world.browser();
    other
        .cookies
        .insert("__Host-tessera-pay".into(), "0".repeat(32));
    assert_eq!(other.get(&location).status, 403);
}

#[test]
fn without_a_popup_the_payer_is_led_back() {
    let world = World::start();
    let (_, client) = rich(&world);
    let mut browser = world.browser();
    let mut fields = purchase("ORDER-4");
    fields.push(("return_url", "http://127.0.0.1:8081/done"));
    let opened = browser.post(
        "/pay",
        &[("Origin", MALL), ("Sec-Fetch-Site", "cross-site")],
        &fields,
    );
    let location = opened.header("location").to_owned();
    let page = browser.get(&location);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains(&format!("form-action 'self' {MALL}")),
        "{policy}"
    );
    assert_eq!(page.header("cross-origin-opener-policy"), "unsafe-none");
    let enter = page.action("/pay/sign-in");
    let wrong = [("client", client.as_str()), ("password", "not it at all")];
    assert_eq!(browser.send(&enter, "sign-in", &wrong).status, 422);
    let right = [("client", client.as_str()), ("password", PASSWORD)];
    let review = browser
        .send(&enter, "sign-in", &right)
        .header("location")
        .to_owned();
    let page = browser.get(&review);
    assert_eq!(
        agree(&mut browser, &page),
        "http://127.0.0.1:8081/done?tessera=agreed&order=ORDER-4"
    );
    fields.pop();
    fields.push(("return_url", "https://evil.example/done"));
    assert_eq!(
        browser.post("/pay", &[("Origin", MALL)], &fields).status,
        403
    );
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
fn a_payer_who_comes_back_to_the_window_finds_the_way_to_the_mall() {
    let world = World::start();
    let (mut browser, _) = rich(&world);
    let page = open_page(&mut browser, "ORDER-10");
    // The way back is lost, and the page loaded again.
    agree(&mut browser, &page);
    let again = open_page(&mut browser, "ORDER-10");
    let status = again.header("location").to_owned();
    assert!(status.starts_with("/pay/status?"), "{}", again.body);
    let page = browser.get(&status);
    assert!(
        page.body
            .contains("href=\"http://127.0.0.1:8081/done?tessera=agreed&amp;order=ORDER-10\""),
        "{}",
        page.body
    );
    assert!(
        page.body
            .contains("<noscript><meta http-equiv=\"refresh\" content=\"5; url=/pay/status?")
    );
    let cancelled = press(&mut browser, &page, "/pay/cancel");
    assert_eq!(
        cancelled.header("location"),
        "http://127.0.0.1:8081/done?tessera=cancelled&order=ORDER-10"
    );
    assert_eq!(world.switch.count(Operation::CancelOrder), 1);
}

#[test]
fn a_session_that_ends_takes_no_purchase_with_it() {
    let world = World::start();
    let (mut browser, client) = rich(&world);
    let page = open_page(&mut browser, "ORDER-11");
    // Another page has noticed it, or none has.
    let session = browser.cookies.remove("__Host-tessera").unwrap();
    let asked_again = agree(&mut browser, &page);
    assert!(asked_again.starts_with("/pay/review?"), "{asked_again}");
    browser.cookies.insert("__Host-tessera".into(), session);
    turn(&world, &client, |wallet| wallet.sessions.clear());
    assert_eq!(agree(&mut browser, &page), asked_again);
    let page = browser.get(&asked_again);
    let credentials = [("client", client.as_str()), ("password", PASSWORD)];
    let enter = page.action("/pay/sign-in");
    let review = browser.send(&enter, "sign-in", &credentials);
    let page = browser.get(review.header("location"));
    assert!(agree(&mut browser, &page).contains("tessera=agreed"));

    // The result can be read after signing in again, and the script gets that message.
    let again = open_page(&mut browser, "ORDER-11");
    let status = again.header("location").to_owned();
    browser.cookies.remove("__Host-tessera");
    let asked_again = browser.get(&status).header("location").to_owned();
    assert!(asked_again.starts_with("/pay/review?"), "{asked_again}");
    let poll = status.replace("/pay/status", "/pay/state");
    assert!(browser.get(&poll).body.contains("\"ended\""));
    // An agreement is not taken back by somebody who is not signed in.
    let page = browser.get(&asked_again);
    let back = press(&mut browser, &page, "/pay/cancel");
    assert_eq!(back.header("location"), asked_again);
    assert_eq!(world.switch.count(Operation::CancelOrder), 0);
}

#[test]
fn a_payer_who_is_not_signed_in_can_go_back_too() {
    let world = World::start();
    let mut browser = world.browser();
    let page = open_page(&mut browser, "ORDER-12");
    let back = press(&mut browser, &page, "/pay/cancel");
    assert_eq!(
        back.header("location"),
        "http://127.0.0.1:8081/done?tessera=cancelled&order=ORDER-12"
    );
    let mut fields = purchase("ORDER-13");
    fields.push(("origin", MALL));
    let opened = browser.send("/pay/open", "", &fields);
    let page = browser.get(opened.header("location"));
    let status = press(&mut browser, &page, "/pay/cancel");
    let page = browser.get(status.header("location"));
    assert!(page.body.contains("data-state=\"cancelled\""));
}

#[test]
fn a_mall_holds_the_window_in_a_frame_only_where_it_may() {
    let in_frame = |world: &World| {
        let (mut browser, _) = rich(world);
        let page = open(&mut browser, "ORDER-14");
        let token = browser.token.clone();
        let headers = [
            ("Origin", world.origin.as_str()),
            ("Sec-Fetch-Site", "same-origin"),
            ("Sec-Fetch-Dest", "iframe"),
        ];
        let agree = page.action("/pay/agree");
        let agreed = browser.post(&agree, &headers, &[("form_token", &token)]);
        let policy = page.header("content-security-policy").to_owned();
        (policy, agreed.status)
    };
    let world = World::start();
    let (policy, status) = in_frame(&world);
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(status, 403);
    assert_eq!(world.switch.count(Operation::AnnounceOrder), 0);

    let world = World::with(|settings| {
        settings.malls[0].frames = true;
        let mut other = settings.malls[0].clone();
        (other.acceptor, other.origins) = ("MALL-0002".into(), vec!["http://127.0.0.1:1".into()]);
        settings.malls.push(other);
    });
    let (policy, status) = in_frame(&world);
    // The mall that asks, and no other.
    assert!(
        policy.contains(&format!("frame-ancestors {MALL};")),
        "{policy}"
    );
    assert!(!policy.contains("127.0.0.1:1 ") && !policy.contains("127.0.0.1:1;"));
    assert_eq!(status, 303);
    // Nor is any page framed that no mall has asked for.
    let page = world.browser().get("/pay/review");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
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

#[test]
fn the_extension_draws_numbers() {
    let world = World::start();
    let (_, client) = world.member(PASSWORD);
    let mut extension = world.browser();
    let origin = "chrome-extension://abcdefghijklmnop";
    let mut ask = |path: &str, origin: &str, bearer: &str, body: &str| {
        let bearer = format!("Bearer {bearer}");
        let headers = [
            ("Content-Type", "application/json"),
            ("Origin", origin),
            ("Authorization", bearer.as_str()),
        ];
        let answer = extension.request("POST", path, &headers, body);
        let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, json)
    };
    let credentials = format!(r#"{{"client":"{client}","password":"{PASSWORD}"}}"#);
    let (status, _) = ask(
        "/extension/v1/session",
        "http://127.0.0.1:8081",
        "",
        &credentials,
    );
    assert_eq!(status, 403);
    let wrong = credentials.replace(PASSWORD, "not the password");
    let (status, body) = ask("/extension/v1/session", origin, "", &wrong);
    assert_eq!((status, body["error"].as_str()), (401, Some("credentials")));
    let (status, opened) = ask("/extension/v1/session", origin, "", &credentials);
    assert_eq!(
        (status, opened["name"].as_str()),
        (200, Some("TESSERA PAYER"))
    );
    let session = opened["session"].as_str().unwrap();
    let (status, drawn) = ask(
        "/extension/v1/number",
        origin,
        session,
        r#"{"once":false,"limit":5000}"#,
    );
    assert_eq!(status, 200);
    assert_eq!(drawn["number"], "9900000000000042");
    assert_eq!(drawn["expiry"], "3112");
    assert_eq!(ask("/extension/v1/number", origin, session, "{}").0, 400);
    let nothing = r#"{"once":false,"limit":0}"#;
    assert_eq!(ask("/extension/v1/number", origin, session, nothing).0, 400);
    let (status, balance) = ask("/extension/v1/balance", origin, session, "{}");
    let expected = serde_json::json!({ "available": "0.00", "currency": "USD", "frozen": false });
    assert_eq!((status, balance), (200, expected));
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(&client);
        (wallet.available, wallet.frozen) = (123_450, true);
        number
    });
    let (_, balance) = ask("/extension/v1/balance", origin, session, "{}");
    assert_eq!(balance["available"], "1234.50");
    assert_eq!(balance["frozen"], true);
    let page = "http://127.0.0.1:8081";
    assert_eq!(ask("/extension/v1/balance", page, session, "{}").0, 403);
    assert_eq!(ask("/extension/v1/sign-out", origin, session, "{}").0, 200);
    let (status, body) = ask("/extension/v1/balance", origin, session, "{}");
    assert_eq!((status, body["error"].as_str()), (401, Some("session")));
    let (status, body) = ask("/extension/v1/number", origin, session, r#"{"once":true}"#);
    assert_eq!((status, body["error"].as_str()), (401, Some("session")));
    assert!(extension.cookies.is_empty());
}

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
