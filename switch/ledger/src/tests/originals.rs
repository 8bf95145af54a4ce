//! Which original a reversal, completion or refund means (wire protocol, section 4, field 90), and which it must never mean.

use tessera_protocol::{Institution, Mti, OrderKey, OriginalData, ResponseCode, Stan};

use super::bench::{
    Bench, NOW, TIME, amount, balances, by_card, by_order, card, forwarded, name, original, refund,
    retrieval, reversal, reversal_of,
};
use crate::Class;
use crate::original::DAY;
use crate::{
    Action, Command, Effect, Event, Opening, Outcome, Payer, PayerTag, Reference, Rule,
    UnseenOriginal, Verdict,
};

const PURCHASE: Action = Action::Purchase { barred: None };

/// What settles in between is read back from the journal.
fn at_hand_or_settled(test: impl Fn(&mut Bench, &dyn Fn(&mut Bench))) {
    let settle: [&dyn Fn(&mut Bench); 3] = [
        &|_| (),
        // Beside the snapshot, and not in it yet.
        &|bench| {
            bench.sync();
            bench.send(Command::Wake);
        },
        &Bench::checkpoint,
    ];
    for settle in settle {
        let mut bench = Bench::with(1_000);
        test(&mut bench, settle);
        assert_eq!(bench.replayed(), bench.wallet);
    }
}

fn approve(bench: &mut Bench, effects: &[Effect]) -> Reference {
    let reference = forwarded(effects);
    bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    reference
}

fn buy(bench: &mut Bench, opening: Opening) -> Reference {
    let effects = bench.ask(opening, PURCHASE);
    approve(bench, &effects)
}

/// A reversal that is nothing but its own: another time, another field 37.
fn reverses(trace: u32, minor: u64) -> Opening {
    let mut opening = by_card(4, trace, minor);
    opening.local_time = 1_02_03;
    opening
}

fn unnamed() -> OriginalData {
    OriginalData {
        trace: None,
        transmission: 0,
        institution: None,
        ..original(0)
    }
}

fn said(bench: &mut Bench, opening: Opening, action: Action) -> Verdict {
    bench
        .answer(opening, action)
        .expect("an answer at once")
        .verdict()
}

const DONE: Verdict = Verdict::APPROVED;
const NOT_FOUND: Verdict = Verdict::with_code(Rule::OriginalNotFound, ResponseCode::NOT_FOUND);
const NOTED: Verdict = Verdict::with_code(Rule::OriginalNotFound, ResponseCode::APPROVED);

/// 0400 and 0420 find nothing, and nothing moves.
fn finds_nothing(bench: &mut Bench, opening: Opening, named: OriginalData) {
    let before = balances(bench);
    let mut advised = opening.clone();
    advised.key.0[1] ^= 0x55;
    advised.trace = Stan::new(Stan::digits(advised.trace) + 500);
    assert_eq!(said(bench, opening, reversal_of(named)), NOT_FOUND);
    let advice = Action::Reverse {
        original: named,
        replacement: None,
        advice: true,
        was_waiting: false,
    };
    assert_eq!(said(bench, advised.clone(), advice.clone()), NOTED);
    // The repeat is answered alike.
    assert_eq!(said(bench, advised, advice), NOTED);
    assert_eq!(balances(bench), before);
}

#[test]
fn a_reversal_may_name_a_transmission_that_never_came() {
    at_hand_or_settled(|bench, settle| {
        let mut again = by_card(2, 1, 300);
        again.transmission = TIME + 10_00;
        buy(bench, again);
        settle(bench);
        assert_eq!(said(bench, reverses(2, 300), reversal(1, None, true)), DONE);
        assert_eq!(balances(bench), (1_000, 0));
    });
}

#[test]
fn where_12_and_13_are_the_originals_the_time_does_not_count() {
    at_hand_or_settled(|bench, settle| {
        let mut again = by_card(2, 1, 300);
        again.transmission = TIME + 5_00_00;
        buy(bench, again);
        settle(bench);
        assert_eq!(
            said(bench, by_card(4, 2, 300), reversal(1, None, false)),
            DONE
        );
        assert_eq!(balances(bench), (1_000, 0));
    });
}

#[test]
fn a_completion_and_a_refund_may_name_a_transmission_that_never_came() {
    at_hand_or_settled(|bench, settle| {
        let mut again = by_card(1, 1, 300);
        again.transmission = TIME + 7;
        buy(bench, again);
        settle(bench);
        let complete = Action::Complete {
            original: OriginalData {
                mti: Mti::AUTHORIZATION,
                ..original(1)
            },
            several: false,
            elsewhere: true,
        };
        let mut completes = by_card(2, 2, 200);
        (completes.local_time, completes.transmission) = (5, TIME + 9);
        assert_eq!(said(bench, completes, complete), DONE);
        assert_eq!(balances(bench), (800, 0));
        settle(bench);
        let mut refunds = refund(3, 50);
        refunds.local_time = 6;
        let action = Action::Refund {
            original: Some(OriginalData {
                mti: Mti::COMPLETION,
                ..original(2)
            }),
        };
        let effects = bench.ask(refunds, action);
        approve(bench, &effects);
        assert_eq!(balances(bench), (850, 0));
    });
}

#[test]
fn without_a_trace_number_field_37_names_the_original() {
    at_hand_or_settled(|bench, settle| {
        buy(bench, by_card(2, 1, 300));
        // Another class, another amount, and another purchase of the same amount.
        buy(bench, by_card(1, 2, 100));
        buy(bench, by_card(2, 3, 300));
        settle(bench);
        let mut reversal = reverses(4, 300);
        reversal.retrieval = retrieval(2, 1);
        let mut other_amount = reverses(5, 299);
        other_amount.retrieval = retrieval(2, 1);
        finds_nothing(bench, other_amount, unnamed());
        assert_eq!(said(bench, reversal, reversal_of(unnamed())), DONE);
        assert_eq!(balances(bench), (600, 100));
        let mut refunds = refund(6, 300);
        refunds.retrieval = retrieval(2, 3);
        let action = Action::Refund {
            original: Some(unnamed()),
        };
        let effects = bench.ask(refunds, action);
        let refunded = approve(bench, &effects);
        assert_eq!(balances(bench), (900, 100));
        settle(bench);
        // The refund has the purchase's field 37 and amount: field 3 distinguishes them.
        let mut reversal = refund(7, 300);
        (reversal.class, reversal.retrieval) = (Class::Reversal, retrieval(2, 3));
        let effects = bench.ask(reversal, reversal_of(unnamed()));
        assert!(effects.contains(&Effect::Advise(refunded)), "{effects:?}");
        let mut completes = by_card(2, 8, 100);
        completes.retrieval = retrieval(1, 2);
        let action = Action::Complete {
            original: OriginalData {
                mti: Mti::AUTHORIZATION,
                ..unnamed()
            },
            several: false,
            elsewhere: false,
        };
        assert_eq!(said(bench, completes, action), DONE);
        assert_eq!(balances(bench), (600, 0));
    });
}

#[test]
fn another_terminal_of_the_card_acceptor_may_reverse() {
    at_hand_or_settled(|bench, settle| {
        for trace in 1..4 {
            buy(bench, by_card(2, trace, 100));
        }
        settle(bench);
        // By the time of the purchase; or by field 37, with or without a trace number.
        let mut by_time = reverses(4, 100);
        by_time.terminal = *b"DESK-001";
        assert_eq!(said(bench, by_time, reversal_of(original(1))), DONE);
        let mut by_retrieval = reverses(5, 100);
        (by_retrieval.terminal, by_retrieval.retrieval) = (*b"DESK-001", retrieval(2, 2));
        let mut named = original(2);
        named.transmission = 0;
        assert_eq!(said(bench, by_retrieval, reversal_of(named)), DONE);
        let mut by_retrieval = reverses(6, 100);
        (by_retrieval.terminal, by_retrieval.retrieval) = (*b"DESK-001", retrieval(2, 3));
        assert_eq!(said(bench, by_retrieval, reversal_of(original(77))), DONE);
        assert_eq!(balances(bench), (1_000, 0));
    });
}

#[test]
fn another_card_acceptor_card_order_or_party_does_not_reverse() {
    at_hand_or_settled(|bench, settle| {
        buy(bench, by_card(2, 1, 100));
        settle(bench);
        let differences: [fn(&mut Opening); 4] = [
            |opening| opening.acceptor = *b"SHOP-78        ",
            |opening| opening.payer = Payer::Card(name(2), None),
            |opening| opening.payer = Payer::Order(OrderKey::of(b"SHOP-77", b"1")),
            |opening| opening.institution = another(opening.institution),
        ];
        for (number, change) in (10..).zip(differences) {
            let mut opening = reverses(number, 100);
            opening.retrieval = retrieval(2, 1);
            change(&mut opening);
            let mut named = original(1);
            named.institution = None;
            finds_nothing(bench, opening, named);
        }
        // Another institution in 90 is another's original, however it is named.
        let mut opening = reverses(20, 100);
        opening.retrieval = retrieval(2, 1);
        let mut named = original(1);
        named.institution = another(named.institution);
        finds_nothing(bench, opening, named);
        assert_eq!(balances(bench), (900, 0));
    });
}

#[test]
fn where_several_fit_none_is_undone() {
    at_hand_or_settled(|bench, settle| {
        let mut other = by_card(2, 1, 100);
        (other.key.0[0], other.local_time) = (!other.key.0[0], 94_503);
        other.transmission = TIME + 3;
        buy(bench, by_card(2, 1, 100));
        buy(bench, other);
        settle(bench);
        let mut named = original(1);
        named.transmission = 0;
        finds_nothing(bench, reverses(3, 100), named);
        named.transmission = TIME + 1;
        finds_nothing(bench, reverses(4, 100), named);
        let mut by_retrieval = reverses(5, 100);
        by_retrieval.retrieval = retrieval(2, 1);
        finds_nothing(bench, by_retrieval, unnamed());
        assert_eq!(balances(bench), (800, 0));
        // They have come, so that nothing is declined that comes later.
        let mut third = by_card(2, 1, 100);
        (third.key.0[1], third.local_time) = (!third.key.0[1], 94_507);
        third.transmission = TIME + 7;
        buy(bench, third);
        // A time at which one was seen names that one.
        named.transmission = TIME + 3;
        assert_eq!(said(bench, reverses(6, 100), reversal_of(named)), DONE);
        assert_eq!(balances(bench), (800, 0));
    });
}

#[test]
fn a_trace_number_that_has_come_round_does_not_mean_the_purchase_of_the_day_before() {
    at_hand_or_settled(|bench, settle| {
        buy(bench, by_card(2, 1, 100));
        settle(bench);
        // Nearly a day later the same terminal counts from 1 again, and its purchase is lost.
        bench.now = NOW.plus(DAY - 300_000);
        let mut named = original(1);
        named.transmission = 11_23_09_40_00;
        finds_nothing(bench, reverses(2, 100), named);
        bench.now = NOW.plus(DAY);
        named.transmission = 0;
        finds_nothing(bench, reverses(3, 100), named);
        // Field 37 decides.
        let mut by_retrieval = reverses(4, 100);
        by_retrieval.retrieval = retrieval(2, 1);
        assert_eq!(said(bench, by_retrieval, reversal_of(named)), DONE);
    });
}

#[test]
fn a_transmission_that_never_came_names_its_request_whatever_amount_the_reversal_says() {
    // The amount of a completion may be more than it debited, and its reversal names what was debited.
    at_hand_or_settled(|bench, settle| {
        buy(bench, by_card(2, 1, 100));
        settle(bench);
        let mut named = original(1);
        named.transmission = TIME + 1;
        assert_eq!(said(bench, reverses(2, 60), reversal_of(named)), DONE);
    });
}

#[test]
fn no_reference_at_all_names_nothing() {
    at_hand_or_settled(|bench, settle| {
        for (trace, none) in [(1, *b"000000000000"), (2, *b"            ")] {
            let mut bought = by_card(2, trace, 100);
            bought.retrieval = none;
            buy(bench, bought);
            settle(bench);
            let mut opening = reverses(10 + trace, 100);
            opening.retrieval = none;
            finds_nothing(bench, opening, unnamed());
        }
    });
}

#[test]
fn an_original_that_was_reversed_by_its_field_37_is_declined_when_it_comes() {
    let mut bench = Bench::with(1_000);
    for (number, other_terminal) in [(10, false), (11, true)] {
        let mut opening = reverses(number, 100);
        opening.retrieval = retrieval(2, number + 10);
        let mut named = unnamed();
        if other_terminal {
            (opening.terminal, named.trace) = (*b"DESK-001", Stan::new(number + 10));
        }
        assert_eq!(said(&mut bench, opening, reversal_of(named)), NOT_FOUND);
        let late = said(&mut bench, by_card(2, number + 10, 100), PURCHASE);
        assert_eq!(late.code, ResponseCode::DECLINED);
        // Another card number of the wallet, and another amount, are others.
        let mut other = by_card(2, number + 20, 101);
        other.retrieval = retrieval(2, number + 10);
        buy(&mut bench, other);
    }
}

#[test]
fn a_new_attempt_after_the_reversal_of_one_that_was_lost_is_not_declined() {
    let mut bench = Bench::with(1_000);
    let mut opening = reverses(9, 100);
    opening.retrieval = retrieval(2, 2);
    assert_eq!(said(&mut bench, opening, reversal(1, None, true)), NOTED);
    // The same terminal, the same field 37, the next trace number.
    buy(&mut bench, by_card(2, 2, 100));
    // And nobody else's purchase is declined: the number of another card of the wallet makes another request.
    let mut other = by_card(2, 1, 100);
    other.payer = Payer::Order(OrderKey::of(b"SHOP-77", b"1"));
    other.key.0[0] = !other.key.0[0];
    let code = said(&mut bench, other, PURCHASE).code;
    assert_eq!(
        code,
        ResponseCode::NOT_FOUND,
        "an order, and not `reversed before it came`"
    );
    let late = said(&mut bench, by_card(2, 1, 100), PURCHASE);
    assert_eq!(late, Rule::ReversedBefore.into());
}

#[test]
fn a_completion_without_an_original_debits_nothing_and_says_so() {
    at_hand_or_settled(|bench, settle| {
        let action = Action::Complete {
            original: OriginalData {
                mti: Mti::AUTHORIZATION,
                ..original(1)
            },
            several: false,
            elsewhere: false,
        };
        assert_eq!(said(bench, by_card(2, 2, 100), action.clone()), NOTED);
        settle(bench);
        assert_eq!(said(bench, by_card(2, 2, 100), action.clone()), NOTED);
        // The advice of a purchase matches neither of two candidates.
        for local in [1, 2] {
            let mut opening = by_card(1, 1, 100);
            (opening.key.0[2], opening.local_time) = (local, u32::from(local));
            buy(bench, opening);
        }
        let Action::Complete { original, .. } = action else {
            unreachable!()
        };
        let either = Action::Complete {
            original,
            several: false,
            elsewhere: true,
        };
        assert_eq!(said(bench, by_card(2, 4, 100), either), NOTED);
        assert_eq!(balances(bench), (800, 200));
    });
}

#[test]
fn a_repeat_of_a_reversal_is_answered_alike_by_the_wallet_that_has_the_order_now() {
    let order = OrderKey::of(b"SHOP-77        ", b"ORDER-1");
    let mut bench = Bench::with(1_000);
    let mut reverses = by_order(4, 1, 100, order);
    reverses.retrieval = retrieval(2, 3);
    // It came before any payer had agreed, to the wallet of nobody.
    let unseen = UnseenOriginal::named(&unnamed(), &reverses, NOW);
    let announce = Action::Announce {
        expires_at: NOW.plus(1_000),
        description: Vec::new(),
        reversed: vec![unseen, unseen],
    };
    bench.ask(by_order(6, 2, 100, order), announce);
    assert_eq!(bench.wallet.remembered, [unseen]);
    let mut other = by_order(2, 3, 100, order);
    other.retrieval = retrieval(2, 4);
    buy(&mut bench, other);
    for _ in 0..2 {
        let again = said(&mut bench, reverses.clone(), reversal_of(unnamed()));
        assert_eq!(again, NOT_FOUND);
    }
    let mut more = reverses;
    more.amount = amount(101);
    let contradicts = said(&mut bench, more, reversal_of(unnamed()));
    assert_eq!(contradicts.code, ResponseCode::DUPLICATE);
    assert_eq!(balances(&bench), (900, 0));
}

#[test]
fn an_advice_after_a_request_that_found_nothing_says_so_too() {
    let mut bench = Bench::with(1_000);
    assert_eq!(
        said(&mut bench, by_card(4, 2, 300), reversal(1, None, false)),
        NOT_FOUND
    );
    assert_eq!(
        said(&mut bench, by_card(4, 2, 300), reversal(1, None, true)),
        NOTED
    );
    assert!(matches!(bench.last_event(), Event::ReversalNoted { .. }));
}

#[test]
fn what_a_party_sends_ever_again_with_one_trace_number_is_not_read_back_without_end() {
    let mut bench = Bench::with(100_000);
    let often = crate::ALIKE_MAX as u32 * 3;
    for number in 0..often {
        let mut opening = by_card(2, 1, 10);
        opening.key.0[..4].copy_from_slice(&number.to_le_bytes());
        (opening.local_time, opening.transmission) = (number, TIME + number % 60);
        opening.retrieval = *b"ALWAYS-ALIKE";
        buy(&mut bench, opening);
    }
    bench.checkpoint();
    assert_eq!(bench.wallet.transactions.iter().len(), 0);
    let mut opening = reverses(2, 10);
    opening.retrieval = *b"ALWAYS-ALIKE";
    let ask = crate::Ask {
        opening,
        action: reversal_of(original(1)),
        claims: None,
    };
    let command = Command::Ask(Box::new(ask));
    let about = bench.wallet.transactions.settled_about(command.about());
    assert!(about.len() <= 2 * crate::ALIKE_MAX, "{}", about.len());
    assert!(about.len() >= crate::ALIKE_MAX);
}

#[test]
fn card_numbers_are_not_printed() {
    let digits = card().expose().to_string();
    let bench = {
        let mut bench = Bench::with(1_000);
        buy(&mut bench, by_card(2, 1, 100));
        bench
    };
    let printed = format!("{:?}", bench.wallet.transactions);
    assert!(!printed.contains(&digits), "{printed}");
    let unseen = UnseenOriginal::named(&original(1), &by_card(4, 1, 100), NOW);
    assert!(!format!("{unseen:?}").contains(&digits));
    assert_eq!(format!("{:?}", PayerTag(7)), "PayerTag(..)");
    assert_eq!(
        Outcome::unmatched(true).verdict().reason(),
        Some("original not found")
    );
}

fn another(institution: Option<Institution>) -> Option<Institution> {
    Institution::new(Institution::digits(institution) + 1)
}
