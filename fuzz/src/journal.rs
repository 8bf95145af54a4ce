//! A journal with some of its bytes changed, or any bytes in its place: it is read to its end, cut where a crash would have torn
//! it, or refused.
//!
//! ```text
//! input = 0xFF, the whole file
//!       | bytes cut off the end (1), then as often as there is: offset (2), what the byte there is XORed with (1)
//! ```

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use tempfile::TempDir;
use tessera_encryption::DataKeys;
use tessera_journal::{JournalError, Location, Opened, Options};

struct Sound {
    name: String,
    bytes: Vec<u8>,
}

/// Those of all folders here.
static KEYS: LazyLock<(TempDir, DataKeys)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = DataKeys::for_tests(folder.path());
    (folder, keys)
});

/// Several batches in one segment, without the zeros that are written ahead.
static SOUND: LazyLock<Sound> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(folder.path()).expect("a new journal").journal;
    for length in 1..30 {
        journal.append(length, &vec![length as u8; usize::from(length) * 7]);
        if length % 4 == 0 {
            journal.sync().expect("a disk");
        }
    }
    journal.close().expect("a journal");
    let files = fs::read_dir(folder.path().join("journal")).expect("a folder");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.retain(|file| fs::metadata(file).is_ok_and(|data| data.len() > 0));
    files.sort();
    let first = files.first().expect("a segment");
    let mut bytes = fs::read(first).expect("a segment");
    let written = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 64;
    bytes.truncate(written);
    Sound {
        name: first
            .file_name()
            .expect("a name")
            .to_str()
            .expect("text")
            .to_owned(),
        bytes,
    }
});

pub fn run(input: &[u8]) {
    let file = match input.split_first() {
        Some((0xFF, file)) => file.to_vec(),
        Some((cut, changes)) => changed(usize::from(*cut), changes),
        None => SOUND.bytes.clone(),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let directory = folder.path().join("journal");
    fs::create_dir(&directory).expect("a folder");
    fs::write(directory.join(&SOUND.name), file).expect("a file");
    let seen = tessera_journal::reader(&location(folder.path())).scan(None, &mut |_| Ok(()));
    // It removes what a crash has torn; the rest is as it was.
    if let Ok(Opened { journal, recovered }) = open(folder.path()) {
        journal.close().expect("a journal");
        assert_eq!(
            seen.expect("what can be opened can be read").last,
            recovered.last
        );
    }
}

fn location(data: &Path) -> Location {
    Location::in_data(data, &KEYS.1).with_segment_bytes(16 * 1024)
}

fn open(data: &Path) -> Result<Opened, JournalError> {
    let fault = Box::new(|error: &JournalError| panic!("{error}"));
    let options = Options::default();
    tessera_journal::open(&location(data), options, None, &mut |_| Ok(()), fault)
}

fn changed(cut: usize, changes: &[u8]) -> Vec<u8> {
    let mut file = SOUND.bytes.clone();
    file.truncate(file.len() - cut.min(file.len()));
    for change in changes.chunks_exact(3) {
        let offset = usize::from(u16::from_le_bytes([change[0], change[1]]));
        let length = file.len().max(1);
        if let Some(byte) = file.get_mut(offset % length) {
            *byte ^= change[2];
        }
    }
    file
}
