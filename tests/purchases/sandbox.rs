//! The sandbox as it is shipped: every outcome by amount, by order and by card, with the code and the delay that
//! docs/test-cards.md states, and no money lost by any of them.

use std::time::{Duration, Instant};

use tessera_protocol::sandbox::{OUTCOMES, Outcome, TestCase};

use crate::rig::Rig;
use crate::rig::totals::settles;
use crate::rig::wire::{
    ACQUIRER, Hand, MALL, PLAIN, Party, Wire, card_purchase, order_purchase, refund, reversal,
    started,
};

const BALANCE: u64 = 10_000_000;
const PROVISIONED: i64 = (BALANCE * OUTCOMES.len() as u64) as i64;

/// An answer that comes at once comes within this, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(3);

/// What the document says of an outcome: the code, and when it comes at the earliest and at the latest. `None` for no
/// answer.
fn stated(case: &TestCase) -> Option<(&'static str, Duration, Duration)> {
    let (code, rest) = case.answer.split_at(2);
    let time = |word: &str| {
        let seconds = rest.split_once(word)?.1.trim_end_matches(" s");
        Some(Duration::from_secs(seconds.parse().expect("seconds")))
    };
    let earliest = time("after ").unwrap_or_default();
    let latest = time("within ").unwrap_or(earliest) + AT_ONCE;
    // In part only where the profile says so.
    let code = if case.outcome == Outcome::Partial {
        "51"
    } else {
        code
    };
    (case.outcome != Outcome::AnswerLost).then_some((code, earliest, latest))
}

/// Plays it over a connection of its own.
fn play(rig: &Rig, party: &Party, case: &TestCase, asked: &Hand) {
    let mut wire = Wire::signed_on(rig, party);
    let began = Instant::now();
    let what = format!("{} of {}", case.number, party.code);
    let Some((code, earliest, latest)) = stated(case) else {
        wire.send(&asked.frame());
        wire.assert_silent(Duration::from_secs(2));
        assert_eq!(wire.ask(&asked.clone().mti("0201")).code(), "00", "{what}");
        return;
    };
    let answer = wire.ask(asked);
    let took = began.elapsed();
    assert_eq!(answer.code(), code, "{what}: {}", answer.reason());
    assert!(took >= earliest && took < latest, "{what}: {took:?}");
    if case.outcome == Outcome::HostTwice {
        wire.assert_silent(Duration::from_secs(1));
    }
    wire.assert_serves(party);
}

#[test]
fn every_outcome_is_played_as_the_document_says_and_no_money_is_lost() {
    let rig = started(Rig::sandbox(0, BALANCE), &[]);
    let cuts = |case: &&TestCase| case.outcome == Outcome::HostCuts;
    let by_amount = |case: &TestCase| {
        let order = format!("A-{}-6600", case.number);
        order_purchase(&MALL, &order, 10_000 + case.number)
    };
    let by_order = |case: &TestCase| order_purchase(&MALL, &format!("O-{}", case.number), 700);
    let by_card = |case: &TestCase| card_purchase(&PLAIN, case.serial(), 700);
    std::thread::scope(|scope| {
        for case in OUTCOMES.iter().filter(|case| !cuts(case)) {
            if case.has_amount() {
                scope.spawn(|| play(&rig, &MALL, case, &by_amount(case)));
            }
            if case.has_card() {
                scope.spawn(|| play(&rig, &PLAIN, case, &by_card(case)));
            }
            scope.spawn(|| play(&rig, &MALL, case, &by_order(case)));
        }
    });
    // What others have under way on the line that is cut is lost with it.
    for case in OUTCOMES.iter().filter(cuts) {
        for asked in [by_amount(case), by_order(case)] {
            play(&rig, &MALL, case, &asked);
            rig.wait_until_ready();
        }
    }
    settles(rig, PROVISIONED);
}

#[test]
fn payers_agree_by_themselves_to_what_the_order_says_and_once() {
    let rig = started(Rig::sandbox(0, BALANCE), &[]);
    let mut mall = Wire::signed_on(&rig, &MALL);
    let mut code = |asked: &Hand| mall.ask(asked).code();
    assert_eq!(
        code(&order_purchase(&MALL, "ORDER-7-6600@1999", 2_000)),
        "13"
    );
    let paid = order_purchase(&MALL, "ORDER-7-6600@1999", 1_999);
    assert_eq!(code(&paid), "00");
    assert_eq!(
        code(&order_purchase(&MALL, "ORDER-7-6600@1999", 1_999)),
        "94"
    );
    assert_eq!(code(&refund(&paid, 999)), "00");
    // A reversal that comes first ends it, as with any other payer.
    let late = order_purchase(&MALL, "ORDER-8-6600", 700);
    assert_eq!(code(&reversal("0400", &late)), "25");
    assert_eq!(code(&late), "05");
    // Nobody agrees to an order without an ending.
    assert_eq!(code(&order_purchase(&MALL, "ORDER-9", 700)), "25");
    settles(rig, PROVISIONED);
}

#[test]
fn half_is_approved_where_profile_and_request_take_part() {
    let rig = Rig::sandbox(0, BALANCE);
    rig.add_to_party("development-acquirer-1.toml", "partial_approval = true\n");
    let rig = started(rig, &[]);
    let mut acquirer = Wire::signed_on(&rig, &ACQUIRER);
    let asked = card_purchase(&ACQUIRER, 660_006_600, 6_610).tags(48, &[(4, "1")]);
    let answer = acquirer.ask(&asked);
    assert_eq!(
        (answer.code(), answer.digits(4)),
        ("10".into(), "000000003305".into())
    );
    let asked = card_purchase(&ACQUIRER, 660_006_610, 2_001).tags(48, &[(4, "1")]);
    let answer = acquirer.ask(&asked);
    assert_eq!(
        (answer.code(), answer.digits(4)),
        ("10".into(), "000000001000".into())
    );
    settles(rig, PROVISIONED);
}

#[test]
fn in_production_nothing_of_it_exists() {
    let rig = Rig::sandbox(0, BALANCE);
    let text = std::fs::read_to_string(rig.path("switch.toml")).expect("a configuration");
    let production = text.replace("\"development\"", "\"production\"");
    std::fs::write(rig.path("production.toml"), production).expect("a file");
    let refused = rig.try_run(&["switch", "--config", "production.toml"]);
    assert!(!refused.status.success());
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(why.contains("sandbox.play = true: must be false"), "{why}");
    // Off, an order is what it is, and so is an amount.
    std::fs::write(
        rig.path("switch.toml"),
        text.replace("\nplay = true\n", "\nplay = false\n"),
    )
    .expect("a file");
    let rig = started(rig, &["rules.sandbox=false"]);
    let mut mall = Wire::signed_on(&rig, &MALL);
    assert_eq!(
        mall.ask(&order_purchase(&MALL, "ORDER-7-6600", 700)).code(),
        "25"
    );
    let mut acquirer = Wire::signed_on(&rig, &PLAIN);
    for amount in [6_605, 6_610, 6_681, 6_691] {
        let asked = card_purchase(&PLAIN, 660_006_651, amount);
        assert_eq!(acquirer.ask(&asked).code(), "00", "{amount}");
    }
}

/// What `tessera simulate` prints and how it ends.
fn simulates(config: &str, rig: &Rig, arguments: &[&str]) -> (bool, String) {
    let arguments = [&["simulate", "--config", config], arguments].concat();
    let output = rig.command(&arguments).output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output.status.success(), said)
}

#[test]
fn single_transactions_are_simulated_and_only_in_development() {
    let rig = started(Rig::sandbox(8, 1_000_000), &[]);
    for party in ["20000000001", "10000000001"] {
        for what in ["approve", "decline", "clear", "expire", "refund", "reverse"] {
            let (ended_well, said) = simulates("switch.toml", &rig, &[what, "--party", party]);
            if (what, party) == ("clear", "10000000001") {
                assert!(!ended_well && said.contains("choose an acquirer"), "{said}");
                continue;
            }
            assert!(ended_well, "{what} by {party}: {said}");
            assert!(said.ends_with("It ended as expected.\n"), "{said}");
            assert!(said.contains("message type"), "in words: {said}");
        }
    }
    let (ended_well, said) = simulates("switch.toml", &rig, &["refund", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert!(ended_well && shown["as_expected"] == true, "{said}");
    let messages = shown["messages"].as_array().expect("messages");
    let sent = messages
        .iter()
        .filter(|message| message["direction"] == "sent");
    assert_eq!(sent.count(), 2, "{said}");

    let folder = rig.path("elsewhere");
    std::fs::create_dir_all(folder.join("parties")).expect("a folder");
    let party = "code = \"123\"\nname = \"P\"\nkind = \"acquirer\"\nmac_key = \"none\"\n";
    std::fs::write(folder.join("parties/p.toml"), party).expect("a party");
    let settings = "environment = \"production\"\n";
    std::fs::write(folder.join("switch.toml"), settings).expect("a configuration");
    let (ended_well, said) = simulates("elsewhere/switch.toml", &rig, &["approve"]);
    assert!(
        !ended_well && said.contains("a production switch"),
        "{said}"
    );
}
