//! Frames of a party, written by hand, into a session without a socket.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tessera_admission::{Arrival, Carrier, Connection, Parties, PlaceLimits, Places};
use tessera_config::Settings;
use tessera_ledger::{Action, CardName, Command, Payer, Rules, WalletId};
use tessera_metrics::Metrics;
use tessera_protocol::{CardNumber, Message};

use super::{Received, Receiver};
use crate::hand::{self, ACQUIRER, Hand, MALL, PLAIN, Party};
use crate::mall::{Neighbours, Sandbox, SessionContext};
use crate::testing::{Bench, card_of};

const CARD: u64 = 1;
const WALLET: WalletId = WalletId(7);

/// A connection of the development configuration's malls and acquirers.
struct Line {
    bench: Bench,
    connection: Arc<Connection>,
    receiver: Receiver,
}

impl Line {
    /// Nobody has signed on. Card 1 leads to wallet 7.
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let bench = Bench::new(Rules::default(), 0);
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/switch.toml");
        let mut settings = Settings::read(&shipped).expect("the shipped configuration");
        change(&mut settings);
        let metrics = Metrics::new();
        let parties = std::mem::take(&mut settings.parties);
        let parties = Parties::new(parties, settings.mall.in_flight_max, &metrics.admission);
        let places = Places::new(PlaceLimits::of_malls(&settings.mall), Vec::new());
        let services = &bench.services;
        let card = CardNumber::development(CARD);
        services.directory.add(&card_of(&card), WALLET);
        let keeper = Rc::new(SessionContext::new(
            Arc::new(parties),
            None,
            settings.mall.clone(),
            Sandbox::of(&settings),
            Neighbours {
                outgoing: Rc::clone(&services.outgoing),
                directory: Arc::clone(&services.directory),
                orders: Arc::clone(&services.orders),
                purchases: Rc::clone(&services.purchases),
                policy: Rc::clone(&services.policy),
                metrics: Rc::clone(&services.metrics),
                register: Arc::default(),
            },
        ));
        let connection = Connection::sealed();
        let place = places.admit(None).expect("a place");
        let arrival = Arrival::from(None, Carrier::Plain);
        let receiver = Receiver::new(keeper, Arc::clone(&connection), arrival, place);
        Self {
            bench,
            connection,
            receiver,
        }
    }

    /// Whose party has signed on.
    fn of(party: &Party) -> Self {
        let mut line = Self::new();
        assert_eq!(
            line.receive(&hand::network(party, "001")),
            Some("00".into())
        );
        line
    }

    /// The response code, if it is answered at once.
    fn receive(&mut self, message: &Hand) -> Option<String> {
        let frame = Bytes::from(message.message());
        let received = self.receiver.receive(frame, Instant::now());
        assert!(matches!(received, Received::Done), "it is full, or closed");
        self.answer()
    }

    fn answer(&mut self) -> Option<String> {
        let written = self.connection.take();
        let answer = Message::parse(written.get(2..)?).expect("an answer");
        let code = answer.text(39).expect("field 39");
        Some(String::from_utf8_lossy(code).into_owned())
    }

    /// Where the messages that were dispatched go, and what they are.
    async fn sent(&self) -> Vec<(WalletId, Command)> {
        let sent = self.bench.sent().await;
        let sent = sent.into_iter();
        sent.map(|(wallet, message)| (wallet, message.command))
            .collect()
    }
}

#[tokio::test]
async fn a_request_by_card_becomes_a_command_for_its_wallet() {
    let mut line = Line::of(&ACQUIRER);
    let purchase = hand::card_purchase(&ACQUIRER, CARD, 1_999);
    assert_eq!(line.receive(&purchase), None, "its wallet answers");
    let sent = line.sent().await;
    let [(WALLET, Command::Ask(ask))] = &sent[..] else {
        panic!("{sent:?}");
    };
    assert!(matches!(ask.action, Action::Purchase { barred: None }));
    let named = CardName::new(1, &CardNumber::development(CARD));
    assert_eq!(ask.opening.payer, Payer::Card(named, Some(3112)));
    assert_eq!(ask.opening.amount.value(), 1_999);
    assert_eq!(ask.opening.terminal, *b"TERM0001");
}

#[test]
fn nothing_but_network_messages_is_served_before_the_sign_on() {
    let mut line = Line::new();
    let purchase = hand::card_purchase(&ACQUIRER, CARD, 1_999);
    assert_eq!(line.receive(&purchase).as_deref(), Some("58"));
    assert_eq!(
        line.receive(&hand::network(&ACQUIRER, "301")).as_deref(),
        Some("58")
    );
    assert_eq!(
        line.receive(&hand::network(&ACQUIRER, "001")).as_deref(),
        Some("00")
    );
    assert_eq!(
        line.receive(&hand::network(&ACQUIRER, "301")).as_deref(),
        Some("00")
    );
    assert_eq!(
        line.receive(&hand::network(&ACQUIRER, "002")).as_deref(),
        Some("00")
    );
    assert_eq!(
        line.receive(&purchase).as_deref(),
        Some("58"),
        "it has signed off"
    );
}

#[test]
fn a_connection_is_one_partys_for_good() {
    let mut line = Line::of(&PLAIN);
    let other = hand::card_purchase(&ACQUIRER, CARD, 1_999);
    assert_eq!(line.receive(&other).as_deref(), Some("63"));
    assert_eq!(
        line.receive(&hand::network(&ACQUIRER, "001")).as_deref(),
        Some("63")
    );
}

#[test]
fn a_wrong_mac_is_refused_and_slows_the_connection_down() {
    let mut line = Line::of(&ACQUIRER);
    assert_eq!(line.receiver.pause(), None);
    let wrong = hand::card_purchase(&ACQUIRER, CARD, 1_999).key(MALL.key);
    assert_eq!(line.receive(&wrong).as_deref(), Some("63"));
    let missing = hand::card_purchase(&ACQUIRER, CARD, 1_999).key(None);
    assert_eq!(line.receive(&missing).as_deref(), Some("63"));
    assert!(line.receiver.pause().is_some());
}

#[test]
fn a_mall_may_not_use_cards_nor_an_acquirer_orders() {
    let mut line = Line::of(&MALL);
    let by_card = hand::card_purchase(&MALL, CARD, 1_999);
    assert_eq!(line.receive(&by_card).as_deref(), Some("58"));
    let mut line = Line::of(&ACQUIRER);
    let by_order = hand::order_purchase(&ACQUIRER, "ORDER-1", 1_999);
    assert_eq!(line.receive(&by_order).as_deref(), Some("58"));
}

#[test]
fn unknown_cards_and_times_far_away_are_refused_at_once() {
    let mut line = Line::of(&ACQUIRER);
    let unknown = hand::card_purchase(&ACQUIRER, 404, 1_999);
    assert_eq!(line.receive(&unknown).as_deref(), Some("14"));
    let late = hand::card_purchase(&ACQUIRER, CARD, 1_999).with(7, &hand::time_of(-86_400));
    assert_eq!(line.receive(&late).as_deref(), Some("12"));
}

#[tokio::test]
async fn at_its_limit_a_frame_is_handed_back_and_received_again_later() {
    let most = 3;
    let mut line = Line::with(|settings| {
        for party in &mut settings.parties {
            party.in_flight_per_connection_max = most;
        }
    });
    assert!(line.receive(&hand::network(&ACQUIRER, "001")).is_some());
    for _ in 0..most {
        assert_eq!(line.receive(&hand::card_purchase(&ACQUIRER, CARD, 1)), None);
    }
    let last = hand::card_purchase(&ACQUIRER, CARD, 1).message();
    let received = line
        .receiver
        .receive(Bytes::from(last.clone()), Instant::now());
    let Received::Full(frame, limit) = received else {
        panic!("it is admitted above the limit");
    };
    assert_eq!(frame, last);
    let sent = line.bench.sent().await;
    assert_eq!(sent.len(), most, "nothing of it has reached the wallet");

    // One is answered: there is capacity again, and a waiting session is notified.
    drop(sent);
    tokio::time::timeout(Duration::from_secs(10), limit.capacity())
        .await
        .expect("capacity");
    let received = line.receiver.receive(frame, Instant::now());
    assert!(matches!(received, Received::Done));
    assert_eq!(line.bench.sent().await.len(), 1);
}

#[tokio::test]
async fn a_malls_purchase_waits_for_its_payer() {
    let mut line = Line::of(&MALL);
    assert_eq!(
        line.receive(&hand::order_purchase(&MALL, "ORDER-1", 1_999)),
        None
    );
    let late = Instant::now() + Duration::from_secs(3_600);
    line.bench.services.purchases.give_up(late);
    assert_eq!(line.answer().as_deref(), Some("25"), "nobody has agreed");
}
