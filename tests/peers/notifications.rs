//! The details reach the payer: a real mail server, a real message centre, and everybody killed in between.

use std::collections::BTreeSet;

use crate::rig::payer::{Payer, with_card};
use crate::rig::peers::Peer;
use crate::rig::wire::{PLAIN, Wire, purchase, rig_with};
use crate::rig::{Rig, wait_for};

/// A switch that notifies payers through these.
fn rig(mail: &Peer, centre: &Peer) -> Rig {
    let pauses = [("retry_min", "\"50ms\""), ("retry_max", "\"200ms\"")];
    let rig = rig_with(0, 0, &pauses);
    let path = rig.path("switch.toml");
    let mut text = std::fs::read_to_string(&path).expect("a configuration");
    text.push_str(&format!(
        "\n[notify.email]\nserver = \"{}\"\n\
         tls = \"plain\"\nfrom = \"Tessera <no-reply@tessera.example>\"\n\n[notify.sms]\nserver = \"{}\"\n\
         system_id = \"tessera\"\nreconnect_min = \"50ms\"\nreconnect_max = \"200ms\"\n",
        mail.address, centre.address
    ));
    std::fs::write(path, text).expect("a file");
    crate::rig::wire::started(rig, &[])
}

fn confirmed_by_mail(payer: &mut Payer, mail: &Peer, address: &str) {
    payer.proven("170", &[(24, "email")], &[(26, address)]);
    let message = mail.event("message");
    assert_eq!(message["to"][0], address);
    let text = message["text"].as_str().expect("a text");
    let code = text
        .split_whitespace()
        .find(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit()));
    payer.done("171", &[], &[(27, code.expect("a code"))]);
}

fn buy(rig: &Rig, card: &(String, String), amount: u64) {
    let mut shop = Wire::signed_on(rig, &PLAIN);
    let bought = with_card(purchase(&PLAIN, amount), card);
    assert_eq!(shop.ask(&bought).code(), "00");
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn every_mail_arrives_though_everybody_is_killed_in_between() {
    let (mail, centre) = (Peer::mail(0), Peer::centre(0));
    let mut rig = rig(&mail, &centre);
    let mut payer = Payer::with(&rig, 100_000);
    let card = payer.card();
    confirmed_by_mail(&mut payer, &mail, "payer@example.com");
    buy(&rig, &card, 1_999);
    let message = mail.event("message");
    let text = message["text"].as_str().expect("a text");
    assert_eq!(message["headers"]["Subject"], "Paid: $19.99 at SHOP-88");
    for fact in [&card.0[12..], "$980.01", "UTC"] {
        assert!(text.contains(fact), "{fact} in {text}");
    }
    assert!(!text.contains(&card.0), "the whole card number");

    // The mail server is gone; so is the switch, twice.
    let port = mail.address.port();
    drop(mail);
    for amount in [100, 200, 300] {
        buy(&rig, &card, amount);
    }
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    buy(&rig, &card, 400);
    wait_for("a message to be tried in vain", || {
        rig.sum("tessera_notifications_total{channel=\"email\",result=\"retried\"}") > 0.0
    });
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    buy(&rig, &card, 500);
    let mail = Peer::mail(port);
    let mut subjects = BTreeSet::new();
    let mut ids = BTreeSet::new();
    while subjects.len() < 5 {
        let message = mail.event("message");
        let header = |name: &str| {
            message["headers"][name]
                .as_str()
                .expect("a header")
                .to_owned()
        };
        ids.insert(header("Message-ID"));
        subjects.insert(header("Subject"));
    }
    assert_eq!(ids.len(), 5, "one id for each purchase: {ids:?}");
    wait_for("nothing to wait any more", || {
        rig.figure("tessera_notifications_waiting{channel=\"email\"}") == Some(0.0)
    });
    // No address and no text in the log.
    let log = rig.log("switch");
    assert!(!log.contains("payer@example.com") && !log.contains("19.99"));
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn dead_letters_are_listed_tried_again_and_dropped() {
    let (mail, centre) = (Peer::mail(0), Peer::centre(0));
    let rig = rig(&mail, &centre);
    let mut payer = Payer::with(&rig, 1_000);
    payer.proven("170", &[(24, "email")], &[(26, "unknown@example.com")]);
    let list = || {
        let output = rig.run(&["outbox", "list", "--json", "--config", "switch.toml"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    wait_for("the message to be given up", || list()[0]["id"].is_string());
    let letter = list()[0].clone();
    assert!(letter["why"].as_str().expect("a reason").contains("550"));
    assert!(!letter.to_string().contains("unknown@"), "{letter}");
    let id = letter["id"].as_str().expect("an id");
    rig.run(&[
        "outbox",
        "retry",
        id,
        "--reason",
        "the server is repaired",
        "--config",
        "switch.toml",
    ]);
    // While it is tried it is not listed.
    wait_for("it to be given up again", || {
        let since = list()[0]["since"].clone();
        since.is_string() && since != letter["since"]
    });
    rig.run(&[
        "outbox",
        "drop",
        id,
        "--reason",
        "a typing error",
        "--config",
        "switch.toml",
    ]);
    assert_eq!(list(), serde_json::json!([]));
    for wrong in [
        &["drop", id, "--reason", "x"][..],
        &["drop", "--reason", "x"],
        &["drop", "--all"],
        &["retry", id, "--all", "--reason", "x"],
    ] {
        let arguments = [&["outbox"], wrong, &["--config", "switch.toml"]].concat();
        assert!(!rig.try_run(&arguments).status.success(), "{wrong:?}");
    }

    // All at once.
    for address in ["unknown@example.com", "refused@example.com"] {
        payer.proven("170", &[(24, "email")], &[(26, address)]);
    }
    wait_for("both to be given up", || list()[1]["id"].is_string());
    let before = [list()[0]["since"].clone(), list()[1]["since"].clone()];
    let output = rig.run(&[
        "outbox",
        "retry",
        "--all",
        "--reason",
        "all at once",
        "--config",
        "switch.toml",
    ]);
    assert_eq!(output.stdout, b"2 tried again\n");
    wait_for("both to be given up again", || {
        let now = list();
        now[1]["since"].is_string() && (0..2).all(|which| now[which]["since"] != before[which])
    });
    let output = rig.run(&[
        "outbox",
        "drop",
        "--all",
        "--reason",
        "all at once",
        "--config",
        "switch.toml",
    ]);
    assert_eq!(output.stdout, b"2 dropped\n");
    assert_eq!(list(), serde_json::json!([]));

    // Each of these is journaled with its reason, and those that were refused are not.
    let span = ["--from", "2000-01-01", "--to", "2100-01-01"];
    let export = ["export", "--config", "switch.toml", "--format", "jsonl"];
    let exported = rig.run(&[&export[..], &span].concat()).stdout;
    let exported = String::from_utf8_lossy(&exported).into_owned();
    for (decision, reason) in [
        (
            format!("resend the notification {id}"),
            "the server is repaired",
        ),
        (format!("drop the notification {id}"), "a typing error"),
        (
            "resend all notifications that were given up".to_owned(),
            "all at once",
        ),
        (
            "drop all notifications that were given up".to_owned(),
            "all at once",
        ),
    ] {
        let lines = exported.lines().filter(|line| line.contains(&decision));
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines.len(), 1, "{decision}: {exported}");
        assert!(lines[0].contains(reason), "{lines:?}");
    }
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn short_messages_arrive_and_the_former_address_is_notified_of_the_change() {
    let (mail, centre) = (Peer::mail(0), Peer::centre(0));
    let rig = rig(&mail, &centre);
    let mut payer = Payer::with(&rig, 100_000);
    let card = payer.card();
    confirmed_by_mail(&mut payer, &mail, "payer@example.com");
    payer.proven("170", &[(24, "mobile")], &[(26, "+491701234507")]);
    let text = |event: serde_json::Value| event["text"].as_str().expect("a text").to_owned();
    let message = text(centre.event("submitted"));
    let code = message.split_whitespace().find(|word| word.len() == 6);
    payer.done("171", &[], &[(27, code.expect("a code"))]);
    let changed = mail.event("message");
    assert_eq!(
        changed["headers"]["Subject"],
        "The address of your wallet was changed or removed"
    );
    let port = centre.address.port();
    drop(centre);
    buy(&rig, &card, 1_999);
    let centre = Peer::centre(port);
    let sent = text(centre.event("submitted"));
    assert!(sent.contains("19.99 USD"), "{sent}");
    // What the payer does not want is not sent.
    payer.done("173", &[(28, "s")], &[]);
    buy(&rig, &card, 100);
    payer.done("160", &[], &[]);
    let sent = text(centre.event("submitted"));
    assert!(sent.contains("frozen"), "{sent}");
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn a_former_address_is_notified_even_if_the_next_one_is_removed_first() {
    let (mail, centre) = (Peer::mail(0), Peer::centre(0));
    let rig = rig(&mail, &centre);
    let mut payer = Payer::with(&rig, 1_000);
    confirmed_by_mail(&mut payer, &mail, "payer@example.com");
    let port = mail.address.port();
    drop(mail);
    let submitted = || {
        let event = centre.event("submitted");
        event["text"].as_str().expect("a text").to_owned()
    };
    payer.proven("170", &[(24, "mobile")], &[(26, "+491701234507")]);
    let message = submitted();
    let code = message.split_whitespace().find(|word| word.len() == 6);
    payer.done("171", &[], &[(27, code.expect("a code"))]);
    payer.proven("172", &[], &[]);
    let removed = submitted();
    assert!(removed.contains("changed or removed"), "{removed}");
    let mail = Peer::mail(port);
    let changed = mail.event("message");
    assert_eq!(changed["to"][0], "payer@example.com");
    assert_eq!(
        changed["headers"]["Subject"],
        "The address of your wallet was changed or removed"
    );
}
