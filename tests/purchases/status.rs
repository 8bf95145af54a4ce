//! What has become of an order or a request: hand-written bytes, over declines, refunds, reversals, a kill and a restart.

use crate::rig::inquiries::{about, about_order, said, state};
use crate::rig::leased::{Line, announcement, cancellation};
use crate::rig::wait_for;
use crate::rig::wire::{
    ACQUIRER, MALL, OTHER_MALL, Wire, card_number, card_purchase, order_purchase, refund, reversal,
    rig_with, started,
};

#[test]
fn a_mall_asks_what_has_become_of_its_orders() {
    let rig = started(rig_with(0, 0, &[("order_valid_for", "\"6s\"")]), &[]);
    let mut line = Line::signed_on(&rig);
    let wallet = line.wallet_with(100_000);
    let mut mall = Wire::signed_on(&rig, &MALL);
    let mut other = Wire::signed_on(&rig, &OTHER_MALL);

    assert_eq!(mall.ask(&about_order(&MALL, "S-1")).code(), "25");
    // It waits for the payer; and is not held up by the question.
    let early = order_purchase(&MALL, "S-0", 800);
    let mut waiting = Wire::signed_on(&rig, &MALL);
    waiting.send(&early.frame());
    wait_for("the purchase to wait", || {
        mall.ask(&about_order(&MALL, "S-0")).code() == "00"
    });
    assert_eq!(state(&mall.ask(&about_order(&MALL, "S-0"))), "waiting");
    assert_eq!(state(&mall.ask(&about(&early))), "waiting");
    assert_eq!(other.ask(&about_order(&OTHER_MALL, "S-0")).code(), "25");
    assert_eq!(line.announce(&wallet, &MALL, "S-0", 800).code(), "00");
    assert_eq!(waiting.answer().code(), "00");

    // Agreed, and what no purchase has paid ends by itself or by the payer.
    for order in ["S-1", "S-2", "S-3"] {
        let announced = line.ask(&announcement(&wallet, &MALL, order, 700));
        assert_eq!(announced.code(), "00", "{}", announced.reason());
        let answer = mall.ask(&about_order(&MALL, order));
        assert_eq!(state(&answer), "agreed");
        assert!(!answer.has(38) && !answer.has(90), "no purchase");
        assert!(answer.is_sealed_for(&MALL));
    }
    assert_eq!(other.ask(&about_order(&OTHER_MALL, "S-1")).code(), "25");
    let foreign = about_order(&OTHER_MALL, "S-1").text(42, &format!("{:15}", MALL.acceptor));
    assert_eq!(other.ask(&foreign).code(), "63", "not its card acceptor");
    assert_eq!(line.ask(&cancellation(&wallet, &MALL, "S-2")).code(), "00");
    assert_eq!(state(&mall.ask(&about_order(&MALL, "S-2"))), "cancelled");

    // Paid, refunded in part, and found by the order and by the request alike; 90 of the answer serves for a refund.
    let bought = order_purchase(&MALL, "S-1", 700);
    let approved = mall.ask(&bought);
    assert_eq!(approved.code(), "00", "{}", approved.reason());
    let before = line.balance(&wallet);
    let answer = mall.ask(&about_order(&MALL, "S-1"));
    assert_eq!(
        said(&answer),
        ("approved".into(), "00".into(), vec![700, 0, 0])
    );
    assert_eq!(answer.text(38), approved.text(38));
    assert_eq!(
        answer.numbers(),
        [7, 11, 32, 38, 39, 41, 42, 48, 49, 90, 128],
        "and nothing about the payer"
    );
    assert_eq!(answer.digits(90), about(&bought).field(90));
    assert_eq!(answer.tag(48, 17), approved.text(37));
    let given_back = refund(&bought, 200);
    assert_eq!(mall.ask(&given_back).code(), "00");
    for question in [about_order(&MALL, "S-1"), about(&bought)] {
        let answer = mall.ask(&question);
        assert_eq!(said(&answer).2, [700, 0, 200]);
        assert_eq!(mall.ask(&question.mti("0601")).code(), "00", "a repeat");
    }
    assert_eq!(said(&mall.ask(&about(&given_back))).2, [200, 0, 0]);
    assert_eq!(
        line.balance(&wallet).0,
        before.0 + 200,
        "nothing else moved"
    );

    // What never came, and what another terminal's number names.
    assert_eq!(
        mall.ask(&about(&order_purchase(&MALL, "S-1", 700))).code(),
        "25"
    );
    wait_for("the agreement to end", || {
        state(&mall.ask(&about_order(&MALL, "S-3"))) == "expired"
    });
}

#[test]
fn an_acquirer_asks_and_a_kill_changes_no_answer() {
    let mut rig = started(rig_with(2, 10_000, &[]), &[]);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let bought = card_purchase(&ACQUIRER, 1, 1_000);
    let reversed = card_purchase(&ACQUIRER, 1, 300);
    let declined = card_purchase(&ACQUIRER, 1, 99_999);
    assert_eq!(wire.ask(&bought).code(), "00");
    assert_eq!(wire.ask(&reversed).code(), "00");
    assert_eq!(wire.ask(&reversal("0420", &reversed)).code(), "00");
    let refused = wire.ask(&declined);
    assert_eq!(refused.code(), "51");
    let never = card_purchase(&ACQUIRER, 1, 5);
    wait_for("the financial system to take the reversal", || {
        rig.sum("tessera_store_and_forward_depth") == 0.0
    });
    // An answer waits until all that was decided before it is on the disk.
    assert_eq!(wire.ask(&about(&reversed)).code(), "00");
    let events = rig.figure("tessera_journal_durable_sequence");

    let check = |wire: &mut Wire| {
        let answer = wire.ask(&about(&bought));
        assert_eq!(
            said(&answer),
            ("approved".into(), "00".into(), vec![1_000, 0, 0])
        );
        assert_eq!(
            said(&wire.ask(&about(&reversed))),
            ("reversed".into(), "00".into(), vec![300, 300, 0])
        );
        let answer = wire.ask(&about(&declined));
        assert_eq!(said(&answer), ("declined".into(), "51".into(), vec![]));
        assert_eq!(answer.reason(), "not enough money", "as it was answered");
        assert_eq!(wire.ask(&about(&never)).code(), "25");
        // Another card has not paid it, and one that is none does not show whether there is one.
        for card in [card_number(2), "9900009999999990".to_owned()] {
            let of_another = about(&bought).with(2, &format!("16 {card}"));
            assert_eq!(wire.ask(&of_another).code(), "25");
        }
        assert_eq!(wire.ask(&about(&bought).without(90)).code(), "30");
    };
    check(&mut wire);
    assert_eq!(
        rig.figure("tessera_journal_durable_sequence"),
        events,
        "nothing is journaled"
    );
    rig.kill_switch();
    rig.start_switch();
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    check(&mut wire);
    // From the store, where everything has settled.
    assert_eq!(rig.stop_switch(), Some(0));
    rig.start_switch();
    rig.wait_until_ready();
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    check(&mut wire);
}
