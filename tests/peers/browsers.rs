//! Notifications reach the payer's browsers: a push service that no one here wrote opens them, and it, the switch and the browser
//! come and go in between.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::rig::payer::{Payer, with_card};
use crate::rig::peers::Peer;
use crate::rig::wire::{PLAIN, Wire, purchase, rig_with, started};
use crate::rig::{Rig, wait_for};

/// A switch that may send to this push service.
fn rig(service: &Peer) -> Rig {
    let pauses = [("retry_min", "\"50ms\""), ("retry_max", "\"200ms\"")];
    let rig = rig_with(0, 0, &pauses);
    let path = rig.path("switch.toml");
    let text = std::fs::read_to_string(&path).expect("a configuration");
    let table = format!(
        "\n[notify.web_push]\ncontact = \"mailto:operations@tessera.example\"\nservices = [\"{}\"]\n",
        service.address
    );
    std::fs::write(path, text + &table).expect("a file");
    started(rig, &[])
}

/// The path of a new browser at its push service, which says so itself first.
fn added(payer: &mut Payer, service: &Peer, name: &str, others: usize) -> String {
    let browser = service.ask("subscribe", "subscribed");
    let text = |key: &str| browser[key].as_str().expect("a text").to_owned();
    let secrets = [(60, text("address")), (61, text("keys"))];
    let secrets = secrets
        .each_ref()
        .map(|(tag, value)| (*tag, value.as_str()));
    payer.proven("230", &[(20, name)], &secrets);
    // The others say so too, in any order.
    let mut paths = BTreeSet::new();
    for _ in 0..=others {
        let shown = service.event("message");
        let body = body(&shown);
        assert!(body.starts_with("A browser shows notifications"), "{body}");
        paths.insert(shown["path"].as_str().expect("a path").to_owned());
    }
    assert!(paths.len() == others + 1 && paths.contains(&text("path")));
    text("path")
}

fn buy(rig: &Rig, card: &(String, String), amount: u64) {
    let mut shop = Wire::signed_on(rig, &PLAIN);
    let bought = with_card(purchase(&PLAIN, amount), card);
    assert_eq!(shop.ask(&bought).code(), "00");
}

fn body(event: &Value) -> String {
    event["message"]["body"]
        .as_str()
        .expect("a text")
        .to_owned()
}

fn waiting(rig: &Rig) -> Option<f64> {
    rig.figure("tessera_notifications_waiting{channel=\"push\"}")
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn browsers_show_each_purchase_though_switch_and_push_service_fail_in_between() {
    let service = Peer::push_service(0);
    let mut rig = rig(&service);
    let mut payer = Payer::with(&rig, 100_000);
    let card = payer.card();
    added(&mut payer, &service, "Firefox on Linux", 0);
    buy(&rig, &card, 1_999);
    let shown = service.event("message");
    assert_eq!(
        shown["message"]["body"],
        "Paid 19.99 USD at SHOP-88. Available: 980.01 USD."
    );
    assert_eq!(shown["message"]["title"], "Tessera");
    // A click leads to the page of this transaction.
    let history = payer.history();
    let page = shown["message"]["page"].as_str().expect("a path");
    let reference = page.strip_prefix("/transactions/").expect("a transaction");
    assert!(history.iter().any(|row| row.contains(reference)), "{page}");
    // In the language of the account.
    payer.done("220", &[(47, "de")], &[]);
    buy(&rig, &card, 100);
    let german = service.event("message");
    assert_eq!(german["message"]["lang"], "de");
    assert!(body(&german).contains("1,00"), "{german}");
    assert_ne!(german["digest"], shown["digest"]);
    assert_eq!(german["bytes"], shown["bytes"], "its length says something");

    // The push service fails; the switch is killed twice.
    service.ask("answer 503", "answers");
    for amount in [200, 300] {
        buy(&rig, &card, amount);
    }
    wait_for("a message to be tried in vain", || {
        rig.sum("tessera_notifications_total{channel=\"push\",result=\"retried\"}") > 0.0
    });
    for amount in [400, 500] {
        rig.kill_switch();
        rig.start_switch();
        rig.wait_until_ready();
        buy(&rig, &card, amount);
    }
    service.ask("answer 201", "answers");
    let mut ids = BTreeSet::new();
    let mut topics = BTreeSet::new();
    while ids.len() < 4 {
        let shown = service.event("message");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        ids.insert(text(&shown["message"]["id"]));
        topics.insert(text(&shown["topic"]));
    }
    assert_eq!(topics.len(), 4, "one topic for each purchase: {topics:?}");
    wait_for("nothing to wait any more", || waiting(&rig) == Some(0.0));
    // No address, no key and no text in the log.
    let log = rig.log("switch");
    assert!(!log.contains("/push/") && !log.contains("19.99"));
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn a_browser_that_has_ended_its_subscription_is_removed_and_the_others_stay() {
    let service = Peer::push_service(0);
    let rig = rig(&service);
    let mut payer = Payer::with(&rig, 100_000);
    let card = payer.card();
    let first = added(&mut payer, &service, "Firefox on Linux", 0);
    let second = added(&mut payer, &service, "Chrome on Android", 1);
    service.ask(&format!("forget {first}"), "forgotten");
    buy(&rig, &card, 1_999);
    let shown = service.event("message");
    assert_eq!(shown["path"].as_str(), Some(&*second));
    wait_for("the browser to be removed", || {
        payer.done("232", &[], &[]).tags(61, 62).len() == 1
    });
    let left = payer.done("232", &[], &[]).tag(61, 62);
    assert!(left.ends_with(",Chrome on Android"), "{left}");
    buy(&rig, &card, 200);
    assert!(body(&service.event("message")).contains("2.00"));
    wait_for("nothing to wait any more", || waiting(&rig) == Some(0.0));
    assert_eq!(rig.figure("tessera_notifications_dead"), Some(0.0));
    // What the payer removes is asked nothing more.
    let number = left.split(',').next().expect("a number").to_owned();
    payer.proven("231", &[(22, &number)], &[]);
    buy(&rig, &card, 300);
    let behind = || rig.figure("tessera_notifications_behind_events") == Some(0.0);
    wait_for("all to be looked at", || {
        behind() && waiting(&rig) == Some(0.0)
    });
    buy(&rig, &card, 400);
    wait_for("all to be looked at", || {
        behind() && waiting(&rig) == Some(0.0)
    });
    service.ask("answer 201", "answers");
    assert_eq!(
        rig.sum("tessera_notifications_total{channel=\"push\",result=\"sent\"}"),
        5.0
    );
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn what_a_push_service_refuses_for_good_is_a_dead_letter() {
    let service = Peer::push_service(0);
    let rig = rig(&service);
    let mut payer = Payer::with(&rig, 100_000);
    let card = payer.card();
    added(&mut payer, &service, "Firefox on Linux", 0);
    service.ask("answer 413", "answers");
    buy(&rig, &card, 1_999);
    let list = || {
        let output = rig.run(&["outbox", "list", "--json", "--config", "switch.toml"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    wait_for("the message to be given up", || list()[0]["id"].is_string());
    let letter = list()[0].clone();
    assert!(
        letter["why"].as_str().expect("a reason").contains("413"),
        "{letter}"
    );
    assert!(!letter.to_string().contains("/push/"), "{letter}");
    service.ask("answer 201", "answers");
    let id = letter["id"].as_str().expect("an id");
    rig.run(&[
        "outbox",
        "retry",
        id,
        "--reason",
        "tried again",
        "--config",
        "switch.toml",
    ]);
    assert!(body(&service.event("message")).contains("19.99"));
    wait_for("no dead letter", || list() == serde_json::json!([]));
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn a_service_worker_shows_each_message_and_opens_no_other_site() {
    let node = std::env::var("TESSERA_NODE").unwrap_or_else(|_| "node".to_owned());
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/peers/service_worker.mjs"
    );
    let ended = std::process::Command::new(node).arg(script).output();
    let ended = ended.expect("node runs");
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}
