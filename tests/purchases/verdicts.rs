//! Every answer code of the financial system, from its line to the ledgers of both sides: the real switch and the real
//! financial system, which has posted the request or not.

use std::collections::HashMap;

use crate::rig::Rig;
use crate::rig::leased::{Line, operation};
use crate::rig::totals::settles;
use crate::rig::wire::{ACQUIRER, Hand, Wire, card_purchase, refund, started};

/// What ISO 8583:1987 gives as a decision against a request: a host that answers so has booked nothing.
const DECLINES: &str = "01 02 03 04 05 07 12 13 14 15 17 19 23 25 30 31 33 34 35 36 37 38 39 40 41 42 43 44 51 52 53 54 55 56 57 58 \
    59 60 61 62 63 64 65 66 67 75 90 92 93 94";
/// What a mall may be answered: section 6 of the wire protocol, without the approval in part that it did not ask for.
const KNOWN: &str = "00 03 05 12 13 14 25 30 51 54 57 58 61 62 63 65 68 91 94 96";
const CARDS: u64 = 50;
const BALANCE: u64 = 100_000_000;
/// Unanswered requests of the test's connection.
const WINDOW: usize = 100;

/// What the financial system does with an amount: it ends in `ending`.
struct Case {
    ending: usize,
    code: String,
    booked: bool,
}

fn is_among(list: &str, code: &str) -> bool {
    list.split_whitespace().any(|one| one == code)
}

/// All of two digits and capital letters; booked and not, where either may be.
fn cases() -> Vec<Case> {
    let alphabet = ('0'..='9').chain('A'..='Z');
    let pairs = alphabet
        .clone()
        .flat_map(|one| alphabet.clone().map(move |two| format!("{one}{two}")));
    let codes: Vec<String> = pairs.collect();
    assert_eq!(codes.len(), 1_296);
    let mut cases = Vec::new();
    for (number, code) in codes.into_iter().enumerate() {
        if !is_among(DECLINES, &code) {
            let (ending, code) = (5_000 + number, code.clone());
            cases.push(Case {
                ending,
                code,
                booked: true,
            });
        }
        if code != "00" {
            cases.push(Case {
                ending: number,
                code,
                booked: false,
            });
        }
    }
    cases
}

fn endings(cases: &[Case]) -> String {
    let rows = cases.iter().map(|case| {
        let booked = if case.booked { "booked " } else { "" };
        format!("\"{:04}\" = \"{booked}{}\"", case.ending, case.code)
    });
    let rows: Vec<String> = rows.collect();
    format!("rules.endings={{ {} }}", rows.join(", "))
}

fn amount(case: &Case) -> u64 {
    10_000 + case.ending as u64
}

/// The codes that these requests are answered with.
fn answers(wire: &mut Wire, requests: &[Hand]) -> Vec<String> {
    let mut codes = HashMap::new();
    for window in requests.chunks(WINDOW) {
        window
            .iter()
            .for_each(|request| wire.send(&request.frame()));
        for _ in window {
            let answer = wire.answer();
            codes.insert(answer.digits(11), answer.code());
        }
    }
    let answered = requests
        .iter()
        .map(|request| codes[&request.field(11)].clone());
    answered.collect()
}

fn check(case: &Case, kind: &str, given: &str) {
    let about = format!("{kind}, {} (booked: {}): {given}", case.code, case.booked);
    assert_eq!(given == "00", case.code == "00", "{about}");
    assert!(is_among(KNOWN, given), "{about}");
    // A refund that came before the reversal of another may be asked for again.
    let early = kind == "refund" && given == "91" && is_among("13 25", &case.code);
    if is_among(DECLINES, &case.code) && is_among(KNOWN, &case.code) && !early {
        assert_eq!(given, case.code, "{about}");
    }
}

#[test]
fn no_code_makes_the_ledgers_differ() {
    let cases = cases();
    let rig = started(Rig::new(CARDS, BALANCE), &[&endings(&cases)]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let serials = (1..=CARDS).cycle();
    let purchases = cases.iter().zip(serials.clone());
    let purchases = purchases.map(|(case, serial)| card_purchase(&ACQUIRER, serial, amount(case)));
    let purchases: Vec<Hand> = purchases.collect();
    for (case, given) in cases.iter().zip(answers(&mut wire, &purchases)) {
        check(case, "purchase", &given);
    }
    let booked: Vec<&Case> = cases.iter().filter(|case| case.booked).collect();
    let authorizations = booked.iter().zip(serials.clone());
    let authorizations = authorizations
        .map(|(case, serial)| card_purchase(&ACQUIRER, serial, amount(case)).mti("0100"));
    let authorizations: Vec<Hand> = authorizations.collect();
    for (case, given) in booked.iter().zip(answers(&mut wire, &authorizations)) {
        check(case, "authorization", &given);
    }
    // No ending of these is among the cases.
    let bought: Vec<Hand> = (1..=CARDS)
        .map(|serial| card_purchase(&ACQUIRER, serial, 4_009_999))
        .collect();
    let answered = answers(&mut wire, &bought);
    assert!(answered.iter().all(|code| code == "00"), "{answered:?}");
    let refunds = cases.iter().zip(bought.iter().cycle());
    let refunds: Vec<Hand> = refunds
        .map(|(case, bought)| refund(bought, amount(case)))
        .collect();
    for (case, given) in cases.iter().zip(answers(&mut wire, &refunds)) {
        check(case, "refund", &given);
    }
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(1_009_999);
    for case in &booked {
        let minor = amount(case).to_string();
        let load = [(1, wallet.as_str()), (2, &minor), (3, "840"), (7, "IBAN-1")];
        check(case, "load", &line.ask(&operation("120", &load)).code());
    }
    settles(rig, (CARDS * BALANCE) as i64);
}

/// What it answers about another card, type of transaction, amount or currency is no answer to what it was asked.
#[test]
fn an_answer_about_something_else_comes_to_nothing_on_both_sides() {
    let endings = "rules.endings={\"5002\"=\"other 2\",\"5003\"=\"other 3\",\"5004\"=\"other 4\",\"5049\"=\"other 49\"}";
    let rig = started(Rig::new(CARDS, BALANCE), &[endings]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let bought = card_purchase(&ACQUIRER, 1, 1_000_000);
    assert_eq!(wire.ask(&bought).code(), "00");
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(1_009_999);
    let contradicting = || rig.sum("tessera_host_answers_contradicting_total");
    assert_eq!(contradicting(), 0.0);
    for amount in [5_002, 5_003, 5_004, 5_049] {
        let purchase = card_purchase(&ACQUIRER, 2, amount);
        let authorization = card_purchase(&ACQUIRER, 3, amount).mti("0100");
        for request in [purchase, authorization, refund(&bought, amount)] {
            assert_eq!(wire.ask(&request).code(), "96", "{amount}");
        }
        let minor = amount.to_string();
        let load = [(1, wallet.as_str()), (2, &minor), (3, "840"), (7, "IBAN-1")];
        assert_eq!(line.ask(&operation("120", &load)).code(), "96", "{amount}");
    }
    assert_eq!(contradicting(), 16.0);
    let said = "an answer of the financial system contradicts its request";
    assert_eq!(
        rig.log("switch").matches(said).count(),
        10,
        "as many as are written in ten seconds"
    );
    settles(rig, (CARDS * BALANCE) as i64);
}
