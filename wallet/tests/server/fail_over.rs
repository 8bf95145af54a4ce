//! A switch of two nodes: the first one is lost, and the second one takes over at another address.

use std::sync::Arc;
use std::time::Duration;

use tessera_protocol::leased::Operation;

use crate::fake::line::{Life, Standby};
use crate::fake::{Browser, World};
use crate::live::{spend, until};

const PASSWORD: &str = "correct horse";

/// A wallet server that knows both nodes, the second of which refuses connections.
fn two_nodes() -> (World, Standby) {
    let standby = Standby::bind();
    let world = World::with(|settings| {
        let both = format!("{},{}", settings.line.address, standby.address);
        settings.line.address = both.parse().unwrap();
        settings.line.lines = 1;
        settings.line.silence = Duration::from_millis(400);
        settings.line.answer_within = crate::fake::PATIENCE;
        settings.line.reach_within = crate::fake::PATIENCE;
    });
    (world, standby)
}

/// The first node is lost with an answer that it owes, and the second one takes over.
fn an_operation_survives(life: Life) {
    let (world, standby) = two_nodes();
    let (mut browser, _) = world.member(PASSWORD);
    let switch = Arc::clone(&world.switch);
    *switch.silent_at.lock().unwrap() = Some((Operation::Overview, 0));
    let before = switch.count(Operation::Overview);
    let asking = std::thread::spawn(move || browser.get("/home"));
    until("asked", || {
        let asked = switch.count(Operation::Overview) > before;
        asked && switch.silent_at.lock().unwrap().is_none()
    });
    switch.life.send_replace(life);
    until("noticed", || !is_up(&world));
    switch.take_over(standby);
    let page = asking.join().unwrap();
    assert_eq!(page.status, 200, "{}", page.body);
    let received = switch.received.lock().unwrap();
    let asked: Vec<_> = received
        .iter()
        .filter(|one| one.operation == Operation::Overview)
        .collect();
    let [.., first, second] = asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(first.name, second.name);
    assert_eq!((first.repeat, second.repeat), (false, true));
}

fn is_up(world: &World) -> bool {
    Browser::new(world.metrics, "").get("/health").status == 200
}

#[test]
fn an_operation_is_sent_again_to_the_node_that_takes_over() {
    an_operation_survives(Life::Gone);
}

#[test]
fn a_node_that_is_silent_is_given_up() {
    an_operation_survives(Life::Hung);
}

#[test]
fn a_page_goes_on_after_a_take_over() {
    let (world, standby) = two_nodes();
    let (mut browser, client) = world.member(PASSWORD);
    let (_, mut events) = browser.events("/live");
    events.next();
    until("watched", || world.switch.count(Operation::Watch) == 1);
    world.switch.life.send_replace(Life::Gone);
    until("noticed", || !is_up(&world));
    world.switch.take_over(standby);
    // What happened meanwhile is caught up with, and the stream goes on.
    spend(&world, &client, 100);
    while events.next()["available"] != "$99.00" {}
    until("watched again", || {
        world.switch.count(Operation::Watch) >= 2
    });
    spend(&world, &client, 100);
    while events.next()["available"] != "$198.00" {}
}
