//! Reading a log that a switch appends to.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::disk::{Access, Disk, DiskFile};
use super::super::scan::scan;
use super::*;

/// Counts what is read.
struct Counting(Arc<AtomicU64>);

struct CountingFile(Arc<dyn DiskFile>, Arc<AtomicU64>);

impl Disk for Counting {
    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        Files.list(directory)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let file = Files.open(path, access)?;
        Ok(Arc::new(CountingFile(file, Arc::clone(&self.0))))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Files.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Files.remove(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        Files.sync_directory(directory)
    }
}

impl DiskFile for CountingFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.0.read_at(bytes, offset)?;
        self.1.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        self.0.reserve(bytes)
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        self.0.truncate(bytes)
    }

    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }
}

/// The rest of a segment is searched once, not after every batch that comes meanwhile: a switch that writes faster than a
/// segment is searched would never let a reader go.
#[test]
fn a_reader_of_a_busy_log_searches_a_segment_once() {
    const SEGMENT: u64 = 16 << 20;
    const RECORDS: u64 = 50;
    let folder = tempfile::tempdir().unwrap();
    let (options, nothing) = (Options::default(), &mut |_: RecordRef<'_>| Ok(()));
    let opened = Segments::open(
        in_directory(folder.path()),
        SEGMENT,
        options,
        None,
        nothing,
        no_faults(),
    );
    let (journal, _) = opened.unwrap();
    let write = || {
        journal.append(0, b"an event");
        journal.sync().unwrap();
    };
    write();
    let read = Arc::new(AtomicU64::new(0));
    let mut shown = 0;
    let scanned = scan(
        &Folder {
            disk: Arc::new(Counting(Arc::clone(&read))),
            ..in_directory(folder.path())
        },
        None,
        &mut |_| {
            shown += 1;
            if shown < RECORDS {
                write();
            }
            Ok(())
        },
    );
    assert_eq!(scanned.unwrap().records, RECORDS);
    let read = read.load(Ordering::Relaxed);
    assert!(read < SEGMENT * RECORDS / 4, "{read} bytes were read");
}
