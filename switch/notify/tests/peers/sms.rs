//! Short messages.

use std::time::{Duration, Instant};

use tessera_config::SmsSettings;
use tessera_notify::channel::{Failure, Message, Receipt, ReceiptOutcome, Sms};
use tokio::sync::mpsc;

use crate::rig::{Certificates, PATIENCE, Peer, message, run, write_secret};

fn sms_settings(peer: &Peer) -> SmsSettings {
    SmsSettings {
        server: peer.address.clone(),
        server_name: Some("localhost".to_owned()),
        system_id: "tessera".to_owned(),
        messages_per_second: 1_000,
        answer_within: PATIENCE,
        reconnect_min: Duration::from_millis(20),
        reconnect_max: Duration::from_millis(100),
        ..SmsSettings::default()
    }
}

fn open(settings: &SmsSettings) -> (Sms, mpsc::Receiver<Receipt>) {
    let (receipts, received) = mpsc::channel(16);
    (Sms::open(settings, receipts).expect("a channel"), received)
}

async fn receipt(received: &mut mpsc::Receiver<Receipt>) -> Receipt {
    let next = tokio::time::timeout(PATIENCE, received.recv()).await;
    next.expect("a receipt in time").expect("a receipt")
}

/// Until it is taken over; how many tries that took.
async fn until_taken(sms: &Sms, message: &Message) -> usize {
    let until = Instant::now() + PATIENCE;
    for tries in 1.. {
        match sms.send(message).await {
            Ok(()) => return tries,
            Err(Failure::Transient(_)) if Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(failure) => panic!("{failure}"),
        }
    }
    unreachable!("the tries end with the patience");
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn a_short_message_is_taken_over_and_its_receipt_comes_back() {
    let mut peer = Peer::centre(&[]);
    run(async {
        let (sms, mut received) = open(&sms_settings(&peer));
        let sent = message(1, "+491701234500", "Paid 5€ at {Tea}");
        sms.send(&sent).await.expect("taken over");
        let bound = peer.event("bound").await;
        assert_eq!(
            (&bound["system_id"], &bound["version"]),
            (&"tessera".into(), &0x34.into())
        );
        let segment = peer.event("submitted").await;
        assert_eq!(segment["from"], serde_json::json!([5, 0, "TESSERA"]));
        assert_eq!(segment["to"], serde_json::json!([1, 1, "491701234500"]));
        assert_eq!(segment["text"], "Paid 5€ at {Tea}");
        assert_eq!(
            (&segment["data_coding"], &segment["esm_class"]),
            (&0.into(), &0.into())
        );
        assert_eq!(segment["registered_delivery"], 1);
        assert_eq!(segment["reference"], sent.id.short());
        let expected = Receipt {
            id: sent.id.clone(),
            segment: 1,
            segments: 1,
            outcome: ReceiptOutcome::Delivered,
        };
        assert_eq!(receipt(&mut received).await, expected);
        assert_eq!(peer.event("receipt acknowledged").await["status"], 0);
        sms.send(&message(2, "+491701234505", "x"))
            .await
            .expect("taken over");
        let outcome = receipt(&mut received).await.outcome;
        assert_eq!(outcome, ReceiptOutcome::Failed("UNDELIV".to_owned()));
        drop(sms);
        peer.event("unbound").await;
    });
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn long_texts_and_other_letters_arrive_as_they_were_written() {
    let mut peer = Peer::centre(&[]);
    run(async {
        let (sms, mut received) = open(&sms_settings(&peer));
        let latin = "Grüße aus der Teeküche! ".repeat(15);
        let cyrillic = "Оплачено в чайной 🙂 ".repeat(10);
        for (number, text, coding) in [(1, &latin, 0), (2, &cyrillic, 8)] {
            let sent = message(number, "+491701234500", text);
            // The same twice: the telephone sees that it is the same.
            for _ in 0..2 {
                sms.send(&sent).await.expect("taken over");
                let mut joined = String::new();
                let first = receipt(&mut received).await;
                let mut heads = Vec::new();
                for _ in 1..=first.segments {
                    let segment = peer.event("submitted").await;
                    assert_eq!(
                        (&segment["data_coding"], &segment["esm_class"]),
                        (&coding.into(), &0x40.into())
                    );
                    joined += segment["text"].as_str().expect("a text");
                    heads.push(segment["udh"].as_str().expect("a header").to_owned());
                }
                assert_eq!(&joined, text);
                let reference = sent.id.short();
                let expected: Vec<String> = (1..=first.segments)
                    .map(|segment| {
                        format!("0804{reference:04x}{:02x}{segment:02x}", first.segments)
                    })
                    .collect();
                let heads: Vec<&str> = heads.iter().map(|head| &head[head.len() - 12..]).collect();
                assert_eq!(heads, expected);
                for _ in 1..first.segments {
                    assert_eq!(receipt(&mut received).await.id, sent.id);
                }
            }
        }
    });
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn refusals_of_the_centre_are_distinguished() {
    let peer = Peer::centre(&[]);
    run(async {
        let settings = SmsSettings {
            answer_within: Duration::from_secs(3),
            ..sms_settings(&peer)
        };
        let (sms, _received) = open(&settings);
        for (to, transient, says) in [
            ("+491701234501", true, "0x00000058"),
            ("+491701234502", false, "0x0000000b"),
            ("+491701234504", true, "in time"),
            ("payer@example.com", false, "telephone number"),
        ] {
            let failure = sms.send(&message(1, to, "x")).await.expect_err("a failure");
            assert_eq!(failure.is_transient(), transient, "{to}: {failure}");
            assert!(failure.to_string().contains(says), "{to}: {failure}");
            assert!(!failure.to_string().contains("170123"), "{failure}");
        }
        let long = "x".repeat(2_000);
        let failure = sms
            .send(&message(1, "+491701234500", &long))
            .await
            .expect_err("a failure");
        assert!(!failure.is_transient());
        // Throttled once, taken now.
        let held = Instant::now();
        sms.send(&message(1, "+491701234501", "x"))
            .await
            .expect("taken over");
        assert!(held.elapsed() < PATIENCE);
    });
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn a_throttled_centre_is_left_alone_for_a_while() {
    let peer = Peer::centre(&[]);
    run(async {
        let (sms, _received) = open(&sms_settings(&peer));
        let throttled = message(1, "+491701234501", "x");
        assert!(sms.send(&throttled).await.is_err());
        let asked = Instant::now();
        sms.send(&throttled).await.expect("taken over");
        assert!(
            asked.elapsed() >= Duration::from_millis(900),
            "{:?}",
            asked.elapsed()
        );
    });
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn a_lost_line_is_made_again() {
    let mut peer = Peer::centre(&[]);
    run(async {
        let (sms, mut received) = open(&sms_settings(&peer));
        let sent = message(1, "+491701234503", "x");
        let failure = sms.send(&sent).await.expect_err("the line is dropped");
        assert!(failure.is_transient(), "{failure}");
        assert!(until_taken(&sms, &sent).await >= 1);
        assert_eq!(receipt(&mut received).await.id, sent.id);
        let references = [peer.event("submitted").await, peer.event("submitted").await]
            .map(|one| one["reference"].clone());
        assert_eq!(references[0], references[1], "a repeat can be recognized");
        peer.event("bound").await;
        peer.event("bound").await;
    });
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn both_sides_ask_whether_the_other_is_there() {
    let mut peer = Peer::centre(&[]);
    run(async {
        let settings = SmsSettings {
            enquire_after: Duration::from_millis(100),
            ..sms_settings(&peer)
        };
        let (sms, _received) = open(&settings);
        sms.send(&message(1, "+491701234506", "x"))
            .await
            .expect("taken over");
        peer.event("answered enquire_link").await;
        tokio::time::timeout(PATIENCE, async {
            while peer.count("enquired") < 2 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
        .expect("enquiries");
        assert_eq!(peer.count("bound"), 1, "one session all the while");
    });
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn a_receipt_that_does_not_fit_comes_again() {
    let mut peer = Peer::centre(&[]);
    run(async {
        let (receipts, mut received) = mpsc::channel(1);
        let sms = Sms::open(&sms_settings(&peer), receipts).expect("a channel");
        for number in 1..=3 {
            sms.send(&message(number, "+491701234500", "x"))
                .await
                .expect("taken over");
        }
        // ESME_RMSGQFUL.
        while peer.event("receipt acknowledged").await["status"] != 0x14 {}
        let mut ids = Vec::new();
        for _ in 1..=3 {
            ids.push(receipt(&mut received).await.id.to_string());
        }
        ids.sort();
        let expected: Vec<_> = (1..=3)
            .map(|number| format!("0ABCDEFGHIJK.{number}"))
            .collect();
        assert_eq!(ids, expected);
    });
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
fn binds_with_a_password_over_tls() {
    let certificates = Certificates::make();
    let (cert, key) = (
        certificates.text("server.pem"),
        certificates.text("server.key"),
    );
    let mut peer = Peer::centre(&["s3cret", &key, &cert]);
    run(async {
        let password_file = certificates.path("password");
        write_secret(&password_file, "s3cret\n");
        let right = SmsSettings {
            tls: true,
            authority: Some(certificates.path("authority.pem")),
            password_file: Some(password_file),
            ..sms_settings(&peer)
        };
        let other_authority = Certificates::make();
        for wrong in [
            SmsSettings {
                password_file: None,
                ..right.clone()
            },
            SmsSettings {
                authority: Some(other_authority.path("authority.pem")),
                ..right.clone()
            },
            SmsSettings {
                server: "127.0.0.1:1".to_owned(),
                ..right.clone()
            },
        ] {
            let (sms, _received) = open(&wrong);
            let failure = sms
                .send(&message(1, "+491701234500", "x"))
                .await
                .expect_err("no session");
            assert!(failure.is_transient(), "{failure}");
            assert!(!failure.to_string().contains("s3cret"), "{failure}");
        }
        let (sms, mut received) = open(&right);
        sms.send(&message(1, "+491701234500", "x"))
            .await
            .expect("taken over");
        receipt(&mut received).await;
        while peer.event("bound").await["right"] != true {}
    });
}
