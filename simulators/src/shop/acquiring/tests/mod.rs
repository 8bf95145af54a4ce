//! The client against a scripted switch, over real sockets.

mod fake_switch;

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use tessera_protocol::{CardNumber, MacKey};
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::timeout;

use self::fake_switch::{Asked, FakeSwitch, Peer};
use super::*;
use crate::shop::capture::Capture;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// The shop, and the switch that it talks to.
struct Bench {
    folder: TempDir,
    switch: FakeSwitch,
    times: Times,
}

impl Bench {
    async fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            switch: FakeSwitch::new(key()).await,
            times: Times {
                answer_within: PATIENCE,
                repeat_min: Duration::from_millis(20),
                repeat_max: Duration::from_millis(50),
                echo_after: Duration::from_secs(60),
                silence: Duration::from_secs(60),
            },
        }
    }

    /// Whose switch must answer fast.
    async fn impatient() -> Self {
        let mut bench = Self::new().await;
        bench.times.answer_within = Duration::from_secs(2);
        bench
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("acquiring")
    }

    fn start(&self) -> (Client, JoinHandle<()>) {
        let capture = Capture::open(&self.folder.path().join("capture")).unwrap();
        let address = self.switch.address().parse().unwrap();
        Client::start(address, party(), self.times, &self.log(), Some(capture)).unwrap()
    }

    async fn started(&self) -> (Client, Peer) {
        let (client, _) = self.start();
        (client, self.switch.accept().await)
    }
}

fn key() -> MacKey {
    MacKey::from_hex("000102030405060708090a0b0c0d0e0f").unwrap()
}

fn party() -> Party {
    Party {
        code: 10_000_000_001,
        acceptor: "MALL-0001".to_owned(),
        place: None,
        terminal: "TEACUP01".to_owned(),
        currency: *b"840",
        key: key(),
    }
}

fn order() -> Payer {
    Payer::Order {
        purpose: "2 x tea".to_owned(),
    }
}

fn card() -> Payer {
    Payer::Card {
        number: CardNumber::development(1),
        expiry: 3_112,
    }
}

/// Runs a test where tasks may be local.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let whole = async { timeout(PATIENCE, test).await.expect("the test ends") };
    LocalSet::new().block_on(&runtime, whole);
}

/// Asks for a purchase, and what the switch sees of it.
async fn purchase(
    client: &Client,
    peer: &mut Peer,
    payer: Payer,
) -> (Asked, JoinHandle<Option<Standing>>) {
    let asking = client.clone();
    let waiting =
        tokio::task::spawn_local(async move { asking.purchase("TC-1", 1_999, payer).await });
    (peer.next().await, waiting)
}

/// A purchase that the switch has approved.
async fn approved(client: &Client, peer: &mut Peer, payer: Payer) -> Asked {
    let (asked, waiting) = purchase(client, peer, payer).await;
    peer.answer(&asked, "00").await;
    let standing = waiting.await.unwrap().unwrap();
    assert!(
        matches!(standing.state, State::Approved { .. }),
        "{:?}",
        standing.state
    );
    asked
}

async fn until(client: &Client, wanted: State) {
    loop {
        let standing = client.look("TC-1").await.unwrap();
        if standing.state == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_purchase_by_order_names_no_card() {
    run(async {
        let bench = Bench::new().await;
        let (client, mut peer) = bench.started().await;
        let (asked, waiting) = purchase(&client, &mut peer, order()).await;
        assert_eq!(asked.mti(), "0200");
        assert_eq!(
            asked.fields(),
            [3, 4, 7, 11, 12, 13, 18, 22, 25, 32, 37, 41, 42, 48, 49, 64]
        );
        assert_eq!((asked.number(3), asked.number(4)), (0, 1_999));
        assert_eq!(asked.number(32), 10_000_000_001);
        assert_eq!(
            (asked.text(41), asked.text(42)),
            ("TEACUP01".into(), "MALL-0001".into())
        );
        let tags = asked.tags();
        assert_eq!((tags[&1].as_str(), tags[&2].as_str()), ("TC-1", "2 x tea"));
        peer.answer(&asked, "00").await;
        let standing = waiting.await.unwrap().unwrap();
        let state = State::Approved {
            authorization: "A1B2C3".to_owned(),
            reference: asked.text(37),
        };
        assert_eq!(standing.state, state);
        assert_eq!(standing.refundable(), 1_999);
        let captured = std::fs::read_to_string(bench.folder.path().join("capture")).unwrap();
        assert!(
            captured.contains("--- tcp 10000000001\nhex  0210"),
            "{captured}"
        );
    });
}

#[test]
fn a_purchase_by_card_is_refunded_and_reversed_by_card_and_no_file_holds_the_number() {
    run(async {
        let bench = Bench::new().await;
        let (client, mut peer) = bench.started().await;
        let bought = approved(&client, &mut peer, card()).await;
        assert_eq!(
            (bought.number(2), bought.number(14)),
            (9_900_000_000_000_010, 3_112)
        );
        assert!(bought.tags().is_empty());

        let refund = {
            let client = client.clone();
            tokio::task::spawn_local(async move { client.refund("TC-1", 500, 0).await })
        };
        let asked = peer.next().await;
        assert_eq!(
            (asked.mti().as_str(), asked.number(3), asked.number(4)),
            ("0200", 200_000, 500)
        );
        assert_eq!(asked.number(2), 9_900_000_000_000_010);
        assert!(!asked.fields().contains(&14));
        let original = format!(
            "0200{:06}{:010}10000000001{:011}",
            bought.number(11),
            bought.number(7),
            0
        );
        assert_eq!(asked.original(), original);
        peer.answer(&asked, "00").await;
        let standing = refund.await.unwrap().unwrap();
        assert_eq!(standing.refundable(), 1_499);
        assert!(!standing.cancellable());
        // Neither what is refunded in part nor more than is left.
        assert_eq!(client.cancel("TC-1").await.unwrap().refundable(), 1_499);
        assert_eq!(
            client.refund("TC-1", 1_500, 1).await.unwrap().refunds.len(),
            1
        );
        // Nor what was asked for by somebody who has not seen the refund before.
        assert_eq!(
            client.refund("TC-1", 500, 0).await.unwrap().refunds.len(),
            1
        );

        let log = std::fs::read_to_string(bench.log()).unwrap();
        assert!(
            log.contains("TC-1") && !log.contains("990000000000001"),
            "{log}"
        );
    });
}

#[test]
fn a_decline_says_why() {
    run(async {
        let bench = Bench::new().await;
        let (client, mut peer) = bench.started().await;
        let (asked, waiting) = purchase(&client, &mut peer, order()).await;
        peer.answer(&asked, "51").await;
        let declined = State::Declined {
            code: "51".to_owned(),
            reason: "because".to_owned(),
        };
        assert_eq!(waiting.await.unwrap().unwrap().state, declined);
        // Asked for again, it is the same purchase.
        let again = client.purchase("TC-1", 1_999, order()).await.unwrap();
        assert_eq!(again.state, declined);
    });
}

#[test]
fn silence_is_reversed_until_it_is_acknowledged() {
    run(async {
        let bench = Bench::impatient().await;
        let (client, mut peer) = bench.started().await;
        let (bought, waiting) = purchase(&client, &mut peer, order()).await;
        let undoing = State::Undoing {
            why: Why::Unanswered,
        };
        assert_eq!(waiting.await.unwrap().unwrap().state, undoing);
        let asked = peer.next().await;
        assert_eq!((asked.mti().as_str(), asked.number(4)), ("0400", 1_999));
        assert_eq!(asked.tags()[&1], "TC-1");
        assert_eq!(
            asked.original()[..10],
            format!("0200{:06}", bought.number(11))
        );
        let advice = peer.next().await;
        assert_eq!(
            (advice.mti().as_str(), advice.original()),
            ("0420", asked.original())
        );
        let repeat = peer.next().await;
        assert_eq!(repeat.mti(), "0421");
        assert_eq!(
            (repeat.number(11), repeat.number(12)),
            (advice.number(11), advice.number(12))
        );
        // An approval that comes late changes nothing, and neither does a refusal.
        peer.answer(&bought, "00").await;
        peer.answer(&repeat, "96").await;
        let repeat = peer.next().await;
        assert_eq!(client.look("TC-1").await.unwrap().state, undoing);
        peer.answer(&repeat, "00").await;
        until(
            &client,
            State::Undone {
                why: Why::Unanswered,
            },
        )
        .await;
    });
}

#[test]
fn a_killed_shop_goes_on_reversing() {
    run(async {
        let bench = Bench::new().await;
        let (client, task) = bench.start();
        let mut peer = bench.switch.accept().await;
        let (bought, _waiting) = purchase(&client, &mut peer, card()).await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        drop(peer);

        let (client, task) = bench.start();
        let mut peer = bench.switch.accept().await;
        let asked = peer.next().await;
        assert_eq!(
            (asked.mti().as_str(), asked.number(2)),
            ("0400", bought.number(2))
        );
        assert_eq!(asked.original()[4..10], format!("{:06}", bought.number(11)));
        // Killed again.
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        drop((client, peer));

        let (client, mut peer) = bench.started().await;
        let again = peer.next().await;
        assert_eq!(
            (again.mti().as_str(), again.number(11)),
            ("0401", asked.number(11))
        );
        peer.answer(&again, "25").await;
        until(
            &client,
            State::Undone {
                why: Why::Unanswered,
            },
        )
        .await;
    });
}

#[test]
fn a_node_that_is_silent_is_given_up_for_one_that_takes_over() {
    run(async {
        let mut bench = Bench::new().await;
        bench.times.silence = Duration::from_millis(400);
        let second = FakeSwitch::new(key()).await;
        let both = format!("{},{}", bench.switch.address(), second.address());
        let log = bench.log();
        let both = both.parse().unwrap();
        let (client, _task) = Client::start(both, party(), bench.times, &log, None).unwrap();
        // It stays open, and never answers.
        let mut peer = bench.switch.accept().await;
        let (first, waiting) = purchase(&client, &mut peer, order()).await;
        assert_eq!(peer.next().await.number(70), 301);
        let mut peer = second.accept().await;
        let again = peer.next().await;
        assert_eq!(again.mti(), "0201");
        assert_eq!(again.number(11), first.number(11));
        peer.answer(&again, "00").await;
        assert!(waiting.await.unwrap().unwrap().cancellable());
    });
}

#[test]
fn a_lost_connection_is_made_again_and_asked_again() {
    run(async {
        let bench = Bench::new().await;
        let (client, mut peer) = bench.started().await;
        let (first, waiting) = purchase(&client, &mut peer, order()).await;
        drop(peer);
        let mut peer = bench.switch.accept().await;
        let again = peer.next().await;
        assert_eq!(again.mti(), "0201");
        for field in [4, 11, 12, 13] {
            assert_eq!(again.number(field), first.number(field), "field {field}");
        }
        assert_eq!(again.text(37), first.text(37));
        peer.answer(&again, "00").await;
        assert!(waiting.await.unwrap().unwrap().cancellable());
    });
}

#[test]
fn without_a_switch_nothing_is_asked_and_the_order_may_be_tried_again() {
    run(async {
        let bench = Bench::impatient().await;
        let (client, _) = bench.start();
        // It takes connections and says nothing.
        let standing = client.purchase("TC-1", 1_999, order()).await.unwrap();
        assert_eq!(standing.state, State::Unreached);
        let mut peer = bench.switch.accept().await;
        let asked = approved(&client, &mut peer, order()).await;
        assert_eq!((asked.mti().as_str(), asked.number(4)), ("0200", 1_999));
    });
}

#[test]
fn an_unanswered_refund_is_the_same_refund_again() {
    run(async {
        let bench = Bench::impatient().await;
        let (client, mut peer) = bench.started().await;
        approved(&client, &mut peer, order()).await;
        let asking = client.clone();
        let waiting =
            tokio::task::spawn_local(async move { asking.refund("TC-1", 1_999, 0).await });
        let first = peer.next().await;
        assert_eq!(first.tags()[&1], "TC-1");
        // Waiting callers learn that it is in progress.
        let refunds = waiting.await.unwrap().unwrap().refunds;
        assert_eq!(refunds[0].state, RefundState::Asked);
        let again = peer.next().await;
        assert_eq!(again.mti(), "0201");
        assert_eq!(
            (again.number(11), again.number(12)),
            (first.number(11), first.number(12))
        );
        assert_eq!(again.original(), first.original());
        peer.answer(&again, "12").await;
        while client.look("TC-1").await.unwrap().refundable() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}

#[test]
fn a_cancellation_that_is_declined_leaves_the_purchase_paid() {
    run(async {
        let bench = Bench::new().await;
        let (client, mut peer) = bench.started().await;
        approved(&client, &mut peer, order()).await;
        for (code, cancelled) in [("63", false), ("00", true)] {
            let asking = client.clone();
            let waiting = tokio::task::spawn_local(async move { asking.cancel("TC-1").await });
            let asked = peer.next().await;
            assert_eq!(asked.mti(), "0400");
            peer.answer(&asked, code).await;
            let standing = waiting.await.unwrap().unwrap();
            assert_eq!(standing.cancellable(), !cancelled, "{:?}", standing.state);
        }
        let undone = State::Undone {
            why: Why::Cancelled,
        };
        assert_eq!(client.look("TC-1").await.unwrap().state, undone);
    });
}

#[test]
fn a_quiet_line_is_tried_and_left_where_it_is_dead() {
    run(async {
        let mut bench = Bench::impatient().await;
        bench.times.echo_after = Duration::from_millis(50);
        let (_client, mut peer) = bench.started().await;
        let echo = peer.next().await;
        assert_eq!((echo.mti().as_str(), echo.number(70)), ("0800", 301));
        peer.answer(&echo, "00").await;
        assert_eq!(peer.next().await.number(70), 301);
        // Not answered: the line is closed, and made again.
        assert!(peer.try_next().await.is_none());
        bench.switch.accept().await;
    });
}

#[test]
fn an_answer_with_a_wrong_mac_ends_the_line_and_says_nothing() {
    run(async {
        let bench = Bench::new().await;
        let (client, mut peer) = bench.started().await;
        let (asked, waiting) = purchase(&client, &mut peer, order()).await;
        peer.answer_sealed(&asked, "00", &MacKey::new([9; 16]))
            .await;
        assert!(peer.try_next().await.is_none());
        let mut peer = bench.switch.accept().await;
        let again = peer.next().await;
        peer.answer(&again, "51").await;
        let state = waiting.await.unwrap().unwrap().state;
        assert!(matches!(state, State::Declined { .. }), "{state:?}");
    });
}
