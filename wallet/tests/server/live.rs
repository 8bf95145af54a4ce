//! What happens while a page is open: notices of the switch, lost lines, sessions that end.

use std::sync::atomic::Ordering;

use crate::fake::World;
use tessera_protocol::leased::{EventKind, Operation};

const PASSWORD: &str = "correct horse";

/// Puts 100.00 in, and holds a part of it.
pub fn spend(world: &World, client: &str, amount: u64) {
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(client);
        wallet.available += 10_000;
        wallet.row(1, EventKind::Held, "P00000000001", amount);
        wallet.available -= amount;
        wallet.held += amount;
        number
    });
}

/// Waits for a condition that another thread brings about.
pub fn until(what: &str, condition: impl Fn() -> bool) {
    let end = std::time::Instant::now() + crate::fake::PATIENCE;
    while !condition() {
        assert!(std::time::Instant::now() < end, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_page_follows_its_wallet_and_many_pages_share_one_watch() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    let (head, mut first) = browser.events("/live");
    assert_eq!(head.header("content-type"), "text/event-stream");
    assert_eq!(first.next()["available"], "$0.00");
    let (_, mut second) = browser.events("/live");
    second.next();
    until("watched", || world.switch.count(Operation::Watch) == 1);
    spend(&world, &client, 1_999);
    for events in [&mut first, &mut second] {
        let event = loop {
            let event = events.next();
            if event["available"] != "$0.00" {
                break event;
            }
        };
        assert_eq!(event["available"], "$80.01");
        assert!(event["held"].as_str().unwrap().contains("19.99"));
    }
    assert_eq!(world.switch.count(Operation::Watch), 1);
}

#[test]
fn a_lost_line_is_watched_again_and_missed_changes_are_sent() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    let (_, mut events) = browser.events("/live");
    events.next();
    until("watched", || world.switch.count(Operation::Watch) == 1);
    world.switch.cut_all();
    spend(&world, &client, 100);
    let event = loop {
        let event = events.next();
        if event["available"] != "$0.00" {
            break event;
        }
    };
    assert_eq!(event["available"], "$99.00");
    until("watched again", || {
        world.switch.count(Operation::Watch) >= 2
    });
}

/// The line is gone, the server is there: the page must not say that it is up to date.
#[test]
fn a_page_learns_that_nobody_knows_how_its_wallet_is() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    let (_, mut events) = browser.events("/live");
    events.next();
    until("watched", || world.switch.count(Operation::Watch) == 1);
    events.wait_for("alive");
    world.switch.closed.store(true, Ordering::Relaxed);
    world.switch.cut_all();
    events.wait_for("stale");
    events.wait_for("alive");
    spend(&world, &client, 100);
    world.switch.closed.store(false, Ordering::Relaxed);
    while events.next()["available"] != "$99.00" {}
}

#[test]
fn the_watch_ends_with_the_session() {
    let world = World::start();
    let (mut browser, _) = world.member(PASSWORD);
    let (_, mut events) = browser.events("/live");
    events.next();
    until("watched", || world.switch.count(Operation::Watch) == 1);
    browser.get("/home");
    browser.send("/sign-out", "sign-out", &[]);
    assert!(events.rest().contains("event: ended"));
    until("unwatched", || world.switch.count(Operation::Unwatch) == 1);
    assert_eq!(browser.get("/live").status, 303);
}

#[test]
fn a_session_that_was_ended_elsewhere_gets_no_more_events_and_others_do() {
    let world = World::start();
    let (mut lost, client) = world.member(PASSWORD);
    let mut kept = world.browser();
    kept.get("/sign-in");
    let fields = [("client", client.as_str()), ("password", PASSWORD)];
    kept.send("/sign-in", "sign-in", &fields);
    let (_, mut of_lost) = lost.events("/live");
    let (_, mut of_kept) = kept.events("/live");
    of_lost.next();
    of_kept.next();
    until("watched", || world.switch.count(Operation::Watch) == 1);
    // As another wallet server would: this one only gets the notice.
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(&client);
        wallet.sessions.remove(0);
        wallet.available = 7_700;
        number
    });
    let rest = of_lost.rest();
    assert!(
        rest.contains("event: ended") && !rest.contains("77.00"),
        "{rest}"
    );
    while of_kept.next()["available"] != "$77.00" {}
    assert_eq!(lost.get("/live").status, 303);
}

#[test]
fn who_makes_up_a_session_ends_no_view_of_its_wallet() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    let (_, mut events) = browser.events("/live");
    events.next();
    until("watched", || world.switch.count(Operation::Watch) == 1);
    let wallet = world.switch.wallets.lock().unwrap().of(&client).0;
    let mut forger = world.browser();
    let made_up = format!("{wallet:016x}{}", "0".repeat(48));
    forger.cookies.insert("__Host-tessera".into(), made_up);
    forger.get("/help");
    assert_eq!(forger.send("/sign-out", "sign-out", &[]).status, 303);
    spend(&world, &client, 100);
    while events.next()["available"] != "$99.00" {}
    assert_eq!(world.switch.count(Operation::Watch), 1);
}
