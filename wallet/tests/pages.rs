//! The pages over HTTP, with a switch in memory behind the real line.

mod fake;

use std::sync::atomic::Ordering;

use fake::World;
use tessera_protocol::leased::{EventKind, Operation};

const PASSWORD: &str = "correct horse";

#[test]
fn a_wallet_is_opened_and_its_number_shown_once() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    assert_eq!(client.len(), 15);
    let home = browser.get("/home");
    assert_eq!(home.status, 200, "{}", home.body);
    assert_eq!(home.text_of("available"), "0.00\u{a0}USD");
    for path in ["/home", "/card", "/money", "/limits", "/notifications", "/sessions", "/transactions", "/help", "/program"] {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains(&client), "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
    }
    // Loaded again, the same form opens no second wallet.
    let again = browser.send("/register", "register", &[("password", PASSWORD), ("again", PASSWORD)]);
    assert_eq!(again.status, 200);
    assert_eq!(world.switch.count(Operation::Register), 2);
}

#[test]
fn a_drawn_password_is_shown_and_opens_the_wallet() {
    let world = World::start();
    let mut browser = world.browser();
    browser.get("/register");
    let shown = browser.send("/register", "register-drawn", &[("drawn", "1")]);
    let (client, password) = (shown.text_of("client-number"), shown.text_of("drawn-password"));
    let mut other = world.browser();
    other.get("/sign-in");
    let answer = other.send("/sign-in", "sign-in", &[("client", &client), ("password", &password)]);
    assert_eq!((answer.status, answer.header("location")), (303, "/home"));
}

#[test]
fn the_cookie_is_this_hosts_alone() {
    let world = World::start();
    let mut browser = world.browser();
    browser.get("/register");
    let answer = browser.send("/register", "register", &[("password", PASSWORD), ("again", PASSWORD)]);
    let cookie = answer.headers.iter().find(|(name, value)| name == "set-cookie" && value.starts_with("__Host-tessera="));
    let cookie = &cookie.unwrap().1;
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
}
