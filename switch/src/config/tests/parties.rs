//! What parties may state, and which are refused.

use std::time::Duration;

use super::*;

#[test]
fn parties_take_their_own_limits_or_those_of_the_mall_table() {
    let (_folder, settings) = read(&format!(
        "[mall]\nconnections_per_party_max = 7\n{PARTY}in_flight_max = 8\n[log]\nformat = \"json\"\n[store]\nidle_after = \"90s\""
    ));
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
fn names_what_is_wrong_with_a_party() {
    let mall = "[[parties]]\ncode = \"124\"\nname = \"M\"\nkind = \"mall\"\nmac_key = \"none\"\n";
    for (text, expected) in [
        (
            String::new(),
            ": parties: missing: without a [[parties]] table nobody could sign on",
        ),
        (
            PARTY.replace("123", "123456789012"),
            ":2: parties[0].code = \"123456789012\": an institution code is 1 to 11 digits in quotes, and not zero",
        ),
        (
            PARTY.replace("\"123\"", "123"),
            ":2: parties[0].code = 123: must be a text in quotes",
        ),
        (
            PARTY.replace("\"P\"", "\" \""),
            ":3: parties[0].name = \" \": a name is 1 to 60 characters",
        ),
        (
            PARTY.replace("acquirer", "shop"),
            ":4: parties[0].kind = \"shop\": unknown variant `shop`, expected `mall` or `acquirer`",
        ),
        (
            format!("{PARTY}in_flight_max = 0"),
            ":6: parties[0].in_flight_max = 0: must be at least 1",
        ),
        (
            format!("{PARTY}{}", PARTY.replace("\"P\"", "\"Q\"")),
            ":7: parties[1].code = \"123\": another party has this code",
        ),
        (
            format!("{PARTY}{}", PARTY.replace("123", "124")),
            ":8: parties[1].name = \"P\": another party has this name",
        ),
        (
            mall.into(),
            ":1: parties[0].acceptors: party 124 is a mall and must list its card acceptors, as in [\"MALL-0001\"]",
        ),
        (
            format!("{mall}acceptors = \"any\""),
            ":6: parties[0].acceptors = \"any\": party 124 is a mall and must list its card acceptors, as in [\"MALL-0001\"]",
        ),
        (
            format!("{PARTY}acceptors = []"),
            ":6: parties[0].acceptors: an acquirer states \"any\" or a list of at least one card acceptor",
        ),
        (
            format!("{PARTY}acceptors = \"all\""),
            ":6: parties[0].acceptors = \"all\": must be \"any\" or a list of card acceptors, as in [\"MALL-0001\"]",
        ),
        (
            format!("{mall}acceptors = [\"MALL-0000000001-X\"]"),
            ":6: parties[0].acceptors: card acceptor \"MALL-0000000001-X\" must be 1 to 15 printable ASCII characters without spaces around them",
        ),
        (
            format!("{mall}acceptors = [\"A\", \"B\", \"A\"]"),
            ":6: parties[0].acceptors: A is stated twice",
        ),
        (
            PARTY.replace("mac_key = \"none\"\n", ""),
            ":1: parties[0].mac_key: missing: a party of a production configuration states mac_key, mac_key_file, or mac_key = \"none\"",
        ),
        (
            format!("{PARTY}mac_key_file = \"k\""),
            ":6: parties[0].mac_key_file = \"k\": state mac_key or mac_key_file, not both",
        ),
        (
            PARTY.replace("mac_key = \"none\"", "mac_key_file = \"no.key\""),
            ":5: parties[0].mac_key_file = \"no.key\": unreadable: no.key: No such file or directory (os error 2)",
        ),
    ] {
        assert_eq!(complaint(&text), format!("switch.toml{expected}"));
    }
}

#[test]
fn never_repeats_key_material() {
    for key in [
        "\"5ec2e75ec2e75ec2e75ec2e75ec2e7xx\"",
        "\"5ec2e7\"",
        "5324271",
        "[\"5ec2e7\"]",
    ] {
        let text = complaint(&PARTY.replace("\"none\"", key));
        assert_eq!(
            text.replace(" in quotes", ""),
            "switch.toml:5: parties[0].mac_key: a MAC key is 32 hexadecimal digits, or \"none\""
        );
    }
    let (_folder, settings) = read(&PARTY.replace("none", "5ec2e75ec2e75ec2e75ec2e75ec2e711"));
    let printed = format!("{:?}", settings.unwrap()).to_lowercase();
    assert!(
        !printed.contains("5ec2e7") && !printed.contains("5e, c2") && !printed.contains("94, 194"),
        "{printed}"
    );
}

#[test]
fn refuses_development_parties_in_production() {
    let text = include_str!("../../../../config/switch.toml");
    let text = text.replace(
        "environment = \"development\"",
        "environment = \"production\"",
    );
    let line = 1 + text
        .lines()
        .position(|line| line.starts_with("mac_key ="))
        .unwrap();
    assert_eq!(
        complaint(&text),
        format!(
            "switch.toml:{line}: parties[0].mac_key: party 10000000001 has a published development key: not in a production configuration"
        )
    );
    for key in [
        "101112131415161718191a1b1c1d1e1f",
        "202122232425262728292A2B2C2D2E2F",
    ] {
        assert!(
            complaint(&PARTY.replace("none", key))
                .contains("party 123 has a published development key")
        );
    }
    assert_eq!(
        complaint(&PARTY.replace("123", "20000000002")),
        "switch.toml:2: parties[0].code = \"20000000002\": party 20000000002 without a MAC key is a development party: not in a production configuration"
    );
}

#[test]
fn reads_a_mac_key_from_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("switch.toml");
    std::fs::write(
        &file,
        PARTY.replace("mac_key = \"none\"", "mac_key_file = \"p.key\""),
    )
    .unwrap();
    std::fs::write(
        folder.path().join("p.key"),
        "5ec2e75ec2e75ec2e75ec2e75ec2e711\n",
    )
    .unwrap();
    assert!(Settings::read(&file).unwrap().parties[0].mac_key.is_some());
    std::fs::write(
        folder.path().join("p.key"),
        "000102030405060708090a0b0c0d0e0f\n",
    )
    .unwrap();
    let error = Settings::read(&file).unwrap_err().to_string();
    assert!(error.ends_with("switch.toml:5: parties[0].mac_key_file = \"p.key\": party 123 has a published development key: not in a production configuration"), "{error}");
}
