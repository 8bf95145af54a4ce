//! What a request that came less than `transactions_kept` ago needs is never forgotten: a wallet that forgets comes to the same
//! as one that forgets nothing.

use proptest::prelude::*;
use tessera_kit::clock::Timestamp;
use tessera_protocol::ResponseCode;

use super::bench::{
    Bench, NOW, PURCHASE, approved, balances, by_card, forwarded, original, refund, reversal,
};
use crate::{Action, Command, Reference};

const HOUR: u64 = 3_600_000;
const KEPT: u64 = 7 * 24 * HOUR;

fn at(bench: &mut Bench, moment: u64) {
    bench.advance_to(NOW.plus(moment));
}

fn refunded(bench: &mut Bench, trace: u32, minor: u64) -> Option<Reference> {
    let of = Action::Refund {
        original: Some(original(1)),
    };
    let effects = bench.ask(refund(trace, minor), of);
    let asks_host = effects
        .iter()
        .any(|effect| matches!(effect, crate::Effect::Forward(_)));
    asks_host.then(|| {
        let reference = forwarded(&effects);
        bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
        reference
    })
}

/// What a checkpoint and a start make of the wallet.
fn forgets(bench: &mut Bench, now: u64) {
    let now: Timestamp = NOW.plus(now);
    bench.wallet.forget_older(now, KEPT);
    bench.checkpoint();
    bench.wallet = bench.read_stored();
    bench.wallet.forget_older(now, KEPT);
}

/// A purchase of 300 that is refunded by 200 an hour before it is as old as what is kept, and reversed then.
fn refunded_and_reversed() -> (Bench, Reference) {
    let mut bench = Bench::with(1000);
    let purchase = approved(&mut bench, 1, 300);
    at(&mut bench, KEPT - HOUR);
    let refund = refunded(&mut bench, 2, 200).expect("the purchase is known");
    at(&mut bench, KEPT - HOUR / 2);
    bench.answer(by_card(4, 3, 300), reversal(1, None, true));
    bench.acknowledge(purchase);
    assert_eq!(balances(&bench), (1000, 0));
    (bench, refund)
}

#[test]
fn a_purchase_is_kept_as_long_as_its_refund() {
    let (mut bench, _) = refunded_and_reversed();
    forgets(&mut bench, KEPT + 1);
    // The refund is taken back, and the reversal of the purchase gives back what the refund had given.
    at(&mut bench, KEPT + 1);
    bench.answer(by_card(4, 4, 200), reversal(2, None, true));
    assert_eq!(balances(&bench), (1000, 0));
    assert_eq!(bench.replayed(), bench.wallet);
}

#[test]
fn a_purchase_is_forgotten_with_its_refund() {
    for (age, known) in [(KEPT, true), (KEPT + 1, false)] {
        let (mut bench, refund) = refunded_and_reversed();
        bench.acknowledge(refund);
        forgets(&mut bench, KEPT - HOUR + age);
        let purchase = bench.wallet.transactions.iter().next();
        assert_eq!(purchase.is_some(), known, "{age}");
        at(&mut bench, KEPT - HOUR + age);
        let repeated = bench.answer(by_card(2, 1, 300), PURCHASE);
        // A repeat gets its answer; what nobody knows any more is a new purchase, and goes to the host.
        assert_eq!(repeated.is_some(), known, "{age}");
    }
}

#[test]
fn a_purchase_without_refunds_is_forgotten_in_its_time() {
    for (age, known) in [(KEPT, true), (KEPT + 1, false)] {
        let mut bench = Bench::with(1000);
        approved(&mut bench, 1, 300);
        forgets(&mut bench, age);
        at(&mut bench, age);
        assert_eq!(refunded(&mut bench, 2, 100).is_some(), known, "{age}");
    }
}

/// Of a purchase: hours from its beginning.
#[derive(Debug, Clone)]
enum Step {
    Refund(u64),
    /// Of the refund with this number, to what stays of it.
    ReverseRefund(usize, u64),
    /// To what stays of it.
    Reverse(u64),
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let step = prop_oneof![
        (1_u64..200).prop_map(Step::Refund),
        (0_usize..4, 0_u64..100).prop_map(|(which, to)| Step::ReverseRefund(which, to)),
        (0_u64..300).prop_map(Step::Reverse),
    ];
    proptest::collection::vec((0_u64..100, step), 1..8)
}

proptest! {
    #[test]
    fn forgetting_changes_nothing_for_what_came_in_time(steps in steps()) {
        let [mut whole, mut forgetful] = [Bench::with(1000), Bench::with(1000)];
        for bench in [&mut whole, &mut forgetful] {
            approved(bench, 1, 300);
        }
        // When each came, by its trace number.
        let mut came = vec![(1, 0)];
        let (mut now, mut trace, mut refunds) = (0, 1, Vec::new());
        for (later, step) in steps {
            now += later * HOUR;
            forgets(&mut forgetful, now);
            trace += 1;
            let named = match step {
                Step::Refund(_) | Step::Reverse(_) => 1,
                Step::ReverseRefund(which, _) => refunds.get(which).copied().unwrap_or(1),
            };
            let is_young = |(one, at): &(u32, u64)| *one == named && at + KEPT >= now;
            if !came.iter().any(is_young) {
                continue;
            }
            let mut granted = Vec::new();
            for bench in [&mut whole, &mut forgetful] {
                at(bench, now);
                granted.push(match step {
                    Step::Refund(minor) => refunded(bench, trace, minor).is_some(),
                    Step::Reverse(to) | Step::ReverseRefund(_, to) => {
                        let minor = if named == 1 { 300 } else { 200 };
                        bench.answer(by_card(4, trace, minor), reversal(named, Some(to), true));
                        false
                    }
                });
            }
            prop_assert_eq!(granted[0], granted[1]);
            if granted[0] {
                refunds.push(trace);
            }
            came.push((trace, now));
            prop_assert_eq!(balances(&whole), balances(&forgetful));
        }
    }
}
