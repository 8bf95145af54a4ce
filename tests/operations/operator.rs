//! Decisions of an operator, and advices that the financial system refuses, against the real switch.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::rig::totals::settles;
use crate::rig::wire::{
    ACQUIRER, Hand, PLAIN, Wire, card_number, card_purchase, inquiry, refund, reversal,
};
use crate::rig::wire::{rig_with, started};
use crate::rig::{Rig, wait_for};
use serde_json::Value;

fn code(wire: &mut Wire, message: &Hand) -> String {
    wire.ask(message).code()
}

fn available(wire: &mut Wire, serial: u64) -> u64 {
    wire.ask(&inquiry(&ACQUIRER, serial)).balances().1
}

/// `tessera control` of the running switch.
fn control(rig: &Rig, arguments: &[&str]) -> Value {
    let done = rig.run(&[&CONTROL[..], arguments].concat());
    serde_json::from_str(&printed(&done)).expect("JSON")
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{}", printed(output));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn dead_letters(rig: &Rig) -> Vec<Value> {
    let listed: Value = serde_json::from_str(&printed(
        &rig.run(&[&SAF[..], &["list", "--json"]].concat()),
    ))
    .expect("JSON");
    listed.as_array().expect("a list").clone()
}

/// Who we are to the system.
fn me() -> String {
    let name = Command::new("id").arg("-un").output().expect("id runs");
    printed(&name).trim_end().to_owned()
}

const CONTROL: [&str; 4] = ["control", "--config", "switch.toml", "--json"];
const SAF: [&str; 3] = ["saf", "--config", "switch.toml"];
const WHY: [&str; 4] = ["--by", "Ada", "--reason", "as agreed"];

#[test]
fn what_is_refused_too_often_waits_for_the_operator() {
    let impatient = [
        ("repeat_min", "\"5ms\""),
        ("repeat_max", "\"10ms\""),
        ("refusals_max", "3"),
    ];
    let ledger = ["data=ledger"];
    let deaf = ["data=ledger", "rules.refuse_advices=\"96\""];
    let mut rig = started(rig_with(10, 10_000, &impatient), &deaf);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    for serial in [1, 2] {
        let bought = card_purchase(&ACQUIRER, serial, 3_000);
        assert_eq!(code(&mut wire, &bought), "00");
        assert_eq!(code(&mut wire, &reversal("0420", &bought)), "00");
    }
    wait_for("the advices to be given up", || {
        dead_letters(&rig).len() == 2
    });
    assert_eq!(rig.sum("tessera_store_and_forward_dead"), 2.0);
    assert_eq!(rig.sum("tessera_store_and_forward_depth"), 0.0);
    // Neither a restart nor a crash forgets them, or sends them by itself.
    rig.kill_switch();
    rig.kill_host();
    rig.start_host(&ledger);
    rig.start_switch();
    rig.wait_until_ready();
    let listed = dead_letters(&rig);
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["code"], "96");
    let id = listed[0]["id"].as_str().expect("an id");
    let shown = printed(&rig.run(&[&SAF[..], &["show", id]].concat()));
    assert!(shown.contains("0421") && shown.contains("30.00"), "{shown}");
    assert!(!shown.contains(&card_number(1)), "{shown}");

    rig.run(&[&SAF[..], &["retry", id], &WHY[..]].concat());
    wait_for("it to be acknowledged", || dead_letters(&rig).len() == 1);
    let other = listed[1]["id"].as_str().expect("an id");
    let twice = rig.try_run(&[&SAF[..], &["retry", id], &WHY[..]].concat());
    assert!(complaint(&twice).contains("no such advice"));
    let unsaid =
        rig.try_run(&[&SAF[..], &["drop", other, "--by", "Ada", "--reason", " "]].concat());
    assert!(complaint(&unsaid).contains("`reason` is required"));
    rig.run(&[&SAF[..], &["retry", other], &WHY[..]].concat());
    wait_for("the other", || dead_letters(&rig).is_empty());
    let shown = control(&rig, &["show", "--card", &card_number(1)]);
    let decisions = shown["decisions"].as_array().expect("a list");
    assert_eq!(decisions.len(), 1, "{shown}");
    assert_eq!(decisions[0]["by"], me() + " for Ada");
    settles(rig, 100_000);
}

#[test]
fn what_is_dropped_is_never_sent() {
    let impatient = [
        ("repeat_min", "\"5ms\""),
        ("repeat_max", "\"10ms\""),
        ("refusals_max", "1"),
    ];
    let deaf = ["data=ledger", "rules.refuse_advices=\"96\""];
    let mut rig = started(rig_with(10, 10_000, &impatient), &deaf);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let bought = card_purchase(&ACQUIRER, 1, 3_000);
    assert_eq!(code(&mut wire, &bought), "00");
    assert_eq!(code(&mut wire, &reversal("0420", &bought)), "00");
    wait_for("the advice to be given up", || {
        dead_letters(&rig).len() == 1
    });
    let id = dead_letters(&rig)[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    rig.run(&[&SAF[..], &["drop", &id], &WHY[..]].concat());
    assert!(dead_letters(&rig).is_empty());
    rig.kill_host();
    rig.kill_switch();
    rig.start_host(&["data=ledger"]);
    rig.start_switch();
    rig.wait_until_ready();
    assert!(dead_letters(&rig).is_empty());
    assert_eq!(rig.sum("tessera_store_and_forward_depth"), 0.0);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(available(&mut wire, 1), 10_000);
}

#[test]
fn a_card_is_renewed_before_it_expires() {
    let rig = rig_with(3, 10_000, &[("renew_cards_before", "\"3650d\"")]);
    let rig = started(rig, &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    for serial in [1, 2, 3] {
        wait_for("the old number to end", || {
            wire.ask(&inquiry(&ACQUIRER, serial)).code() == "14"
        });
    }
    // The new ones are new: no more is asked for.
    assert_eq!(rig.sum("tessera_host_requests_total"), 3.0);
    settles(rig, 30_000);
}

#[test]
fn blocks_hold_until_they_are_taken_back_and_say_why() {
    let mut rig = started(rig_with(10, 10_000, &[]), &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let buy = |wire: &mut Wire, serial| code(wire, &card_purchase(&ACQUIRER, serial, 100));
    let bought = card_purchase(&ACQUIRER, 1, 1_000);
    assert_eq!(code(&mut wire, &bought), "00");

    let first = card_number(1);
    control(&rig, &[&["block", "--card", &first], &WHY[..]].concat());
    let declined = card_purchase(&ACQUIRER, 1, 100);
    assert_eq!(code(&mut wire, &declined), "62");
    assert_eq!(buy(&mut wire, 2), "00");
    // What was bought may be given back.
    assert_eq!(code(&mut wire, &refund(&bought, 400)), "00");
    assert_eq!(code(&mut wire, &reversal("0400", &bought)), "00");
    assert_eq!(available(&mut wire, 1), 10_000);

    let range = ["--cards", &card_number(2)[..15]];
    let shown = control(&rig, &[&["block"], &range[..], &WHY[..]].concat());
    assert_eq!(shown["blocks"][0]["by"], me() + " for Ada");
    assert_eq!(shown["blocks"][0]["reason"], "as agreed");
    wait_for("all workers to know", || buy(&mut wire, 2) == "62");

    // It outlives a crash; what was declined stays so when the block is taken back.
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(buy(&mut wire, 1), "62");
    assert_eq!(buy(&mut wire, 2), "62");
    control(&rig, &[&["unblock", "--card", &first], &WHY[..]].concat());
    control(&rig, &[&["unblock"], &range[..], &WHY[..]].concat());
    wait_for("all workers to know", || buy(&mut wire, 2) == "00");
    assert_eq!(buy(&mut wire, 1), "00");
    assert_eq!(code(&mut wire, &declined.clone().mti("0201")), "62");
    let again = rig.try_run(&[&CONTROL[..], &["unblock", "--card", &first], &WHY[..]].concat());
    assert!(complaint(&again).contains("it is not blocked"));

    control(
        &rig,
        &[&["block", "--merchant", "SHOP-77"], &WHY[..]].concat(),
    );
    wait_for("all workers to know", || buy(&mut wire, 1) == "03");
    let mut other = Wire::signed_on(&rig, &PLAIN);
    let elsewhere = card_purchase(&PLAIN, 1, 100).text(42, "SHOP-78        ");
    assert_eq!(code(&mut other, &elsewhere), "00");
    control(
        &rig,
        &[&["unblock", "--merchant", "SHOP-77"], &WHY[..]].concat(),
    );
    wait_for("all workers to know", || buy(&mut wire, 1) == "00");
    wait_for("the declines to be counted by their rules", || {
        let by = |reason: &str| {
            let name = format!("tessera_declines_total{{code=\"62\",reason=\"{reason}\"}}");
            rig.figure(&name).unwrap_or_default()
        };
        by("the operator has blocked the wallet") == 1.0
            && by("the operator has blocked such cards") >= 1.0
    });
    settles(rig, 100_000);
}

#[test]
fn a_wallet_a_card_and_a_party_are_held_to_where_they_may_spend() {
    let rig = rig_with(10, 10_000, &[]);
    let party = "development-acquirer-1.toml";
    let path = rig.path("parties").join(party);
    let text = fs::read_to_string(&path).expect("a party");
    let text = text.replace(
        "#merchant_categories_forbidden = []",
        "merchant_categories_forbidden = [\"7995\"]",
    );
    fs::write(&path, text).expect("a file");
    let rig = started(rig, &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let mut buy = |serial, category: &str, country: &str| {
        let bought = card_purchase(&ACQUIRER, serial, 100).with(18, category);
        let bought = match country {
            "" => bought,
            country => bought.with(19, country),
        };
        let answer = wire.ask(&bought);
        (answer.code(), answer.reason())
    };
    let not_this = ("57".to_owned(), "not this merchant category".to_owned());
    assert_eq!(buy(1, "7995", ""), not_this);
    assert_eq!(buy(1, "5942", "").0, "00");

    let wallet = ["set", "--wallet", "1", "--no-categories", "5942"];
    control(&rig, &[&wallet[..], &WHY[..]].concat());
    assert_eq!(buy(1, "5942", ""), not_this);
    assert_eq!(buy(1, "5411", "").0, "00");
    let card = card_number(1);
    let only_here = ["set", "--card", &card, "--countries", "840,124"];
    let shown = control(&rig, &[&only_here[..], &WHY[..]].concat());
    assert_eq!(
        shown["controls"].as_array().map(Vec::len),
        Some(2),
        "{shown}"
    );
    assert_eq!(buy(1, "5411", "0840").0, "00");
    let elsewhere = ("57".to_owned(), "not in this country".to_owned());
    assert_eq!(buy(1, "5411", "0276"), elsewhere);
    assert_eq!(buy(1, "5411", ""), elsewhere);
    assert_eq!(buy(2, "5942", "").0, "00");

    control(&rig, &[&["set", "--card", &card], &WHY[..]].concat());
    control(&rig, &[&["set", "--wallet", "1"], &WHY[..]].concat());
    assert_eq!(buy(1, "5942", "").0, "00");
    let wrong = ["set", "--wallet", "1", "--categories", "59"];
    let wrong = rig.try_run(&[&CONTROL[..], &wrong[..], &WHY[..]].concat());
    assert!(complaint(&wrong).contains("\"59\" is not 4 digits"));
    let nobody = ["block", "--wallet", "4711"];
    let nobody = rig.try_run(&[&CONTROL[..], &nobody[..], &WHY[..]].concat());
    assert!(complaint(&nobody).contains("no such wallet"));
    settles(rig, 100_000);
}

/// Of the user that owns nothing, on every Debian.
const NOBODY: (&str, u32, &str, u32) = ("nobody", 65_534, "nogroup", 65_534);

/// `tessera` as that user, who reaches neither the rig nor the place of its binary.
fn as_nobody(open: &Path, arguments: &[&str]) -> Output {
    Command::new(open.join("tessera"))
        .args(arguments)
        .current_dir(open)
        .uid(NOBODY.1)
        .gid(NOBODY.3)
        .output()
        .expect("tessera runs")
}

#[test]
fn other_users_may_do_what_the_configuration_lists() {
    if me() != "root" {
        eprintln!("skipped: only root can be somebody else");
        return;
    }
    let open = tempfile::tempdir().expect("a folder");
    let public = Permissions::from_mode(0o755);
    fs::set_permissions(open.path(), public.clone()).expect("a folder");
    fs::copy(env!("CARGO_BIN_EXE_tessera"), open.path().join("tessera")).expect("a copy");
    fs::set_permissions(open.path().join("tessera"), public).expect("a file");
    let socket = open.path().join("operations.sock");
    let at = socket.to_str().expect("a path");
    let placed = format!("socket = \"{at}\"");
    let rights = |read: &str, block: &str| {
        [
            ("socket = \"operations.sock\"", placed.clone()),
            ("\nread = []", format!("\nread = [{read}]")),
            ("\nblock = []", format!("\nblock = [{block}]")),
        ]
    };
    let show = ["control", "--socket", at, "show"];
    let block = [
        "control",
        "--socket",
        at,
        "block",
        "--merchant",
        "SHOP-77",
        "--reason",
        "a test",
    ];
    let day = ["control", "--socket", at, "begin-day", "--reason", "a test"];
    let letters = [
        "outbox", "--socket", at, "drop", "--all", "--reason", "a test",
    ];
    for (read, blocks, may) in [
        ("", "", [false, false, false, false]),
        ("\"@nogroup\"", "", [true, false, false, false]),
        ("", "\"nobody\"", [true, true, false, false]),
    ] {
        let changes = rights(read, blocks);
        let changes: Vec<_> = changes
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        let rig = started(Rig::with(1, 10_000, &changes), &[]);
        for (arguments, may) in [&show[..], &block, &day, &letters].into_iter().zip(may) {
            let done = as_nobody(open.path(), arguments);
            assert_eq!(done.status.success(), may, "{arguments:?}: {done:?}");
            if !(may || read.is_empty() && blocks.is_empty()) {
                let why = complaint(&done);
                assert!(why.contains("nobody may not do that"), "{why}");
            }
        }
        if may[1] {
            let shown = control(&rig, &["show"]);
            assert_eq!(shown["blocks"][0]["by"], NOBODY.0, "{shown}");
        }
    }
}
