//! The project's own switch is held to the wire protocol by the certification that malls and acquirers use.

use std::fs;

use crate::rig::totals::settles;
use crate::rig::wire::started;
use crate::rig::{Rig, free_port};
use tessera_protocol::KeyEncryptingKey;
use tessera_protocol::sandbox::OUTCOMES;

/// An acquirer that may do whatever a party may but for what its controls forbid, changes its key, and speaks another
/// dialect.
const BABEL: &str = r#"
code = "20000000003"
name = "Babel"
kind = "acquirer"
acceptors = ["SHOP-1", "SHOP-2"]
mac_key = "303132333435363738393a3b3c3d3e3f"
key_encrypting_key = "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
connections_max = 40
amount_max = 200000000
[line]
framing = "tpdu"
packing = "ascii"
[controls]
merchant_categories_forbidden = ["5999", "7995"]
countries = ["276", "840"]
ecommerce_only = true
[quirks]
unknown_reversal = "00"
unreferenced_refunds = true
several_completions = true
stand_in_advices = true
partial_approval = true
"#;

/// A mall with one merchant category (bookshops), whose profile has a wrapped MAC key.
fn bookshop() -> String {
    let wrapping = "606162636465666768696a6b6c6d6e6f";
    let key = KeyEncryptingKey::from_hex(wrapping).expect("a key");
    let material = key.wrap(&[0x77; 16]);
    format!(
        "code = \"10000000004\"\nname = \"Bookshop\"\nkind = \"mall\"\nacceptors = [\"BOOKS-1\"]\n\
         key_encrypting_key = \"{wrapping}\"\nmac_key_wrapped = \"{material}\"\n\
         [controls]\nmerchant_categories = [\"5942\"]\n"
    )
}

const CARDS: u64 = 16;
const BALANCE: u64 = 1_000_000;
const PROVISIONED: i64 = ((CARDS + OUTCOMES.len() as u64) * BALANCE) as i64;

/// The switch and the financial system as they are shipped.
fn sandbox(prepare: impl FnOnce(&Rig)) -> Rig {
    let rig = Rig::sandbox(CARDS, BALANCE);
    prepare(&rig);
    started(rig, &[])
}

/// What a run has found: the numbers of what passed and of what was skipped. Nothing has failed.
struct Found {
    passed: Vec<String>,
    skipped: Vec<String>,
}

impl Found {
    /// Certifies a party with all that it has.
    fn of(rig: &Rig, party: &str, more: &[&str]) -> Self {
        let line = rig.addresses.wallet_server.to_string();
        let line = ["--wallet-line", &line, "--certs", "certs", "--payers", "16"];
        Self::alone(rig, party, &[&line[..], more].concat())
    }

    /// Without the wallet server's certificate: payers agree by themselves.
    fn alone(rig: &Rig, party: &str, more: &[&str]) -> Self {
        let target = rig.addresses.malls.to_string();
        let mut arguments = vec![
            "certify",
            "--target",
            &target,
            "--party",
            party,
            "--sandbox",
        ];
        arguments.extend(more);
        let output = rig.run(&arguments);
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        let numbers = |mark: &str| {
            let lines = report.lines().filter(|line| line.starts_with(mark));
            let number = |line: &str| line[mark.len()..].split(' ').next().map(str::to_owned);
            lines.filter_map(number).collect()
        };
        Self {
            passed: numbers("  ok   "),
            skipped: numbers("  skip "),
        }
    }

    fn assert_skips(&self, expected: &[&str]) {
        assert_eq!(self.skipped, expected, "{} passed", self.passed.len());
    }
}

#[test]
fn an_acquirer_is_certified() {
    let rig = sandbox(|_| {});
    let found = Found::of(
        &rig,
        "parties/development-acquirer-1.toml",
        &["--junit", "junit.xml", "--report", "report.txt"],
    );
    found.assert_skips(&[
        "3.04", "3.17", "4.40", "4.41", "4.42", "4.43", "4.44", "4.45", "4.46", "4.47", "4.48",
        "5.25", "5.26", "5.34", "5.45", "5.46", "5.47", "5.57", "5.79", "5.95", "5.100", "5.102",
        "5.120", "5.121", "5.122", "5.123", "5.124", "5.125", "5.126", "5.127", "5.128", "5.129",
        "5.156", "5.157", "5.158", "5.160", "6.57", "6.58", "6.59", "6.60", "6.63", "8.15", "8.18",
    ]);
    let junit = fs::read_to_string(rig.path("junit.xml")).expect("a report");
    assert_eq!(
        junit.matches("<testcase ").count(),
        found.passed.len() + found.skipped.len()
    );
    assert_eq!(junit.matches("<skipped ").count(), found.skipped.len());
    assert!(!junit.contains("<failure "));
    let report = fs::read_to_string(rig.path("report.txt")).expect("a report");
    assert!(report.contains("primary account number") && report.contains(" 00650200 "));
    settles(rig, PROVISIONED);
}

/// What a mall does not have: it is about cards, permissions, controls or time.
const NOT_OF_A_MALL: &[&str] = &[
    "3.17", "4.12", "4.19", "4.20", "4.40", "4.41", "4.42", "4.43", "4.44", "4.45", "4.46", "4.47",
    "4.48", "5.03", "5.20", "5.21", "5.22", "5.23", "5.24", "5.25", "5.26", "5.27", "5.34", "5.45",
    "5.46", "5.47", "5.57", "5.61", "5.79", "5.97", "5.98", "5.99", "5.101", "5.103", "5.130",
    "5.155", "5.159", "6.14", "6.54", "6.57", "6.58", "6.59", "6.60", "6.63", "7.03", "8.15",
    "8.18",
];

#[test]
fn a_mall_is_certified() {
    let rig = sandbox(|_| {});
    Found::of(&rig, "10000000001", &[]).assert_skips(NOT_OF_A_MALL);
    settles(rig, PROVISIONED);
}

#[test]
fn a_mall_is_certified_without_the_wallet_servers_certificate() {
    let rig = started(Rig::sandbox(0, BALANCE), &[]);
    let found = Found::alone(&rig, "10000000001", &["--report", "report.txt"]);
    found.assert_skips(NOT_OF_A_MALL);
    let report = fs::read_to_string(rig.path("report.txt")).expect("a report");
    assert!(report.contains("-6600@1999 by itself"), "{report}");
    settles(rig, (OUTCOMES.len() as u64 * BALANCE) as i64);
}

#[test]
fn a_mall_that_changes_its_key_and_lists_what_it_sells_is_certified() {
    let rig = sandbox(|rig| rig.write_party("bookshop.toml", &bookshop()));
    // Of orders and keys: everything else is as of another mall.
    let sections = ["--case", "4", "--case", "6"];
    let found = Found::of(&rig, "parties/bookshop.toml", &sections);
    found.assert_skips(&[
        "4.12", "4.19", "4.20", "4.49", "6.14", "6.54", "6.58", "6.59", "6.60", "6.63",
    ]);
    settles(rig, PROVISIONED);
}

#[test]
fn a_run_leaves_the_party_with_the_key_that_it_had() {
    let change = ("key_overlap = \"24h\"", "key_overlap = \"0s\"");
    let rig = Rig::with(CARDS, BALANCE, &[change]);
    rig.write_party("bookshop.toml", &bookshop());
    let rig = started(rig, &[]);
    let target = rig.addresses.malls.to_string();
    let certify = ["certify", "--target", &target, "--party"];
    let only = |party, number| {
        let output = rig.try_run(&[&certify[..], &[party, "--case", number]].concat());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // The old key does not count after the change: so the case fails, with the new key in force.
    let report = only("parties/bookshop.toml", "4.40");
    assert!(report.contains("  FAIL 4.40 "), "{report}");
    let restored = "- the party's key is that of its profile\n";
    assert!(report.contains(restored), "{report}");
    // What is refused is sealed with the key that counts.
    let report = only("parties/bookshop.toml", "3.15");
    assert!(report.contains("  ok   3.15 "), "{report}");
    assert!(!report.contains("earlier run"), "{report}");
}

#[test]
fn an_acquirer_with_every_permission_and_another_dialect_is_certified() {
    let rig = sandbox(|rig| rig.write_party("babel.toml", BABEL));
    let found = Found::of(&rig, "parties/babel.toml", &[]);
    found.assert_skips(&[
        "3.17", "4.49", "5.27", "5.31", "5.33", "5.41", "5.48", "5.56", "5.78", "5.95", "5.100",
        "5.102", "5.103", "5.120", "5.121", "5.122", "5.123", "5.124", "5.125", "5.126", "5.127",
        "5.128", "5.129", "5.156", "5.157", "5.158", "5.160", "8.18",
    ]);
    settles(rig, PROVISIONED);
}

#[test]
fn an_acquirer_without_a_key_is_certified() {
    let rig = sandbox(|_| {});
    // The clocks and the financial system are the others' business.
    let found = Found::of(
        &rig,
        "20000000002",
        &["--case", "1", "--case", "2", "--case", "3", "--case", "4"],
    );
    found.assert_skips(&[
        "3.04", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15", "3.16", "4.40", "4.41", "4.42",
        "4.43", "4.44", "4.45", "4.46", "4.47", "4.48",
    ]);
}

#[test]
fn without_a_payer_what_needs_none_is_certified_and_the_rest_says_why() {
    let rig = started(Rig::new(0, 0), &[]);
    // Of two addresses, the first of which refuses.
    let target = format!("{},{}", free_port(), rig.addresses.malls);
    for party in ["20000000001", "10000000001"] {
        let arguments = ["certify", "--target", &target, "--party", party];
        let output = rig.run(&[&arguments[..], &["--case", "1", "--case", "3"]].concat());
        let report = String::from_utf8_lossy(&output.stdout);
        let skipped = report.lines().find(|line| line.contains("skip 1.05 "));
        let why = skipped.expect("a purchase needs a payer");
        assert!(
            why.contains("were answered 14") || why.contains("(--sandbox)"),
            "{why}"
        );
        assert!(report.contains("ok   1.02 "));
    }
    // There are no test cards.
    let party = ["--party", "10000000001", "--sandbox", "--case", "1.05"];
    let output = rig.run(&[&["certify", "--target", &target][..], &party].concat());
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("answered 25 instead of 13"), "{report}");
    let unknown = rig.try_run(&["certify", "--target", &target, "--case", "99"]);
    assert!(!unknown.status.success());
}

#[test]
fn what_is_not_as_the_profile_says_fails_and_the_report_shows_the_bytes() {
    let rig = Rig::started(2, BALANCE);
    // What the switch does not know of.
    let profile = fs::read_to_string(rig.path("parties/development-acquirer-1.toml"));
    let profile = profile.expect("a profile") + "unknown_reversal = \"00\"\n";
    fs::write(rig.path("wrong.toml"), profile).expect("a file");
    let target = rig.addresses.malls.to_string();
    let output = rig.try_run(&[
        "certify",
        "--target",
        &target,
        "--party",
        "wrong.toml",
        "--case",
        "5.78",
        "--case",
        "5.79",
        "--junit",
        "junit.xml",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("  FAIL 5.79 "), "{report}");
    assert!(report.contains("  skip 5.78 "), "{report}");
    assert!(
        report.contains("✗ field 39: expected 00, found 25"),
        "{report}"
    );
    assert!(
        report.contains("- sent 0400 ") && report.contains("- came, "),
        "{report}"
    );
    let junit = fs::read_to_string(rig.path("junit.xml")).expect("a report");
    assert!(junit.contains("<failure message=\"field 39: expected 00, found 25"));
}

#[test]
fn the_cases_are_a_specification_without_a_target() {
    let rig = Rig::new(0, 0);
    for party in ["20000000001", "10000000001", "parties/teacup.toml"] {
        let output = rig.run(&["certify", "--list", "--party", party]);
        let text = String::from_utf8_lossy(&output.stdout);
        for section in 1..=8 {
            assert!(text.contains(&format!("\n  rule: section {section}, ")));
        }
    }
}
