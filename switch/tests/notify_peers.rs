//! The channels of notifications against servers that no one here wrote: aiosmtpd takes e-mail, node-smpp short messages.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc as std_mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tessera_switch::config::{EmailSettings, EmailTls, SmsSettings};
use tessera_switch::notify::channel::{
    Address, Email, Failure, Message, MessageId, Receipt, ReceiptOutcome, Sms,
};
use tessera_switch::notify::texts::Texts;
use tokio::sync::mpsc;

/// Longer than anything that is waited for here.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server, and what it says.
struct Peer {
    process: Child,
    lines: std_mpsc::Receiver<String>,
    skipped: VecDeque<Value>,
    address: String,
}

impl Peer {
    fn start(interpreter: &str, script: &str, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../tests/peers")
            .join(script);
        let mut process = Command::new(interpreter)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter runs");
        let out = process.stdout.take().expect("a pipe");
        let (said, lines) = std_mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    return;
                }
            }
        });
        let first = lines
            .recv_timeout(PATIENCE)
            .expect("the peer says that it is ready");
        let port = first.strip_prefix("ready ").expect("a port");
        Self {
            process,
            address: format!("127.0.0.1:{port}"),
            lines,
            skipped: VecDeque::new(),
        }
    }

    fn mail(arguments: &[&str]) -> Self {
        let python = std::env::var("TESSERA_PYTHON").expect("TESSERA_PYTHON names an interpreter");
        Self::start(&python, "mail_server.py", arguments)
    }

    fn centre(arguments: &[&str]) -> Self {
        let node = std::env::var("TESSERA_NODE").unwrap_or_else(|_| "node".to_owned());
        Self::start(&node, "message_centre.js", arguments)
    }

    /// The next thing of this kind; others are kept. The channel goes on meanwhile.
    async fn event(&mut self, kind: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            self.listen();
            let at = self.skipped.iter().position(|event| event["event"] == kind);
            if let Some(event) = at.and_then(|at| self.skipped.remove(at)) {
                return event;
            }
            assert!(Instant::now() < until, "no {kind}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn listen(&mut self) {
        while let Ok(line) = self.lines.try_recv() {
            let event = serde_json::from_str(&line).expect("a line of JSON");
            self.skipped.push_back(event);
        }
    }

    /// How many things of this kind it has said by now, and not been asked for.
    fn count(&mut self, kind: &str) -> usize {
        self.listen();
        self.skipped
            .iter()
            .filter(|event| event["event"] == kind)
            .count()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An authority and the certificate of `localhost` that it has signed.
struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    fn make() -> Self {
        use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
        let folder = tempfile::tempdir().expect("a folder");
        let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let names = vec!["localhost".to_owned()];
        let certificate = CertificateParams::new(names).expect("parameters");
        let certificate = certificate
            .signed_by(&key, &authority)
            .expect("a certificate");
        for (name, text) in [
            ("authority.pem", authority.pem()),
            ("server.pem", certificate.pem()),
            ("server.key", key.serialize_pem()),
        ] {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}

fn message(number: u32, to: &str, sms: &str) -> Message {
    let texts = Texts {
        subject: "Paid: 19.99 USD at Tea & Kettles".to_owned(),
        text: "You have paid 19.99 USD.\n\nGrüße\n".to_owned(),
        html: "<p>You have paid <b>19.99 USD</b>.</p>\n".to_owned(),
        sms: sms.to_owned(),
    };
    let id = MessageId::new(&format!("0ABCDEFGHIJK.{number}@tessera")).expect("an id");
    Message::new(id, Address::new(to), texts)
}

fn run<F: Future>(test: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test)
}

fn email_settings(peer: &Peer, certificates: &Certificates, tls: EmailTls) -> EmailSettings {
    EmailSettings {
        server: peer.address.clone(),
        server_name: Some("localhost".to_owned()),
        tls,
        authority: Some(certificates.path("authority.pem")),
        from: "Tessera <no-reply@tessera.example>".to_owned(),
        answer_within: PATIENCE,
        ..EmailSettings::default()
    }
}

fn with_credentials(mut settings: EmailSettings, folder: &Path, password: &str) -> EmailSettings {
    let file = folder.join("mail.password");
    std::fs::write(&file, format!("{password}\n")).expect("a file");
    settings.user = Some("tessera".to_owned());
    settings.password_file = Some(file);
    settings
}

#[test]
#[ignore = "needs the peers: make peers"]
fn an_email_arrives_over_starttls_with_both_texts_and_a_stable_id() {
    let certificates = Certificates::make();
    let (cert, key) = (
        certificates.text("server.pem"),
        certificates.text("server.key"),
    );
    let mut peer = Peer::mail(&[
        "starttls",
        "--cert",
        &cert,
        "--key",
        &key,
        "--user",
        "tessera",
        "--password",
        "s3cret",
    ]);
    let settings = email_settings(&peer, &certificates, EmailTls::Starttls);
    let settings = with_credentials(settings, certificates.folder.path(), "s3cret");
    let email = Email::open(&settings).expect("a channel");
    run(async {
        for _ in 0..2 {
            email
                .send(&message(1, "payer@example.com", ""))
                .await
                .expect("taken over");
        }
    });
    let first = run(peer.event("message"));
    assert_eq!(first["tls"], true);
    assert_eq!(first["user"], "tessera");
    assert_eq!(first["from"], "no-reply@tessera.example");
    assert_eq!(first["to"], serde_json::json!(["payer@example.com"]));
    let headers = &first["headers"];
    assert_eq!(headers["Message-ID"], "<0ABCDEFGHIJK.1@tessera>");
    assert_eq!(headers["Auto-Submitted"], "auto-generated");
    assert_eq!(headers["From"], "Tessera <no-reply@tessera.example>");
    assert_eq!(headers["Subject"], "Paid: 19.99 USD at Tea & Kettles");
    assert!(headers["Date"].is_string());
    assert!(first["text"].as_str().expect("a text").contains("Grüße"));
    assert!(
        first["html"]
            .as_str()
            .expect("a text")
            .contains("<b>19.99 USD</b>")
    );
    let again = run(peer.event("message"));
    assert_eq!(again["headers"]["Message-ID"], headers["Message-ID"]);
    assert_eq!(peer.count("connected"), 1, "the connection was kept");
}

#[test]
#[ignore = "needs the peers: make peers"]
fn an_email_arrives_over_implicit_tls_and_over_the_loopback_in_the_clear() {
    let certificates = Certificates::make();
    let (cert, key) = (
        certificates.text("server.pem"),
        certificates.text("server.key"),
    );
    for (mode, tls, secret) in [
        ("implicit", EmailTls::Implicit, true),
        ("plain", EmailTls::Plain, false),
    ] {
        let mut peer = Peer::mail(&[mode, "--cert", &cert, "--key", &key]);
        let email = Email::open(&email_settings(&peer, &certificates, tls)).expect("a channel");
        run(email.send(&message(1, "payer@example.com", ""))).expect("taken over");
        assert_eq!(run(peer.event("message"))["tls"], secret, "{mode}");
    }
}

#[test]
#[ignore = "needs the peers: make peers"]
fn what_the_mail_server_refuses_is_told_apart_and_names_nobody() {
    let certificates = Certificates::make();
    let mut peer = Peer::mail(&["plain"]);
    let settings = email_settings(&peer, &certificates, EmailTls::Plain);
    let email = Email::open(&settings).expect("a channel");
    run(async {
        for (to, transient, code) in [
            ("busy@example.com", true, "451"),
            ("unknown@example.com", false, "550"),
            ("refused@example.com", false, "554"),
            ("full@example.com", true, "452"),
            ("dies@example.com", true, "cut off"),
            ("no address", false, "address"),
        ] {
            let failure = email
                .send(&message(1, to, ""))
                .await
                .expect_err("a failure");
            assert_eq!(failure.is_transient(), transient, "{to}: {failure}");
            assert!(failure.to_string().contains(code), "{to}: {failure}");
            assert!(!failure.to_string().contains("example.com"), "{failure}");
        }
        // The next one is not hurt by any of it, nor by a connection that was closed meanwhile.
        for to in ["full@example.com", "closing@example.com"] {
            email.send(&message(2, to, "")).await.expect("taken over");
            peer.event("message").await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        email
            .send(&message(3, "payer@example.com", ""))
            .await
            .expect("taken over");
        peer.event("message").await;
    });
}

#[test]
#[ignore = "needs the peers: make peers"]
fn a_mail_server_that_is_wrong_is_the_operators_trouble_and_transient() {
    let certificates = Certificates::make();
    let (cert, key) = (
        certificates.text("server.pem"),
        certificates.text("server.key"),
    );
    let arguments = ["starttls", "--cert", &cert, "--key", &key];
    let secured = Peer::mail(
        &[
            &arguments[..],
            &["--user", "tessera", "--password", "s3cret"],
        ]
        .concat(),
    );
    let plain = Peer::mail(&["plain"]);
    let settings = email_settings(&secured, &certificates, EmailTls::Starttls);
    let wrong_password = with_credentials(settings.clone(), certificates.folder.path(), "wrong");
    let stranger = Certificates::make();
    let other_authority = EmailSettings {
        authority: Some(stranger.path("authority.pem")),
        ..settings.clone()
    };
    let other_name = EmailSettings {
        server_name: Some("mail.example".to_owned()),
        ..settings.clone()
    };
    let no_starttls = email_settings(&plain, &certificates, EmailTls::Starttls);
    let nobody = EmailSettings {
        server: "127.0.0.1:1".to_owned(),
        ..settings.clone()
    };
    for (what, settings) in [
        ("wrong password", wrong_password),
        ("no password", settings),
        ("another authority", other_authority),
        ("another name", other_name),
        ("no STARTTLS", no_starttls),
        ("nobody there", nobody),
    ] {
        let email = Email::open(&settings).expect("a channel");
        let sent = run(email.send(&message(1, "payer@example.com", "")));
        let failure = sent.expect_err(what);
        assert!(failure.is_transient(), "{what}: {failure}");
    }
    let mut plain = plain;
    assert_eq!(plain.count("message"), 0, "nothing went out in the clear");
}

#[test]
#[ignore = "needs the peers: make peers"]
fn no_more_connections_than_configured_are_made() {
    let certificates = Certificates::make();
    let mut peer = Peer::mail(&["plain"]);
    let settings = EmailSettings {
        connections_max: 3,
        ..email_settings(&peer, &certificates, EmailTls::Plain)
    };
    let email = Email::open(&settings).expect("a channel");
    run(async {
        let messages: Vec<_> = (0..30)
            .map(|number| message(number, "payer@example.com", ""))
            .collect();
        let sent = futures_util::future::join_all(messages.iter().map(|one| email.send(one))).await;
        assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    });
    for _ in 0..30 {
        run(peer.event("message"));
    }
    let connections = peer.count("connected");
    assert!((1..=3).contains(&connections), "{connections}");
}

fn sms_settings(peer: &Peer) -> SmsSettings {
    SmsSettings {
        server: peer.address.clone(),
        server_name: Some("localhost".to_owned()),
        system_id: "tessera".to_owned(),
        messages_per_second: 1_000,
        answer_within: Duration::from_secs(5),
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
#[ignore = "needs the peers: make peers"]
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
#[ignore = "needs the peers: make peers"]
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
                let reference = sent.id.short() as u8;
                let expected: Vec<String> = (1..=first.segments)
                    .map(|segment| {
                        format!("0003{reference:02x}{:02x}{segment:02x}", first.segments)
                    })
                    .collect();
                let heads: Vec<&str> = heads.iter().map(|head| &head[head.len() - 10..]).collect();
                assert_eq!(heads, expected);
                for _ in 1..first.segments {
                    assert_eq!(receipt(&mut received).await.id, sent.id);
                }
            }
        }
    });
}

#[test]
#[ignore = "needs the peers: make peers"]
fn what_the_centre_refuses_is_told_apart() {
    let peer = Peer::centre(&[]);
    run(async {
        let settings = SmsSettings {
            answer_within: Duration::from_millis(300),
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
#[ignore = "needs the peers: make peers"]
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
#[ignore = "needs the peers: make peers"]
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
        assert_eq!(references[0], references[1], "a repeat can be told");
        peer.event("bound").await;
        peer.event("bound").await;
    });
}

#[test]
#[ignore = "needs the peers: make peers"]
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
#[ignore = "needs the peers: make peers"]
fn a_receipt_that_finds_no_room_comes_again() {
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
            .map(|number| format!("0ABCDEFGHIJK.{number}@tessera"))
            .collect();
        assert_eq!(ids, expected);
    });
}

#[test]
#[ignore = "needs the peers: make peers"]
fn binds_with_a_password_over_tls() {
    let certificates = Certificates::make();
    let (cert, key) = (
        certificates.text("server.pem"),
        certificates.text("server.key"),
    );
    let mut peer = Peer::centre(&["s3cret", &key, &cert]);
    run(async {
        let password_file = certificates.path("password");
        std::fs::write(&password_file, "s3cret\n").expect("a file");
        let right = SmsSettings {
            tls: true,
            authority: Some(certificates.path("authority.pem")),
            password_file: Some(password_file),
            ..sms_settings(&peer)
        };
        let stranger = Certificates::make();
        for wrong in [
            SmsSettings {
                password_file: None,
                ..right.clone()
            },
            SmsSettings {
                authority: Some(stranger.path("authority.pem")),
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
