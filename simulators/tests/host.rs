//! The financial system over its real line.

mod common;

use std::net::SocketAddr;

use bytes::BytesMut;
use common::{Line, code, network, purchase, reversal, with_host};
use tessera_protocol::{CardNumber, Institution, Message, Mti, OriginalData, Packer, Stan};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn tally_of(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap()
}

async fn http(ops: SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(ops).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[test]
fn approves_once_repeats_alike_and_undoes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let tally = with_host(folder, &[], |address, ops| async move {
        let mut line = Line::connect(address, folder, Some("switch"))
            .await
            .unwrap();
        assert_eq!(line.code(&purchase(1, 500)).await, "58");
        assert_eq!(line.code(&network(1)).await, "00");
        assert_eq!(line.code(&network(301)).await, "00");
        let first = line.ask(&purchase(1, 500)).await.unwrap();
        let message = Message::parse(&first).unwrap();
        assert_eq!(message.mti().to_string(), "0210");
        assert_eq!(message.number(11), Some(1));
        assert_eq!(message.raw(37), Some(&b"000000000001"[..]));
        assert_eq!(message.raw(38).map(<[u8]>::len), Some(6));
        assert_eq!(line.ask(&purchase(1, 500)).await.unwrap(), first);
        assert_eq!(line.code(&purchase(1, 501)).await, "94");
        let partly = reversal(Mti::REVERSAL_ADVICE, 2, 1, 500, Some(200));
        assert_eq!(line.code(&partly).await, "00");
        assert_eq!(line.code(&partly).await, "00");
        // Its reversal comes first.
        let unseen = |mti| reversal(mti, 3, 9, 70, None);
        assert_eq!(line.code(&unseen(Mti::REVERSAL)).await, "25");
        assert_eq!(
            line.code(&unseen(Mti::REVERSAL_ADVICE.repeat())).await,
            "00"
        );
        assert_eq!(line.code(&purchase(9, 70)).await, "05");
        let cards = http(ops, "/cards").await;
        assert!(
            cards.ends_with("{\"serial\":1,\"net\":200,\"loaded\":0}\n"),
            "{cards}"
        );
        assert!(http(ops, "/tally").await.contains("\"net\":200"));
        assert!(http(ops, "/").await.starts_with("HTTP/1.1 404"));
        assert_eq!(line.code(&network(2)).await, "00");
        assert_eq!(line.code(&purchase(10, 500)).await, "58");
    });
    let tally = tally_of(&tally);
    assert_eq!(tally["approved"]["amount"], 500);
    assert_eq!(tally["reversed"]["amount"], 300);
    assert_eq!(tally["declined"]["05"]["count"], 1);
    assert_eq!(tally["net"], 200);
    assert_eq!(tally["contradictions"], 1);
}

#[test]
fn answers_a_batch_of_pieces_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let tally = with_host(folder, &[], |address, _| async move {
        let mut line = Line::signed_on(address, folder).await;
        let mut frames = BytesMut::new();
        for number in 1..=5_000 {
            frames.extend_from_slice(&purchase(number, 1));
            // A keep-alive in between.
            frames.extend_from_slice(&[0, 0]);
        }
        let (first, rest) = frames.split_at(1_000_001 % frames.len());
        line.send(first).await;
        line.send(rest).await;
        for number in 1..=5_000 {
            let answer = line.answer().await.unwrap();
            assert_eq!(Message::parse(&answer).unwrap().number(11), Some(number));
        }
    });
    assert_eq!(tally_of(&tally)["net"], 5_000);
}

#[test]
fn refuses_clients_that_are_not_the_switch() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = tempfile::tempdir().unwrap();
    tessera_simulators::certs::write(foreign.path(), false).unwrap();
    let folder = folder.path();
    // The host's authority, another authority's certificate.
    for name in ["switch.pem", "switch.key"] {
        let copied = folder.join(name.replace("switch", "foreign"));
        std::fs::copy(foreign.path().join(name), copied).unwrap();
    }
    let tally = with_host(folder, &[], |address, _| async move {
        // TLS 1.3 clients believe that they are connected before the server has looked at them. The host's
        // own certificate is for servers only.
        for who in [Some("foreign"), Some("host"), None] {
            if let Ok(mut line) = Line::connect(address, folder, who).await {
                assert_eq!(line.ask(&network(1)).await, None, "{who:?}");
            }
        }
    });
    assert_eq!(tally_of(&tally)["requests"], 0);
}

#[test]
fn survives_its_own_end() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = format!("data={}", folder.join("ledger").display());
    let before = with_host(folder, &[&data], |address, _| async move {
        let mut line = Line::signed_on(address, folder).await;
        assert_eq!(line.code(&purchase(1, 500)).await, "00");
        assert_eq!(line.code(&card_order(2, b"1", None)).await, "00");
    });
    let after = with_host(folder, &[&data], |address, _| async move {
        let mut line = Line::signed_on(address, folder).await;
        assert_eq!(line.code(&purchase(1, 500)).await, "00");
    });
    assert_eq!(tally_of(&before)["net"], 500);
    assert_eq!(tally_of(&after)["approved"], tally_of(&before)["approved"]);
    assert_eq!(tally_of(&after)["cards_issued"], 1);
}

fn card_order(number: u32, operation: &[u8], card: Option<&CardNumber>) -> BytesMut {
    let mut frame = BytesMut::new();
    let mut packer = Packer::new(&mut frame, Mti::CARD);
    if let Some(card) = card {
        packer.card(card);
    }
    packer
        .number(7, common::TRANSMISSION.into())
        .number(11, number.into())
        .number(32, 90_000_000_000)
        .text(37, format!("{number:012}").as_bytes())
        .raw(91, operation)
        .finish();
    frame
}

#[test]
fn issues_a_card_that_can_pay_until_it_is_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    with_host(folder, &[], |address, _| async move {
        let mut line = Line::signed_on(address, folder).await;
        let answer = line.ask(&card_order(1, b"1", None)).await.unwrap();
        let message = Message::parse(&answer).unwrap();
        assert_eq!(message.mti().to_string(), "0312");
        assert_eq!(message.number(14), Some(3_112));
        let card = message.card_number().unwrap();
        assert!(card.luhn_valid());
        let load = |number: u32| {
            let mut frame = BytesMut::new();
            Packer::new(&mut frame, Mti::PURCHASE)
                .card(&card)
                .number(3, 280_000)
                .number(4, 10_000)
                .number(7, common::TRANSMISSION.into())
                .number(11, number.into())
                .number(14, 3_112)
                .number(32, 90_000_000_000)
                .text(37, format!("{number:012}").as_bytes())
                .text(49, b"840")
                .text(102, b"IBAN")
                .finish();
            frame
        };
        assert_eq!(line.code(&load(2)).await, "00");
        let mut repeat = card_order(1, b"1", None);
        repeat[2..4].copy_from_slice(&0x0303u16.to_be_bytes());
        let repeated = line.ask(&repeat).await.unwrap();
        assert_eq!(
            Message::parse(&repeated).unwrap().card_number(),
            Some(card.clone())
        );
        assert_eq!(line.code(&card_order(3, b"3", Some(&card))).await, "00");
        assert_eq!(line.code(&load(4)).await, "57");
    });
}

#[test]
fn goes_wrong_as_the_amount_says() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sets = [
        "rules.endings={ \"61\" = \"51\", \"62\" = \"ignored\", \"63\" = \"silent\", \"64\" = \"late\", \
         \"65\" = \"double\", \"66\" = \"cut\" }",
        "faults.late_by=50ms",
    ];
    let tally = with_host(folder, &sets, |address, _| async move {
        let mut line = Line::signed_on(address, folder).await;
        assert_eq!(line.code(&purchase(1, 161)).await, "51");
        line.send(&purchase(2, 162)).await;
        line.send(&purchase(3, 163)).await;
        assert!(line.is_silent().await);
        let asked = std::time::Instant::now();
        assert_eq!(line.code(&purchase(4, 164)).await, "00");
        assert!(asked.elapsed().as_millis() >= 50);
        assert_eq!(line.code(&purchase(5, 165)).await, "00");
        assert_eq!(code(&line.answer().await.unwrap()), "00");
        assert_eq!(line.ask(&purchase(6, 166)).await, None);
    });
    let tally = tally_of(&tally);
    assert_eq!(tally["net"], 163 + 164 + 165 + 166);
    let faults = serde_json::json!({"dropped": 1, "late": 1, "doubled": 1, "cut": 1, "ignored": 1});
    assert_eq!(tally["faults"], faults);
}

#[test]
fn answers_what_it_cannot_read_and_cuts_what_is_no_stream_of_frames() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    with_host(
        folder,
        &["faults.ignore_echo=true"],
        |address, _| async move {
            let mut line = Line::signed_on(address, folder).await;
            let mut malformed = purchase(1, 1);
            // The card number's first digits.
            malformed[13] = 0xFF;
            assert_eq!(line.code(&malformed).await, "30");
            let mut bare = BytesMut::new();
            Packer::new(&mut bare, Mti::PURCHASE)
                .number(3, 0)
                .number(7, common::TRANSMISSION.into())
                .number(11, 1)
                .finish();
            assert_eq!(line.code(&bare).await, "30");
            line.send(&network(301)).await;
            assert!(line.is_silent().await);
            assert_eq!(line.ask(&[0xFF, 0xFF, 0]).await, None);
        },
    );
}

#[test]
fn cuts_connections_that_have_lived_long_enough() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    with_host(
        folder,
        &["faults.cut_every=50ms"],
        |address, _| async move {
            let mut line = Line::signed_on(address, folder).await;
            assert_eq!(line.answer().await, None);
            let mut line = Line::signed_on(address, folder).await;
            assert_eq!(line.code(&purchase(1, 1)).await, "00");
        },
    );
}

/// 0200 with this processing code for the development card 1; its number is its trace and its reference.
fn funded(number: u32, processing_code: u64, amount: u64, source: &[u8]) -> BytesMut {
    let mut frame = BytesMut::new();
    Packer::new(&mut frame, Mti::PURCHASE)
        .card(&CardNumber::development(1))
        .number(3, processing_code)
        .number(4, amount)
        .number(7, common::TRANSMISSION.into())
        .number(11, number.into())
        .number(14, 3_112)
        .number(32, common::INSTITUTION)
        .text(37, format!("{number:012}").as_bytes())
        .text(49, b"840")
        .text(102, source)
        .finish();
    frame
}

fn refund(number: u32, original: u32, amount: u64) -> BytesMut {
    let mut frame = BytesMut::new();
    let data = OriginalData {
        mti: Mti::PURCHASE,
        trace: Stan::new(original),
        transmission: common::TRANSMISSION,
        institution: Institution::new(common::INSTITUTION),
        forwarding: None,
    };
    Packer::new(&mut frame, Mti::PURCHASE)
        .card(&CardNumber::development(1))
        .number(3, 200_000)
        .number(4, amount)
        .number(7, common::TRANSMISSION.into())
        .number(11, number.into())
        .number(32, common::INSTITUTION)
        .text(37, format!("{number:012}").as_bytes())
        .text(49, b"840")
        .raw(90, &data.pack())
        .finish();
    frame
}

fn repeated(mut frame: BytesMut) -> BytesMut {
    frame[3] |= 1;
    frame
}

const LOAD: u64 = 280_000;
const PAYOUT: u64 = 290_000;
const APPROVING: &[u8] = b"9902000000000018";
const POOR: &[u8] = b"9902000000000026";
const DECLINING: &[u8] = b"9902000000000034";
const SLOW: &[u8] = b"9902000000000042";
const SILENT: &[u8] = b"9902000000000059";

#[test]
fn every_source_does_what_it_is_known_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = format!("data={}", folder.join("ledger").display());
    with_host(folder, &[&data], |address, _| async move {
        let mut line = Line::signed_on(address, folder).await;
        for (number, source, amount, code) in [
            (1, APPROVING, 1_000_000, "00"),
            (2, POOR, 3_000, "00"),
            (3, POOR, 2_001, "51"),
            (4, DECLINING, 1, "05"),
            (5, b"XT38TESS00000000000001", 500, "00"),
            (6, b"XT11TESS00000000000002", 500, "05"),
            (7, b"9902000000000067", 500, "14"),
        ] {
            let load = funded(number, LOAD, amount, source);
            assert_eq!(line.code(&load).await, code, "{number}");
            assert_eq!(line.code(&repeated(load)).await, code, "{number}, again");
        }
        line.send(&funded(8, LOAD, 700, SLOW)).await;
        line.send(&funded(9, LOAD, 800, SILENT)).await;
        assert!(line.is_silent().await);
        // Without a source there is nothing to ask.
        assert_eq!(line.code(&funded(10, LOAD, 1, b" ")).await, "30");
    });
    // After its end the host knows what is left of each.
    let tally = with_host(folder, &[&data], |address, ops| async move {
        let mut line = Line::signed_on(address, folder).await;
        let given = |text: &str| -> Vec<i64> {
            let lines = text.lines().skip_while(|line| !line.starts_with('{'));
            let number =
                |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["given"].as_i64();
            lines.map(|line| number(line).unwrap()).collect()
        };
        let sources = http(ops, "/sources").await;
        assert!(!sources.contains("99020000"), "{sources}");
        assert_eq!(given(&sources), [1_000_000, 3_000, 0, 700, 800, 0, 0, 500]);
        assert_eq!(line.code(&funded(11, LOAD, 2_001, POOR)).await, "51");
        // Half of it is paid back, which allows another load.
        assert_eq!(line.code(&funded(12, PAYOUT, 1_500, POOR)).await, "00");
        assert_eq!(
            line.code(&repeated(funded(12, PAYOUT, 1_500, POOR))).await,
            "00"
        );
        assert_eq!(line.code(&funded(13, LOAD, 3_500, POOR)).await, "00");
        assert_eq!(line.code(&funded(14, PAYOUT, 1, DECLINING)).await, "05");
        assert_eq!(
            line.code(&funded(15, PAYOUT, 1, b"9902000000000067")).await,
            "14"
        );
        // The switch got no answer to these two.
        for (number, original, amount) in [(16, 8, 700), (17, 9, 800)] {
            let undo = reversal(Mti::REVERSAL_ADVICE, number, original, amount, None);
            assert_eq!(line.code(&undo).await, "00");
            assert_eq!(line.code(&repeated(undo)).await, "00");
        }
        let undo = reversal(Mti::REVERSAL_ADVICE, 18, 12, 1_500, None);
        assert_eq!(line.code(&undo).await, "00");
        let sources = http(ops, "/sources").await;
        assert_eq!(given(&sources), [1_000_000, 6_500, 0, 0, 0, 0, 0, 500]);
    });
    let tally = tally_of(&tally);
    for (sum, count, amount) in [
        ("loads", 6, 1_000_000 + 3_000 + 500 + 700 + 800 + 3_500),
        ("loads_reversed", 2, 1_500),
        ("payouts", 1, 1_500),
        ("payouts_reversed", 1, 1_500),
    ] {
        assert_eq!(
            tally[sum],
            serde_json::json!({"count": count, "amount": amount}),
            "{sum}"
        );
    }
    assert_eq!(tally["net"], 0);
}

#[test]
fn a_slow_source_answers_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let slow =
        "sources=[{ number = \"XT0\", kind = \"account\", does = \"slow\", late_by = \"50ms\" }]";
    with_host(
        folder,
        &[slow, "development_sources=false"],
        |address, _| async move {
            let mut line = Line::signed_on(address, folder).await;
            let asked = std::time::Instant::now();
            assert_eq!(line.code(&funded(1, LOAD, 100, b"XT0")).await, "00");
            assert!(asked.elapsed().as_millis() >= 50);
            assert_eq!(line.code(&funded(2, LOAD, 100, APPROVING)).await, "14");
        },
    );
}

#[test]
fn refunds_what_stands_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let tally = with_host(folder, &[], |address, _| async move {
        let mut line = Line::signed_on(address, folder).await;
        assert_eq!(
            line.code(&refund(2, 1, 100)).await,
            "25",
            "nothing to refund yet"
        );
        assert_eq!(line.code(&purchase(1, 500)).await, "00");
        assert_eq!(line.code(&refund(3, 1, 300)).await, "00");
        assert_eq!(line.code(&repeated(refund(3, 1, 300))).await, "00");
        assert_eq!(line.code(&refund(4, 1, 201)).await, "13");
        let undo = reversal(Mti::REVERSAL_ADVICE, 5, 3, 300, None);
        assert_eq!(line.code(&undo).await, "00");
        assert_eq!(line.code(&refund(6, 1, 201)).await, "00");
        let mut unnamed = BytesMut::new();
        Packer::new(&mut unnamed, Mti::PURCHASE)
            .card(&CardNumber::development(1))
            .number(3, 200_000)
            .number(4, 1)
            .number(7, common::TRANSMISSION.into())
            .number(11, 7)
            .number(32, common::INSTITUTION)
            .text(37, b"000000000007")
            .text(49, b"840")
            .finish();
        // One that names no purchase is the card's alone.
        assert_eq!(line.code(&unnamed).await, "00");
    });
    let tally = tally_of(&tally);
    assert_eq!(tally["net"], 298);
    assert_eq!(tally["refunded"]["amount"], 502);
    assert_eq!(tally["refunds_reversed"]["amount"], 300);
}

#[test]
fn replaces_a_card_by_one_new_number() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = format!("data={}", folder.join("ledger").display());
    let old = CardNumber::development(1);
    let replaced = std::cell::RefCell::new(None);
    with_host(folder, &[&data], |address, _| {
        let (old, replaced) = (&old, &replaced);
        async move {
            let mut line = Line::signed_on(address, folder).await;
            assert_eq!(line.code(&purchase(1, 500)).await, "00");
            let answer = line.ask(&card_order(2, b"2", Some(old))).await.unwrap();
            let message = Message::parse(&answer).unwrap();
            assert_eq!(message.number(14), Some(3_112));
            let new = message.card_number().unwrap();
            assert!(new.luhn_valid() && new != *old);
            *replaced.borrow_mut() = Some(new);
        }
    });
    let new = replaced.take().unwrap();
    let tally = with_host(folder, &[&data], |address, _| {
        let (old, new) = (&old, &new);
        async move {
            let mut line = Line::signed_on(address, folder).await;
            let again = repeated(card_order(2, b"2", Some(old)));
            let again = line.ask(&again).await.unwrap();
            assert_eq!(
                Message::parse(&again).unwrap().card_number().as_ref(),
                Some(new)
            );
            assert_eq!(line.code(&purchase(3, 1)).await, "14");
            assert_eq!(line.code(&card_order(4, b"2", Some(old))).await, "14");
            assert_eq!(
                line.code(&card_order(5, b"3", Some(old))).await,
                "00",
                "dead already"
            );
            // What was bought with the old number can still be undone.
            let undo = reversal(Mti::REVERSAL_ADVICE, 6, 1, 500, Some(200));
            assert_eq!(line.code(&undo).await, "00");
            assert_eq!(line.code(&refund(7, 1, 50)).await, "00");
            assert_eq!(line.code(&card_order(8, b"3", Some(new))).await, "00");
            assert_eq!(
                line.code(&card_order(9, b"3", Some(new))).await,
                "00",
                "and once more"
            );
        }
    });
    let tally = tally_of(&tally);
    assert_eq!(tally["net"], 150);
    assert_eq!(
        (&tally["cards_issued"], &tally["cards_cancelled"]),
        (&1.into(), &2.into())
    );
}
