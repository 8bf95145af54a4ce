//! An answer that repeats something else than its request said.

use std::time::Duration;

use bytes::BytesMut;
use tessera_protocol::{Amount, CardNumber, Currency, Institution, Message, Mti, Packer, Totals};

use super::rig::{Rig, advice, on_worker, purchase, until};
use crate::{CardUpdate, HostMessage, HostOutcome, Posting};
use tessera_ledger::{Merchant, Reference, Secret, WalletId};

const LONG: Duration = Duration::from_secs(20);
/// What an answer may repeat.
const ECHOED: [u8; 5] = [2, 3, 4, 15, 49];
const MONEY: &[u8] = &[2, 3, 4, 49];

/// All kinds of requests and advices, and which fields of an answer contradict them.
fn kinds() -> Vec<(HostMessage, &'static [u8])> {
    let card = || CardNumber::development(1);
    let amount = Amount::new(5_000).unwrap();
    let forward = |code, less| match purchase() {
        HostMessage::Forward {
            frame,
            card,
            expiry,
            settlement_date,
            original,
            ..
        } => HostMessage::Forward {
            frame,
            card,
            expiry,
            settlement_date,
            original,
            processing_code: code,
            granted: less,
        },
        _ => unreachable!("a purchase is forwarded"),
    };
    let load = |back| HostMessage::Load {
        back,
        card: card(),
        expiry: 3112,
        settlement_date: 1_123,
        amount,
        currency: Currency::USD,
        source: Secret::new(b"a payer's account"),
    };
    let posting = |mti| {
        HostMessage::Posting(Box::new(Posting {
            mti,
            card: card(),
            expiry: 3112,
            settlement_date: 1_123,
            amount,
            currency: Currency::USD,
            institution: Institution::new(10_000_000_001),
            local_time: 94_500,
            local_date: 1_122,
            merchant: Merchant::default(),
            terminal: *b"TERM0001",
            acceptor: *b"MALL-0001      ",
            original: None,
        }))
    };
    let about = |update| HostMessage::Card {
        update,
        repeat: false,
    };
    vec![
        (forward(None, None), MONEY),
        (forward(None, Some(amount)), MONEY),
        (forward(Some(200_000), None), MONEY),
        (load(false), MONEY),
        (load(true), MONEY),
        (posting(Mti::AUTHORIZATION_ADVICE), MONEY),
        (posting(Mti::COMPLETION), MONEY),
        (HostMessage::Reversal(Box::new(advice(42))), MONEY),
        (about(CardUpdate::Cancel(card())), &[2]),
        (about(CardUpdate::Issue), &[]),
        (about(CardUpdate::Replace(card())), &[]),
        (
            HostMessage::Reconciliation {
                settlement_date: 1_123,
                totals: Box::new(Totals::default()),
            },
            &[15],
        ),
    ]
}

/// A whole frame that repeats the fields of the request, `other` with another value.
fn echo(request: &[u8], code: [u8; 2], other: Option<u8>) -> Vec<u8> {
    let request = Message::parse(request).unwrap();
    let mut out = BytesMut::new();
    let mut packer = Packer::new(&mut out, request.mti().answer());
    for field in [2, 3, 4, 7, 11, 15, 37, 39, 49] {
        match field {
            39 => packer.raw(39, &code),
            2 if other == Some(2) => packer.card(&CardNumber::development(9)),
            // Another kind of transaction, where it is one.
            3 if other == Some(3) => packer.number(3, 310_000),
            4 if other == Some(4) => packer.number(4, 4_999),
            15 if other == Some(15) => packer.number(15, 1_122),
            49 if other == Some(49) => packer.raw(49, b"978"),
            // Which account of the card it was is the financial system's to say.
            3 if request.has(3) => packer.number(3, request.number(3).unwrap() + 2_010),
            field if request.has(field) => packer.copy(&request, field),
            _ => &mut packer,
        };
    }
    packer.finish();
    out.to_vec()
}

#[test]
fn an_answer_that_contradicts_its_request_is_a_96_whatever_it_says() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = rig.host.line().await;
        rig.up().await;
        let mut contradicting = 0;
        for other in std::iter::once(None).chain(ECHOED.map(Some)) {
            for code in [*b"00", *b"05", *b"10"] {
                for (message, fields) in kinds() {
                    let about = format!("{message:?} {other:?} {}", code.escape_ascii());
                    let totals = matches!(message, HostMessage::Reconciliation { .. });
                    let contradicts = other.is_some_and(|field| fields.contains(&field));
                    rig.send(message, LONG);
                    rig.link.flush();
                    let request = peer.next().await.unwrap();
                    peer.send(&echo(&request, code, other)).await;
                    let taken_for = match (contradicts, code) {
                        // An approval of something else by its own word.
                        (true, [b'0', _]) => Some(*b"96"),
                        // Totals that do not come with it.
                        (_, [b'0', b'0']) if totals => None,
                        _ => Some(code),
                    };
                    // Of a card that is issued only the answer knows the number.
                    match (rig.outcome().await, taken_for) {
                        (HostOutcome::CardIssued { .. }, _) => panic!("no expiry: {about}"),
                        (HostOutcome::Answered { code, .. }, taken_for) => {
                            assert_eq!(Some(code), taken_for, "{about}");
                        }
                        (outcome, None) => assert_eq!(outcome, HostOutcome::Silent, "{about}"),
                        (outcome, Some(_)) => panic!("{outcome:?}: {about}"),
                    }
                    contradicting += u64::from(contradicts && code[0] == b'0');
                    assert_eq!(rig.stats.contradicting.read(), contradicting, "{about}");
                }
            }
        }
        assert!(contradicting > 60);
    });
}

#[test]
fn an_acknowledgement_of_another_amount_is_none() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let (forwarder, acknowledged) = rig.forwarder(LONG);
        let mut peer = rig.host.line().await;
        let reversal = HostMessage::Reversal(Box::new(advice(42)));
        forwarder.enqueue(WalletId(1), Reference(1), reversal);
        let first = peer.expect(Mti::REVERSAL_ADVICE).await;
        peer.send(&echo(&first, *b"00", Some(4))).await;
        let again = peer.expect(Mti::REVERSAL_ADVICE.repeat()).await;
        assert!(acknowledged.borrow().is_empty());
        peer.send(&echo(&again, *b"00", None)).await;
        until(|| acknowledged.borrow().len() == 1).await;
        assert_eq!(rig.stats.advices_refused.read(), 1);
    });
}
