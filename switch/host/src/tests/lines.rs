//! What may happen to requests, answers and lines.

use std::time::{Duration, Instant};

use tessera_protocol::{Amount, CardNumber, Currency, Mti};

use super::peer::{Peer, answer_to, bare_answer_to, card_answer_to, field, mti};
use super::rig::{Rig, approved, on_worker, purchase, unhex, until};
use crate::{CardUpdate, HostMessage, HostOutcome};
use tessera_ledger::Secret;

const SHORT: Duration = Duration::from_millis(40);

#[test]
fn answers_come_in_any_order() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.line().await;
        rig.up().await;
        let ids: Vec<u64> = (0..500).map(|_| rig.purchase()).collect();
        rig.link.flush();
        let requests = peer.many(ids.len()).await;
        let backwards: Vec<u8> = requests
            .iter()
            .rev()
            .flat_map(|frame| answer_to(frame, "00"))
            .collect();
        // In pieces that end anywhere.
        for piece in backwards.chunks(1_000) {
            peer.send(piece).await;
        }
        let answers = rig.answers(ids.len()).await;
        assert!(answers.iter().all(|answer| answer.outcome == approved()));
        let subject: Vec<u64> = answers.iter().map(|answer| answer.wallet.0).collect();
        assert!(subject.iter().eq(ids.iter().rev()));
        assert_eq!(
            (rig.stats.answered.read(), rig.stats.in_flight.read()),
            (500, 0)
        );
    });
}

#[test]
fn reports_a_decline_and_a_new_card() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.line().await;
        rig.up().await;
        rig.purchase();
        rig.link.flush();
        let request = peer.expect(Mti::PURCHASE).await;
        peer.answer(&request, "51").await;
        let declined = HostOutcome::Answered {
            code: *b"51",
            approval: Some(*b"A1B2C3"),
        };
        assert_eq!(rig.outcome().await, declined);
        rig.send(
            HostMessage::Card {
                update: CardUpdate::Issue,
                repeat: false,
            },
            SHORT * 100,
        );
        rig.link.flush();
        let request = peer.expect(Mti::CARD).await;
        peer.send(&card_answer_to(&request)).await;
        let issued = HostOutcome::CardIssued {
            card: CardNumber::development(7),
            expiry: 3112,
        };
        assert_eq!(rig.outcome().await, issued);
    });
}

#[test]
fn every_code_arrives_as_it_was_sent_and_an_answer_without_one_as_96() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.line().await;
        rig.up().await;
        let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ\0 \xff";
        let pairs = alphabet
            .iter()
            .flat_map(|one| alphabet.map(|two| [*one, two]));
        let mut sent: Vec<Option<[u8; 2]>> = pairs.map(Some).collect();
        sent.extend([None; 3]);
        rig.purchases(sent.len());
        rig.link.flush();
        let requests = peer.many(sent.len()).await;
        for (request, code) in requests.iter().zip(&sent) {
            peer.send(&bare_answer_to(request, code.as_ref())).await;
        }
        let answers = rig.answers(sent.len()).await;
        for (answer, sent) in answers.iter().zip(sent) {
            let code = sent.unwrap_or(*b"96");
            let expected = HostOutcome::Answered {
                code,
                approval: None,
            };
            assert_eq!(answer.outcome, expected);
        }
        assert_eq!(rig.stats.garbage.read(), 3);
    });
}

#[test]
fn late_doubled_and_unknown_answers_are_counted_and_change_nothing() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.line().await;
        rig.up().await;
        rig.send(purchase(), SHORT);
        rig.link.flush();
        let late = peer.expect(Mti::PURCHASE).await;
        assert_eq!(rig.outcome().await, HostOutcome::Silent);
        peer.answer(&late, "00").await;
        until(|| rig.stats.late.read() == 1).await;
        rig.purchase();
        rig.link.flush();
        let request = peer.expect(Mti::PURCHASE).await;
        // Of another transaction, then twice.
        let mut of_another = answer_to(&request, "00");
        let at = of_another
            .windows(12)
            .position(|text| text == b"000000000002")
            .unwrap();
        of_another[at + 11] = b'9';
        peer.send(&of_another).await;
        until(|| rig.stats.unknown.read() == 1).await;
        assert!(rig.nothing_was_said());
        peer.answer(&request, "00").await;
        assert_eq!(rig.outcome().await, approved());
        peer.answer(&request, "05").await;
        until(|| rig.stats.doubled.read() == 1).await;
        assert!(rig.nothing_was_said());
    });
}

#[test]
fn a_cut_line_makes_everything_on_it_silent_and_comes_back() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.line().await;
        rig.up().await;
        rig.purchases(10);
        rig.link.flush();
        let requests = peer.many(10).await;
        peer.answer(&requests[3], "00").await;
        peer.cut();
        let answers = rig.answers(10).await;
        let silent = |outcome: &HostOutcome| *outcome == HostOutcome::Silent;
        let counted = answers
            .iter()
            .filter(|answer| silent(&answer.outcome))
            .count();
        assert_eq!(counted, 9);
        let mut peer = rig.host.line().await;
        rig.up().await;
        assert_eq!(rig.stats.reconnects.read(), 1);
        // The old answer reaches us on the new line.
        peer.answer(&requests[5], "00").await;
        until(|| rig.stats.late.read() == 1).await;
        assert!(rig.nothing_was_said());
    });
}

#[test]
fn what_was_never_handed_to_tls_is_unsent_when_the_line_is_lost() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let peer = rig.host.line().await;
        rig.up().await;
        // Some six megabytes, which nobody reads: more than the sockets hold.
        rig.purchases(65_000);
        rig.link.flush();
        tokio::time::sleep(SHORT).await;
        peer.cut();
        let answers = rig.answers(65_000).await;
        let unsent = |outcome: &HostOutcome| *outcome == HostOutcome::Unsent;
        let counted = answers
            .iter()
            .filter(|answer| unsent(&answer.outcome))
            .count();
        assert_eq!(rig.stats.unsent.read(), counted as u64);
        assert_eq!(rig.stats.silent.read(), 65_000 - counted as u64);
        assert!((1..65_000).contains(&counted), "{counted}");
        assert_eq!(rig.stats.in_flight.read(), 0);
    });
}

#[test]
fn what_was_never_handed_to_tls_goes_out_on_another_line() {
    on_worker(async {
        let rig = Rig::new(|settings| settings.lines_per_worker = 2);
        let mut peers = vec![rig.host.line().await, rig.host.line().await];
        until(|| rig.stats.lines_up.iter().all(|line| line.read() == 1)).await;
        rig.purchase();
        rig.link.flush();
        // The next batch goes to the other line.
        let first = first_asked(&mut peers).await;
        let mut stays = peers.remove(first);
        rig.answers(1).await;
        let lost = peers.remove(0);
        // Some six megabytes, which nobody reads: more than the sockets hold.
        rig.purchases(65_000);
        rig.link.flush();
        tokio::time::sleep(SHORT).await;
        lost.cut();
        until(|| rig.stats.silent.read() > 0).await;
        let moved = 65_000 - rig.stats.silent.read() as usize;
        assert!(moved > 0);
        for request in stays.many(moved).await {
            stays.answer(&request, "00").await;
        }
        let answers = rig.answers(65_000).await;
        let approved = answers.iter().filter(|answer| answer.outcome == approved());
        assert_eq!((approved.count(), rig.stats.unsent.read()), (moved, 0));
    });
}

/// Which of them is asked first; it answers.
async fn first_asked(peers: &mut [Peer]) -> usize {
    let [one, other] = peers else {
        panic!("two lines")
    };
    let (number, request) = tokio::select! {
        request = one.next() => (0, request),
        request = other.next() => (1, request),
    };
    let request = request.expect("the line is open");
    peers[number].answer(&request, "00").await;
    number
}

#[test]
fn a_line_that_worked_before_it_was_cut_comes_back_soon() {
    on_worker(async {
        let soon = Duration::from_millis(10);
        let rig = Rig::new(|settings| {
            settings.reconnect_min = soon;
            // So long that the test would hang with it.
            settings.reconnect_max = Duration::from_secs(3_600);
        });
        // Sixteen cuts in a row would have doubled the pause to minutes.
        for cut in 1..=16 {
            let mut peer = rig.host.line().await;
            rig.up().await;
            rig.purchase();
            rig.link.flush();
            let request = peer.expect(Mti::PURCHASE).await;
            peer.answer(&request, "00").await;
            assert_eq!(rig.outcome().await, approved());
            peer.cut();
            until(|| rig.stats.reconnects.read() == cut).await;
        }
    });
}

#[test]
fn without_a_line_a_request_is_unsent_but_not_before_send_returns() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        rig.purchase();
        rig.link.flush();
        assert!(rig.nothing_was_said());
        assert!(!rig.link.up());
        assert_eq!(rig.outcome().await, HostOutcome::Unsent);
    });
}

#[test]
fn too_many_or_too_late_requests_are_unsent() {
    on_worker(async {
        let rig = Rig::new(|settings| settings.in_flight_max = 2);
        let mut peer = rig.host.line().await;
        rig.up().await;
        let past = Instant::now();
        tokio::time::sleep(SHORT).await;
        rig.send_until(purchase(), past);
        assert_eq!(rig.outcome().await, HostOutcome::Unsent);
        rig.purchases(3);
        rig.link.flush();
        assert_eq!(rig.answers(1).await[0].wallet.0, 4);
        for request in peer.many(2).await {
            peer.answer(&request, "00").await;
        }
        rig.answers(2).await;
        rig.purchase();
        rig.link.flush();
        peer.expect(Mti::PURCHASE).await;
    });
}

#[test]
fn a_batch_stays_on_one_line_and_the_next_goes_to_another() {
    on_worker(async {
        let rig = Rig::new(|settings| settings.lines_per_worker = 2);
        let mut peers = [rig.host.line().await, rig.host.line().await];
        until(|| rig.stats.lines_up.iter().all(|up| up.read() == 1)).await;
        for _ in 0..2 {
            rig.purchases(5);
            rig.link.flush();
        }
        for peer in &mut peers {
            let traces: Vec<u64> = peer
                .many(5)
                .await
                .iter()
                .map(|frame| field(frame, 11))
                .collect();
            assert!(
                traces.windows(2).all(|pair| pair[1] == pair[0] + 2),
                "{traces:?}"
            );
        }
        // One line lost: everything goes to the other.
        let [lost, mut other] = peers;
        lost.cut();
        rig.answers(5).await;
        for _ in 0..2 {
            rig.purchase();
            rig.link.flush();
            other.expect(Mti::PURCHASE).await;
        }
    });
}

#[test]
fn a_silent_host_is_given_up_after_an_echo() {
    on_worker(async {
        let rig = Rig::new(|settings| {
            settings.echo_after = SHORT;
            settings.connect_within = SHORT * 10;
        });
        let mut peer = rig.host.line().await;
        rig.up().await;
        for _ in 0..2 {
            let echo = peer.expect(Mti::NETWORK).await;
            assert_eq!(field(&echo, 70), 301);
            assert!(rig.link.up());
            peer.answer(&echo, "00").await;
        }
        peer.expect(Mti::NETWORK).await;
        rig.purchase();
        rig.link.flush();
        assert_eq!(rig.outcome().await, HostOutcome::Silent);
        assert_eq!(mti(&peer.next().await.unwrap()), Mti::PURCHASE);
        assert_eq!(peer.next().await, None);
        let _peer = rig.host.line().await;
        rig.up().await;
    });
}

/// Its trace number is the financial system's, and may be that of a request of ours that has left.
#[test]
fn an_answer_of_ours_that_never_left_says_nothing_about_a_request() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.line().await;
        rig.up().await;
        rig.purchase();
        rig.link.flush();
        let request = peer.expect(Mti::PURCHASE).await;
        let echoed = format!(
            "0810822000010000000004000000000000001122094500{:06}112000000000200301",
            field(&request, 11)
        );
        let line = &rig.link.lines[0];
        rig.link
            .give_back(line, std::iter::once(&unhex(&echoed)[..]));
        peer.answer(&request, "00").await;
        assert_eq!(rig.outcome().await, approved());
        assert_eq!(rig.stats.unsent.read(), 0);
    });
}

#[test]
fn the_host_may_ask_for_an_echo_and_for_nothing_else() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.line().await;
        let echo =
            unhex("0023 0800822000010000000004000000000000001122094500000002112000000000200301");
        peer.send(&echo).await;
        let answer = peer.expect(Mti::NETWORK.answer()).await;
        assert_eq!(&answer[answer.len() - 4..], &unhex("30300301")[..]);
        let request = format!(
            "{:04x}{}",
            super::rig::MALL_REQUEST.len() / 2,
            super::rig::MALL_REQUEST
        );
        peer.send(&unhex(&request)).await;
        let answer = peer.expect(Mti::PURCHASE.answer()).await;
        let answer = tessera_protocol::Message::parse(&answer).unwrap();
        assert_eq!(answer.raw(39), Some(&b"12"[..]));
        assert_eq!(rig.stats.refused.read(), 1);
    });
}

#[test]
fn garbage_is_counted_and_broken_framing_ends_the_line() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.line().await;
        rig.up().await;
        // No message, a keep-alive, an answer without 11, and then a length that cannot be.
        peer.send(&unhex(
            "0003 ffffff 0000 000f 0210 0200000000000000 1122094501",
        ))
        .await;
        until(|| rig.stats.garbage.read() == 2).await;
        assert!(rig.link.up());
        rig.purchase();
        rig.link.flush();
        let request = peer.expect(Mti::PURCHASE).await;
        peer.answer(&request, "00").await;
        assert_eq!(rig.outcome().await, approved());
        rig.purchase();
        rig.link.flush();
        peer.expect(Mti::PURCHASE).await;
        peer.send(&unhex("1001 00")).await;
        assert_eq!(rig.outcome().await, HostOutcome::Silent);
        let _peer = rig.host.line().await;
        rig.up().await;
    });
}

/// What it approved without a card number is the wallet's to decide.
#[test]
fn an_approval_without_a_card_brings_no_card() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.line().await;
        rig.up().await;
        // 0312 without a card number.
        rig.send(
            HostMessage::Card {
                update: CardUpdate::Issue,
                repeat: false,
            },
            SHORT * 100,
        );
        rig.link.flush();
        let request = peer.expect(Mti::CARD).await;
        peer.answer(&request, "00").await;
        let answered = HostOutcome::Answered {
            code: *b"00",
            approval: Some(*b"A1B2C3"),
        };
        assert_eq!(rig.outcome().await, answered);
    });
}

#[test]
fn a_refused_sign_on_is_counted_and_tried_again() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.accept().await;
        let sign_on = peer.expect(Mti::NETWORK).await;
        peer.answer(&sign_on, "91").await;
        assert_eq!(peer.next().await, None);
        assert!(!rig.link.up());
        assert_eq!(rig.stats.sign_on_failures.read(), 1);
        let _peer = rig.host.line().await;
        rig.up().await;
    });
}

#[test]
fn signs_off_at_the_end() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.line().await;
        rig.up().await;
        rig.send(load(), SHORT * 100);
        rig.link.flush();
        peer.expect(Mti::PURCHASE).await;
        let host = async {
            let sign_off = peer.expect(Mti::NETWORK).await;
            assert_eq!(field(&sign_off, 70), 2);
            peer.answer(&sign_off, "00").await;
            assert_eq!(peer.next().await, None);
        };
        tokio::join!(rig.link.close(), host);
        assert_eq!(rig.outcome().await, HostOutcome::Silent);
        assert!(!rig.link.up());
        rig.purchase();
        assert_eq!(rig.outcome().await, HostOutcome::Unsent);
    });
}

fn load() -> HostMessage {
    HostMessage::Load {
        back: false,
        card: CardNumber::development(1),
        expiry: 3112,
        settlement_date: 1_123,
        amount: Amount::new(5_000).unwrap(),
        currency: Currency::USD,
        source: Secret::new(b"a payer's account"),
    }
}
