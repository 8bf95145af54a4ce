//! The shipped configuration says what the code does.

use super::*;

fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
}

#[test]
fn shipped_file_states_the_defaults() {
    let shipped = Settings::read(&config().join("switch.toml")).unwrap();
    let text = std::fs::read_to_string(config().join("switch.toml")).unwrap();
    let parties = &text[text.find("[[parties]]\ncode").unwrap()..];
    let (folder, bare) = read(&format!("environment = \"development\"\n{parties}"));
    let without = |folder: &Path, settings: &Settings| {
        format!("{settings:#?}").replace(&folder.display().to_string(), "")
    };
    assert_eq!(
        without(&config(), &shipped),
        without(folder.path(), &bare.unwrap())
    );
    assert_eq!(shipped.data, config().join("data"));
}

#[test]
fn shipped_file_states_every_key() {
    let text = std::fs::read_to_string(config().join("switch.toml")).unwrap();
    let document: toml::Table = text.parse().unwrap();
    for section in [
        "", "mall", "leased", "host", "journal", "store", "ops", "log",
    ] {
        let header = if section.is_empty() {
            String::new()
        } else {
            format!("[{section}]\n")
        };
        let (_folder, settings) = read(&format!("{header}zzzzzzzzzz = 1"));
        let Err(SettingsError::UnknownKey { known, .. }) = settings else {
            panic!("{section}");
        };
        let table = if section.is_empty() {
            &document
        } else {
            document[section].as_table().unwrap()
        };
        for key in known {
            assert!(table.contains_key(&key), "[{section}] {key}");
        }
    }
}

#[test]
fn shipped_parties_are_those_of_the_protocol() {
    let settings = Settings::read(&config().join("switch.toml")).unwrap();
    let seen: Vec<_> = settings
        .parties
        .iter()
        .map(|party| {
            (
                party.code,
                party.kind,
                party.acceptors.clone(),
                party.mac_key.is_some(),
            )
        })
        .collect();
    let only = |text: &[u8; 15]| Acceptors::List(vec![*text]);
    assert_eq!(
        seen,
        [
            (
                10_000_000_001,
                PartyKind::Mall,
                only(b"MALL-0001      "),
                true
            ),
            (
                10_000_000_002,
                PartyKind::Mall,
                only(b"MALL-0002      "),
                true
            ),
            (20_000_000_001, PartyKind::Acquirer, Acceptors::Any, true),
            (20_000_000_002, PartyKind::Acquirer, Acceptors::Any, false),
        ]
    );
    assert!(seen[0].2.allow(b"MALL-0001      "));
    assert!(!seen[0].2.allow(b"MALL-0002      "));
    assert!(seen[2].2.allow(b"MALL-0002      "));
}
