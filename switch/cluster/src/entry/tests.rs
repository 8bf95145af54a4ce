//! What is sealed is opened, and nothing else is.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use tessera_encryption::{DataKeyId, DataKeys};

use super::*;
use crate::take_over::owner_of;
use crate::{Formats, Place};

fn keys() -> (TempDir, DataKeys) {
    let folder = tempfile::tempdir().unwrap();
    let keys = DataKeys::for_tests(folder.path());
    (folder, keys)
}

fn header(key: &EpochKey) -> EntryHeader {
    let place = |number| Place {
        position: number,
        sequence: number + 1,
        chain: number << 40,
    };
    EntryHeader {
        kind: EntryKind::Batch,
        log: [7; 16],
        epoch: 3,
        number: 4711,
        predecessor: [9; 16],
        key: key.key,
        salt: key.salt,
        records: 2,
        before: place(100),
        after: place(300),
        beside: 5,
        checksum: 0xDEAD_BEEF,
        segment_begins: true,
        changes_beside: true,
        plaintext_bytes: 0,
        body_bytes: 0,
    }
}

const SEGMENT: [u8; 128] = [0x5E; 128];
const BODY: Body<'_> = Body {
    segment: Some(&SEGMENT),
    beside: b"beside",
    content: b"content content content content",
};

fn sealed(keys: &DataKeys) -> (EntryHeader, Vec<u8>, Tag) {
    let key = EpochKey::derive(keys, keys.newest(), [1; 32]).unwrap();
    let mut header = header(&key);
    let (bytes, tag) = key.seal(&mut header, &BODY).unwrap();
    (header, bytes, tag)
}

#[test]
fn what_is_sealed_is_opened() {
    let (_folder, keys) = keys();
    let (header, bytes, tag) = sealed(&keys);
    let opened = EpochKeys::new(keys).open(&bytes, 4711).unwrap();
    assert_eq!((&opened.header, opened.tag), (&header, tag));
    let body = opened.body();
    assert_eq!(body.segment, BODY.segment);
    assert_eq!((body.beside, body.content), (BODY.beside, BODY.content));
    assert_eq!(header.beside_after(), 6);
    let readable = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(!readable(b"content") && !readable(b"beside"));
}

/// Written by hand from the drawing, so that encoder and decoder can't be wrong together.
#[test]
fn the_header_is_as_drawn() {
    let (_folder, keys) = keys();
    let (_, bytes, tag) = sealed(&keys);
    assert_eq!(&bytes[..8], b"TSSRENTR");
    assert_eq!(bytes[8..16], [1, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(bytes[16..32], [7; 16]);
    assert_eq!(bytes[32..40], [3, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[40..48], [0x67, 0x12, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[48..64], [9; 16]);
    assert_eq!(bytes[68..72], [2, 0, 0, 0]);
    assert_eq!(bytes[72..104], [1; 32]);
    assert_eq!(bytes[104..112], [100, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[112..120], [101, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[120..128], [0, 0, 0, 0, 0, 100, 0, 0]);
    assert_eq!(bytes[128..136], [44, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[152..160], [5, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[160..164], [0xEF, 0xBE, 0xAD, 0xDE]);
    assert_eq!(bytes[164..168], [3, 0, 0, 0]);
    let plaintext = (128 + 4 + BODY.beside.len() + BODY.content.len()) as u32;
    assert_eq!(bytes[168..172], plaintext.to_le_bytes());
    assert_eq!(bytes[172..176], (bytes.len() as u32 - 192).to_le_bytes());
    assert_eq!(bytes[176..192], tag);
}

/// What an epoch entry of this build may say.
const BEGINS: &[u8] = br#"{"node":"n2","build":"0.3.0","formats":{"entry":1,"event":41}}"#;

/// The entries of a release: its key table, and a batch, an epoch and a resignation.
fn releases() -> impl Iterator<Item = PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let releases = fs::read_dir(folder).expect("golden files");
    let folders = releases.map(|release| release.expect("a folder").path().join("cluster"));
    folders.filter(|folder| folder.exists())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn golden(keys: &DataKeys) -> String {
    let key = EpochKey::derive(keys, keys.newest(), [1; 32]).unwrap();
    let line = |kind, body: &Body<'_>| {
        let mut header = header(&key);
        header.kind = kind;
        header.segment_begins = body.segment.is_some();
        header.changes_beside = !body.beside.is_empty();
        hexadecimal(&key.seal(&mut header, body).unwrap().0)
    };
    let begins = Body {
        content: BEGINS,
        ..Body::default()
    };
    let lines = [
        line(EntryKind::Batch, &BODY),
        line(EntryKind::Epoch, &begins),
        line(EntryKind::Resignation, &Body::default()),
    ];
    lines.join("\n") + "\n"
}

/// A node of this build follows one of every release that has clusters.
#[test]
fn entries_of_every_release_are_read() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(env!("CARGO_PKG_VERSION"))
        .join("cluster");
    if std::env::var_os("TESSERA_WRITE_GOLDEN").is_some() {
        fs::create_dir_all(&ours).unwrap();
        fs::write(
            ours.join("entries.txt"),
            golden(&DataKeys::for_tests(&ours)),
        )
        .unwrap();
    }
    assert!(ours.exists(), "`make golden` writes {}", ours.display());
    for release in releases() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("keys.table");
        fs::copy(release.join("keys.table"), &table).unwrap();
        // A checkout is readable by everybody, which a key table must not be.
        fs::set_permissions(&table, Permissions::from_mode(0o600)).unwrap();
        let mut keys = EpochKeys::new(DataKeys::for_tests(folder.path()));
        let text = fs::read_to_string(release.join("entries.txt")).unwrap();
        let entries: Vec<_> = text
            .lines()
            .map(|line| {
                let digits = line.as_bytes().chunks(2);
                let bytes = digits.map(|two| {
                    let two = std::str::from_utf8(two).unwrap();
                    u8::from_str_radix(two, 16).unwrap()
                });
                keys.open(&bytes.collect::<Vec<_>>(), 4711).unwrap()
            })
            .collect();
        let [batch, epoch, resignation] = &entries[..] else {
            panic!("{} entries", entries.len());
        };
        let body = batch.body();
        assert_eq!(batch.header.kind, EntryKind::Batch);
        assert_eq!((batch.header.after.position, batch.header.epoch), (300, 3));
        assert_eq!(body.segment, BODY.segment);
        assert_eq!((body.beside, body.content), (BODY.beside, BODY.content));
        let reads = Formats::of_build(u32::MAX);
        let owner = owner_of(epoch, reads).unwrap();
        assert_eq!(owner.map(String::from).as_deref(), Some("n2"));
        assert_eq!(resignation.header.kind, EntryKind::Resignation);
        assert!(resignation.body().content.is_empty());
    }
}

#[test]
fn refuses_every_flipped_bit_and_every_truncation() {
    let (_folder, keys) = keys();
    let (_, bytes, _) = sealed(&keys);
    let mut keys = EpochKeys::new(keys);
    for at in 0..bytes.len() {
        assert!(keys.open(&bytes[..at], 4711).is_err(), "{at} bytes");
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            assert!(keys.open(&changed, 4711).is_err(), "bit {bit} of byte {at}");
        }
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(keys.open(&longer, 4711).is_err());
}

#[test]
fn says_what_is_wrong() {
    let (_folder, keys) = keys();
    let (_, bytes, _) = sealed(&keys);
    let why = |bytes: &[u8], number| {
        let opened = EpochKeys::new(keys.clone()).open(bytes, number);
        opened.err().unwrap().to_string()
    };
    assert!(why(&bytes, 4712).contains("it is another entry"));
    let mut newer = bytes.clone();
    newer[8] = 2;
    assert!(why(&newer, 4711).contains("has format 2"));
    let mut other_key = bytes.clone();
    other_key[64..68].copy_from_slice(&DataKeyId(77).0.to_le_bytes());
    assert!(why(&other_key, 4711).contains("needs a key that this node does not have"));
    assert!(why(&bytes[..190], 4711).contains("shorter"));
}

#[test]
fn an_entry_of_another_epoch_does_not_open() {
    let (_folder, keys) = keys();
    let (_, first, _) = sealed(&keys);
    let key = EpochKey::derive(&keys, keys.newest(), [2; 32]).unwrap();
    let mut header = header(&key);
    let (second, _) = key.seal(&mut header, &BODY).unwrap();
    let mut mixed = second.clone();
    mixed[192..].copy_from_slice(&first[192..]);
    assert!(EpochKeys::new(keys).open(&mixed, 4711).is_err());
}

proptest! {
    #[test]
    fn carries_any_content(
        beside in proptest::collection::vec(any::<u8>(), 0..300),
        content in proptest::collection::vec(any::<u8>(), 0..5000),
        segment in any::<bool>(),
    ) {
        let (_folder, keys) = keys();
        let key = EpochKey::derive(&keys, keys.newest(), [3; 32]).unwrap();
        let mut header = header(&key);
        header.segment_begins = segment;
        header.changes_beside = !beside.is_empty();
        let body = Body { segment: segment.then_some(&SEGMENT), beside: &beside, content: &content };
        let (bytes, _) = key.seal(&mut header, &body).unwrap();
        let opened = EpochKeys::new(keys).open(&bytes, 4711).unwrap();
        prop_assert_eq!(opened.body().beside, &beside[..]);
        prop_assert_eq!(opened.body().content, &content[..]);
        prop_assert_eq!(opened.body().segment.is_some(), segment);
    }

    #[test]
    fn never_panics_on_noise(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), begins in any::<bool>()) {
        let (_folder, keys) = keys();
        if begins && bytes.len() >= 16 {
            bytes[..16].copy_from_slice(b"TSSRENTR\x01\0\0\0\x01\0\0\0");
        }
        prop_assert!(EpochKeys::new(keys).open(&bytes, 1).is_err());
    }
}
