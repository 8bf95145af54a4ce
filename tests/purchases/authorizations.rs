//! Authorizations and completions, what was decided elsewhere, approvals in part and stand-in, against the real switch and
//! the real financial system.

use crate::rig::totals::settles;
use crate::rig::wire::{
    ACQUIRER, Hand, PLAIN, Wire, card_purchase, completion, inquiry, refund, reversal, rig_with,
    started,
};
use crate::rig::{Rig, wait_for};

const PARTY: &str = "development-acquirer-1.toml";

/// Ledger and available balance of a card.
fn balances(wire: &mut Wire, serial: u64) -> (u64, u64) {
    wire.ask(&inquiry(&ACQUIRER, serial)).balances()
}

fn authorization(serial: u64, amount: u64) -> Hand {
    card_purchase(&ACQUIRER, serial, amount).mti("0100")
}

fn code(wire: &mut Wire, message: &Hand) -> String {
    wire.ask(message).code()
}

#[test]
fn an_authorization_holds_until_it_is_completed_or_reversed() {
    let rig = started(rig_with(10, 10_000, &[]), &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let hold = authorization(1, 3_000);
    let approved = wire.ask(&hold);
    assert_eq!((approved.code(), approved.text(38).len()), ("00".into(), 6));
    assert_eq!(balances(&mut wire, 1), (10_000, 7_000));
    // The repeat is answered alike.
    let again = wire.ask(&hold.clone().mti("0101"));
    assert_eq!(again.text(38), approved.text(38));
    let completes = completion(&hold, 2_500);
    assert_eq!(code(&mut wire, &completes), "00");
    assert_eq!(balances(&mut wire, 1), (7_500, 7_500));
    // Once, however often it comes; and there is nothing more to complete.
    assert_eq!(code(&mut wire, &completes.clone().mti("0221")), "00");
    assert_eq!(code(&mut wire, &completion(&hold, 400)), "00");
    assert_eq!(balances(&mut wire, 1), (7_500, 7_500));

    // More than is held debits what is held; shrunk by a reversal, what is left.
    let hold = authorization(2, 3_000);
    assert_eq!(code(&mut wire, &hold), "00");
    let shrinks = reversal("0420", &hold).with(95, &digits(95, 1_200));
    assert_eq!(code(&mut wire, &shrinks), "00");
    assert_eq!(balances(&mut wire, 2), (10_000, 8_800));
    assert_eq!(code(&mut wire, &completion(&hold, 9_999)), "00");
    assert_eq!(balances(&mut wire, 2), (8_800, 8_800));

    // Reversed wholly, it holds nothing, and a completion comes to nothing.
    let hold = authorization(3, 3_000);
    assert_eq!(code(&mut wire, &hold), "00");
    assert_eq!(code(&mut wire, &reversal("0400", &hold)), "00");
    assert_eq!(code(&mut wire, &completion(&hold, 3_000)), "00");
    assert_eq!(balances(&mut wire, 3), (10_000, 10_000));

    // A completion is reversed, and refunded, by its own name.
    let hold = authorization(4, 3_000);
    assert_eq!(code(&mut wire, &hold), "00");
    let completes = completion(&hold, 3_000);
    assert_eq!(code(&mut wire, &completes), "00");
    assert_eq!(code(&mut wire, &reversal("0420", &completes)), "00");
    assert_eq!(balances(&mut wire, 4), (10_000, 10_000));

    // Sent again, it takes no more than it did: the rest of the hold was free when it had come.
    let hold = authorization(5, 3_000);
    assert_eq!(code(&mut wire, &hold), "00");
    let completes = completion(&hold, 1_000);
    assert_eq!(code(&mut wire, &completes), "00");
    assert_eq!(code(&mut wire, &reversal("0420", &completes)), "00");
    assert_eq!(code(&mut wire, &completion(&hold, 3_000)), "00");
    assert_eq!(balances(&mut wire, 5), (9_000, 9_000));
    settles(rig, 100_000);
}

#[test]
fn several_completions_and_the_end_of_a_holds_time() {
    let rig = rig_with(10, 10_000, &[("hold_valid_for", "\"2s\"")]);
    rig.add_to_party(PARTY, "several_completions = true\n");
    let mut rig = started(rig, &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let hold = authorization(1, 3_000);
    assert_eq!(code(&mut wire, &hold), "00");
    assert_eq!(code(&mut wire, &completion(&hold, 1_000)), "00");
    assert_eq!(balances(&mut wire, 1), (9_000, 7_000));
    // Its time goes on while the switch is down.
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    wait_for("the hold to expire", || {
        balances(&mut wire, 1) == (9_000, 9_000)
    });
    // It completes if the money is there.
    assert_eq!(code(&mut wire, &completion(&hold, 1_500)), "00");
    assert_eq!(balances(&mut wire, 1), (7_500, 7_500));
    settles(rig, 100_000);
}

#[test]
fn what_was_decided_elsewhere_is_posted_and_what_is_missing_is_owed() {
    let rig = rig_with(10, 10_000, &[]);
    rig.add_to_party(PARTY, "stand_in_advices = true\n");
    let rig = started(rig, &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let posted = card_purchase(&ACQUIRER, 1, 4_000).mti("0220");
    assert_eq!(code(&mut wire, &posted), "00");
    assert_eq!(code(&mut wire, &posted.clone().mti("0221")), "00");
    assert_eq!(balances(&mut wire, 1), (6_000, 6_000));
    // It can be refunded like any other purchase, and reversed.
    assert_eq!(code(&mut wire, &refund(&posted, 1_000)), "00");
    assert_eq!(balances(&mut wire, 1), (7_000, 7_000));
    let held = authorization(1, 9_000).mti("0120");
    assert_eq!(code(&mut wire, &held), "00");
    assert_eq!(balances(&mut wire, 1), (9_000, 0));
    assert_eq!(code(&mut wire, &completion(&held, 9_000)), "00");
    assert_eq!(balances(&mut wire, 1), (0, 0));
    // A party without the permission for stand-in advices is refused.
    let mut other = Wire::signed_on(&rig, &PLAIN);
    let refused = card_purchase(&PLAIN, 1, 100).mti("0220");
    assert_eq!(code(&mut other, &refused), "58");
    settles(rig, 100_000);
}

#[test]
fn a_party_loads_what_was_paid_to_it_with_the_code_that_its_profile_names() {
    let rig = rig_with(10, 10_000, &[]);
    rig.add_to_party(PARTY, "load_codes = [\"28\"]\n");
    let rig = started(rig, &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let load = |serial, code| card_purchase(&ACQUIRER, serial, 2_500).with(3, code);
    let loads = load(1, "280000");
    assert_eq!(code(&mut wire, &loads), "00");
    assert_eq!(code(&mut wire, &loads.clone().mti("0201")), "00");
    assert_eq!(balances(&mut wire, 1), (12_500, 12_500));
    assert_eq!(code(&mut wire, &load(1, "210000")), "58");
    // It is no refund either.
    assert_eq!(code(&mut wire, &load(1, "200000")), "12");
    assert_eq!(code(&mut wire, &reversal("0400", &loads)), "00");
    assert_eq!(balances(&mut wire, 1), (10_000, 10_000));
    assert_eq!(code(&mut wire, &load(2, "280000")), "00");
    assert_eq!(balances(&mut wire, 2), (12_500, 12_500));
    let mut other = Wire::signed_on(&rig, &PLAIN);
    let refused = card_purchase(&PLAIN, 1, 100).with(3, "280000");
    assert_eq!(code(&mut other, &refused), "58");
    settles(rig, 100_000);
}

#[test]
fn part_of_it_is_approved_where_the_terminal_takes_that() {
    let rig = rig_with(10, 10_000, &[]);
    rig.add_to_party(PARTY, "partial_approval = true\n");
    let rig = started(rig, &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let asks = card_purchase(&ACQUIRER, 1, 12_345).tags(48, &[(4, "1")]);
    let part = wire.ask(&asks);
    assert_eq!(
        (part.code(), part.digits(4)),
        ("10".into(), "000000010000".into())
    );
    assert_eq!(part.text(54), "0057840D000000012345");
    assert_eq!(balances(&mut wire, 1), (0, 0));
    let again = wire.ask(&asks.clone().mti("0201"));
    assert_eq!((again.code(), again.text(38)), (part.code(), part.text(38)));
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 2, 12_345)), "51");
    settles(rig, 100_000);
}

#[test]
fn the_switch_stands_in_while_the_financial_system_is_away() {
    let rig = Rig::with(
        10,
        10_000,
        &[
            ("policy = \"decline\"", "policy = \"approve\""),
            ("per_transaction = 5000", "per_transaction = 2000"),
            ("per_wallet = 10000", "per_wallet = 3000"),
        ],
    );
    let ledger = ["data=ledger"];
    let mut rig = started(rig, &ledger);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 1, 500)), "00");
    rig.kill_host();
    wait_for("the line to be down", || {
        rig.sum("tessera_host_line_up") == 0.0
    });
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 1, 2_001)), "91");
    let stands_in = card_purchase(&ACQUIRER, 1, 2_000);
    assert_eq!(code(&mut wire, &stands_in), "00");
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 1, 1_001)), "91");
    assert_eq!(code(&mut wire, &card_purchase(&ACQUIRER, 2, 1_000)), "00");
    assert_eq!(code(&mut wire, &reversal("0420", &stands_in)), "00");
    // All of it survives the switch.
    rig.kill_switch();
    rig.start_host(&ledger);
    rig.start_switch();
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    assert_eq!(balances(&mut wire, 1), (9_500, 9_500));
    assert_eq!(balances(&mut wire, 2), (9_000, 9_000));
    settles(rig, 100_000);
}

/// Field 95.
fn digits(_: u8, amount: u64) -> String {
    let characters = format!("{amount:012}{:030}", 0);
    characters
        .bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
