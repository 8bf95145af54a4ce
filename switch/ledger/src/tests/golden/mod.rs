//! The bytes of every kind of event, as each release wrote them: `tests/golden/VERSION/events.txt`, a line for each event of
//! the samples with its name and its payload in hexadecimal digits.
//!
//! A change of layout by accident fails here. One that is meant gets a new kind, and a sample of its own; the old sample
//! stays as long as a release has written it. `make golden` writes the folder of the version in `Cargo.toml`, before its
//! release.

mod changes;
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::mem::{Discriminant, discriminant};
use std::path::{Path, PathBuf};
use std::{env, fs};

use tessera_ledger::{Entry, Event, Unreadable};

use crate::account::bytes::NEWEST_CHANGE;
use crate::event::bytes::NEWEST_KIND;
use crate::supervision_bytes::NEWEST_DECISION;

/// Bytes of a payload before the kind, and the highest kind that fits beside the flag.
const HEAD_BYTES: usize = 40;
const KIND_MAX: u8 = 0x7F;
/// Kinds that no build writes any more.
const ONLY_UPGRADED: [u8; 8] = [5, 6, 18, 19, 20, 23, 24, 25];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

fn payload(entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::new();
    entry.write(&mut bytes);
    bytes
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of(digits: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Name and payload of each line.
fn lines(text: &str) -> impl Iterator<Item = (&str, Vec<u8>)> {
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, digits)| (name, bytes_of(digits)))
}

#[test]
fn this_release_writes_every_kind_as_it_is_pinned() {
    let written = samples::all();
    let text: String = written
        .iter()
        .map(|(name, entry)| format!("{name} {}\n", hexadecimal(&payload(entry))))
        .collect();
    let file = folder().join(env!("CARGO_PKG_VERSION")).join("events.txt");
    if env::var_os("TESSERA_WRITE_GOLDEN").is_some() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, &text).expect("a file");
    }
    let pinned = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; `make golden` writes it", file.display()));
    let pinned: BTreeMap<_, _> = lines(&pinned).collect();
    assert_eq!(pinned.len(), written.len());
    for (name, entry) in &written {
        assert_eq!(
            hexadecimal(&payload(entry)),
            pinned
                .get(name)
                .map_or_else(String::new, |bytes| hexadecimal(bytes)),
            "{name} has another layout: give it a new kind, and leave the old one as it is"
        );
    }
}

#[test]
fn what_every_release_wrote_is_read() {
    let samples: BTreeMap<_, _> = samples::all().into_iter().collect();
    let mut read = 0;
    for release in fs::read_dir(folder()).expect("a folder") {
        let file = release.expect("a folder").path().join("events.txt");
        let text = fs::read_to_string(&file).expect("a file");
        for (name, bytes) in lines(&text) {
            let entry = Entry::read_upgrading(&bytes, &samples::name_of);
            let entry = entry.unwrap_or_else(|error| panic!("{name} of {file:?}: {error}"));
            assert_eq!(samples.get(name), Some(&entry), "{name} of {file:?}");
            read += 1;
        }
    }
    assert!(read >= samples.len());
}

#[test]
fn every_number_has_a_sample_and_one_meaning() {
    let mut kinds: BTreeMap<u8, Discriminant<Event>> = BTreeMap::new();
    for (name, entry) in samples::all() {
        let kind = payload(&entry)[HEAD_BYTES] & KIND_MAX;
        let meaning = discriminant(&entry.event);
        assert_eq!(*kinds.entry(kind).or_insert(meaning), meaning, "{name}");
    }
    let written = kinds.into_keys();
    let all: BTreeSet<u8> = written.chain(ONLY_UPGRADED).collect();
    assert!(all.into_iter().eq(1..=NEWEST_KIND));
    let number = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        write(&mut bytes);
        bytes[0]
    };
    let all = changes::all();
    let changes: BTreeSet<_> = all
        .iter()
        .map(|one| number(&|out| one.1.write(out)))
        .collect();
    // 22 is given to a change that is on its way.
    assert!(
        changes
            .into_iter()
            .eq((1..=NEWEST_CHANGE).filter(|number| *number != 22))
    );
    let all = changes::decisions();
    let decisions: BTreeSet<_> = all
        .iter()
        .map(|one| number(&|out| one.1.write(out)))
        .collect();
    assert!(decisions.into_iter().eq(1..=NEWEST_DECISION));
}

/// Each number above the highest is a newer build's, and no number below is: a new kind raises the constant.
#[test]
fn what_a_newer_build_wrote_is_refused_by_its_number() {
    let read = |before: &[u8], number: u8| {
        let head = [0; HEAD_BYTES];
        // Long enough for any kind, were it one.
        Entry::read(&[&head, before, &[number], &[0; 4096]].concat())
    };
    const ACCOUNT_WITHOUT_OPENING: [u8; 2] = [16, 0];
    const DIRECTED: [u8; 1] = [30];
    let cases: [(&str, &[u8], u8); 3] = [
        ("kind of event", &[], NEWEST_KIND),
        ("kind of change", &ACCOUNT_WITHOUT_OPENING, NEWEST_CHANGE),
        ("kind of decision", &DIRECTED, NEWEST_DECISION),
    ];
    for (what, before, known) in cases {
        for found in 0..=KIND_MAX {
            let refused = read(before, found).expect_err("zeros are no event");
            let newer = Unreadable::Newer { what, found, known };
            assert_eq!(refused == newer, found > known, "{what} {found}: {refused}");
        }
        let found = known + 1;
        let said = read(before, found).expect_err("a newer one").to_string();
        let build = env!("CARGO_PKG_VERSION");
        let expected = format!(
            "a newer build wrote this: {what} {found}; this build ({build}) knows them up to {known}: \
             start the newer build again"
        );
        assert_eq!(said, expected);
    }
}
