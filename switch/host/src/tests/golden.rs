//! Frames written by hand from section 7 of the wire protocol, so that encoder and decoder cannot be
//! wrong together.

use bytes::BytesMut;
use tessera_protocol::{Amount, CardNumber, Currency, Institution, Stan, Totals};

use super::peer::FinancialSystem;
use super::rig::{Rig, advice, approved, hex, on_worker, purchase, unhex};
use crate::encode::{Marks, encode};
use crate::{CardUpdate, HostMessage, HostOutcome, HostRequest};
use tessera_ledger::{Reference, Secret, WalletId};

const TRANSMISSION: u32 = 1_122_094_501;

fn packed(message: &HostMessage, repeat: bool) -> String {
    let marks = Marks {
        transmission: TRANSMISSION,
        trace: Stan::new(4_711),
        reference: Reference::from_text(b"0HOST0000042").unwrap(),
    };
    let mut out = BytesMut::new();
    encode(
        &mut out,
        marks,
        message,
        repeat,
        Institution::new(90_000_000_000),
    )
    .unwrap();
    hex(&out)
}

/// What stands in a frame: text after `#` on a line is for the reader.
fn written(lines: &str) -> String {
    let hexadecimal = |line: &str| line.split('#').next().unwrap_or_default().replace(' ', "");
    lines.lines().map(hexadecimal).collect()
}

#[test]
fn forwards_a_purchase() {
    let expected = written(
        "005f
         0200
         723e448108c08000                # 2 3 4 7 11 12 13 14 15 18 22 25 32 37 41 42 49
         16 9900000000000010             # 2: the card that the mall never saw
         000000                          # 3
         000000012345                    # 4
         1122094501                      # 7: ours
         004711                          # 11: ours
         094500                          # 12
         1122                            # 13
         3112                            # 14
         1123                            # 15: ours
         5999                            # 18
         0812                            # 22
         59                              # 25
         11 100000000010                 # 32: the mall's
         30484f535430303030303432        # 37: ours
         5445524d30303031                # 41
         4d414c4c2d30303031202020202020  # 42
         383430                          # 49; neither its order (48) nor its MAC goes further",
    );
    assert_eq!(packed(&purchase(), false), expected);
}

#[test]
fn repeats_a_partial_reversal() {
    let mut advice = advice(4_700);
    advice.original_transmission = 1_122_094_459;
    advice.replacement = Amount::new(10_000);
    let expected = written(
        "009f
         0421
         f23a0001 08c08000 00000042 00000000   # 2 3 4 7 11 12 13 15 32 37 41 42 49, 90 95
         16 9900000000000010
         000000
         000000012345
         1122094501                            # 7: new
         004711
         094500
         1122
         1123
         11 100000000010
         30484f535430303030303432              # 37: of the original
         5445524d30303031
         4d414c4c2d30303031202020202020
         383430
         0200 004700 1122094459 10000000001 00000000000
         303030303030303130303030
         303030303030303030303030303030303030303030303030303030303030",
    );
    assert_eq!(
        packed(&HostMessage::Reversal(Box::new(advice)), true),
        expected
    );
}

#[test]
fn asks_for_a_card() {
    let expected = written(
        "002e
         0302
         82200001 08000000 00000020 00000000   # 7 11 32 37, 91
         1122094501
         004711
         11 900000000000
         30484f535430303030303432
         31",
    );
    let message = HostMessage::Card {
        update: CardUpdate::Issue,
        repeat: false,
    };
    assert_eq!(packed(&message, false), expected);
}

#[test]
fn loads_a_card() {
    let expected = written(
        "006d
         0200
         f23e4481 08c08000 00000000 04000000   # 2 3 4 7 11 12 13 14 15 18 22 25 32 37 41 42 49, 102
         16 9900000000000010
         280000
         000000005000
         1122094501
         004711
         094501
         1122
         3112
         1123
         6540
         0100
         59
         11 900000000000
         30484f535430303030303432
         5445535345524120
         544553534552412020202020202020
         383430
         05 49424e3432",
    );
    let message = HostMessage::Load {
        back: false,
        card: CardNumber::development(1),
        expiry: 3112,
        settlement_date: 1_123,
        amount: Amount::new(5_000).unwrap(),
        currency: Currency::USD,
        source: Secret::new(b"IBN42"),
    };
    assert_eq!(packed(&message, false), expected);
}

#[test]
fn sends_the_totals_of_a_settlement_date() {
    let expected = written(
        "006c
         0520
         82220001 08000000 00780780 80000000   # 7 11 15 32 37, 74 75 76 77 86 87 88 89 97
         1122094501
         004711
         1123
         11 900000000000
         30484f535430303030303432
         0000000001 0000000000 0000000002 0000000001
         0000000000000700 0000000000000000 0000000000003499 0000000000001499
         44 0000000000001300                   # 97: D",
    );
    let totals = Totals {
        credits: 1,
        debits: 2,
        debit_reversals: 1,
        credit_amount: 700,
        debit_amount: 3_499,
        debit_reversal_amount: 1_499,
        net: -1_300,
        ..Totals::default()
    };
    let message = HostMessage::Reconciliation {
        settlement_date: 1_123,
        totals: Box::new(totals),
    };
    assert_eq!(packed(&message, false), expected);
}

#[test]
fn understands_totals_written_by_hand() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = FinancialSystem::line(&rig.host).await;
        rig.up().await;
        for (settlement, agreed) in [("01", true), ("02", false)] {
            let trace = rig.link.next_trace();
            rig.link.send(HostRequest {
                wallet: WalletId(0),
                reference: Reference::from_text(b"0HOST0000042").unwrap(),
                trace,
                transmission: TRANSMISSION,
                deadline: std::time::Instant::now() + std::time::Duration::from_secs(20),
                message: HostMessage::Reconciliation {
                    settlement_date: 1_123,
                    totals: Box::default(),
                },
            });
            rig.link.flush();
            peer.next().await.unwrap();
            let answer = written(&format!(
                "0066
                 0530
                 82200000 0a000000 40780780 80000000   # 7 11 37 39, 66 74 75 76 77 86 87 88 89 97
                 1122094501
                 {trace:06}
                 30484f535430303030303432
                 3030
                 {settlement}
                 0000000001 0000000000 0000000002 0000000001
                 0000000000000700 0000000000000000 0000000000003499 0000000000001499
                 44 0000000000001300"
            ));
            peer.send(&unhex(&answer)).await;
            let HostOutcome::Totals {
                agreed: said,
                theirs,
            } = rig.outcome().await
            else {
                panic!("totals are expected");
            };
            assert_eq!(said, agreed);
            let facts = (theirs.credits, theirs.debits, theirs.debit_reversals);
            assert_eq!(facts, (1, 2, 1));
            let amounts = (theirs.credit_amount, theirs.debit_amount, theirs.net);
            assert_eq!(amounts, (700, 3_499, -1_300));
        }
    });
}

#[test]
fn understands_an_answer_written_by_hand() {
    on_worker(async {
        let rig = Rig::new(|_| {});
        let mut peer = FinancialSystem::line(&rig.host).await;
        rig.up().await;
        let trace = rig.link.next_trace();
        rig.link.send(HostRequest {
            wallet: WalletId(1),
            reference: Reference::from_text(b"0HOST0000042").unwrap(),
            trace,
            transmission: TRANSMISSION,
            deadline: std::time::Instant::now() + std::time::Duration::from_secs(20),
            message: purchase(),
        });
        rig.link.flush();
        peer.next().await.unwrap();
        let answer = written(&format!(
            "0026
             0210
             022000000e000000          # 7 11 37 38 39
             1122094501
             {trace:06}
             30484f535430303030303432
             413142324333
             3030"
        ));
        peer.send(&unhex(&answer)).await;
        assert_eq!(rig.outcome().await, approved());
    });
}
