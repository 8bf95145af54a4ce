//! A page about a transaction, from the journal of the real switch.

use std::path::PathBuf;

use crate::rig::leased::Line;
use crate::rig::totals::settles;
use crate::rig::wire::{
    ACQUIRER, MALL, Wire, card_number, card_purchase, completion, order_purchase, reversal,
    rig_with, started,
};
use crate::rig::{Rig, wait_for};

fn explained(rig: &Rig, name: &[&str]) -> String {
    let said = rig.run(&[&["explain", "--config", "switch.toml"], name].concat());
    String::from_utf8(said.stdout).expect("text")
}

fn has(page: &str, all: &[&str]) {
    for part in all {
        assert!(page.contains(part), "no {part:?} in\n{page}");
    }
    assert!(!page.contains(&card_number(1)), "{page}");
}

#[test]
fn a_page_says_what_was_decided_and_why() {
    let rig = started(rig_with(10, 10_000, &[]), &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let bought = card_purchase(&ACQUIRER, 1, 3_000);
    let approved = wire.ask(&bought);
    assert_eq!(approved.code(), "00");
    let undone = reversal("0420", &bought);
    assert_eq!(wire.ask(&undone).code(), "00");
    let too_much = card_purchase(&ACQUIRER, 1, 20_000);
    assert_eq!(wire.ask(&too_much).code(), "51");
    let hold = card_purchase(&ACQUIRER, 1, 1_000).mti("0100");
    assert_eq!(wire.ask(&hold).code(), "00");
    let completes = completion(&hold, 600);
    assert_eq!(wire.ask(&completes).code(), "00");
    let lost = reversal("0420", &card_purchase(&ACQUIRER, 1, 700));
    assert_eq!(wire.ask(&lost).code(), "00");

    let page = explained(&rig, &["--reference", &approved.text(37)]);
    assert!(page.starts_with("SUMMARY\n"), "{page}");
    has(
        &page,
        &[
            "A purchase of 30.00 USD by the card that ends with 0010",
            "which party 20000000001 requested at 20",
            "It was approved (00): the wallet's rules allowed it, and the financial system approved.",
            ", it was reversed.",
            "In all, the wallet has as much as before.",
            "00, approved",
            "the financial system approved",
            "990000******0010",
            "100.00 ->          70.00",
            "held, and sent to the financial system",
            "approved by the financial system",
            "reversed: 0.00 USD remains",
            "ADVICES TO THE FINANCIAL SYSTEM until it acknowledges",
            "reversal advice",
            &approved.text(38),
        ],
    );
    let of_program = explained(&rig, &["--json", "--reference", &approved.text(37)]);
    has(
        &of_program,
        &["\"because\": \"the wallet's rules allowed it"],
    );
    let of_program: serde_json::Value = serde_json::from_str(&of_program).expect("JSON");
    let found = &of_program[0];
    assert_eq!(
        (&found["kind"], &found["code"]),
        (&"purchase".into(), &"00".into())
    );
    assert_eq!(found["amount"], 3_000);
    assert_eq!(
        found["events"][0]["available"],
        serde_json::json!([10_000, 7_000])
    );
    assert!(
        found["summary"]
            .as_str()
            .expect("a text")
            .contains("30.00 USD")
    );
    assert_eq!(found["advices"].as_array().expect("a list").len(), 1);
    // By its names at the party, and by ours.
    let ours = page
        .lines()
        .find_map(|line| line.trim().strip_prefix("our reference"));
    let ours = ours.expect("a reference").trim();
    assert_eq!(explained(&rig, &["--reference", ours]), page);
    let (trace, date) = (bought.field(11), bought.field(13));
    let by_trace = ["--party", "20000000001", "--trace", &trace, "--date", &date];
    assert_eq!(explained(&rig, &by_trace), page);

    let trace = too_much.field(11);
    let declined = ["--party", "20000000001", "--trace", &trace, "--date", &date];
    has(
        &explained(&rig, &declined),
        &[
            "It was declined (51, not enough money).",
            "51, not enough money",
            "declined (51): not enough money",
        ],
    );
    let trace = hold.field(11);
    let held = ["--party", "20000000001", "--trace", &trace, "--date", &date];
    has(
        &explained(&rig, &held),
        &["completed: 6.00 USD debited, 6.00 USD of it from the hold"],
    );

    let trace = lost.field(11);
    let unmatched = ["--party", "20000000001", "--trace", &trace, "--date", &date];
    has(
        &explained(&rig, &unmatched),
        &["original not found: it is remembered"],
    );

    // A completion has its own page, with the advice to the financial system.
    let trace = completes.field(11);
    let completed = ["--party", "20000000001", "--trace", &trace, "--date", &date];
    has(
        &explained(&rig, &completed),
        &[
            "it completes an authorization",
            "ADVICES TO THE",
            "000000000600",
        ],
    );

    let nothing = [
        "explain",
        "--config",
        "switch.toml",
        "--reference",
        "NOTHING",
    ];
    let nothing = rig.try_run(&nothing);
    assert!(!nothing.status.success());
    let why = String::from_utf8_lossy(&nothing.stderr).into_owned();
    assert!(why.contains("the journal has no such transaction"), "{why}");
    settles(rig, 100_000);
}

#[test]
fn the_payers_agreement_is_a_part_of_the_purchase() {
    let rig = started(rig_with(0, 0, &[]), &[]);
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(10_000);
    let mut mall = Wire::signed_on(&rig, &MALL);
    for order in ["A-1", "A-2"] {
        assert_eq!(line.announce(&wallet, &MALL, order, 700).code(), "00");
    }
    assert_eq!(mall.ask(&order_purchase(&MALL, "A-1", 700)).code(), "00");
    let acceptor = MALL.acceptor;
    let page = explained(&rig, &["--mall", acceptor, "--order", "A-1"]);
    has(
        &page,
        &[
            "A purchase of 7.00 USD by order",
            "The payer had agreed to pay it at 20",
            "It was approved (00)",
            "the payer agreed to pay the order",
            "In all, it took 7.00 USD from the wallet.",
        ],
    );
    assert_eq!(page.matches("SUMMARY").count(), 1, "{page}");
    assert!(!page.contains("not decided"), "{page}");
    // An order that the mall has not asked for yet is an agreement, and not undecided either.
    let agreed = explained(&rig, &["--mall", acceptor, "--order", "A-2"]);
    has(
        &agreed,
        &[
            "An agreement to pay of 7.00 USD",
            "the payer agreed to pay the order",
        ],
    );
    assert!(!agreed.contains("not decided"), "{agreed}");
}

#[test]
fn an_old_purchase_is_found_by_the_index_that_the_switch_makes() {
    // So many cards fill the first segment before the switch starts.
    let rig = started(
        rig_with(50_000, 1_000_000, &[("segment_bytes", "\"64KiB\"")]),
        &[],
    );
    let files = |extension: &str| {
        let files = std::fs::read_dir(rig.path("data").join("journal")).expect("a folder");
        let paths = files.map(|file| file.expect("a file").path());
        let paths = paths.filter(|path| path.extension().is_some_and(|is| is == extension));
        let mut paths: Vec<PathBuf> = paths.collect();
        paths.sort();
        paths
    };
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let bought = wire.ask(&card_purchase(&ACQUIRER, 1, 3_000));
    while files("journal").len() < 4 {
        let other = wire.ask(&card_purchase(&ACQUIRER, 2, 1));
        assert_eq!(other.code(), "00");
    }
    wait_for("the index of each closed segment", || {
        files("index").len() + 1 == files("journal").len()
    });
    let page = explained(&rig, &["--reference", &bought.text(37)]);
    has(&page, &["00, approved", "approved by the financial system"]);
    // Without the indexes a command makes them, and says the same.
    let made = files("index");
    for index in &made {
        std::fs::remove_file(index).expect("an index");
    }
    assert_eq!(explained(&rig, &["--reference", &bought.text(37)]), page);
    assert_eq!(files("index"), made);
    settles(rig, 50_000 * 1_000_000);
}
