//! A worker without a line, and one with a line. The line of the first is not up as long as nobody accepts it.

use std::time::Duration;

use tessera_protocol::Mti;

use super::peer::{answer_to, field};
use super::rig::{Rig, advice, approved, on_worker, purchase, until};
use crate::{HostMessage, HostOutcome};
use tessera_ledger::{Reference, WalletId};

const SHORT: Duration = Duration::from_millis(40);

#[test]
fn requests_go_over_the_line_of_another_worker_until_one_of_its_own_is_up() {
    on_worker(async {
        let [without, with] = Rig::pair();
        assert!(!without.link.up());
        let mut peer = with.host.line().await;
        without.up().await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(without.purchase());
            with.purchase();
        }
        with.link.flush();
        without.link.flush();
        for request in peer.many(6).await {
            peer.answer(&request, "00").await;
        }
        let answers = without.answers(3).await;
        assert!(answers.iter().all(|answer| answer.outcome == approved()));
        assert!(answers.iter().map(|answer| answer.wallet.0).eq(ids));
        with.answers(3).await;
        let figures = |rig: &Rig| (rig.stats.borrowed.read(), rig.stats.in_flight.read());
        assert_eq!((figures(&without), figures(&with)), ((3, 0), (0, 0)));

        let mut own = without.host.line().await;
        until(|| without.stats.is_up()).await;
        without.purchase();
        without.link.flush();
        own.expect(Mti::PURCHASE).await;
        assert_eq!(without.stats.borrowed.read(), 3);
    });
}

#[test]
fn answers_before_a_broken_frame_reach_the_worker_that_they_belong_to() {
    on_worker(async {
        let [without, with] = Rig::pair();
        let mut peer = with.host.line().await;
        without.up().await;
        let id = without.purchase();
        without.link.flush();
        let request = peer.expect(Mti::PURCHASE).await;
        let mut bytes = answer_to(&request, "00");
        bytes.extend_from_slice(&[0xFF, 0xFF]);
        peer.send(&bytes).await;
        let answer = without.answers(1).await;
        assert_eq!((answer[0].wallet.0, &answer[0].outcome), (id, &approved()));
        assert_eq!(peer.next().await, None, "the line is given up");
    });
}

#[test]
fn late_doubled_and_unknown_answers_are_counted_where_they_belong() {
    on_worker(async {
        let [without, with] = Rig::pair();
        let mut peer = with.host.line().await;
        without.up().await;
        without.send(purchase(), SHORT);
        without.link.flush();
        let late = peer.expect(Mti::PURCHASE).await;
        assert_eq!(without.outcome().await, HostOutcome::Silent);
        peer.answer(&late, "00").await;
        until(|| without.stats.late.read() == 1).await;
        without.purchase();
        without.link.flush();
        let request = peer.expect(Mti::PURCHASE).await;
        // Of another transaction, then twice.
        let mut of_another = answer_to(&request, "00");
        let reference = Reference(2).to_text();
        let at = of_another.windows(12).position(|text| text == reference);
        of_another[at.unwrap() + 11] = b'9';
        peer.send(&of_another).await;
        until(|| without.stats.unknown.read() == 1).await;
        peer.answer(&request, "00").await;
        assert_eq!(without.outcome().await, approved());
        peer.answer(&request, "05").await;
        until(|| without.stats.doubled.read() == 1).await;
        assert!(without.nothing_was_said() && with.nothing_was_said());
        assert_eq!(with.stats.unknown.read(), 0);
    });
}

#[test]
fn what_was_handed_over_does_not_leave_after_its_deadline() {
    on_worker(async {
        let [without, with] = Rig::pair();
        let mut peer = with.host.line().await;
        without.up().await;
        without.send(purchase(), SHORT);
        without.link.flush();
        // The other worker does not come to it in time.
        std::thread::sleep(SHORT * 2);
        let outcome = without.outcome().await;
        assert!(
            [HostOutcome::Silent, HostOutcome::Unsent].contains(&outcome),
            "{outcome:?}"
        );
        with.purchase();
        with.link.flush();
        let first = peer.expect(Mti::PURCHASE).await;
        assert_eq!(field(&first, 11) % 2, 1, "the other worker's own");
        assert_eq!(without.stats.in_flight.read(), 0);
    });
}

#[test]
fn what_never_left_the_other_worker_is_unsent_when_its_line_is_lost() {
    on_worker(async {
        let [without, with] = Rig::pair();
        let peer = with.host.line().await;
        without.up().await;
        // Some six megabytes, which nobody reads: more than the sockets hold.
        without.purchases(65_000);
        without.link.flush();
        tokio::time::sleep(SHORT).await;
        peer.cut();
        until(|| without.stats.unsent.read() > 0).await;
        without.link.close().await;
        let answers = without.answers(65_000).await;
        let unsent = answers
            .iter()
            .filter(|answer| answer.outcome == HostOutcome::Unsent);
        let unsent = unsent.count();
        assert_eq!(without.stats.unsent.read(), unsent as u64);
        // Of the rest nobody knows.
        assert_eq!(without.stats.silent.read(), 65_000 - unsent as u64);
        assert!((1..65_000).contains(&unsent), "{unsent}");
        assert_eq!(without.stats.in_flight.read(), 0);
        assert!(with.nothing_was_said());
    });
}

#[test]
fn advices_leave_as_soon_as_another_worker_has_a_line() {
    on_worker(async {
        let [without, with] = Rig::pair();
        let (forwarder, acknowledged) = without.forwarder(Duration::from_secs(20));
        let reversal = HostMessage::Reversal(Box::new(advice(42)));
        forwarder.enqueue(WalletId(1), Reference(1), reversal);
        tokio::time::sleep(SHORT).await;
        let mut peer = with.host.line().await;
        let request = peer.expect(Mti::REVERSAL_ADVICE).await;
        peer.answer(&request, "00").await;
        until(|| acknowledged.borrow().len() == 1).await;
        assert!(forwarder.is_empty());
    });
}

#[test]
fn a_closed_link_borrows_no_line() {
    on_worker(async {
        let [without, with] = Rig::pair();
        let mut peer = with.host.line().await;
        without.up().await;
        without.purchase();
        without.link.flush();
        peer.expect(Mti::PURCHASE).await;
        without.link.close().await;
        assert_eq!(without.outcome().await, HostOutcome::Silent);
        assert!(!without.link.up() && with.link.up());
        without.purchase();
        without.link.flush();
        assert_eq!(without.outcome().await, HostOutcome::Unsent);
    });
}
