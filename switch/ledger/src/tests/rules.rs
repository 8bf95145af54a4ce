//! Section 5 of the wire protocol, sentence by sentence.

use tessera_protocol::{OrderKey, ResponseCode};

use super::bench::{
    Bench, NOW, PURCHASE, TIME, approved, balances, by_card, by_order, forwarded, original,
    reversal, reversal_of, settled,
};
use crate::{Action, Advice, Command, Effect, LoadFrom, Outcome, Secret, Status, UnseenOriginal};

#[test]
fn a_purchase_is_held_and_debited_when_the_host_approves() {
    let mut bench = Bench::with(1000);
    let reference = forwarded(&bench.ask(by_card(2, 1, 300), PURCHASE));
    assert_eq!(balances(&bench), (700, 300));
    let effects = bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    assert_eq!(balances(&bench), (700, 0));
    assert_eq!(settled(&effects).code, ResponseCode::APPROVED);
    assert!(settled(&effects).approval.is_some());
}

#[test]
fn a_declined_purchase_is_released_with_a_code_that_the_mall_knows() {
    let mut bench = Bench::with(1000);
    let reference = forwarded(&bench.ask(by_card(2, 1, 300), PURCHASE));
    let effects = bench.send(Command::HostAnswered(reference, ResponseCode::new(*b"Z9")));
    assert_eq!(balances(&bench), (1000, 0));
    assert_eq!(settled(&effects).code, ResponseCode::DECLINED);
    // It was not declined.
    assert!(effects.contains(&Effect::Advise(reference)));
}

#[test]
fn silence_is_91_and_undone_at_the_host_whatever_comes_late() {
    let mut bench = Bench::with(1000);
    let reference = forwarded(&bench.ask(by_card(2, 1, 300), PURCHASE));
    let effects = bench.send(Command::HostSilent(reference));
    assert_eq!(settled(&effects).code, ResponseCode::HOST_UNREACHABLE);
    assert!(effects.contains(&Effect::Advise(reference)));
    assert!(
        bench
            .send(Command::HostAnswered(reference, ResponseCode::APPROVED))
            .is_empty()
    );
    assert_eq!(balances(&bench), (1000, 0));
    bench.acknowledge(reference);
    assert!(!bench.wallet.is_open());
}

#[test]
fn nothing_is_held_while_the_line_is_down() {
    let mut bench = Bench::with(1000);
    bench.host_up = false;
    let outcome = bench
        .answer(by_card(2, 1, 300), PURCHASE)
        .expect("an answer at once");
    assert_eq!(outcome.code, ResponseCode::HOST_UNREACHABLE);
    assert_eq!(balances(&bench), (1000, 0));
}

#[test]
fn a_repeat_is_answered_alike_and_applied_once() {
    let mut bench = Bench::with(1000);
    let reference = forwarded(&bench.ask(by_card(2, 1, 300), PURCHASE));
    let mut repeat = by_card(2, 1, 300);
    repeat.transmission = TIME + 5;
    assert_eq!(
        bench.ask(repeat.clone(), PURCHASE),
        vec![Effect::Await(reference)]
    );
    let effects = bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    let first = settled(&effects).clone();
    let again = bench.answer(repeat, PURCHASE).expect("an answer at once");
    assert_eq!((again.code, again.approval), (first.code, first.approval));
    assert_eq!(balances(&bench), (700, 0));
}

#[test]
fn a_declined_request_stays_declined_when_money_has_come() {
    let mut bench = Bench::with(100);
    let first = bench
        .answer(by_card(2, 1, 300), PURCHASE)
        .expect("an answer");
    assert_eq!(first.code, ResponseCode::NOT_ENOUGH_MONEY);
    let mut richer = Bench::with(1000);
    richer.answer(by_card(2, 1, 3000), PURCHASE);
    approved(&mut richer, 2, 10);
    let again = richer
        .answer(by_card(2, 1, 3000), PURCHASE)
        .expect("an answer");
    assert_eq!(again.code, ResponseCode::NOT_ENOUGH_MONEY);
}

#[test]
fn the_same_key_with_another_amount_is_94() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    let outcome = bench
        .answer(by_card(2, 1, 301), PURCHASE)
        .expect("an answer");
    assert_eq!(outcome.code, ResponseCode::DUPLICATE);
    assert_eq!(balances(&bench), (700, 0));
}

#[test]
fn a_reversal_credits_once_and_sends_an_advice_to_the_host() {
    let mut bench = Bench::with(1000);
    let reference = approved(&mut bench, 1, 300);
    let effects = bench.ask(by_card(4, 2, 300), reversal(1, None, false));
    assert!(effects.contains(&Effect::Answer(Outcome::approved())));
    assert!(effects.contains(&Effect::Advise(reference)));
    assert_eq!(balances(&bench), (1000, 0));
    let second = bench
        .answer(by_card(4, 3, 300), reversal(1, None, true))
        .expect("an answer");
    assert_eq!(second.code, ResponseCode::APPROVED);
    assert_eq!(balances(&bench), (1000, 0));
}

#[test]
fn a_partial_reversal_leaves_what_95_says_and_is_the_last() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    let above = bench.answer(by_card(4, 2, 300), reversal(1, Some(301), true));
    assert_eq!(above.expect("an answer").code, ResponseCode::INVALID_AMOUNT);
    bench.ask(by_card(4, 3, 300), reversal(1, Some(100), true));
    assert_eq!(balances(&bench), (900, 0));
    bench.ask(by_card(4, 4, 300), reversal(1, None, true));
    assert_eq!(balances(&bench), (900, 0));
}

#[test]
fn a_reversal_while_the_host_decides_answers_05_and_undoes_its_approval() {
    let mut bench = Bench::with(1000);
    let reference = forwarded(&bench.ask(by_card(2, 1, 300), PURCHASE));
    let effects = bench.ask(by_card(4, 2, 300), reversal(1, None, true));
    assert_eq!(settled(&effects).code, ResponseCode::DECLINED);
    assert!(effects.contains(&Effect::Advise(reference)));
    assert!(
        bench
            .send(Command::HostAnswered(reference, ResponseCode::APPROVED))
            .is_empty()
    );
    assert_eq!(balances(&bench), (1000, 0));
    let again = bench
        .answer(by_card(2, 1, 300), PURCHASE)
        .expect("an answer");
    assert_eq!(again.code, ResponseCode::DECLINED);
}

#[test]
fn a_partial_reversal_while_the_host_decides_debits_what_is_left() {
    let mut bench = Bench::with(1000);
    let reference = forwarded(&bench.ask(by_card(2, 1, 300), PURCHASE));
    bench.ask(by_card(4, 2, 300), reversal(1, Some(100), true));
    assert_eq!(balances(&bench), (900, 100));
    let effects = bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    assert_eq!(balances(&bench), (900, 0));
    assert!(effects.contains(&Effect::Advise(reference)));
}

#[test]
fn a_reversal_that_came_first_declines_its_original() {
    for (advice, code) in [
        (true, ResponseCode::APPROVED),
        (false, ResponseCode::NOT_FOUND),
    ] {
        let mut bench = Bench::with(1000);
        let noted = bench.answer(by_card(4, 2, 300), reversal(1, None, advice));
        assert_eq!(noted.expect("an answer").code, code);
        let late = bench
            .answer(by_card(2, 1, 300), PURCHASE)
            .expect("an answer");
        assert_eq!(late.code, ResponseCode::DECLINED);
        assert_eq!(balances(&bench), (1000, 0));
    }
}

#[test]
fn an_advice_is_not_declined_where_the_request_before_it_was() {
    let mut bench = Bench::with(1000);
    let noted = bench.answer(by_card(4, 2, 300), reversal(1, None, false));
    assert_eq!(noted.expect("an answer").code, ResponseCode::NOT_FOUND);
    let advice = bench.answer(by_card(4, 2, 300), reversal(1, None, true));
    assert_eq!(advice.expect("an answer").code, ResponseCode::APPROVED);
}

#[test]
fn a_reversal_may_name_the_time_of_a_repeat() {
    let mut bench = Bench::with(1000);
    approved(&mut bench, 1, 300);
    let mut repeat = by_card(2, 1, 300);
    repeat.transmission = TIME + 7;
    bench.ask(repeat, PURCHASE);
    let mut named = original(1);
    named.transmission = TIME + 7;
    bench.ask(by_card(4, 2, 300), reversal_of(named));
    assert_eq!(balances(&bench), (1000, 0));
}

#[test]
fn a_reversal_may_name_the_time_of_an_original_of_which_only_a_repeat_came_through() {
    let mut bench = Bench::with(1000);
    let mut repeat = by_card(2, 1, 300);
    repeat.transmission = TIME + 7;
    repeat.repeat = true;
    let reference = forwarded(&bench.ask(repeat, PURCHASE));
    bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    bench.ask(by_card(4, 2, 300), reversal(1, None, true));
    assert_eq!(balances(&bench), (1000, 0));
}

#[test]
fn an_order_is_paid_once_and_to_the_cent() {
    let key = OrderKey::of(b"SHOP-77        ", b"ORDER-1");
    let mut bench = Bench::with(1000);
    let none = bench
        .answer(by_order(2, 1, 300, key), PURCHASE)
        .expect("an answer");
    assert_eq!(none.code, ResponseCode::NOT_FOUND);
    let announce = Action::Announce {
        expires_at: NOW.plus(1000),
        description: b"2 x tea".to_vec(),
        reversed: Vec::new(),
    };
    bench.ask(by_order(6, 2, 300, key), announce);
    let more = bench
        .answer(by_order(2, 3, 301, key), PURCHASE)
        .expect("an answer");
    assert_eq!(more.code, ResponseCode::INVALID_AMOUNT);
    // The same agreement may be given again until something is paid by it.
    let announce_again = |bench: &mut Bench, trace, minor| {
        let announce = Action::Announce {
            expires_at: NOW.plus(1000),
            description: b"2 x tea".to_vec(),
            reversed: Vec::new(),
        };
        let outcome = bench.answer(by_order(6, trace, minor, key), announce);
        outcome.map(|outcome| outcome.code)
    };
    assert_eq!(
        announce_again(&mut bench, 40, 301),
        Some(ResponseCode::DUPLICATE)
    );
    assert_eq!(
        announce_again(&mut bench, 42, 300),
        Some(ResponseCode::APPROVED)
    );
    let reference = forwarded(&bench.ask(by_order(2, 4, 300, key), PURCHASE));
    assert_eq!(
        announce_again(&mut bench, 43, 300),
        Some(ResponseCode::DUPLICATE)
    );
    let beside = bench
        .answer(by_order(2, 5, 300, key), PURCHASE)
        .expect("an answer");
    assert_eq!(beside.code, ResponseCode::DUPLICATE);
    bench.send(Command::HostAnswered(reference, ResponseCode::DECLINED));
    let reference = forwarded(&bench.ask(by_order(2, 6, 300, key), PURCHASE));
    bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    let paid = bench
        .answer(by_order(2, 7, 300, key), PURCHASE)
        .expect("an answer");
    assert_eq!(paid.code, ResponseCode::DUPLICATE);
    assert_eq!(balances(&bench), (700, 0));
}

#[test]
fn what_a_crash_leaves_open_is_undone() {
    let mut bench = Bench::with(1000);
    let reference = forwarded(&bench.ask(by_card(2, 1, 300), PURCHASE));
    bench.wallet = bench.replayed();
    let effects = bench.send(Command::Recover);
    assert!(effects.contains(&Effect::Advise(reference)));
    assert_eq!(balances(&bench), (1000, 0));
    let transaction = bench
        .wallet
        .transactions
        .by_reference(reference)
        .expect("the purchase");
    assert_eq!(
        (transaction.status, transaction.advice),
        (Status::Declined, Advice::Open)
    );
    // The advice itself survives the next crash.
    bench.wallet = bench.replayed();
    assert!(
        bench
            .send(Command::Recover)
            .contains(&Effect::Advise(reference))
    );
}

#[test]
fn a_card_is_asked_for_until_the_host_says_its_number() {
    let mut bench = Bench::empty();
    bench.ask(by_card(6, 9, 0), Action::Open);
    let request = by_card(6, 1, 0);
    let reference = forwarded(&bench.ask(request.clone(), Action::IssueCard));
    // A repeat before the host is late is answered when the host is late.
    let again = bench.ask(request.clone(), Action::IssueCard);
    assert_eq!(again, [Effect::Await(reference)]);
    for word in [
        Command::HostSilent(reference),
        // Approved, and no card.
        Command::HostAnswered(reference, ResponseCode::APPROVED),
    ] {
        let effects = bench.send(word);
        assert!(effects.contains(&Effect::AskForCardAgain(reference)));
        // No answer is sent until the card exists: a repeat is answered at once.
        let again = bench.answer(request.clone(), Action::IssueCard);
        assert_eq!(
            again.map(|outcome| outcome.code),
            Some(ResponseCode::HOST_UNREACHABLE)
        );
    }
    let replayed = bench.replayed();
    assert_eq!(replayed, bench.wallet);
    let issued = tessera_protocol::CardNumber::development(77);
    bench.send(Command::HostIssuedCard(reference, issued.clone(), 3112));
    assert_eq!(
        bench.wallet.cards.representative().map(|card| &card.number),
        Some(&issued)
    );
}

#[test]
fn a_load_is_credited_only_when_the_host_approves() {
    let mut bench = Bench::with(0);
    let load = Action::Load(LoadFrom::Number(Secret::new(b"ACCOUNT-1")));
    let reference = forwarded(&bench.ask(by_card(6, 1, 500), load.clone()));
    assert_eq!(balances(&bench), (0, 0));
    bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    assert_eq!(balances(&bench), (500, 0));
    let reference = forwarded(&bench.ask(by_card(6, 2, 500), load));
    let effects = bench.send(Command::HostSilent(reference));
    assert!(effects.contains(&Effect::Advise(reference)));
    assert_eq!(balances(&bench), (500, 0));
}

#[test]
fn what_was_reversed_before_an_order_was_agreed_to_is_remembered_once() {
    let key = OrderKey::of(b"SHOP-77        ", b"ORDER-1");
    let mut bench = Bench::with(1000);
    let named = original(9);
    let unseen = UnseenOriginal::named(&named, &by_order(4, 8, 300, key), NOW);
    for trace in 1..4 {
        let announce = Action::Announce {
            expires_at: NOW.plus(1000),
            description: Vec::new(),
            reversed: vec![unseen],
        };
        bench.ask(by_order(6, trace, 300, key), announce);
    }
    assert_eq!(bench.wallet.remembered, [unseen]);
    let reversed = bench.answer(by_order(2, 9, 300, key), PURCHASE);
    assert_eq!(
        reversed.map(|outcome| outcome.code),
        Some(ResponseCode::DECLINED)
    );
}

#[test]
fn what_comes_back_to_a_full_wallet_is_kept() {
    const FULL: u64 = 999_999_999_999;
    let mut bench = Bench::with(FULL);
    approved(&mut bench, 1, 500);
    let load = Action::Load(LoadFrom::Number(Secret::new(b"ACCOUNT-1")));
    let reference = forwarded(&bench.ask(by_card(6, 2, 500), load.clone()));
    bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    bench.answer(by_card(4, 3, 500), reversal(1, None, true));
    assert_eq!(balances(&bench), (FULL + 500, 0));
    assert_eq!(bench.replayed(), bench.wallet);
    bench.checkpoint();
    assert_eq!(bench.read_stored(), bench.wallet);
    let more = bench.answer(by_card(6, 4, 1), load).expect("an answer");
    assert_eq!(more.code, ResponseCode::ABOVE_AMOUNT_LIMIT);
    approved(&mut bench, 5, FULL);
    assert_eq!(balances(&bench), (500, 0));
}
