//! Refunds, and what is undone of them.

use tessera_protocol::{Amount, OrderKey, ResponseCode};

use super::bench::{
    Bench, TIME, approved, balances, by_card, by_order, forwarded, name, original, refund,
    reversal, settled,
};
use crate::{Action, AdviceSubject, Command, Effect, Event, OrderState, Payer, Reference, StandIn};

fn of(trace: u32) -> Action {
    Action::Refund {
        original: Some(original(trace)),
    }
}

fn refunded(bench: &mut Bench, trace: u32, of_trace: u32, minor: u64) -> Reference {
    let reference = forwarded(&bench.ask(refund(trace, minor), of(of_trace)));
    bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    reference
}

/// The host knows that nothing of it remains.
fn undone(bench: &mut Bench, reference: Reference) {
    bench.send(Command::AdviceAnswered(
        reference,
        AdviceSubject::Undo(Amount::ZERO),
    ));
}

fn refused(bench: &mut Bench, trace: u32, of_trace: u32, minor: u64) -> ResponseCode {
    let outcome = bench.answer(refund(trace, minor), of(of_trace));
    outcome.expect("an answer at once").code
}

#[test]
fn a_refund_is_credited_when_the_host_has_agreed() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    let reference = forwarded(&bench.ask(refund(2, 100), of(1)));
    assert_eq!(balances(&bench), (700, 0));
    let effects = bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    assert_eq!(settled(&effects).code, ResponseCode::APPROVED);
    assert!(settled(&effects).approval.is_some());
    assert_eq!(balances(&bench), (800, 0));
}

#[test]
fn refunds_of_one_purchase_never_exceed_it_together() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    refunded(&mut bench, 2, 1, 200);
    // One that is with the host counts already.
    let pending = forwarded(&bench.ask(refund(3, 60), of(1)));
    assert_eq!(refused(&mut bench, 4, 1, 41), ResponseCode::INVALID_AMOUNT);
    bench.send(Command::HostAnswered(pending, ResponseCode::DECLINED));
    refunded(&mut bench, 5, 1, 100);
    assert_eq!(refused(&mut bench, 6, 1, 1), ResponseCode::INVALID_AMOUNT);
    assert_eq!(balances(&bench), (1000, 0));
}

#[test]
fn only_what_was_bought_and_stands_can_be_refunded() {
    let mut bench = Bench::with(1000);
    assert_eq!(refused(&mut bench, 2, 1, 100), ResponseCode::NOT_FOUND);
    approved(&mut bench, 11, 300);
    bench.answer(by_card(4, 12, 300), reversal(11, Some(120), true));
    assert_eq!(
        refused(&mut bench, 13, 11, 121),
        ResponseCode::INVALID_AMOUNT
    );
    refunded(&mut bench, 14, 11, 120);
    assert_eq!(balances(&bench), (1000, 0));
    let declined = bench.answer(by_card(2, 21, 5000), Action::Purchase { barred: None });
    assert_eq!(
        declined.map(|outcome| outcome.code),
        Some(ResponseCode::NOT_ENOUGH_MONEY)
    );
    assert_eq!(refused(&mut bench, 22, 21, 1), ResponseCode::NOT_FOUND);
}

#[test]
fn a_refund_that_came_twice_is_credited_once() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    refunded(&mut bench, 2, 1, 100);
    bench.sync();
    let again = bench.answer(refund(2, 100), of(1)).expect("an answer");
    assert_eq!(again.code, ResponseCode::APPROVED);
    let other = bench.answer(refund(2, 101), of(1)).expect("an answer");
    assert_eq!(other.code, ResponseCode::DUPLICATE);
    assert_eq!(balances(&bench), (800, 0));
}

#[test]
fn a_refund_by_another_terminal_says_the_time_of_the_purchase() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    let mut elsewhere = refund(2, 100);
    elsewhere.terminal = *b"CLERK-01";
    let mut unsaid = original(1);
    unsaid.transmission = 0;
    let action = Action::Refund {
        original: Some(unsaid),
    };
    let outcome = bench.answer(elsewhere.clone(), action);
    assert_eq!(
        outcome.map(|outcome| outcome.code),
        Some(ResponseCode::NOT_FOUND)
    );
    elsewhere.key = refund(3, 100).key;
    forwarded(&bench.ask(elsewhere, of(1)));
}

#[test]
fn a_refund_means_its_own_terminals_purchase_before_anothers() {
    let mut bench = Bench::with(1000);
    let own = approved(&mut bench, 1, 300);
    let mut other = by_card(2, 1, 50);
    (other.terminal, other.key.0[0]) = (*b"TERM0002", !other.key.0[0]);
    let reference = forwarded(&bench.ask(other, Action::Purchase { barred: None }));
    bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    refunded(&mut bench, 2, 1, 300);
    let found = bench.wallet.transactions.by_reference(own);
    assert_eq!(found.expect("a purchase").more().used.value(), 300);
}

#[test]
fn a_refund_names_the_payer_the_way_the_purchase_did() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    let mut other_card = refund(2, 100);
    other_card.payer = Payer::Card(name(2), None);
    let outcome = bench.answer(other_card, of(1));
    assert_eq!(
        outcome.map(|outcome| outcome.code),
        Some(ResponseCode::NOT_FOUND)
    );
    let order = OrderKey::of(b"SHOP-77        ", b"ORDER-1");
    let mut by_order = by_order(2, 3, 100, order);
    by_order.processing_code = 200_000;
    let outcome = bench.answer(by_order, of(1));
    assert_eq!(
        outcome.map(|outcome| outcome.code),
        Some(ResponseCode::NOT_FOUND)
    );
}

#[test]
fn a_refund_that_the_host_is_silent_about_is_undone_there_and_can_be_asked_again() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    let reference = forwarded(&bench.ask(refund(2, 300), of(1)));
    let effects = bench.send(Command::HostSilent(reference));
    assert!(effects.contains(&Effect::Advise(reference)));
    assert_eq!(balances(&bench), (700, 0));
    // It may have approved it, and has nothing left to refund until it gets the advice.
    let too_early = forwarded(&bench.ask(refund(3, 300), of(1)));
    let effects = bench.send(Command::HostAnswered(
        too_early,
        ResponseCode::INVALID_AMOUNT,
    ));
    assert_eq!(settled(&effects).code, ResponseCode::HOST_UNREACHABLE);
    undone(&mut bench, reference);
    refunded(&mut bench, 4, 1, 300);
    assert_eq!(balances(&bench), (1000, 0));
}

#[test]
fn a_refund_may_be_asked_again_also_where_an_acknowledgement_overtakes_its_decline() {
    for code in [ResponseCode::NOT_FOUND, ResponseCode::INVALID_AMOUNT] {
        let mut bench = Bench::with(1000);
        approved(&mut bench, 1, 300);
        let reversed = refunded(&mut bench, 2, 1, 300);
        bench.answer(by_card(4, 3, 300), reversal(2, None, true));
        // The host gets this one before the reversal, and its decline comes after the acknowledgement.
        let early = forwarded(&bench.ask(refund(4, 300), of(1)));
        undone(&mut bench, reversed);
        bench.wallet = bench.replayed();
        let effects = bench.send(Command::HostAnswered(early, code));
        assert_eq!(settled(&effects).code, ResponseCode::HOST_UNREACHABLE);
        // If it had got all advices before, a decline is final.
        let late = forwarded(&bench.ask(refund(5, 300), of(1)));
        let effects = bench.send(Command::HostAnswered(late, code));
        assert_eq!(settled(&effects).code, code);
    }
}

#[test]
fn a_refund_during_an_open_advice_may_be_sent_again() {
    let mut bench = Bench::with(1000);
    bench.rules.stand_in = StandIn {
        per_transaction: 500,
        per_wallet: 500,
        overall: 500,
    };
    bench.stand_in_left = 500;
    bench.host_up = false;
    bench.answer(by_card(2, 1, 300), Action::Purchase { barred: None });
    bench.host_up = true;
    let found = bench.wallet.transactions.iter().next();
    let purchase = found.map(|found| found.reference).expect("a purchase");
    let early = forwarded(&bench.ask(refund(2, 300), of(1)));
    bench.send(Command::AdviceAnswered(purchase, AdviceSubject::Posting));
    let declined = Command::HostAnswered(early, ResponseCode::NOT_FOUND);
    let effects = bench.send(declined);
    assert_eq!(settled(&effects).code, ResponseCode::HOST_UNREACHABLE);
}

#[test]
fn a_reversal_of_a_purchase_gives_back_what_was_not_refunded() {
    let mut bench = Bench::with(1000);
    let purchase = approved(&mut bench, 1, 300);
    refunded(&mut bench, 2, 1, 100);
    bench.answer(by_card(4, 3, 300), reversal(1, None, true));
    assert_eq!(balances(&bench), (1000, 0));
    let transaction = bench.wallet.transactions.by_reference(purchase);
    let standing = transaction.map(|found| found.standing.value());
    assert_eq!(standing, Some(100));
}

#[test]
fn what_a_reversal_and_a_refund_come_to_does_not_depend_on_their_order() {
    // How the refund ends, and whether the reversal is before that.
    for (ends, reversal_first) in [
        (0, false),
        (0, true),
        (1, true),
        (2, true),
        (3, false),
        (3, true),
    ] {
        let mut bench = Bench::with(1000);
        let purchase = approved(&mut bench, 1, 300);
        let refund = forwarded(&bench.ask(refund(2, 100), of(1)));
        let reverse_it = |bench: &mut Bench| {
            let effects = bench.ask(by_card(4, 3, 300), reversal(1, Some(20), true));
            assert!(effects.contains(&Effect::Advise(purchase)));
        };
        if ends == 0 {
            bench.send(Command::HostAnswered(refund, ResponseCode::APPROVED));
        }
        if reversal_first {
            reverse_it(&mut bench);
        }
        match ends {
            0 | 3 => {
                bench.ask(by_card(4, 4, 100), reversal(2, None, true));
            }
            1 => {
                bench.send(Command::HostAnswered(refund, ResponseCode::DECLINED));
            }
            _ => {
                bench.send(Command::HostSilent(refund));
            }
        }
        if !reversal_first {
            reverse_it(&mut bench);
        }
        assert_eq!(balances(&bench), (980, 0), "{ends} {reversal_first}");
        let transaction = bench.wallet.transactions.by_reference(purchase).unwrap();
        assert_eq!(transaction.left_at_host().value(), 20);
        assert_eq!(bench.wallet.spending.at(bench.now).day, 20);
        assert_eq!(bench.replayed(), bench.wallet);
    }
}

#[test]
fn a_crash_between_the_end_of_a_refund_and_what_it_gives_back_is_made_good() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    let refund = forwarded(&bench.ask(refund(2, 100), of(1)));
    bench.ask(by_card(4, 3, 300), reversal(1, None, true));
    assert_eq!(balances(&bench), (900, 0));
    bench.send(Command::HostAnswered(refund, ResponseCode::DECLINED));
    assert_eq!(balances(&bench), (1000, 0));
    let last = bench.entries.pop().expect("what it gives back");
    assert!(matches!(last.event, Event::ReversedFurther { .. }));
    bench.wallet = bench.replayed();
    assert!(bench.wallet.is_open());
    bench.send(Command::Recover);
    assert_eq!(balances(&bench), (1000, 0));
}

#[test]
fn what_a_failed_refund_gives_back_belongs_to_the_date_of_the_purchases_reversal() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    // Whether the refund was approved, and reversed on the next day; or failed then.
    for was_approved in [true, false] {
        let mut bench = Bench::with(1000);
        approved(&mut bench, 1, 300);
        let refund = forwarded(&bench.ask(refund(2, 100), of(1)));
        if was_approved {
            bench.send(Command::HostAnswered(refund, ResponseCode::APPROVED));
        }
        bench.now = bench.now.plus(DAY);
        let reversed_at = bench.now;
        bench.ask(by_card(4, 3, 300), reversal(1, None, true));
        bench.now = bench.now.plus(DAY);
        match was_approved {
            true => bench.ask(by_card(4, 4, 100), reversal(2, None, true)),
            false => bench.send(Command::HostSilent(refund)),
        };
        let given_back_at = match was_approved {
            true => bench.now,
            false => reversed_at,
        };
        let Event::ReversedFurther { at, .. } = bench.last_event() else {
            panic!("{:?}", bench.last_event());
        };
        assert_eq!(*at, given_back_at);
    }
}

#[test]
fn after_a_crash_the_host_gets_reversals_in_order() {
    let mut bench = Bench::with(1000);
    let first = approved(&mut bench, 1, 300);
    let second = approved(&mut bench, 2, 300);
    let third = forwarded(&bench.ask(by_card(2, 3, 300), Action::Purchase { barred: None }));
    for trace in [2, 1] {
        bench.now = bench.now.plus(1);
        bench.ask(by_card(4, 10 + trace, 300), reversal(trace, None, true));
    }
    bench.wallet = bench.replayed();
    let subject = bench.send(Command::Recover);
    let subject = subject.iter().filter_map(|effect| match effect {
        Effect::Advise(reference) => Some(*reference),
        _ => None,
    });
    assert!(subject.eq([second, first, third]));
}

#[test]
fn an_order_whose_reversal_waited_for_a_refund_may_be_paid_again() {
    let mut bench = Bench::with(1000);
    let order = OrderKey::of(b"SHOP-77        ", b"ORDER-1");
    let announce = Action::Announce {
        expires_at: bench.now.plus(1000),
        description: Vec::new(),
        reversed: Vec::new(),
    };
    bench.ask(by_order(6, 1, 300, order), announce);
    let purchase = forwarded(&bench.ask(
        by_order(2, 2, 300, order),
        Action::Purchase { barred: None },
    ));
    bench.send(Command::HostAnswered(purchase, ResponseCode::APPROVED));
    let mut back = by_order(2, 3, 300, order);
    back.processing_code = 200_000;
    let refund = forwarded(&bench.ask(back, of(2)));
    bench.ask(by_order(4, 4, 300, order), reversal(2, None, true));
    let state = |bench: &Bench| bench.wallet.order(&order).map(|order| order.state);
    assert_eq!(state(&bench), Some(OrderState::Paid(purchase)));
    let effects = bench.send(Command::HostSilent(refund));
    let turned = |effect: &Effect| matches!(effect, Effect::OrderTurned(_, OrderState::Open, _));
    assert!(effects.iter().any(turned));
    assert_eq!(state(&bench), Some(OrderState::Open));
    assert_eq!(balances(&bench), (1000, 0));
}

#[test]
fn a_reversal_takes_a_refund_back_and_what_is_spent_is_owed() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 800);
    let taken_back = refunded(&mut bench, 2, 1, 500);
    approved(&mut bench, 3, 600);
    assert_eq!(balances(&bench), (100, 0));
    let outcome = bench.answer(by_card(4, 4, 500), reversal(2, None, true));
    assert_eq!(
        outcome.map(|outcome| outcome.code),
        Some(ResponseCode::APPROVED)
    );
    assert_eq!(balances(&bench), (0, 0));
    assert_eq!(bench.wallet.owed.value(), 400);
    assert!(matches!(bench.last_event(), Event::Reversed { .. }));
    // What comes in pays it back.
    bench.answer(by_card(4, 5, 600), reversal(3, None, true));
    assert_eq!(bench.wallet.owed.value(), 0);
    assert_eq!(balances(&bench), (200, 0));
    // The purchase can be refunded again.
    undone(&mut bench, taken_back);
    refunded(&mut bench, 6, 1, 800);
    assert_eq!(balances(&bench), (1000, 0));
    let replayed = bench.replayed();
    assert_eq!(replayed, bench.wallet);
}

#[test]
fn a_refund_reversed_while_the_host_decides_comes_to_nothing() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    let reference = forwarded(&bench.ask(refund(2, 300), of(1)));
    let effects = bench.ask(by_card(4, 3, 300), reversal(2, None, true));
    assert_eq!(settled(&effects).code, ResponseCode::DECLINED);
    assert!(effects.contains(&Effect::Advise(reference)));
    bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    assert_eq!(balances(&bench), (700, 0));
    undone(&mut bench, reference);
    refunded(&mut bench, 4, 1, 300);
    assert_eq!(balances(&bench), (1000, 0));
}

#[test]
fn a_refund_that_was_reversed_before_it_came_is_declined() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    bench.answer(by_card(4, 3, 300), reversal(2, None, true));
    assert_eq!(refused(&mut bench, 2, 1, 100), ResponseCode::DECLINED);
}

#[test]
fn the_time_of_a_purchase_is_compared_where_it_is_said() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    let mut other_time = original(1);
    other_time.transmission = TIME + 2_00_00;
    let action = Action::Refund {
        original: Some(other_time),
    };
    let mut later = refund(2, 100);
    later.local_time += 2_00_00;
    let outcome = bench.answer(later, action);
    assert_eq!(
        outcome.map(|outcome| outcome.code),
        Some(ResponseCode::NOT_FOUND)
    );
}

#[test]
fn a_refund_may_name_the_time_of_a_purchase_of_which_only_a_repeat_came_through() {
    let mut bench = Bench::with(1000);
    let mut repeat = by_card(2, 1, 300);
    repeat.repeat = true;
    repeat.transmission = TIME + 7;
    let reference = forwarded(&bench.ask(repeat, Action::Purchase { barred: None }));
    bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    forwarded(&bench.ask(refund(2, 100), of(1)));
}

#[test]
fn what_was_forgotten_does_not_come_back_whole() {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 100);
    bench.checkpoint();
    // Brought back by a refund that is none, and settled a second time.
    bench.now = bench.now.plus(3 * DAY);
    assert_eq!(refused(&mut bench, 2, 1, 101), ResponseCode::INVALID_AMOUNT);
    bench.checkpoint();
    bench.now = bench.now.plus(2 * DAY);
    refunded(&mut bench, 3, 1, 100);
    // The wallet rests: purchase and refund are too old, their rows in the store are not removed yet.
    bench.now = bench.now.plus(7 * DAY + DAY / 2);
    bench.wallet.forget_older(bench.now, 7 * DAY);
    bench.checkpoint();
    bench.wallet = bench.read_stored();
    bench.wallet.forget_older(bench.now, 7 * DAY);
    assert_eq!(refused(&mut bench, 4, 1, 100), ResponseCode::NOT_FOUND);
    assert_eq!(balances(&bench), (1000, 0));
}
