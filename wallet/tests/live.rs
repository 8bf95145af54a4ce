//! What happens while a page is open: notices of the switch, lost lines, sessions that end.

mod fake;

use fake::World;
use tessera_protocol::leased::{EventKind, Operation};

const PASSWORD: &str = "correct horse";

fn spend(world: &World, client: &str, amount: u64) {
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
fn until(what: &str, condition: impl Fn() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
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
    assert_eq!(first.next()["available"], "0.00\u{a0}USD");
    let (_, mut second) = browser.events("/live");
    second.next();
    until("watched", || world.switch.count(Operation::Watch) == 1);
    spend(&world, &client, 1_999);
    for events in [&mut first, &mut second] {
        let told = loop {
            let told = events.next();
            if told["available"] != "0.00\u{a0}USD" {
                break told;
            }
        };
        assert_eq!(told["available"], "80.01\u{a0}USD");
        assert!(told["held"].as_str().unwrap().contains("19.99"));
    }
    assert_eq!(world.switch.count(Operation::Watch), 1);
}

#[test]
fn a_lost_line_is_watched_again_and_what_was_missed_is_told() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    let (_, mut events) = browser.events("/live");
    events.next();
    until("watched", || world.switch.count(Operation::Watch) == 1);
    world.switch.cut_all();
    spend(&world, &client, 100);
    let told = loop {
        let told = events.next();
        if told["available"] != "0.00\u{a0}USD" {
            break told;
        }
    };
    assert_eq!(told["available"], "99.00\u{a0}USD");
    until("watched again", || {
        world.switch.count(Operation::Watch) >= 2
    });
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
    until("unwatched", || world.switch.count(Operation::Unwatch) == 1);
    assert_eq!(browser.get("/live").status, 303);
}
