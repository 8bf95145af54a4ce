//! E-mail.

use std::path::Path;
use std::time::Duration;

use tessera_config::{EmailSettings, EmailTls};
use tessera_notify::channel::Email;

use crate::rig::{Certificates, PATIENCE, Peer, message, run, write_secret};

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
    write_secret(&file, &format!("{password}\n"));
    settings.user = Some("tessera".to_owned());
    settings.password_file = Some(file);
    settings
}

#[test]
#[ignore = "needs the peers: make test AREA=peers"]
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
    assert_eq!(headers["Message-ID"], "<0ABCDEFGHIJK.1@tessera.example>");
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
#[ignore = "needs the peers: make test AREA=peers"]
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
#[ignore = "needs the peers: make test AREA=peers"]
fn refusals_of_the_mail_server_are_distinguished_and_name_no_address() {
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
            ("dies@example.com", true, "incomplete"),
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
#[ignore = "needs the peers: make test AREA=peers"]
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
    let other_authority = Certificates::make();
    let other_authority = EmailSettings {
        authority: Some(other_authority.path("authority.pem")),
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
#[ignore = "needs the peers: make test AREA=peers"]
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
