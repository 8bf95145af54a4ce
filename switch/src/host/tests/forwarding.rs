//! Advices are sent until they are acknowledged.

use std::time::{Duration, SystemTime};

use tessera_protocol::{Message, Mti};

use super::peer::{answer_to, card_answer_to, field, mti};
use super::rig::{Rig, advice, approved, on_worker, until};
use crate::host::{CardUpdate, HostMessage, HostOutcome};
use crate::wallet::{Reference, WalletId};

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
        let (forwarder, told) = rig.forwarder(SHORT);
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
        assert!(told.borrow().is_empty());
        assert!(rig.stats.oldest_advice_age(SystemTime::now() + SHORT) >= SHORT);
        assert_eq!(rig.stats.advices.read(), 1);
        // On a slow machine the answer to one may come when the next is out.
        while told.borrow().is_empty() {
            peer.answer(&third, "00").await;
            tokio::select! {
                () = until(|| !told.borrow().is_empty()) => {}
                next = peer.next() => third = next.unwrap(),
            }
        }
        assert_eq!(told.borrow().len(), 1);
        assert_eq!(told.borrow()[0].outcome, approved());
        assert!(rig.nothing_was_said());
        assert!(rig.stats.advices_refused.read() >= 1);
        assert!(rig.stats.repeats.read() >= 2);
        until(|| rig.stats.advices.read() == 0).await;
        assert_eq!(
            rig.stats.oldest_advice_age(SystemTime::now()),
            Duration::ZERO
        );
        assert!(forwarder.is_empty());
    });
}

#[test]
fn any_verdict_acknowledges() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let (forwarder, told) = rig.forwarder(LONG);
        let mut peer = rig.host.line().await;
        forwarder.enqueue(WalletId(1), Reference(1), reversal(7));
        let request = peer.expect(Mti::REVERSAL_ADVICE).await;
        peer.answer(&request, "25").await;
        until(|| told.borrow().len() == 1).await;
        let answered = HostOutcome::Answered {
            code: *b"25",
            approval: Some(*b"A1B2C3"),
        };
        assert_eq!(told.borrow()[0].outcome, answered);
    });
}

#[test]
fn one_of_a_wallet_at_a_time_and_in_order() {
    on_worker(async {
        let rig = Rig::new(|settings| settings.repeats_in_flight_max = 2);
        let (forwarder, told) = rig.forwarder(LONG);
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
        until(|| told.borrow().len() == 4).await;
        let references: Vec<u64> = told
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
        let (forwarder, told) = rig.forwarder(LONG);
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
        until(|| told.borrow().len() == 20).await;
    });
}

#[test]
fn asks_for_a_card_again() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let (forwarder, told) = rig.forwarder(LONG);
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
        until(|| told.borrow().len() == 1).await;
        assert!(matches!(
            told.borrow()[0].outcome,
            HostOutcome::CardIssued { expiry: 3112, .. }
        ));
    });
}
