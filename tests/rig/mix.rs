//! A run with as many kinds of events as there are ways to cause them from outside.

use super::payer::{GOOD_ACCOUNT, GOOD_CARD, Payer};
use super::totals::acknowledged_by_the_host;
use super::wire::card_number;
use super::{Rig, wait_for};

/// Development cards of the switch, and what each starts with.
pub const CARDS: u64 = 16;
pub const BALANCE: u64 = 1_000_000;
/// The financial system keeps its log there.
pub const HOST: [&str; 1] = ["data=\"host-data\""];
/// By the amount of a purchase, what the financial system answers.
const ENDINGS: [&str; 10] = [
    "rules.endings.6603=03",
    "rules.endings.6605=05",
    "rules.endings.6651=51",
    "rules.endings.6661=61",
    "rules.endings.6662=62",
    "rules.endings.6665=65",
    "rules.endings.6668=68",
    "rules.endings.6690=ignored",
    "rules.endings.6691=silent",
    "rules.endings.6692=late",
];

/// Settings of the financial system for such a run.
pub fn host() -> Vec<&'static str> {
    [&ENDINGS[..], &HOST].concat()
}

/// A rig with mail to send and nobody who takes it: it stays in the outbox.
pub fn without_mail_server(rig: Rig) -> Rig {
    let file = rig.path("switch.toml");
    let email = "\n[notify.email]\nserver = \"127.0.0.1:9\"\ntls = \"plain\"\nfrom = \"no-reply@tessera.example\"\n";
    let settings = std::fs::read_to_string(&file).expect("a file");
    std::fs::write(file, settings + email).expect("a file");
    rig
}

/// A rig with messages for browsers, too, and no push service that takes them. The release before has none.
pub fn without_push_service(rig: Rig) -> Rig {
    let file = rig.path("switch.toml");
    let table = "\n[notify.web_push]\ncontact = \"mailto:no-reply@tessera.example\"\nservices = [\"127.0.0.1:9\"]\n";
    let settings = std::fs::read_to_string(&file).expect("a file");
    std::fs::write(file, settings + table).expect("a file");
    rig
}

/// Runs it against a switch and a financial system that are up, until both agree. The numbers of all cards, of the funding
/// sources, and the addresses that took part: an e-mail address, and what a browser is reached by.
pub fn run(rig: &Rig) -> Vec<String> {
    let mut known: Vec<String> = (1..=CARDS).map(card_number).collect();
    let target = rig.addresses.malls.to_string();
    let line = rig.addresses.wallet_server.to_string();
    for party in ["parties/development-acquirer-1.toml", "10000000001"] {
        let mut arguments = vec!["certify", "--target", &target, "--party", party];
        arguments.extend(["--sandbox", "--payers", "16"]);
        arguments.extend(["--wallet-line", &line, "--certs", "certs"]);
        rig.run(&arguments);
    }
    let mut payer = Payer::with(rig, 10_000);
    known.push(payer.card().0);
    let order = [(2, "1000"), (4, "MALL-0001"), (5, "TC-1"), (6, "a teapot")];
    payer.done("130", &order, &[]);
    payer.done("131", &order[1..3], &[]);
    payer.done("160", &[], &[]);
    payer.proven("161", &[], &[]);
    payer.proven("162", &[(29, "100,0,0,0,0")], &[]);
    let further = payer.proven("113", &[(24, "once"), (2, "700")], &[]);
    known.push(further.tag(62, 8));
    payer.proven("112", &[], &[]);
    known.push(payer.card().0);
    let account = payer.source(GOOD_ACCOUNT, "account");
    payer.proven("180", &[(22, &account)], &[]);
    // It stays, with what it has.
    let mut stays = Payer::with(rig, 5_000);
    known.push(stays.card().0);
    stays.source(GOOD_CARD, "card");
    let settings = std::fs::read_to_string(rig.path("switch.toml")).expect("a file");
    if settings.contains("\n[notify.web_push]") {
        let (browser, keys) = (BROWSER.concat(), BROWSER_KEYS.join("."));
        let subscription = [(60, browser.as_str()), (61, keys.as_str())];
        stays.proven("230", &[(20, "Firefox on Linux")], &subscription);
        wait_for("the outbox to have the message for the browser", || {
            rig.figure("tessera_notifications_waiting{channel=\"push\"}") == Some(1.0)
        });
    }
    stays.proven("170", &[(24, "email")], &[(26, ADDRESS)]);
    wait_for("the outbox to have the message", || {
        rig.figure("tessera_notifications_waiting{channel=\"email\"}") == Some(1.0)
    });
    let card = card_number(CARDS);
    for decision in ["block", "unblock"] {
        let control = ["control", "--config", "switch.toml", decision];
        let why = ["--card", &card, "--by", "Ada", "--reason", "a test"];
        rig.run(&[&control[..], &why].concat());
    }
    acknowledged_by_the_host(rig);
    known.extend([GOOD_CARD, GOOD_ACCOUNT, ADDRESS, BROWSER[1]].map(str::to_owned));
    known.extend(BROWSER_KEYS.map(str::to_owned));
    known
}

const ADDRESS: &str = "alice@example.org";
/// Nobody listens there. Its second part is what a push service knows a browser by.
const BROWSER: [&str; 2] = ["http://127.0.0.1:9/push/", "dK7aQmXc3rT9vLw2"];
/// The example of RFC 8291: the public key of a browser, and its secret.
const BROWSER_KEYS: [&str; 2] = [
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "BTBZMqHH6r4Tts7J_aSIgg",
];
