//! What a journal says without the right keys, and what it keeps to itself.

use tessera_encryption::{DataKeyId, MemoryKey, Purpose};

use super::super::format::{BATCH_HEADER_BYTES, Kind, SEGMENT_HEADER_BYTES, SegmentHeader};
use super::super::scan::scan;
use super::log::Log;
use super::*;

fn other_keys() -> (TempDir, DataKeys) {
    let folder = tempfile::tempdir().unwrap();
    let keys = DataKeys::for_tests(folder.path());
    (folder, keys)
}

fn open_with(disk: &MemoryDisk, keys: &DataKeys) -> Result<Segments, JournalError> {
    let folder = with_keys(disk, keys.clone());
    let (options, nothing) = (Options::default(), &mut |_: RecordRef<'_>| Ok(()));
    let opened = Segments::open_on(folder, SEGMENT_BYTES, options, None, nothing, no_faults());
    opened.map(|(journal, _)| journal)
}

fn key_of(disk: &MemoryDisk, file: &Path) -> DataKeyId {
    match SegmentHeader::decode(&disk.contents(file)).unwrap().kind {
        Kind::Encrypted { key, .. } => key,
        Kind::Plain { .. } => panic!("{} is not encrypted", file.display()),
    }
}

/// The table of another folder has a key of the same number.
#[test]
fn the_wrong_key_is_no_damage_and_changes_nothing() {
    let log = Log::write(8);
    let (_folder, other) = other_keys();
    let before = log.disk.files();
    let error = open_with(&log.disk, &other).err().unwrap();
    let said = error.to_string();
    assert!(
        matches!(error, JournalError::OtherKey { key: 2, .. }),
        "{said}"
    );
    assert!(
        said.contains("restore the key table (`keys.table`) that belongs to this journal"),
        "{said}"
    );
    assert!(scan(&with_keys(&log.disk, other), None, &mut |_| Ok(())).is_err());
    assert!(log.disk.files() == before);
}

#[test]
fn a_missing_key_is_named_and_changes_nothing() {
    let (_folder, mine) = other_keys();
    mine.rotate().unwrap();
    let disk = MemoryDisk::default();
    let journal = open_with(&disk, &mine).unwrap();
    append_batches(&journal, 3);
    journal.close().unwrap();
    let before = disk.files();
    let (_older, older) = other_keys();
    let error = open_with(&disk, &older).err().unwrap();
    let said = error.to_string();
    assert!(matches!(error, JournalError::Key { .. }), "{said}");
    assert!(
        said.ends_with(
            "data key 3 is not in the key table: restore the table that belongs to this data"
        ),
        "{said}"
    );
    assert!(disk.files() == before);
}

/// Without a table nothing is written, and what is not encrypted is read.
#[test]
fn without_keys_only_plaintext_is_read() {
    let log = Log::write(3);
    let without = |disk: &MemoryDisk| Folder {
        keys: None,
        ..on(disk)
    };
    let before = log.disk.files();
    let error = scan(&without(&log.disk), None, &mut |_| Ok(())).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, JournalError::NoKeys { .. }), "{said}");
    let nothing = &mut |_: RecordRef<'_>| Ok(());
    let open = |folder, nothing| {
        let options = Options::default();
        Segments::open_on(folder, SEGMENT_BYTES, options, None, nothing, no_faults())
    };
    assert!(open(without(&log.disk), nothing).is_err());
    assert!(log.disk.files() == before);
    let (plain, records) = version_2::journal();
    let scanned = scan(&without(&plain), None, &mut |_| Ok(())).unwrap();
    assert_eq!(scanned.records, records);
    assert!(open(without(&plain), &mut |_: RecordRef<'_>| Ok(())).is_err());
}

/// A key of the same data key, for something else.
#[test]
fn a_key_for_another_purpose_opens_nothing() {
    let log = Log::write(3);
    let file = log.disk.segments()[0].clone();
    let header = SegmentHeader::decode(&log.disk.contents(&file)).unwrap();
    let Kind::Encrypted { key, salt, tag } = header.kind else {
        panic!("not encrypted")
    };
    let authenticated = &log.disk.contents(&file)[12..52];
    let nonce = [0xFF; 12];
    let opens = |purpose| {
        let cipher = keys().cipher(key, purpose, &salt).unwrap();
        cipher.decrypt(&nonce, authenticated, &mut [], &tag).is_ok()
    };
    assert!(opens(Purpose::Journal));
    for purpose in [Purpose::Store, Purpose::Outbox, Purpose::Snapshot] {
        assert!(!opens(purpose));
    }
}

/// Segments that older keys encrypted are read with those.
#[test]
fn a_new_data_key_is_that_of_the_next_segment() {
    let (folder, mine) = other_keys();
    let disk = MemoryDisk::default();
    let journal = open_with(&disk, &mine).unwrap();
    let mut written = append_batches(&journal, 5);
    let second = mine.rotate().unwrap();
    written.extend(append_batches(&journal, 80));
    journal.close().unwrap();
    let segments = disk.segments();
    assert_eq!(key_of(&disk, &segments[0]), DataKeyId(2));
    assert_eq!(key_of(&disk, segments.last().unwrap()), second);
    // Also by a process that has opened the table before.
    let again = DataKeys::for_tests(folder.path());
    let mut seen = Vec::new();
    scan(&with_keys(&disk, again), None, &mut |record| {
        seen.push(record.to_owned());
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, written);
    let journal = open_with(&disk, &mine).unwrap();
    for record in &written {
        assert_eq!(journal.read(record.position).unwrap(), *record);
    }
}

/// Each segment has a key of its own: equal payloads are nowhere equal in the files.
#[test]
fn no_payload_is_in_the_files() {
    let disk = MemoryDisk::default();
    let payload = b"card 4970100000000006 of the payer Alice";
    for _ in 0..3 {
        let by_turns = true;
        let options = Options {
            by_turns,
            ..Options::default()
        };
        let (journal, ..) = start_in_memory(&disk, None, options, no_faults()).unwrap();
        for _ in 0..20 {
            journal.append(3, payload);
        }
        journal.close().unwrap();
    }
    let mut pieces = std::collections::HashSet::new();
    for (path, bytes) in disk.files() {
        assert!(
            !bytes
                .windows(8)
                .any(|bytes| payload.windows(8).any(|piece| piece == bytes)),
            "{}",
            path.display()
        );
    }
    for path in disk.segments() {
        let records = disk
            .contents(&path)
            .split_off(SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES);
        for record in records.chunks_exact(40 + payload.len()).take(20) {
            assert!(pieces.insert(record[40..56].to_vec()), "{}", path.display());
        }
    }
    assert_eq!(pieces.len(), 60);
}

/// The master key is not the one that wrapped the data keys.
#[test]
fn the_wrong_master_key_is_refused_before_the_journal_is_opened() {
    let (folder, _mine) = other_keys();
    let other = MemoryKey::from_hex(&"a7".repeat(32)).unwrap();
    assert!(DataKeys::open(folder.path(), Box::new(other)).is_err());
}
