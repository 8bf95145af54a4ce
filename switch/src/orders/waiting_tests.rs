//! Purchases that wait for a payer, and what ends their wait.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tessera_kit::clock::Timestamp;
use tessera_ledger::{OrderState, Rules, WalletId};
use tessera_protocol::OrderKey;

use super::{OrderRoute, Parked};
use crate::testing::{Bench, order_purchase};

const PAYER: WalletId = WalletId(7);

fn order() -> OrderKey {
    OrderKey::of(b"SHOP-77        ", b"ORDER-1")
}

/// A purchase for the order waits until then.
fn wait(bench: &Bench, question: &'static str, trace: u32, until: Instant) {
    let (opening, action) = order_purchase(order(), trace);
    let parked = Parked {
        key: opening.key,
        until,
        message: bench.ask(question, opening, action),
    };
    let route = bench.services.orders.purchase(order(), parked);
    assert!(matches!(route, Ok(OrderRoute::Parked)), "{route:?}");
    bench.services.purchases.wait(order(), until);
}

#[test]
fn a_purchase_gives_up_at_its_time_and_not_before() {
    let bench = Bench::new(Rules::default(), 0);
    let until = Instant::now() + Duration::from_secs(10);
    wait(&bench, "early", 1, until);
    wait(&bench, "late", 2, until + Duration::from_secs(1));
    bench
        .services
        .purchases
        .give_up(until - Duration::from_millis(1));
    assert_eq!(bench.answers(), "");
    bench.services.purchases.give_up(until);
    assert_eq!(bench.answers(), "early 25;");
    assert_eq!(bench.in_flight.taken(), 1);
    bench
        .services
        .purchases
        .give_up(until + Duration::from_secs(1));
    assert_eq!(bench.answers(), "late 25;");
    assert_eq!(bench.in_flight.taken(), 0);
}

#[tokio::test]
async fn purchases_go_to_the_wallet_whose_payer_agrees() {
    let bench = Bench::new(Rules::default(), 0);
    let until = Instant::now() + Duration::from_secs(10);
    wait(&bench, "a", 1, until);
    wait(&bench, "b", 2, until);
    let purchases = Rc::clone(&bench.services.purchases);
    purchases.order_turned(
        order(),
        PAYER,
        OrderState::Open,
        Timestamp::from_milliseconds(u64::MAX),
    );
    let sent = bench.sent().await;
    assert_eq!(
        sent.iter().map(|(to, _)| *to).collect::<Vec<_>>(),
        [PAYER; 2]
    );
    // They are the wallet's now: their deadline is over without an answer from here.
    purchases.give_up(until);
    assert_eq!(bench.answers(), "");
}

#[test]
fn a_repeat_takes_the_place_of_the_purchase_that_waits() {
    let bench = Bench::new(Rules::default(), 0);
    let until = Instant::now() + Duration::from_secs(10);
    wait(&bench, "first", 1, until);
    wait(&bench, "again", 1, until);
    assert_eq!(bench.in_flight.taken(), 1);
    bench.services.purchases.give_up(until);
    bench.services.purchases.give_up(until);
    assert_eq!(bench.answers(), "again 25;");
}
