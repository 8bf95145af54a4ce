//! Account verification: the answer that a purchase would get whatever its amount, and nothing else.

use tessera_protocol::leased::Limits;
use tessera_protocol::{Currency, ResponseCode};

use super::bench::{Bench, EXPIRY, balances, by_card, forwarded, name};
use crate::{Action, Command, Directed, Directive, Effect, Opening, Payer, Rule, Subject};

const VERIFY: Action = Action::Verify { barred: None };

fn verified(bench: &mut Bench, change: impl FnOnce(&mut Opening)) -> ResponseCode {
    let mut opening = by_card(1, 1, 0);
    change(&mut opening);
    let before = bench.entries.len();
    let effects = bench.ask(opening, VERIFY);
    assert_eq!(bench.entries.len(), before, "nothing is journaled");
    let [Effect::Answer(outcome)] = &effects[..] else {
        panic!("one answer: {effects:?}");
    };
    assert_eq!(outcome.approval.is_some(), outcome.code.is_approved());
    outcome.code
}

#[test]
fn a_good_card_is_verified_and_nothing_is_held() {
    let mut bench = Bench::with(0);
    bench.host_up = false;
    bench.rules.limits = Limits {
        day_count: 1,
        ..Limits::default()
    };
    for _ in 0..3 {
        assert_eq!(verified(&mut bench, |_| ()), ResponseCode::APPROVED);
    }
    assert_eq!(balances(&bench), (0, 0));
}

#[test]
fn a_card_that_could_not_pay_gets_the_decline_of_a_purchase() {
    let mut bench = Bench::with(1_000);
    let by = |card, expiry| Payer::Card(card, Some(expiry));
    let code = verified(&mut bench, |opening| {
        opening.payer = by(name(2), EXPIRY);
    });
    assert_eq!(code, ResponseCode::NO_SUCH_CARD);
    let code = verified(&mut bench, |opening| opening.payer = by(name(1), 3111));
    assert_eq!(code, ResponseCode::EXPIRED);
    let code = verified(&mut bench, |opening| {
        opening.currency = Currency::new(978).unwrap()
    });
    assert_eq!(code, ResponseCode::INVALID_TRANSACTION);
    let rule = Rule::MerchantCategory;
    let barred = Action::Verify { barred: Some(rule) };
    let outcome = bench.answer(by_card(1, 1, 0), barred).unwrap();
    assert_eq!(outcome.verdict(), rule.into());
    let directed = Directed {
        directive: Directive::Block(Subject::Wallet),
        by: "Ada".into(),
        reason: "as agreed".into(),
    };
    bench.send(Command::Direct(Box::new(directed)));
    assert_eq!(verified(&mut bench, |_| ()), ResponseCode::WALLET_BLOCKED);
}

#[test]
fn the_key_of_an_authorization_verifies_nothing() {
    let mut bench = Bench::with(1_000);
    forwarded(&bench.ask(by_card(1, 1, 300), Action::Purchase { barred: None }));
    assert_eq!(verified(&mut bench, |_| ()), ResponseCode::DUPLICATE);
}
