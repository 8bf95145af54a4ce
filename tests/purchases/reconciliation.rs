//! Settlement dates and totals: the answers to a party, the items behind them, and their state after a crash.

use crate::rig::totals::{acknowledged_by_the_host, begin_day, far_off, settles, today, unsettled};
use crate::rig::wire::{
    ACQUIRER, Hand, PLAIN, Party, Wire, card_purchase, completion, network, refund, reversal,
    rig_with, started,
};
use crate::rig::{Rig, http, wait_for};

/// Fields 74 to 77 and 86 to 89.
const FIGURES: [u8; 8] = [74, 75, 76, 77, 86, 87, 88, 89];

/// 0500 of a party, its figures and its net amount (`C` or `D` and sixteen digits) in order.
fn totals(party: &Party, date: &str, figures: [u64; 8], net: &str) -> Hand {
    let mut message = network(party, "301").without(70).mti("0500").with(15, date);
    for (field, figure) in FIGURES.into_iter().zip(figures) {
        let digits = if field < 80 { 10 } else { 16 };
        message = message.with(field, &format!("{figure:0digits$}"));
    }
    let (sign, digits) = net.split_at(1);
    let sign = sign.as_bytes()[0];
    message.with(97, &format!("{sign:02x}{digits:0>16}"))
}

/// What the switch says that its totals are, and whether it agrees.
fn compared(wire: &mut Wire, message: &Hand) -> (String, [u64; 8]) {
    let answer = wire.ask(message);
    assert_eq!(answer.code(), "00", "{}", answer.reason());
    let figures = FIGURES.map(|field| answer.digits(field).parse().expect("a number"));
    (answer.digits(66), figures)
}

const NOTHING: [u64; 8] = [0; 8];

fn field_15(date: &str) -> String {
    date[5..].replace('-', "")
}

fn code(wire: &mut Wire, message: &Hand) -> String {
    wire.ask(message).code()
}

#[test]
fn totals_are_what_was_approved_and_taken_back_and_survive_a_crash() {
    let rig = rig_with(10, 100_000, &[("settlement_cutover", &far_off())]);
    let mut rig = started(rig, &["data=ledger"]);
    let date = today(&rig);
    let day = field_15(&date);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let empty = totals(&ACQUIRER, &day, NOTHING, "C0");
    assert_eq!(compared(&mut wire, &empty), ("01".into(), NOTHING));

    let bought = card_purchase(&ACQUIRER, 1, 3_000);
    let taken_back = card_purchase(&ACQUIRER, 2, 2_000);
    let hold = card_purchase(&ACQUIRER, 3, 5_000).mti("0100");
    for message in [&bought, &taken_back, &hold] {
        assert_eq!(code(&mut wire, message), "00");
    }
    // A hold is no debit; its completion is. What was declined, or comes twice, counts for nothing more.
    assert_eq!(code(&mut wire, &completion(&hold, 4_000)), "00");
    assert_eq!(code(&mut wire, &refund(&bought, 700)), "00");
    assert_eq!(code(&mut wire, &reversal("0420", &taken_back)), "00");
    assert_eq!(code(&mut wire, &bought.clone().mti("0201")), "00");
    let too_much = card_purchase(&ACQUIRER, 4, 999_999);
    assert_eq!(code(&mut wire, &too_much), "51");
    let mut other = Wire::signed_on(&rig, &PLAIN);
    assert_eq!(code(&mut other, &card_purchase(&PLAIN, 4, 50)), "00");

    let ours = [1, 0, 3, 1, 700, 0, 9_000, 2_000];
    let same = totals(&ACQUIRER, &day, ours, "D6300");
    assert_eq!(compared(&mut wire, &same), ("01".into(), ours));
    let mut theirs = ours;
    theirs[2] += 1;
    let differs = totals(&ACQUIRER, &day, theirs, "D6300");
    assert_eq!(compared(&mut wire, &differs), ("02".into(), ours));
    let advice = wire.ask(&same.clone().mti("0520"));
    assert_eq!(
        (advice.mti.as_str(), advice.digits(66)),
        ("0530", "01".into())
    );

    // Killed, with part of it in the store and part of it in the journal alone, and from the journal alone.
    for forgets_store in [false, true] {
        rig.kill_switch();
        if forgets_store {
            std::fs::remove_dir_all(rig.path("data").join("store")).expect("a store");
        }
        rig.start_switch();
        rig.wait_until_ready();
        let mut wire = Wire::signed_on(&rig, &ACQUIRER);
        assert_eq!(compared(&mut wire, &same), ("01".into(), ours));
    }

    let tomorrow = totals(&ACQUIRER, "1301", NOTHING, "C0");
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(code(&mut wire, &tomorrow), "30");
    lists_what_is_behind(&rig, &date);
    settles(rig, 1_000_000);
}

fn lists_what_is_behind(rig: &Rig, date: &str) {
    let of_date = ["recon", "--config", "switch.toml", "--date", date];
    let of_party = [&of_date[..], &["--party", "20000000001"]].concat();
    let listed = String::from_utf8(rig.run(&of_party).stdout).expect("CSV");
    assert_eq!(listed.lines().count(), 6, "{listed}");
    let all = String::from_utf8(rig.run(&of_date).stdout).expect("CSV");
    assert_eq!(all.lines().count(), 7, "{all}");

    let against = rig.path("theirs.csv");
    std::fs::write(&against, &listed).expect("a file");
    let against = against.to_str().expect("a path");
    let compares = [&of_party[..], &["--against", against]].concat();
    assert_eq!(rig.run(&compares).stdout, b"");
    std::fs::write(against, listed.replace(",3000,", ",3001,")).expect("a file");
    let differs = rig.try_run(&compares);
    assert_eq!(differs.status.code(), Some(1));
    let csv = String::from_utf8(differs.stdout).expect("CSV");
    assert!(
        csv.contains("another amount,debit,") && csv.contains(",3000,3001"),
        "{csv}"
    );
    std::fs::write(against, listed.replace(",3000,", ",30.00,")).expect("a file");
    let refused = rig.try_run(&compares);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        why.contains("row 1 of the list, column 4 (amount): `30.00` is not an amount"),
        "{why}"
    );

    let in_json = rig.run(&[&of_party[..], &["--json"]].concat()).stdout;
    let in_json: serde_json::Value = serde_json::from_slice(&in_json).expect("JSON");
    assert_eq!(in_json["items"].as_array().expect("a list").len(), 5);
    assert_eq!(in_json["items"][0]["party"], "20000000001");
    assert_eq!(in_json["date"], date);
    // One without items on the date is known by its profile; a slip of the finger is not.
    rig.run(&[&of_date[..], &["--party", "20000000002"]].concat());
    let unknown = rig.try_run(&[&of_date[..], &["--party", "20000000009"]].concat());
    let why = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(why.contains("no party has the code 20000000009"), "{why}");
}

#[test]
fn what_comes_after_the_cutover_belongs_to_the_next_date() {
    let mut rig = started(
        rig_with(10, 100_000, &[("settlement_cutover", &far_off())]),
        &[],
    );
    let before = today(&rig);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 1, 1_000)), "00");
    begin_day(&rig);
    wait_for("the next date", || today(&rig) != before);
    let after = today(&rig);
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 1, 20)), "00");

    let first = [0, 0, 1, 0, 0, 0, 1_000, 0];
    let second = [0, 0, 1, 0, 0, 0, 20, 0];
    let ask = |wire: &mut Wire, date: &str, figures, net| {
        compared(wire, &totals(&ACQUIRER, &field_15(date), figures, net))
    };
    assert_eq!(
        ask(&mut wire, &before, first, "D1000"),
        ("01".into(), first)
    );
    assert_eq!(ask(&mut wire, &after, second, "D20"), ("01".into(), second));
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    assert_eq!(today(&rig), after);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(
        ask(&mut wire, &before, first, "D1000"),
        ("01".into(), first)
    );
    assert_eq!(ask(&mut wire, &after, second, "D20"), ("01".into(), second));
    settles(rig, 1_000_000);
}

/// What the host said to its totals so far.
fn outcomes(rig: &Rig, outcome: &str) -> f64 {
    let name = format!("tessera_host_totals_total{{outcome=\"{outcome}\"}}");
    rig.figure(&name).expect("a figure")
}

#[test]
fn the_financial_system_gets_our_totals_until_it_has_the_same() {
    let settings = [
        ("settlement_cutover", far_off()),
        ("answer_within", "\"3s\"".into()),
        ("order_wait", "\"1s\"".into()),
        ("refusals_max", "1".into()),
    ];
    let settings = settings.each_ref().map(|(key, value)| (*key, &value[..]));
    let silent = "rules.endings={ \"77\" = \"silent\" }";
    let mut rig = started(rig_with(10, 100_000, &settings), &["data=ledger", silent]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let bought = card_purchase(&ACQUIRER, 1, 3_000);
    let refunded = card_purchase(&ACQUIRER, 2, 2_000);
    let hold = card_purchase(&ACQUIRER, 3, 5_000).mti("0100");
    for message in [&bought, &refunded, &hold] {
        assert_eq!(code(&mut wire, message), "00");
    }
    // Approved there and given up here: both have it undone.
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 4, 1_077)), "91");
    assert_eq!(code(&mut wire, &refund(&refunded, 700)), "00");
    assert_eq!(code(&mut wire, &reversal("0420", &refunded)), "00");
    acknowledged_by_the_host(&rig);

    // It refuses a completion, which waits for the operator, and the date stays open.
    rig.kill_host();
    rig.start_host(&["data=ledger", "rules.refuse_advices=\"96\""]);
    assert_eq!(code(&mut wire, &completion(&hold, 4_000)), "00");
    // It itself, and that the rest is not held any more.
    wait_for("dead letters", || {
        rig.figure("tessera_store_and_forward_dead") == Some(2.0)
    });
    let first = today(&rig);
    begin_day(&rig);
    wait_for("the next date", || today(&rig) != first);
    wait_for("nobody to answer", || outcomes(&rig, "unanswered") > 0.0);
    rig.kill_host();
    rig.start_host(&["data=ledger", silent]);
    // Taken back on another date than it was bought.
    let partly = reversal("0420", &bought).text(95, &format!("{:012}{}", 1_000, "0".repeat(30)));
    assert_eq!(code(&mut wire, &partly), "00");
    wait_for("other totals there", || outcomes(&rig, "differs") > 0.0);
    assert_eq!(unsettled(&rig), std::slice::from_ref(&first));
    let second = today(&rig);
    begin_day(&rig);
    wait_for("the date after it", || today(&rig) != second);
    wait_for("the same of that date", || {
        unsettled(&rig) == [first.clone()]
    });

    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    assert_eq!(unsettled(&rig), [first]);
    let listed = rig.run(&["saf", "--config", "switch.toml", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    for letter in listed.as_array().expect("a list") {
        let id = letter["id"].as_str().expect("an id");
        let retry = ["saf", "--config", "switch.toml", "retry", id];
        rig.run(&[&retry[..], &["--by", "Ada", "--reason", "mended"]].concat());
    }
    wait_for("the same of every date", || unsettled(&rig).is_empty());

    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    assert!(unsettled(&rig).is_empty());
    settles(rig, 1_000_000);
}

#[test]
fn what_a_refund_that_is_undone_gives_back_has_the_same_date_on_both_sides() {
    let settings = [
        ("settlement_cutover", far_off()),
        ("answer_within", "\"8s\"".into()),
    ];
    let settings = settings.each_ref().map(|(key, value)| (*key, &value[..]));
    let host = [
        "data=ledger",
        "rules.endings={ \"77\" = \"silent\", \"88\" = \"ignored\" }",
    ];
    let mut rig = started(rig_with(10, 100_000, &settings), &host);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let bought = [1, 2, 3, 4].map(|card| card_purchase(&ACQUIRER, card, 3_000));
    for purchase in &bought {
        assert_eq!(code(&mut wire, purchase), "00");
    }
    let refunds = [2, 3].map(|place| refund(&bought[place], 700));
    for refund in &refunds {
        assert_eq!(code(&mut wire, refund), "00");
    }

    // Two purchases are reversed while refunds of them are decided, which come to nothing on the next date: one of them the
    // financial system has, the other it has never seen.
    let mut waiting = Wire::signed_on(&rig, &ACQUIRER);
    waiting.send(&refund(&bought[0], 777).frame());
    waiting.send(&refund(&bought[1], 788).frame());
    for purchase in &bought[..2] {
        assert_eq!(code(&mut waiting, &reversal("0420", purchase)), "00");
    }
    let next_date = |rig: &Rig| {
        let before = today(rig);
        begin_day(rig);
        wait_for("the next date", || today(rig) != before);
    };
    next_date(&rig);
    assert!(!waiting.has_come(), "answered before the date was over");
    assert_eq!(
        [waiting.answer().code(), waiting.answer().code()],
        ["91"; 2]
    );

    // The others are reversed on the date before that of the reversals of their refunds, and the other way round. It
    // gets all of it after a crash.
    rig.kill_host();
    for undone in [&refunds[0], &bought[3]] {
        assert_eq!(code(&mut wire, &reversal("0420", undone)), "00");
    }
    next_date(&rig);
    for undone in [&bought[2], &refunds[1]] {
        assert_eq!(code(&mut wire, &reversal("0420", undone)), "00");
    }
    rig.kill_switch();
    rig.start_switch();
    rig.start_host(&host);
    rig.wait_until_ready();
    settles(rig, 1_000_000);
}

#[test]
fn the_financial_system_begins_a_date_and_says_when_it_has_all_of_it() {
    let settings = [
        ("settlement_cutover", "\"host\""),
        ("reconcile_after", "\"1h\""),
    ];
    let mut rig = started(rig_with(10, 100_000, &settings), &["data=ledger"]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 1, 1_000)), "00");
    let first = today(&rig);
    let tomorrow = tessera_ledger::Day::from_text(&first).expect("a date").0 + 1;
    let day = |days: u32| tessera_ledger::Day(tomorrow + days).month_and_day();
    let say = |what: &str| {
        let answer = http::ask(
            rig.addresses.tally,
            &format!("POST /cutover/{what}"),
            &[],
            "",
        );
        assert_eq!(answer.status, 202, "{}", answer.text);
    };
    // Not the next one.
    say(&format!("{:04}", day(1)));
    say(&format!("{:04}", day(0)));
    wait_for("the next date", || today(&rig) != first);
    let second = today(&rig);
    assert_eq!(second, tessera_ledger::Day(tomorrow).to_string());
    // It says so again, which changes nothing.
    say(&format!("{:04}", day(0)));
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 1, 20)), "00");
    assert_eq!(unsettled(&rig), [first]);
    say("complete");
    wait_for("the same totals", || unsettled(&rig).is_empty());

    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    assert_eq!(today(&rig), second);
}
