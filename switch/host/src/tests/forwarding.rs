//! Advices are sent until they are acknowledged.

use std::time::Duration;

use tessera_protocol::{Amount, CardNumber, Currency, Institution, Message, Mti};

use super::peer::{answer_to, card_answer_to, field, mti};
use super::rig::{Rig, advice, approved, on_worker, until};
use crate::{Advice, CardUpdate, HostMessage, HostOutcome, Posting};
use tessera_ledger::{Merchant, Reference, WalletId};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(30);

fn reversal(original_trace: u32) -> HostMessage {
    HostMessage::Reversal(Box::new(advice(original_trace)))
}

fn original(frame: &[u8]) -> Vec<u8> {
    Message::parse(frame).unwrap().raw(90).unwrap().to_vec()
}

#[test]
fn repeats_until_it_is_acknowledged() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let (forwarder, subject) = rig.forwarder(SHORT);
        let mut peer = rig.host.line().await;
        rig.up().await;
        forwarder.enqueue(WalletId(1), Reference(1), reversal(7));
        // Not answered, answered with "not now", acknowledged.
        let first = peer.expect(Mti::REVERSAL_ADVICE).await;
        let second = peer.expect(Mti::REVERSAL_ADVICE.repeat()).await;
        assert_eq!(original(&first), original(&second));
        assert_ne!(field(&first, 11), field(&second, 11));
        peer.answer(&second, "91").await;
        let mut third = peer.expect(Mti::REVERSAL_ADVICE.repeat()).await;
        assert!(subject.borrow().is_empty());
        until(|| rig.stats.oldest_advice_age() >= SHORT).await;
        assert_eq!(rig.stats.advices.read(), 1);
        // On a slow machine the answer to one may come when the next is out.
        while subject.borrow().is_empty() {
            peer.answer(&third, "00").await;
            tokio::select! {
                () = until(|| !subject.borrow().is_empty()) => {}
                next = peer.next() => third = next.unwrap(),
            }
        }
        assert_eq!(subject.borrow().len(), 1);
        assert_eq!(subject.borrow()[0].outcome, approved());
        assert!(rig.nothing_was_said());
        assert!(rig.stats.advices_refused.read() >= 1);
        assert!(rig.stats.repeats.read() >= 2);
        until(|| rig.stats.advices.read() == 0).await;
        assert_eq!(rig.stats.oldest_advice_age(), Duration::ZERO);
        assert!(forwarder.is_empty());
    });
}

/// All of two digits and capital letters.
fn codes() -> Vec<String> {
    let alphabet = ('0'..='9').chain('A'..='Z');
    let all = alphabet
        .clone()
        .flat_map(|one| alphabet.clone().map(move |two| format!("{one}{two}")));
    all.collect()
}

/// Those of all codes that end this message's repetition; of every other it is sent again, until it is acknowledged.
async fn acknowledging(message: impl Fn() -> HostMessage, mti: Mti) -> Vec<String> {
    let codes = codes();
    let rig = Rig::new(|settings| {
        settings.repeats_in_flight_max = codes.len();
        settings.repeat_min = LONG;
        settings.repeat_max = LONG;
    });
    let (forwarder, subject) = rig.forwarder(LONG);
    let mut peer = rig.host.line().await;
    rig.up().await;
    for wallet in 0..codes.len() as u64 {
        forwarder.enqueue(WalletId(wallet), Reference(wallet), message());
    }
    let requests = peer.many(codes.len()).await;
    assert!(requests.iter().all(|frame| self::mti(frame) == mti));
    for (request, code) in requests.iter().zip(&codes) {
        peer.answer(request, code).await;
    }
    // A card that is wanted does not come with an answer of this kind.
    let answered = || subject.borrow().len() as u64 + rig.stats.advices_refused.read();
    until(|| answered() == codes.len() as u64).await;
    let ended = subject
        .borrow()
        .iter()
        .map(|answer| codes[answer.reference.0 as usize].clone())
        .collect();
    // What is open goes out again with the next line, and ends when it is acknowledged.
    let open = codes.len() - subject.borrow().len();
    peer.cut();
    let mut peer = rig.host.line().await;
    for request in peer.many(open).await {
        match mti {
            Mti::CARD => peer.send(&card_answer_to(&request)).await,
            _ => peer.answer(&request, "00").await,
        }
    }
    until(|| subject.borrow().len() == codes.len()).await;
    assert!(forwarder.is_empty());
    ended
}

#[test]
fn a_code_that_acknowledges_nothing_has_the_advice_sent_again() {
    on_worker(async {
        let in_doubt = || reversal(7);
        assert_eq!(
            acknowledging(in_doubt, Mti::REVERSAL_ADVICE).await,
            ["00", "25"]
        );
        // What it has approved it must find.
        let approved = || {
            let in_doubt = false;
            HostMessage::Reversal(Box::new(Advice {
                in_doubt,
                ..advice(7)
            }))
        };
        assert_eq!(acknowledging(approved, Mti::REVERSAL_ADVICE).await, ["00"]);
        assert_eq!(acknowledging(posting, Mti::COMPLETION).await, ["00"]);
    });
}

#[test]
fn a_card_is_asked_for_until_it_is_refused_and_cancelled_until_it_is_dead() {
    on_worker(async {
        let card = |update: CardUpdate| HostMessage::Card {
            update,
            repeat: false,
        };
        let cancel = || card(CardUpdate::Cancel(CardNumber::development(1)));
        assert_eq!(acknowledging(cancel, Mti::CARD).await, ["00", "14", "25"]);
        let ended = acknowledging(|| card(CardUpdate::Issue), Mti::CARD).await;
        let has = |code: &str| ended.iter().any(|one| one == code);
        assert!(["05", "12", "14", "57"].into_iter().all(has), "{ended:?}");
        assert!(
            !["00", "10", "68", "91", "96", "Z9"].into_iter().any(has),
            "{ended:?}"
        );
    });
}

fn posting() -> HostMessage {
    HostMessage::Posting(Box::new(Posting {
        mti: Mti::COMPLETION,
        card: CardNumber::development(1),
        expiry: 3_112,
        settlement_date: 1_123,
        amount: Amount::new(12_345).unwrap(),
        currency: Currency::USD,
        institution: Institution::new(10_000_000_001),
        local_time: 94_500,
        local_date: 1_122,
        merchant: Merchant::default(),
        terminal: *b"TERM0001",
        acceptor: *b"MALL-0001      ",
        original: None,
    }))
}

#[test]
fn one_of_a_wallet_at_a_time_and_in_order() {
    on_worker(async {
        let rig = Rig::new(|settings| settings.repeats_in_flight_max = 2);
        let (forwarder, subject) = rig.forwarder(LONG);
        let mut peer = rig.host.line().await;
        for (wallet, reference) in [(1, 11), (1, 12), (2, 21), (3, 31), (1, 11)] {
            forwarder.enqueue(
                WalletId(wallet),
                Reference(reference),
                reversal(reference as u32),
            );
        }
        for _ in 0..4 {
            until(|| rig.stats.advices_in_flight.read() > 0).await;
            assert!(rig.stats.advices_in_flight.read() <= 2);
            let request = peer.expect(Mti::REVERSAL_ADVICE).await;
            peer.answer(&request, "00").await;
        }
        until(|| subject.borrow().len() == 4).await;
        let references: Vec<u64> = subject
            .borrow()
            .iter()
            .map(|answer| answer.reference.0)
            .collect();
        assert_eq!(references, [11, 21, 31, 12]);
        assert_eq!(rig.stats.repeats.read(), 0);
    });
}

#[test]
fn waits_for_a_line_and_goes_at_once_when_there_is_one() {
    on_worker(async {
        // So long a pause that only a new line can end it.
        let rig = Rig::new(|settings| {
            settings.repeat_min = LONG;
            settings.repeat_max = LONG;
        });
        let (forwarder, subject) = rig.forwarder(LONG);
        for wallet in 1..=20 {
            forwarder.enqueue(WalletId(wallet), Reference(wallet), reversal(wallet as u32));
        }
        let mut peer = rig.host.line().await;
        let requests = peer.many(20).await;
        assert!(
            requests
                .iter()
                .all(|frame| mti(frame) == Mti::REVERSAL_ADVICE)
        );
        peer.cut();
        let mut peer = rig.host.line().await;
        let requests = peer.many(20).await;
        assert!(
            requests
                .iter()
                .all(|frame| mti(frame) == Mti::REVERSAL_ADVICE.repeat())
        );
        let answers: Vec<u8> = requests
            .iter()
            .flat_map(|frame| answer_to(frame, "00"))
            .collect();
        peer.send(&answers).await;
        until(|| subject.borrow().len() == 20).await;
    });
}

#[test]
fn asks_for_a_card_again() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let (forwarder, subject) = rig.forwarder(LONG);
        let mut peer = rig.host.line().await;
        forwarder.enqueue(
            WalletId(1),
            Reference(1),
            HostMessage::Card {
                update: CardUpdate::Issue,
                repeat: true,
            },
        );
        let request = peer.expect(Mti::CARD.repeat()).await;
        peer.send(&card_answer_to(&request)).await;
        until(|| subject.borrow().len() == 1).await;
        assert!(matches!(
            subject.borrow()[0].outcome,
            HostOutcome::CardIssued { expiry: 3112, .. }
        ));
    });
}
