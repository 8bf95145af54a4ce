//! What parties may state, and which are refused.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use tessera_console::LogFormat;
use tessera_protocol::{Dialect, Framing};

use super::*;
use tessera_ledger::controls::Controls;

#[test]
fn parties_take_their_own_limits_or_those_of_the_mall_table() {
    let (_folder, settings) = read_with(
        "[mall]\nconnections_per_party_max = 7\n[log]\nformat = \"json\"\n[store]\nidle_after = \"90s\"",
        &[("p.toml", &format!("{PARTY}in_flight_max = 8\n"))],
    );
    let settings = settings.unwrap();
    let party = &settings.parties[0];
    let limits = (
        party.connections_max,
        party.in_flight_max,
        party.in_flight_per_connection_max,
    );
    assert_eq!(limits, (7, 8, 256));
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.store.idle_after, Duration::from_secs(90));
}

#[test]
fn a_party_is_let_do_what_it_states_and_no_more_than_the_default_otherwise() {
    let stated = format!(
        "{PARTY}amount_max = 5000\nmessages = [\"0200\", \"0420\"]\nprocessing_codes = [\"00\"]\n[quirks]\nunknown_reversal = \"00\"\n\
         entry_modes = [\"81\"]\nunreferenced_refunds = true\nload_codes = [\"28\"]\nseveral_completions = true\nstand_in_advices = true\n\
         partial_approval = true\n[controls]\nmerchant_categories = [\"5999\"]\nmerchant_categories_forbidden = [\"7995\"]\n"
    );
    let party = |text: &str| {
        let (_folder, settings) = read_with("", &[("p.toml", text)]);
        settings.unwrap().parties.remove(0)
    };
    let party_of_habits = party(&stated);
    let mti = |value| tessera_protocol::Mti::new(value).unwrap();
    assert!(party_of_habits.messages.allow(mti(0x0201)));
    assert!(!party_of_habits.messages.allow(mti(0x0100)));
    assert!(!party_of_habits.processing_codes.allow(20));
    let quirks = &party_of_habits.quirks;
    assert_eq!(quirks.unknown_reversal, UnknownReversal::Approved);
    assert!(quirks.entry_modes.allow(81) && !quirks.entry_modes.allow(1));
    assert!(quirks.unreferenced_refunds && quirks.several_completions);
    assert_eq!(quirks.load_codes, [28]);
    assert_eq!(party_of_habits.amount_max.value(), 5_000);
    assert!(quirks.stand_in_advices && quirks.partial_approval);
    assert_eq!(party_of_habits.controls.refuse(5999, 0, 0), None);
    assert!(party_of_habits.controls.refuse(5411, 0, 0).is_some());

    let plain = party(PARTY);
    assert_eq!(
        (plain.messages, plain.processing_codes),
        (Messages::ANY, CodeSet::ANY)
    );
    let quirks = &plain.quirks;
    assert_eq!(quirks.unknown_reversal, UnknownReversal::NotFound);
    assert_eq!(quirks.entry_modes, CodeSet::ANY);
    assert!(!quirks.unreferenced_refunds && !quirks.several_completions);
    assert!(quirks.load_codes.is_empty());
    assert_eq!(plain.amount_max, tessera_protocol::Amount::MAX);
    assert!(!quirks.stand_in_advices && !quirks.partial_approval);
    assert_eq!(plain.controls, Controls::default());
}

#[test]
fn a_party_speaks_the_usual_dialect_unless_it_says_otherwise() {
    let dialect = |lines: &str| {
        let party = format!("{PARTY}{lines}");
        let (_folder, settings) = read_with("", &[("p.toml", &party)]);
        settings.unwrap().parties[0].dialect
    };
    assert_eq!(dialect(""), Dialect::CANONICAL);
    for stated in Dialect::all() {
        let (framing, packing) = (stated.framing.name(), stated.packing.name());
        let lines = format!("[line]\nframing = \"{framing}\"\npacking = \"{packing}\"\n");
        assert_eq!(dialect(&lines), stated);
        if stated.framing != Framing::Tpdu {
            let with_header = dialect(&format!("{lines}header_bytes = 12\n"));
            let header_bytes = 12;
            assert_eq!(
                with_header,
                Dialect {
                    header_bytes,
                    ..stated
                }
            );
        }
    }
}

#[test]
fn names_what_is_wrong_with_a_party() {
    let mall = "code = \"124\"\nname = \"M\"\nkind = \"mall\"\nmac_key = \"none\"\n";
    for (text, expected) in [
        (
            PARTY.replace("123", "123456789012"),
            ":1: code = \"123456789012\": an institution code is 1 to 11 digits in quotes, and not zero",
        ),
        (
            format!("{PARTY}amount_max = 0\n"),
            ":5: amount_max = 0: in minor units, 1 to 999999999999",
        ),
        (
            PARTY.replace("\"123\"", "123"),
            ":1: code = 123: must be a text in quotes",
        ),
        (
            PARTY.replace("\"P\"", "\" \""),
            ":2: name = \" \": a name is 1 to 60 characters",
        ),
        (
            PARTY.replace("acquirer", "shop"),
            ":3: kind = \"shop\": unknown variant `shop`, expected `mall` or `acquirer`",
        ),
        (
            format!("{PARTY}in_flight_max = 0"),
            ":5: in_flight_max = 0: must be at least 1",
        ),
        (
            mall.into(),
            ": acceptors: party 124 is a mall and must list its card acceptors, as in [\"MALL-0001\"]",
        ),
        (
            format!("{mall}acceptors = \"any\""),
            ":5: acceptors = \"any\": party 124 is a mall and must list its card acceptors, as in [\"MALL-0001\"]",
        ),
        (
            format!("{PARTY}acceptors = []"),
            ":5: acceptors: an acquirer states \"any\" or a list of at least one card acceptor",
        ),
        (
            format!("{PARTY}acceptors = \"all\""),
            ":5: acceptors = \"all\": must be \"any\" or a list of texts in quotes",
        ),
        (
            format!("{mall}acceptors = [\"MALL-0000000001-X\"]"),
            ":5: acceptors: card acceptor \"MALL-0000000001-X\" must be 1 to 15 printable ASCII characters without spaces around them",
        ),
        (
            format!("{mall}acceptors = [\"A\", \"B\", \"A\"]"),
            ":5: acceptors: A is stated twice",
        ),
        (
            format!("{PARTY}messages = [\"0200\", \"0201\"]"),
            ":5: messages: \"0201\" is not one of 0100, 0120, 0200, 0220, 0400, 0420, 0500, 0520, 0600",
        ),
        (
            format!("{PARTY}processing_codes = [\"000000\"]"),
            ":5: processing_codes: \"000000\" is not two digits",
        ),
        (
            format!("{PARTY}[line]\nheader_bytes = 33"),
            ":6: line.header_bytes = 33: must be at most 32",
        ),
        (
            format!("{PARTY}[line]\nframing = \"tpdu\"\nheader_bytes = 5"),
            ":7: line.header_bytes = 5: a TPDU is the header of its framing: 0",
        ),
        (
            format!("{PARTY}[line]\nframing = \"binary\""),
            ":6: line.framing = \"binary\": must be one of binary-2, tpdu, bcd-2, ascii-4, binary-4, binary-2-inclusive, ascii-4-inclusive, binary-4-inclusive",
        ),
        (
            format!("{PARTY}[line]\naddresses = [\"10.1.2.3/8\"]"),
            ":6: line.addresses: \"10.1.2.3/8\" is not a block of addresses, as in \"10.1.0.0/16\" or \"2001:db8::1\"",
        ),
        (
            format!("{PARTY}[line]\naddresses = []"),
            ":6: line.addresses: \"any\", or at least one block of addresses",
        ),
        (
            format!("{PARTY}[line]\ntransport = \"tls\""),
            ":6: line.transport = \"tls\": the switch's configuration has no [mall.tls]",
        ),
        (
            format!("{PARTY}[line]\ncertificate_subject = \"CN=A\""),
            ":6: line.certificate_subject = \"CN=A\": needs transport = \"tls\": a plain connection has no certificate",
        ),
        (
            format!("{PARTY}[line]\ncertificate_fingerprint = \"00\""),
            ":6: line.certificate_fingerprint = \"00\": a SHA-256 fingerprint is 64 hexadecimal digits",
        ),
        (
            format!("{PARTY}[line]\npacking = \"EBCDIC\""),
            ":6: line.packing = \"EBCDIC\": must be one of binary, ascii, ascii-bitmap, ebcdic",
        ),
        (
            format!("{PARTY}[quirks]\nentry_modes = [\"812\"]"),
            ":6: quirks.entry_modes: \"812\" is not two digits",
        ),
        (
            format!("{PARTY}[controls]\nmerchant_categories_forbidden = [\"5\"]"),
            ":6: controls.merchant_categories_forbidden: \"5\" is not 4 digits",
        ),
        (
            format!("{PARTY}[quirks]\nunknown_reversal = \"12\""),
            ":6: quirks.unknown_reversal = \"12\": unknown variant `12`, expected `25` or `00`",
        ),
        (
            format!("{PARTY}[quirks]\npartial_approval = \"no\""),
            ":6: quirks.partial_approval = \"no\": must be true or false",
        ),
        (
            format!("{PARTY}[quirks]\npartial_aproval = true"),
            ":6: unknown key `quirks.partial_aproval`: did you mean `partial_approval`?",
        ),
        (
            format!("{PARTY}mac_kee = \"00\""),
            ":5: unknown key `mac_kee`: did you mean `mac_key`?",
        ),
        ("name = \"x\"".into(), ":1: missing key `code`"),
        (
            PARTY.replace("123", "90000000001"),
            ":1: code = \"90000000001\": the institution of leased or host in the switch's configuration",
        ),
        (
            PARTY.replace("mac_key = \"none\"\n", ""),
            ": mac_key: missing: a party of a production configuration must state mac_key_file, mac_key_environment, mac_key_wrapped, or mac_key = \"none\"",
        ),
        (
            PARTY.replace("none", "5ec2e75ec2e75ec2e75ec2e75ec2e711"),
            ":4: mac_key: a production configuration must name the key with mac_key_file or mac_key_environment",
        ),
        (
            format!("{PARTY}mac_key_file = \"k\""),
            ":5: mac_key_file = \"k\": state one of mac_key, mac_key_file and mac_key_environment",
        ),
        (
            PARTY.replace("mac_key = \"none\"", "mac_key_file = \"no.key\""),
            ":4: mac_key_file = \"no.key\": parties/no.key: No such file or directory (os error 2)",
        ),
        (
            PARTY.replace(
                "mac_key = \"none\"",
                "mac_key_environment = \"TESSERA_NO_SUCH_KEY\"",
            ),
            ":4: mac_key_environment = \"TESSERA_NO_SUCH_KEY\": no such variable in the switch's environment",
        ),
        (
            format!("{PARTY}[webhook]\nurl = \"http://127.0.0.1/\"\nsecret_file = \"k\""),
            ":6: webhook.url: it must be https; http only to this machine, in a development configuration",
        ),
        (
            format!("{PARTY}[webhook]\nurl = \"https://shop.example/\""),
            ":5: webhook.secret: missing: events are signed with secret_file, secret_environment or secret",
        ),
        (
            format!(
                "{PARTY}[webhook]\nurl = \"https://shop.example/\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\""
            ),
            ":7: webhook.secret: a production configuration must name the secret with secret_file or secret_environment",
        ),
        (
            format!(
                "{PARTY}[webhook]\nurl = \"https://shop.example/\"\nsecret_file = \"k\"\nsecret_environment = \"K\""
            ),
            ":8: webhook.secret_environment = \"K\": state one of secret, secret_file and secret_environment",
        ),
    ] {
        assert_eq!(party_complaint(&text), format!("parties/p.toml{expected}"));
    }
}

#[test]
fn names_what_does_not_go_together() {
    let mall =
        "code = \"124\"\nname = \"M\"\nkind = \"mall\"\nmac_key = \"none\"\nacceptors = [\"A\"]\n";
    for (other, expected) in [
        (
            PARTY.replace("\"P\"", "\"Q\""),
            "parties/q.toml:1: code = \"123\": p.toml has this code too",
        ),
        (
            PARTY.replace("123", "125"),
            "parties/q.toml:2: name = \"P\": p.toml has this name too",
        ),
        (
            mall.replace("124", "125").replace("\"M\"", "\"Q\""),
            "parties/q.toml:5: acceptors: A is also stated in m.toml",
        ),
    ] {
        let parties = [("m.toml", mall), ("p.toml", PARTY), ("q.toml", &other)];
        assert_eq!(complaint_with("", &parties), expected);
    }
    let nobody = "no party in parties: it has no file whose name ends in .toml";
    assert_eq!(complaint_with("", &[("p.toml.old", PARTY)]), nobody);
    assert_eq!(
        complaint("parties = \"others\""),
        "unreadable configuration: others: No such file or directory (os error 2)"
    );
}

#[test]
fn refuses_a_folder_of_more_files_than_parties_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let parties = folder.path().join("parties");
    std::fs::create_dir(&parties).unwrap();
    for number in 0..=4_096 {
        std::fs::write(parties.join(format!("{number}.toml")), "").unwrap();
    }
    let file = folder.path().join("switch.toml");
    std::fs::write(&file, "").unwrap();
    let error = Settings::read(&file).expect_err("too many").to_string();
    assert_eq!(
        error,
        format!(
            "too many parties in {}: at most 4096 files whose name ends in .toml",
            parties.display()
        )
    );
    // Files of another name are passed over, however many there are.
    for number in 0..=4_096 {
        let name = parties.join(format!("{number}.toml"));
        std::fs::rename(&name, name.with_extension("old")).unwrap();
    }
    std::fs::write(parties.join("p.toml"), PARTY).unwrap();
    assert_eq!(Settings::read(&file).unwrap().parties.len(), 1);
}

#[test]
fn a_certificate_needs_an_authority_that_it_is_asked_for_with() {
    let tls = "[mall.tls]\ncertificate = \"c.pem\"\nkey = \"c.key\"\n";
    let fingerprint = "0a:".repeat(31) + "FF";
    let party =
        format!("{PARTY}[line]\ntransport = \"tls\"\ncertificate_fingerprint = \"{fingerprint}\"");
    assert_eq!(
        complaint_with(tls, &[("p.toml", &party)]),
        format!(
            "parties/p.toml:7: line.certificate_fingerprint = \"{fingerprint}\": needs client_authority in [mall.tls] of the switch's configuration"
        )
    );
    let tls = format!("{tls}client_authority = \"ca.pem\"\n");
    let (folder, settings) = read_with(&tls, &[("p.toml", &party)]);
    let settings = settings.unwrap();
    let tls = settings.mall.tls.unwrap();
    assert_eq!(tls.client_authority, Some(folder.path().join("ca.pem")));
    assert_eq!(tls.listen.port(), 8584);
    let mut bytes = [0x0A; 32];
    bytes[31] = 0xFF;
    let expected = Some(CertificateOf::Fingerprint(bytes));
    assert_eq!(settings.parties[0].certificate, expected);
}

#[test]
fn never_repeats_key_material() {
    let digits = "a MAC key is 32 hexadecimal digits, or \"none\"";
    let quotes = "a key is hexadecimal digits in quotes";
    for (key, why) in [
        ("\"5ec2e75ec2e75ec2e75ec2e75ec2e7xx\"", digits),
        ("\"5ec2e7\"", digits),
        ("5324271", quotes),
        ("[\"5ec2e7\"]", quotes),
    ] {
        let text = party_complaint(&PARTY.replace("\"none\"", key));
        assert_eq!(text, format!("parties/p.toml:4: mac_key: {why}"));
    }
    for (key, why) in [
        (
            "\"5ec2e7\"",
            "a key-encrypting key is 32, 48 or 64 hexadecimal digits",
        ),
        ("5324271", quotes),
    ] {
        let key = format!("mac_key = \"none\"\nkey_encrypting_key = {key}");
        let party = PARTY.replace("mac_key = \"none\"", &key);
        let text = complaint_with("environment = \"development\"", &[("p.toml", &party)]);
        assert_eq!(text, format!("parties/p.toml:5: key_encrypting_key: {why}"));
    }
    let party = PARTY.replace("none", "5ec2e75ec2e75ec2e75ec2e75ec2e711");
    let (_folder, settings) = read_with("environment = \"development\"", &[("p.toml", &party)]);
    let printed = format!("{:?}", settings.unwrap()).to_lowercase();
    assert!(
        !printed.contains("5ec2e7") && !printed.contains("5e, c2") && !printed.contains("94, 194"),
        "{printed}"
    );
}

#[test]
fn refuses_development_parties_in_production() {
    let shipped = include_str!("../../../../config/parties/teacup.toml");
    let line = 1 + shipped
        .lines()
        .position(|line| line.starts_with("mac_key ="))
        .unwrap();
    assert_eq!(
        party_complaint(shipped),
        format!(
            "parties/p.toml:{line}: mac_key: party 10000000001 has a published development key: not in a production configuration"
        )
    );
    for key in [
        "101112131415161718191a1b1c1d1e1f",
        "202122232425262728292A2B2C2D2E2F",
    ] {
        assert!(
            party_complaint(&PARTY.replace("none", key))
                .contains("party 123 has a published development key")
        );
    }
    assert_eq!(
        party_complaint(&PARTY.replace("123", "20000000002")),
        "parties/p.toml:1: code = \"20000000002\": party 20000000002 without a MAC key is a development party: not in a production configuration"
    );
}

#[test]
fn reads_a_mac_key_from_a_file_that_nobody_else_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("switch.toml");
    let key = folder.path().join("parties/p.key");
    std::fs::write(&file, "").unwrap();
    std::fs::create_dir(folder.path().join("parties")).unwrap();
    let party = PARTY.replace("mac_key = \"none\"", "mac_key_file = \"p.key\"");
    std::fs::write(folder.path().join("parties/p.toml"), party).unwrap();
    std::fs::write(&key, "5ec2e75ec2e75ec2e75ec2e75ec2e711\n").unwrap();
    let open_to = |mode| {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for mode in [0o604, 0o640, 0o620, 0o602] {
        open_to(mode);
        let error = Settings::read(&file).unwrap_err().to_string();
        assert!(
            error.contains("can be read by others: `chmod 600 "),
            "{error}"
        );
    }
    open_to(0o400);
    assert!(Settings::read(&file).unwrap().parties[0].mac_key.is_some());
    open_to(0o600);
    std::fs::write(&key, "000102030405060708090a0b0c0d0e0f\n").unwrap();
    let error = Settings::read(&file).unwrap_err().to_string();
    assert!(error.ends_with("parties/p.toml:4: mac_key_file = \"p.key\": party 123 has a published development key: not in a production configuration"), "{error}");
}

#[test]
fn reads_a_mac_key_from_the_environment() {
    // One that is there wherever tests run, and no key.
    let party = PARTY.replace(
        "mac_key = \"none\"",
        "mac_key_environment = \"CARGO_MANIFEST_DIR\"",
    );
    assert_eq!(
        party_complaint(&party),
        "parties/p.toml:4: mac_key_environment = \"CARGO_MANIFEST_DIR\": a MAC key is 32 hexadecimal digits, or \"none\""
    );
}

/// Two nodes of a cluster compare it.
#[test]
fn a_digest_of_the_parties_changes_with_their_files_names_and_keys() {
    let of = |name: &str, text: &str, key: &str| {
        let (folder, settings) = read_with("environment = \"development\"", &[(name, PARTY)]);
        let settings = settings.unwrap();
        let parties = folder.path().join("parties");
        let path = parties.join("p.key");
        std::fs::write(&path, key.repeat(16)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(parties.join(name), text).unwrap();
        let parties = settings.read_parties().unwrap();
        settings.parties_digest(&parties).unwrap()
    };
    let keyed = PARTY.replace("mac_key = \"none\"", "mac_key_file = \"p.key\"");
    let first = of("p.toml", &keyed, "17");
    assert_eq!(first.len(), 16);
    assert_eq!(of("p.toml", &keyed, "17"), first);
    let others = [
        of("p.toml", &keyed, "18"),
        of("q.toml", &keyed, "17"),
        of("p.toml", &format!("{keyed}connections_max = 3\n"), "17"),
        of("p.toml", PARTY, "17"),
    ];
    assert!(!others.contains(&first), "{others:?}");
}
