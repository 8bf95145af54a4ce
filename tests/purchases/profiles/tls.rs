//! The malls' port with TLS: with and without certificates of clients, and with another certificate of ours.

use std::fs;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use super::BALANCE;
use crate::rig::leased::Line;
use crate::rig::wire::{ACQUIRER, Hand, MALL, PLAIN, Wire, card_purchase, network, started};
use crate::rig::{Rig, free_port, wait_for};

const PLAIN_FILE: &str = "development-acquirer-2.toml";

/// A rig whose switch has a second port, and where that is.
fn with_tls(cards: u64, client_authority: bool) -> (Rig, SocketAddr) {
    let address = free_port();
    let authority = match client_authority {
        true => "client_authority = \"certs/ca.pem\"",
        false => "",
    };
    let table = format!(
        "[mall.tls]\nlisten = \"{address}\"\ncertificate = \"certs/switch.pem\"\nkey = \"certs/switch.key\"\n{authority}"
    );
    (
        Rig::with(cards, BALANCE, &[("#[mall.tls]", &table)]),
        address,
    )
}

/// The answer to a sign-on, and whether the connection stands after it.
fn sign_on(line: &mut Line, party: &crate::rig::wire::Party) -> (String, bool) {
    let code = line.ask(&network(party, "001")).code();
    let stands = line.try_ask(&network(party, "301")).is_ok();
    (code, stands)
}

#[test]
fn a_mall_buys_over_tls_as_in_the_clear() {
    let (rig, address) = with_tls(2, false);
    let rig = started(rig, &[]);
    let mut line = Line::connect_to(&rig, address, None);
    assert_eq!(line.ask(&network(&ACQUIRER, "001")).code(), "00");
    for _ in 0..20 {
        let answer = line.ask(&card_purchase(&ACQUIRER, 1, 100));
        assert_eq!(answer.code(), "00", "{}", answer.reason());
        assert!(answer.is_sealed_for(&ACQUIRER));
    }
    // Many at once, more than a record holds.
    let purchases: Vec<Hand> = (0..200).map(|_| card_purchase(&ACQUIRER, 2, 1)).collect();
    for purchase in &purchases {
        line.send(purchase).expect("it is read");
    }
    for _ in &purchases {
        assert_eq!(line.next().expect("an answer").code(), "00");
    }
    // Who speaks in the clear here, or with TLS at the other port, is not understood.
    let mut clear = Wire::connect(address);
    clear.send(&network(&PLAIN, "001").frame());
    assert!(
        clear
            .try_message(crate::rig::wire::next_message)
            .is_none_or(|said| said[0] == 0x15)
    );
    let handshake = "tessera_connections_refused_total{reason=\"handshake\"}";
    wait_for("it to be counted", || rig.figure(handshake) == Some(1.0));
    let mut lost = Line::connect_to(&rig, rig.addresses.malls, None);
    assert!(lost.try_ask(&network(&PLAIN, "001")).is_err());
    wait_for("the log to say so", || {
        rig.log("switch").contains("TLS, sent to the plain port")
    });
}

#[test]
fn a_profile_says_whether_with_tls_and_with_which_certificate() {
    let (rig, address) = with_tls(1, true);
    let rig = started(rig, &[]);
    let pem = fs::read(rig.path("certs/wallet-server.pem")).expect("a certificate");
    let certificate = CertificateDer::from_pem_slice(&pem).expect("a certificate");
    let fingerprint: String = Sha256::digest(&certificate)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let refused = ("58".to_owned(), false);
    let accepted = ("00".to_owned(), true);
    for (lines, clear, without, with_it, with_another) in [
        (
            "transport = \"any\"".to_owned(),
            &accepted,
            &accepted,
            &accepted,
            &accepted,
        ),
        (
            "transport = \"plain\"".to_owned(),
            &accepted,
            &refused,
            &refused,
            &refused,
        ),
        (
            "transport = \"tls\"".to_owned(),
            &refused,
            &accepted,
            &accepted,
            &accepted,
        ),
        (
            format!("transport = \"tls\"\ncertificate_fingerprint = \"{fingerprint}\""),
            &refused,
            &refused,
            &accepted,
            &refused,
        ),
        (
            "transport = \"tls\"\ncertificate_subject = \"CN=Tessera development wallet server\""
                .to_owned(),
            &refused,
            &refused,
            &accepted,
            &refused,
        ),
    ] {
        rig.write_party(
            PLAIN_FILE,
            &format!(
                "code = \"{}\"\nname = \"{}\"\nkind = \"acquirer\"\nmac_key = \"none\"\n[line]\n{lines}\n",
                PLAIN.code, PLAIN.name
            ),
        );
        rig.reload("done");
        let mut wire = Wire::connect(rig.addresses.malls);
        assert_eq!(
            &wire.ask(&network(&PLAIN, "001")).code(),
            &clear.0,
            "{lines}"
        );
        for (certificate, expected) in [
            (None, without),
            (Some("wallet-server"), with_it),
            (Some("switch"), with_another),
        ] {
            let mut line = Line::connect_to(&rig, address, certificate);
            assert_eq!(
                &sign_on(&mut line, &PLAIN),
                expected,
                "{certificate:?} {lines}"
            );
        }
    }
    // One that no authority of ours has signed, or that is for servers only, does not even come in.
    let mut unsigned = Line::connect_to(&rig, address, Some("host"));
    assert!(unsigned.try_ask(&network(&PLAIN, "001")).is_err());

    // A connection that stands with a certificate ends when the profile names another.
    let mut line = Line::connect_to(&rig, address, Some("wallet-server"));
    assert_eq!(sign_on(&mut line, &PLAIN).0, "00");
    rig.write_party(
        PLAIN_FILE,
        &format!(
            "code = \"{}\"\nname = \"{}\"\nkind = \"acquirer\"\nmac_key = \"none\"\n[line]\ntransport = \"tls\"\n\
             certificate_subject = \"CN=Another\"\n",
            PLAIN.code, PLAIN.name
        ),
    );
    rig.reload("done");
    assert!(line.try_ask(&network(&PLAIN, "301")).is_err());
}

#[test]
fn another_certificate_counts_from_the_next_connection_on() {
    let (rig, address) = with_tls(0, false);
    let rig = started(rig, &[]);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    for line in ["malls", "wallet_server", "host"] {
        let figure = format!("tessera_certificate_not_after_timestamp_seconds{{line=\"{line}\"}}");
        let years = (rig.figure(&figure).expect(line) - now.as_secs_f64()) / (365.0 * 86_400.0);
        assert!((2.9..3.1).contains(&years), "{line}: {years}");
    }
    let mut before = Line::connect_to(&rig, address, None);
    assert_eq!(sign_on(&mut before, &MALL), ("00".to_owned(), true));

    rig.run(&["certs", "certs", "--force"]);
    rig.reload("done");
    let mut after = Line::connect_to(&rig, address, None);
    assert_eq!(sign_on(&mut after, &MALL), ("00".to_owned(), true));
    assert_ne!(before.shown(), after.shown());
    assert!(before.try_ask(&network(&MALL, "301")).is_ok(), "it stands");

    // One that is wrong changes nothing, and neither does a party that came with it.
    fs::write(rig.path("certs/switch.key"), "no key").expect("a file");
    fs::remove_file(rig.path("parties").join(PLAIN_FILE)).expect("a file");
    rig.reload("refused");
    wait_for("the log to say why", || {
        rig.log("switch").contains("no private key in the file")
    });
    let mut again = Line::connect_to(&rig, address, None);
    assert_eq!(sign_on(&mut again, &MALL).0, "00");
    assert_eq!(again.shown(), after.shown());
    assert_eq!(
        Wire::signed_on(&rig, &PLAIN)
            .ask(&network(&PLAIN, "301"))
            .code(),
        "00"
    );
}

/// Certificates of malls come from the same authority: they are not the wallet server's.
#[test]
fn another_certificate_of_the_authority_opens_no_line_of_the_wallet_server() {
    let (rig, _) = with_tls(0, true);
    let rig = started(rig, &[]);
    let mut mall = Line::connect_to(&rig, rig.addresses.wallet_server, Some("switch"));
    let sign_on = network(&crate::rig::leased::WALLET_SERVER, "001");
    assert!(mall.try_ask(&sign_on).is_err());
    let refused = "tessera_connections_refused_total{reason=\"certificate\"}";
    wait_for("it to be counted", || rig.figure(refused) == Some(1.0));
    assert!(
        rig.log("switch")
            .contains("CN=Tessera development switch sha256:")
    );
    Line::signed_on(&rig);
}

#[test]
fn a_shared_authority_without_named_wallet_servers_is_refused() {
    let (rig, _) = with_tls(0, true);
    let file = rig.path("switch.toml");
    let text = fs::read_to_string(&file).expect("a configuration");
    let named = "certificate_subjects = [\"CN=Tessera development wallet server\"]";
    assert!(text.contains(named));
    fs::write(&file, text.replace(named, "certificate_subjects = []")).expect("a file");
    for check in [&["--check"][..], &[]] {
        let arguments = [&["switch", "--config", "switch.toml"][..], check].concat();
        let output = rig.try_run(&arguments);
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains("name the wallet server's in [leased]"),
            "{said}"
        );
    }
}
