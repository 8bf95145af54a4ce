//! The journal's promises, each with a test. Segments are tiny here, so that every byte can be
//! tried.

mod archive;
mod crash;
mod damage;
mod files;
mod followers;
mod keys;
mod live;
mod log;
mod memory_disk;
mod nonces;
mod removal;
mod restart;
mod suite;
mod tampering;
mod version_2;

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, mpsc};

use tempfile::TempDir;
use tessera_encryption::DataKeys;

use memory_disk::MemoryDisk;

use super::disk::Files;
use super::folder::Folder;
use super::recovery::recover;
use super::segments::Segments;
use super::{
    Appended, Faults, Journal, JournalError, Mark, Options, PAYLOAD_BYTES_MAX, Position, Record,
    RecordRef, Recovered, Sequence,
};

/// Small enough that a few dozen records fill it.
const SEGMENT_BYTES: u64 = 4096;

/// The directory on disks in memory.
const HERE: &str = "journal";

/// The data keys of all journals here.
fn keys() -> DataKeys {
    static KEYS: LazyLock<(TempDir, DataKeys)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        (folder, keys)
    });
    KEYS.1.clone()
}

/// The journal's folder on a disk in memory.
fn on(disk: &MemoryDisk) -> Folder {
    with_keys(disk, keys())
}

fn with_keys(disk: &MemoryDisk, keys: DataKeys) -> Folder {
    Folder {
        disk: Arc::new(disk.clone()),
        path: HERE.into(),
        archive: "archive".into(),
        keys: Some(keys),
    }
}

/// On a real disk.
fn in_directory(directory: &Path) -> Folder {
    Folder {
        disk: Arc::new(Files),
        path: directory.to_owned(),
        archive: directory.join("archive"),
        keys: Some(keys()),
    }
}

/// What a start finds, up to where it would begin a new segment.
fn start(disk: &MemoryDisk, from: Option<Mark>) -> Result<Vec<Record>, JournalError> {
    let mut replayed = Vec::new();
    recover(&on(disk), from, &mut |record| {
        replayed.push(record.to_owned());
        Ok(())
    })?;
    Ok(replayed)
}

/// No test that uses these expects a fault.
fn no_faults() -> Faults {
    Box::new(|error| panic!("a fault where none was expected: {error}"))
}

fn open(directory: &Path) -> Result<(Segments, Vec<Record>), JournalError> {
    let (journal, _, replayed) = open_from(directory, None)?;
    Ok((journal, replayed))
}

fn open_from(
    directory: &Path,
    from: Option<Mark>,
) -> Result<(Segments, Recovered, Vec<Record>), JournalError> {
    let mut replayed = Vec::new();
    let mut replay = |record: RecordRef<'_>| {
        replayed.push(record.to_owned());
        Ok(())
    };
    let options = Options::default();
    let (journal, recovered) = Segments::open(
        in_directory(directory),
        SEGMENT_BYTES,
        options,
        from,
        &mut replay,
        no_faults(),
    )?;
    Ok((journal, recovered, replayed))
}

fn sequence(number: u64) -> Option<Sequence> {
    Sequence::from_stored(number)
}

/// A payload that is different for every number, in content and length.
fn payload(number: u64) -> Vec<u8> {
    (0..20 + number % 37)
        .map(|at| (number * 31 + at * 7 + 1) as u8)
        .collect()
}

fn partition(number: u64) -> u16 {
    (number % 16) as u16
}

/// Appends one record and says what a replay must show for it.
fn append(journal: &dyn Journal, number: u64) -> Record {
    let (payload, partition) = (payload(number), partition(number));
    let Appended { sequence, position } = journal.append(partition, &payload);
    Record {
        partition,
        sequence,
        position,
        payload: payload.into(),
    }
}

/// Waits for the writer.
struct Waiter(mpsc::Receiver<()>);

impl Waiter {
    fn new(journal: &dyn Journal) -> Self {
        let (sender, receiver) = mpsc::channel();
        let sender = Mutex::new(sender);
        journal.subscribe(Box::new(move || {
            // The test may have ended before the writer.
            let _ = sender.lock().unwrap().send(());
        }));
        Self(receiver)
    }

    fn durable(&self, journal: &dyn Journal, record: &Record) {
        while !journal.is_durable(record.position) {
            self.0.recv().unwrap();
        }
    }
}

/// Appends batches of several records each.
fn append_batches(journal: &dyn Journal, batches: u64) -> Vec<Record> {
    let waiter = Waiter::new(journal);
    let mut appended: Vec<Record> = Vec::new();
    for batch in 0..batches {
        appended.extend((0..1 + batch % 4).map(|record| append(journal, batch * 10 + record)));
        waiter.durable(journal, appended.last().unwrap());
    }
    appended
}

fn open_in_memory(
    disk: &MemoryDisk,
    from: Option<Mark>,
    faults: Faults,
) -> Result<(Segments, Vec<Record>), JournalError> {
    let (journal, _, replayed) = start_in_memory(disk, from, Options::default(), faults)?;
    Ok((journal, replayed))
}

fn start_in_memory(
    disk: &MemoryDisk,
    from: Option<Mark>,
    options: Options,
    faults: Faults,
) -> Result<(Segments, Recovered, Vec<Record>), JournalError> {
    let mut replayed = Vec::new();
    let mut replay = |record: RecordRef<'_>| {
        replayed.push(record.to_owned());
        Ok(())
    };
    let (journal, recovered) =
        Segments::open_on(on(disk), SEGMENT_BYTES, options, from, &mut replay, faults)?;
    Ok((journal, recovered, replayed))
}

/// The segment files of a journal, oldest first.
fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|kind| kind == "journal"))
        .collect();
    files.sort();
    files
}
