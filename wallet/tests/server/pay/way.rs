//! How a payer comes from a mall to the pay window, and back to it.

use super::{PASSWORD, agree, open, open_page, press, purchase, rich, turn};
use crate::fake::{Browser, MALL, World};
use tessera_protocol::leased::Operation;

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
