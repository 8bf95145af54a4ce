//! The versions of formats that documents and module headers state, against the constants.

use super::constants::constant;
use super::{all_sources, is_test, read};

/// A number that a drawing shows right behind a text, and the constant that it has to be.
struct Drawn {
    file: &'static str,
    before: &'static str,
    constant: (&'static str, &'static str),
}

const fn drawn(
    file: &'static str,
    before: &'static str,
    of: &'static str,
    name: &'static str,
) -> Drawn {
    let constant = (of, name);
    Drawn {
        file,
        before,
        constant,
    }
}

const SEGMENT: &str = "switch/journal/src/format/mod.rs";
const JOURNAL_RECORD: &str = "switch/journal/src/format/record.rs";
const ARCHIVE: &str = "switch/journal/src/archived/format.rs";
const EVENT: &str = "switch/ledger/src/event/bytes.rs";
const EVENT_PARTS: &str = "switch/ledger/src/event/parts.rs";
const CHANGE: &str = "switch/ledger/src/account/bytes.rs";
const DECISION: &str = "switch/ledger/src/supervision_bytes.rs";
const SEGMENT_INDEX: &str = "switch/reports/src/index/file.rs";
const AUDIT_RESULT: &str = "switch/reports/src/audit/result.rs";
const SNAPSHOT: &str = "switch/ledger/src/snapshot.rs";
const STORE: &str = "switch/store/src/lib.rs";
const TABLES: &str = "switch/store/src/tables.rs";
const FULL: &str = "switch/store/src/full/mod.rs";
const FULL_FORMAT: &str = "switch/store/src/full/format.rs";
const OUTBOX: &str = "switch/notify/src/outbox/mod.rs";
const WEBHOOKS: &str = "switch/notify/src/webhook/outbox.rs";
const BACKUP: &str = "switch/backup/src/lib.rs";
const FRAMES: &str = "switch/backup/src/frames.rs";
const BACKUP_VERSIONS: &str = "switch/backup/src/versions.rs";
const ENTRY: &str = "switch/cluster/src/entry/mod.rs";
const ENTRY_HEADER: &str = "switch/cluster/src/entry/header.rs";
const SHOP: &str = "simulators/src/shop/log.rs";
const HOST: &str = "simulators/src/host/ledger/log.rs";
const RECORD: &str = "simulators/src/host/ledger/record.rs";

const DRAWN: &[Drawn] = &[
    drawn(SEGMENT, " 12  4  version, ", SEGMENT, "SEGMENT_VERSION"),
    drawn(
        SEGMENT,
        "is still read, version ",
        SEGMENT,
        "OLDEST_SEGMENT_VERSION",
    ),
    drawn(
        SEGMENT,
        " 38  1  version, ",
        JOURNAL_RECORD,
        "RECORD_VERSION",
    ),
    drawn(ARCHIVE, " 12  4  version, ", ARCHIVE, "ARCHIVE_VERSION"),
    drawn(EVENT, "Kinds 1 to ", EVENT, "NEWEST_KIND"),
    drawn(CHANGE, "Kinds 1 to ", CHANGE, "NEWEST_CHANGE"),
    drawn(EVENT_PARTS, "Ways 1 to ", EVENT_PARTS, "NEWEST_WAY"),
    drawn(DECISION, "Kinds 1 to ", DECISION, "NEWEST_DECISION"),
    drawn(SEGMENT_INDEX, " 8  4  version, ", SEGMENT_INDEX, "VERSION"),
    drawn(AUDIT_RESULT, " 8  4  version, ", AUDIT_RESULT, "VERSION"),
    drawn(SNAPSHOT, "│version", SNAPSHOT, "VERSION"),
    drawn(STORE, "\"format\"           version ", TABLES, "FORMAT"),
    drawn(
        FULL,
        "//!  8  4  version, ",
        FULL_FORMAT,
        "SNAPSHOT_VERSION",
    ),
    drawn(
        OUTBOX,
        "\"format\"                     version ",
        OUTBOX,
        "FORMAT",
    ),
    drawn(
        WEBHOOKS,
        "\"format\"                                 version ",
        WEBHOOKS,
        "VERSION",
    ),
    drawn(
        BACKUP,
        "\"tessera backup\",\"version\":",
        BACKUP_VERSIONS,
        "MANIFEST_VERSION",
    ),
    drawn(
        FRAMES,
        "\"tessera backup protocol\", version ",
        BACKUP_VERSIONS,
        "PROTOCOL_VERSION",
    ),
    drawn(ENTRY, "  8  4  version, ", ENTRY_HEADER, "VERSION"),
    drawn(SHOP, "{\"shop_log_format\":", SHOP, "FORMAT"),
    drawn(HOST, "\"tessera host ", HOST, "FORMAT"),
    drawn(RECORD, "Kinds 1 to ", RECORD, "NEWEST_KIND"),
];

/// Versions that are stated and are those of others, or of the past.
const OTHERS: &[(&str, &str)] = &[
    (SEGMENT, "Version 1 was that"),
    ("switch/src/mall/proxied.rs", "Versions 1"),
    ("docs/operations.md", "the PROXY protocol, version 1"),
    // Promises to those who connect, whose wire has no number in it.
    ("docs/malls.md", "Version 1 keeps these promises"),
    (
        "docs/protocol.md",
        "This page describes version 1 of the wire protocol",
    ),
];

/// The number that begins a text.
fn number(text: &str) -> Option<u64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    text[..end.unwrap_or(text.len())].parse().ok()
}

/// The header of a source file, or a whole document.
fn stated(path: &str) -> String {
    let text = read(path);
    match path.ends_with(".rs") {
        true => text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .flat_map(|line| [line, "\n"])
            .collect(),
        false => text,
    }
}

/// Where a text states a version: the offsets behind `version` and `format`, where a number follows.
fn versions(text: &str) -> Vec<usize> {
    let lower = text.to_ascii_lowercase();
    let behind = |word: &'static str| {
        lower
            .match_indices(word)
            .map(move |(at, _)| at + word.len())
            .collect::<Vec<_>>()
    };
    let is_stated = |at: &usize| {
        let rest = lower[*at..].strip_prefix('s').unwrap_or(&lower[*at..]);
        let rest = rest.trim_start_matches(['"', ',', ':', ' ']);
        let length = rest.len()
            - rest
                .trim_start_matches(|letter: char| letter.is_ascii_digit())
                .len();
        // 0.2.0 is a release, no format.
        length > 0 && !(rest[length..].starts_with('.') && number(&rest[length + 1..]).is_some())
    };
    let mut found = behind("version");
    found.extend(behind("format"));
    found.retain(is_stated);
    found
}

fn documents() -> Vec<String> {
    let mut paths = vec!["ARCHITECTURE.md".to_owned(), "README.md".to_owned()];
    for folder in ["docs", "docs/decisions"] {
        for entry in std::fs::read_dir(super::top().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                paths.push(format!("{folder}/{name}"));
            }
        }
    }
    paths
}

#[test]
fn drawn_versions_are_the_constants() {
    for Drawn {
        file,
        before,
        constant: (of, name),
    } in DRAWN
    {
        let text = stated(file);
        let (_, rest) = text
            .split_once(before)
            .unwrap_or_else(|| panic!("the header of {file} does not state {before:?}"));
        assert_eq!(number(rest), Some(constant(of, name)), "{file}: {before}");
    }
}

/// A version that is stated anywhere is compared above, or is listed as another's.
#[test]
fn every_stated_version_is_compared() {
    let sources = all_sources().into_iter().filter(|path| !is_test(path));
    let mut other = Vec::new();
    for path in sources.chain(documents()) {
        let text = stated(&path);
        for at in versions(&text) {
            let is_compared = DRAWN.iter().any(|drawn| {
                let place = text.find(drawn.before);
                let end = place.map(|place| place + drawn.before.len());
                drawn.file == path && place.is_some_and(|place| place < at) && end >= Some(at)
            });
            if !is_compared {
                let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
                let line = text[line..].lines().next().unwrap_or_default();
                other.push((path.clone(), line.to_owned()));
            }
        }
    }
    for (path, line) in &other {
        let is_listed = OTHERS
            .iter()
            .any(|(file, text)| file == path && line.contains(text));
        assert!(
            is_listed,
            "{path} states a version that no constant is compared with: {line}"
        );
    }
    assert_eq!(other.len(), OTHERS.len(), "{other:#?}");
}

/// A constant that says a version or the newest kind is drawn in a header.
#[test]
fn every_version_is_drawn() {
    let mut constants = Vec::new();
    for path in all_sources().into_iter().filter(|path| !is_test(path)) {
        for rest in read(&path).split("const ").skip(1) {
            let Some((name, kind)) = rest.split_once(": ") else {
                continue;
            };
            let says = ["VERSION", "FORMAT", "NEWEST"].map(|word| name.contains(word));
            let is_number = ["u8", "u16", "u32"].map(|number| kind.starts_with(number));
            let is_past = ["FORMAT_BEFORE_0_2", "FORMAT_OF_0_2"].contains(&name);
            if says.contains(&true) && is_number.contains(&true) && !is_past {
                constants.push((path.clone(), name.to_owned()));
            }
        }
    }
    let listed =
        |(path, name): &(String, String)| DRAWN.iter().any(|drawn| drawn.constant == (path, name));
    let missing: Vec<_> = constants
        .iter()
        .filter(|constant| !listed(constant))
        .collect();
    assert!(missing.is_empty(), "not drawn: {missing:?}");
    assert_eq!(constants.len(), DRAWN.len());
}
