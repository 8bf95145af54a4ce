//! The shipped configuration says what the code does.

use super::*;

fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config")
}

#[test]
fn shipped_file_states_the_defaults() {
    let shipped = Settings::read(&config().join("switch.toml")).unwrap();
    let parties = config().join("parties");
    let parties: Vec<(String, String)> = std::fs::read_dir(parties)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let text = std::fs::read_to_string(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), text)
        })
        .collect();
    let parties: Vec<(&str, &str)> = parties
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let (folder, bare) = read_with(
        "environment = \"development\"\n[sandbox]\nplay = true\n[leased]\ncertificate_subjects = [\"CN=Tessera development wallet server\"]\norigin = \"http://localhost:8080\"",
        &parties,
    );
    let without = |folder: &Path, settings: &Settings| {
        format!("{settings:#?}").replace(&folder.display().to_string(), "")
    };
    assert_eq!(
        without(&config(), &shipped),
        without(folder.path(), &bare.unwrap())
    );
    assert_eq!(shipped.data, config().join("data"));
}

/// The shipped file with the tables that it shows behind a `#`: without them there is no such thing.
fn shown() -> toml::Table {
    let uncommented = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    let text = std::fs::read_to_string(config().join("switch.toml")).unwrap();
    let shown: String = text.lines().map(uncommented).collect();
    shown.parse().unwrap()
}

/// The keys that the settings have in a section, as the complaint about an unknown one lists them.
fn known(section: &str) -> Vec<String> {
    let header = if section.is_empty() {
        String::new()
    } else {
        format!("[{section}]\n")
    };
    let (_folder, settings) = read(&format!("{header}zzzzzzzzzz = 1"));
    let Err(SettingsError::UnknownKey { known, .. }) = settings else {
        panic!("{section}");
    };
    known
}

/// Every section, and every key in it.
#[test]
fn shipped_file_states_every_key() {
    let mut sections = vec![(String::new(), shown())];
    let mut seen = Vec::new();
    while let Some((section, table)) = sections.pop() {
        for key in known(&section) {
            assert!(table.contains_key(&key), "[{section}] {key}");
        }
        for (name, value) in table {
            // The names of the nodes are not keys of ours.
            let is_of_names = section == "cluster" && name == "nodes";
            if let toml::Value::Table(inner) = value
                && !is_of_names
            {
                let path = if section.is_empty() {
                    name
                } else {
                    format!("{section}.{name}")
                };
                sections.push((path, inner));
            }
        }
        seen.push(section);
    }
    for section in [
        "encryption",
        "encryption.pkcs11",
        "limits",
        "cluster",
        "mall.tls",
        "host.stand_in",
        "notify.sms",
        "ops.operators",
    ] {
        assert!(seen.iter().any(|known| known == section), "{section}");
    }
}

/// Every key of a party stands in the file that explains them, those with the default behind a `#`; and the defaults
/// are as it says.
#[test]
fn the_explaining_party_states_every_key_with_its_default() {
    let text =
        std::fs::read_to_string(config().join("parties/development-acquirer-1.toml")).unwrap();
    let shown: String = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(stated) if !stated.starts_with(' ') => stated,
            _ => line,
        })
        .filter(|line| {
            // A webhook has no default.
            let webhook = ["[webhook]", "url", "secret"];
            let ways = ["mac_key_", "key_encrypting_key", "certificate_"];
            let ways = [&webhook[..], &ways].concat();
            !ways.iter().any(|way| line.starts_with(way))
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let bare: String = text
        .lines()
        .take_while(|line| !line.starts_with("mac_key"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let bare = format!("{bare}mac_key = \"202122232425262728292a2b2c2d2e2f\"");
    let development = "environment = \"development\"";
    let party = |text: &str| {
        let (_folder, settings) = read_with(development, &[("p.toml", text)]);
        format!("{:#?}", settings.unwrap().parties)
    };
    assert_eq!(party(&shown), party(&bare));
    for (table, header) in [
        ("", ""),
        ("line", "[line]\n"),
        ("quirks", "[quirks]\n"),
        ("webhook", "[webhook]\n"),
    ] {
        let unknown = format!(
            "{}{header}zzzzzzzzzz = 1",
            if header.is_empty() { "" } else { PARTY }
        );
        let (_folder, settings) = read_with(development, &[("p.toml", &unknown)]);
        let Err(SettingsError::UnknownKey { known, .. }) = settings else {
            panic!("{table}");
        };
        for key in known {
            let stated = |line: &str| {
                line.trim_start_matches('#')
                    .starts_with(&format!("{key} ="))
            };
            let is_table = text.contains(&format!("[{key}]"));
            assert!(is_table || text.lines().any(stated), "[{table}] {key}");
        }
    }
}

#[test]
fn shipped_parties_are_those_of_the_protocol() {
    let settings = Settings::read(&config().join("switch.toml")).unwrap();
    let mut parties: Vec<_> = settings.parties.iter().collect();
    parties.sort_by_key(|party| party.code);
    let seen: Vec<_> = parties
        .iter()
        .map(|party| {
            (
                party.code.number(),
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
