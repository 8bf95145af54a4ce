//! Sources, refunds, and cards that are replaced or cancelled.

use std::collections::BTreeMap;

use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::*;

#[test]
fn a_source_gives_what_it_has_and_gets_it_back() {
    let mut ledger = Ledger::new(1000);
    let (load, limited) = funded(PostingKind::Load, 1, 400, Some(500));
    assert_eq!(ledger.post(&load, &limited, || APPROVED), APPROVED);
    assert_eq!(ledger.post(&load, &limited, || APPROVED), APPROVED);
    assert_eq!(ledger.given(&source()), 400);
    let (more, _) = funded(PostingKind::Load, 2, 101, Some(500));
    let short = ResponseCode::NOT_ENOUGH_MONEY;
    assert_eq!(ledger.post(&more, &limited, || APPROVED), short);
    ledger.reverse(&reversal_of(&load, 0));
    ledger.reverse(&reversal_of(&load, 0));
    assert_eq!(ledger.given(&source()), 0);
    // Its repeat is still answered as it was.
    assert_eq!(ledger.post(&more, &limited, || APPROVED), short);
    let (payout, _) = funded(PostingKind::Payout, 3, 70, Some(500));
    assert_eq!(ledger.post(&payout, &limited, || APPROVED), APPROVED);
    assert_eq!(ledger.given(&source()), -70);
    assert_eq!(ledger.accounts().development()[0].1.loaded, -70);
    ledger.reverse(&reversal_of(&payout, 0));
    assert_eq!(ledger.given(&source()), 0);
    let sums = ledger.tally().money();
    for (sum, amount) in [
        ("loads", 400),
        ("loads_reversed", 400),
        ("payouts", 70),
        ("payouts_reversed", 70),
        ("reversed", 0),
    ] {
        assert_eq!(sums[sum]["amount"], amount, "{sum}");
    }
}

#[test]
fn the_same_reference_from_another_source_is_a_contradiction() {
    let mut ledger = Ledger::new(1000);
    let (load, concern) = funded(PostingKind::Load, 1, 400, None);
    assert_eq!(ledger.post(&load, &concern, || APPROVED), APPROVED);
    let other = Concern::Source {
        source: Source::new(b"9902000000000018").unwrap(),
        balance: None,
    };
    assert_eq!(
        ledger.post(&load, &other, || APPROVED),
        ResponseCode::DUPLICATE
    );
    assert_eq!(ledger.tally().loads.amount, 400);
}

#[test]
fn refunds_together_never_exceed_what_the_original_still_stands_at() {
    let mut ledger = Ledger::new(1000);
    let bought = purchase(1, 500);
    let refund = |ledger: &mut Ledger, number, amount| {
        let (posting, concern) = refund_of(number, amount, &bought);
        ledger.post(&posting, &concern, || APPROVED)
    };
    assert_eq!(refund(&mut ledger, 2, 1), ResponseCode::NOT_FOUND);
    ledger.post(&bought, &Concern::Card, || APPROVED);
    assert_eq!(
        refund(&mut ledger, 2, 1),
        ResponseCode::NOT_FOUND,
        "a repeat"
    );
    assert_eq!(refund(&mut ledger, 3, 300), APPROVED);
    assert_eq!(refund(&mut ledger, 3, 300), APPROVED, "a repeat");
    assert_eq!(refund(&mut ledger, 4, 201), ResponseCode::INVALID_AMOUNT);
    assert_eq!(refund(&mut ledger, 5, 200), APPROVED);
    assert_eq!(net(&ledger), 0);
    // What is undone of a refund stands again.
    let (first, _) = refund_of(3, 300, &bought);
    ledger.reverse(&reversal_of(&first, 0));
    assert_eq!(net(&ledger), 300);
    assert_eq!(refund(&mut ledger, 6, 301), ResponseCode::INVALID_AMOUNT);
    // And a reversal of the original undoes what is left, and no more.
    ledger.reverse(&reversal_of(&bought, 0));
    assert_eq!(net(&ledger), 0);
    assert_eq!(refund(&mut ledger, 7, 1), ResponseCode::INVALID_AMOUNT);
    let sums = ledger.tally().money();
    assert_eq!(sums["refunded"]["amount"], 500);
    assert_eq!(sums["refunds_reversed"]["amount"], 300);
    assert_eq!(sums["purchases_reversed"]["amount"], 300);
}

#[test]
fn what_a_reversal_and_an_undone_refund_come_to_does_not_depend_on_their_order() {
    for reversal_first in [true, false] {
        let mut ledger = Ledger::new(1000);
        let bought = purchase(1, 500);
        ledger.post(&bought, &Concern::Card, || APPROVED);
        let (refund, concern) = refund_of(2, 300, &bought);
        ledger.post(&refund, &concern, || APPROVED);
        let mut reversals = [reversal_of(&bought, 100), reversal_of(&refund, 0)];
        if !reversal_first {
            reversals.reverse();
        }
        for reversal in &reversals {
            assert_eq!(ledger.reverse(reversal), APPROVED);
            assert_eq!(ledger.reverse(reversal), APPROVED, "a repeat");
        }
        assert_eq!(net(&ledger), 100);
        assert_eq!(ledger.tally().money()["purchases_reversed"]["amount"], 400);
    }
}

#[test]
fn what_an_undone_refund_gives_back_belongs_to_the_later_of_the_two_dates() {
    // The date of the purchase's reversal and what it comes to in the end; the same of the refund's.
    for (purchase_on, first, refund_on, second) in [
        (1_123, 200, 1_124, 200),
        (1_124, 400, 1_123, 0),
        (1_123, 400, 1_123, 400),
        (1_231, 200, 101, 200),
        (101, 400, 1_231, 0),
    ] {
        let mut ledger = Ledger::new(1000);
        let bought = purchase(1, 500);
        ledger.post(&bought, &Concern::Card, || APPROVED);
        let (refund, concern) = refund_of(2, 300, &bought);
        ledger.post(&refund, &concern, || APPROVED);
        let undo = |posting, down_to, settlement_date| Reversal {
            settlement_date,
            ..reversal_of(posting, down_to)
        };
        ledger.reverse(&undo(&bought, 100, purchase_on));
        ledger.reverse(&undo(&refund, 0, refund_on));
        let undone = |date| ledger.totals(date).debit_reversal_amount;
        assert_eq!((undone(purchase_on), undone(refund_on)), (first, second));
    }
}

/// The switch's totals for a purchase whose refunds reduce its reversal, by date.
struct Refunded {
    bought: Posting,
    said: Vec<Said>,
    /// What is undone of the purchase, by date.
    undone: BTreeMap<SettlementDate, u64>,
}

enum Said {
    /// At once.
    Refund(Posting, Concern),
    /// As an advice, that is at any later time.
    Undone(Reversal),
}

/// One purchase of 1000, reversed at some time, and refunds before and after that, some of which come to nothing.
fn refunded(random: &mut SmallRng) -> Refunded {
    let bought = purchase(1, 1000);
    let mut history = Refunded {
        bought,
        said: Vec::new(),
        undone: BTreeMap::new(),
    };
    let (mut standing, mut asked, mut used) = (1000, None, 0);
    let mut whole: Vec<Posting> = Vec::new();
    let mut date = 1_229;
    for number in 2..12 {
        if random.random_bool(0.4) {
            date = match date {
                1_231 => 101,
                date => date + 1,
            };
        }
        let undo = |posting, down_to| Reversal {
            settlement_date: date,
            ..reversal_of(posting, down_to)
        };
        let choice = random.random_range(0..3);
        if choice == 0 && asked.is_none() {
            let leaves = random.random_range(0..1000);
            asked = Some(leaves);
            history.said.push(Said::Undone(undo(&bought, leaves)));
        } else if choice == 1 && !whole.is_empty() {
            let refund = whole.swap_remove(random.random_range(0..whole.len()));
            used -= refund.amount;
            history.said.push(Said::Undone(undo(&refund, 0)));
        } else if used < standing {
            let amount = random.random_range(1..=standing - used);
            let (refund, concern) = refund_of(number, amount, &bought);
            let refund = Posting {
                settlement_date: date,
                ..refund
            };
            used += amount;
            whole.push(refund);
            history.said.push(Said::Refund(refund, concern));
        }
        if let Some(asked) = asked {
            let stands: u64 = used.max(asked);
            if stands < standing {
                *history.undone.entry(date).or_default() += standing - stands;
                standing = stands;
            }
        }
    }
    history
}

#[test]
fn totals_of_a_date_do_not_depend_on_the_order_of_advices() {
    for seed in 0..2_000 {
        let mut random = SmallRng::seed_from_u64(seed);
        let history = refunded(&mut random);
        let mut ledger = Ledger::new(100_000);
        ledger.post(&history.bought, &Concern::Card, || APPROVED);
        let mut advices: Vec<Reversal> = Vec::new();
        for said in &history.said {
            match said {
                Said::Undone(reversal) => advices.push(*reversal),
                // If an earlier one must be reversed first, it waits.
                Said::Refund(refund, concern) => loop {
                    let fits = ledger.decide(refund, concern, || APPROVED).is_ok();
                    if fits && (advices.is_empty() || random.random_bool(0.7)) {
                        assert_eq!(ledger.post(refund, concern, || APPROVED), APPROVED);
                        break;
                    }
                    let advice = advices.swap_remove(random.random_range(0..advices.len()));
                    assert_eq!(ledger.reverse(&advice), APPROVED);
                },
            }
        }
        advices.shuffle(&mut random);
        for advice in &advices {
            assert_eq!(ledger.reverse(advice), APPROVED);
        }
        let dates = ledger.dates();
        let undone: BTreeMap<SettlementDate, u64> = dates
            .map(|(date, totals)| (date, totals.debit_reversal_amount))
            .filter(|(_, undone)| *undone != 0)
            .collect();
        assert_eq!(undone, history.undone, "seed {seed}");
    }
}

#[test]
fn a_refund_names_its_original_wholly() {
    let mut ledger = Ledger::new(1000);
    let bought = purchase(1, 500);
    ledger.post(&bought, &Concern::Card, || APPROVED);
    let declined = purchase(2, 500);
    ledger.post(&declined, &Concern::Card, || DECLINED);
    let wrong = [
        Posting { trace: 9, ..bought },
        Posting {
            transmission: 9,
            ..bought
        },
        Posting {
            institution: 9,
            ..bought
        },
        declined,
    ];
    for (number, original) in (10..).zip(&wrong) {
        let (refund, concern) = refund_of(number, 1, original);
        assert_eq!(
            ledger.post(&refund, &concern, || APPROVED),
            ResponseCode::NOT_FOUND
        );
    }
    let (mut refund, concern) = refund_of(20, 1, &bought);
    refund.card = CardNumber::development(2).expose();
    assert_eq!(
        ledger.post(&refund, &concern, || APPROVED),
        ResponseCode::NOT_FOUND
    );
    assert_eq!(net(&ledger), 500);
}

#[test]
fn a_replaced_number_is_dead_and_the_new_one_carries_on() {
    let mut ledger = Ledger::new(1000);
    let bought = purchase(1, 500);
    ledger.post(&bought, &Concern::Card, || APPROVED);
    let replace = CardOrder {
        operation: CardOperation::Replace,
        reference: reference(2),
        card: bought.card,
    };
    let card = ledger.order_card(&replace).unwrap();
    assert_eq!(ledger.order_card(&replace), Ok(card));
    let with_old = purchase(3, 1);
    assert_eq!(
        ledger.post(&with_old, &Concern::Card, || APPROVED),
        ResponseCode::NO_SUCH_CARD
    );
    let with_new = Posting {
        card,
        ..purchase(4, 70)
    };
    assert_eq!(
        ledger.post(&with_new, &Concern::Card, || APPROVED),
        APPROVED
    );
    assert_eq!(ledger.accounts().development(), []);
    // What was bought with the old one is given back to the new one, whichever the request names.
    let (mut refund, concern) = refund_of(5, 100, &bought);
    refund.card = card;
    assert_eq!(ledger.post(&refund, &concern, || APPROVED), APPROVED);
    let (refund, concern) = refund_of(6, 100, &bought);
    assert_eq!(ledger.post(&refund, &concern, || APPROVED), APPROVED);
    assert_eq!(ledger.reverse(&reversal_of(&bought, 0)), APPROVED);
    assert_eq!(ledger.accounts().of(card).net, 70);
    assert_eq!(ledger.tally().net, 70);
    // Once more.
    let again = CardOrder {
        operation: CardOperation::Replace,
        reference: reference(7),
        card,
    };
    let last = ledger.order_card(&again).unwrap();
    assert_eq!(ledger.accounts().of(last).net, 70);
    assert_eq!(ledger.accounts().of(bought.card).net, 70);
}

#[test]
fn a_dead_card_is_cancelled_once() {
    let mut ledger = Ledger::new(1000);
    let cancel = |number| CardOrder {
        operation: CardOperation::Cancel,
        reference: reference(number),
        card: CardNumber::development(1).expose(),
    };
    assert!(ledger.order_card(&cancel(1)).is_ok());
    assert!(ledger.order_card(&cancel(2)).is_ok());
    assert_eq!(ledger.tally().money()["cards_cancelled"], 1);
    let unknown = CardOrder {
        card: 4_111_111_111_111_111,
        ..cancel(3)
    };
    assert_eq!(ledger.order_card(&unknown), Err(ResponseCode::NO_SUCH_CARD));
    let (payout, concern) = funded(PostingKind::Payout, 4, 5, None);
    assert_eq!(
        ledger.post(&payout, &concern, || APPROVED),
        APPROVED,
        "money left on it"
    );
}
