//! Segments made ahead: a thread that always has one file ready, full of zeros, so that the writer
//! never waits for one.
//!
//! Reserved space alone would not do: the first write into it changes the file's extents, and every
//! sync would have to write those too. Overwriting zeros that are on the disk syncs in about two
//! thirds of the time.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::JournalError;
use super::disk::{Access, DiskFile, FILL_ALIGNED};
use super::folder::Folder;
use super::format::{BATCH_HEADER_BYTES, Place, SEGMENT_HEADER_BYTES};
use super::segment::{Begun, Segment};

/// Written at a time, and how long the disk is then left to the writer: its own syncs never queue behind
/// much, and a segment is still ready long before the one before it is full.
const CHUNK_BYTES: usize = 512 << 10;
const CHUNK_PAUSE: Duration = Duration::from_millis(2);

/// Of a segment that is begun before a spare is ready: some 40,000 records.
const RESERVED_BYTES: u64 = 8 << 20;
/// Of a spare where the disk has no space for a whole one: some 5,000 records. A start begins a new segment, and on a disk that
/// others have filled up meanwhile the spare is all that it has.
const SHORT_SPARE_BYTES: u64 = 1 << 20;

/// A file full of zeros, and its length.
struct SpareFile {
    file: Arc<dyn DiskFile>,
    bytes: u64,
}

/// The maker of segments, with the thread that makes the next one ahead.
pub(super) struct Prepare {
    workshop: Arc<Workshop>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Workshop {
    folder: Arc<Folder>,
    /// Length of a segment file, header included.
    bytes: u64,
    spare: Mutex<Spare>,
    changed: Condvar,
}

enum Spare {
    Wanted,
    Ready(SpareFile),
    /// Handed to the writer, which has not yet given it a name of its own.
    Taken,
    /// The disk refused. Not a fault yet: nothing that was promised depends on it. The writer tries
    /// itself when it needs one.
    Failed,
    Closing,
}

impl Prepare {
    /// `bytes` is the length of a usual segment file. A spare that an earlier run has left is used first.
    pub fn start(folder: Arc<Folder>, bytes: u64) -> Result<Self, JournalError> {
        let workshop = Workshop {
            folder,
            bytes,
            spare: Mutex::new(Spare::Wanted),
            changed: Condvar::new(),
        };
        if let Some(file) = workshop.left()? {
            *workshop.lock() = Spare::Ready(file);
        }
        let workshop = Arc::new(workshop);
        let thread = thread::Builder::new()
            .name("journal-prepare".to_owned())
            .spawn({
                let workshop = Arc::clone(&workshop);
                move || workshop.run()
            })
            .map_err(JournalError::disk(
                "start a thread for",
                &workshop.folder.path,
            ))?;
        Ok(Self {
            workshop,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// A segment that begins at `place` and has space for a batch of this many bytes.
    pub fn segment(&self, place: Place, bytes: u64) -> Result<Begun, JournalError> {
        let shop = &*self.workshop;
        let needed = bytes + (BATCH_HEADER_BYTES + SEGMENT_HEADER_BYTES) as u64;
        let (path, file) = match shop.take(needed) {
            Some(file) => (shop.ready(), file),
            None => shop.reserve(needed)?,
        };
        let begun = Segment::begin(&shop.folder, &path, file, place)?;
        shop.order();
        Ok(begun)
    }

    /// Ends the thread; a spare that is ready stays for the next start.
    pub fn close(&self) {
        *self.workshop.lock() = Spare::Closing;
        self.workshop.changed.notify_all();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // A panic there has been printed and has no further meaning here.
            let _ = thread.join();
        }
    }
}

impl Drop for Prepare {
    fn drop(&mut self) {
        self.close();
    }
}

impl Workshop {
    fn run(&self) {
        loop {
            let spare = self.lock();
            let idle = |spare: &mut Spare| !matches!(spare, Spare::Wanted | Spare::Closing);
            let spare = self
                .changed
                .wait_while(spare, idle)
                .unwrap_or_else(PoisonError::into_inner);
            if matches!(*spare, Spare::Closing) {
                return;
            }
            drop(spare);
            let made = self.make().inspect_err(|_| self.discard());
            let mut spare = self.lock();
            if matches!(*spare, Spare::Closing) {
                return;
            }
            *spare = made.map_or_else(
                |error| {
                    tracing::warn!(%error, "no journal segment could be made ahead");
                    Spare::Failed
                },
                Spare::Ready,
            );
            self.changed.notify_all();
        }
    }

    /// The spare that an earlier run has made and not used.
    fn left(&self) -> Result<Option<SpareFile>, JournalError> {
        let ready = self.ready();
        let Ok(file) = self.folder.disk.open(&ready, Access::Write) else {
            return Ok(None);
        };
        let bytes = file
            .length()
            .map_err(JournalError::disk("measure", &ready))?;
        let is_usual = bytes == self.bytes || bytes == self.short();
        Ok(is_usual.then_some(SpareFile { file, bytes }))
    }

    /// Makes a spare; a short one where the disk has no space for a whole one.
    fn make(&self) -> Result<SpareFile, JournalError> {
        let path = self.folder.path.join("spare.preparing");
        let create = || {
            self.folder
                .disk
                .open(&path, Access::Create)
                .map_err(JournalError::disk("create", &path))
        };
        let mut spare = SpareFile {
            file: create()?,
            bytes: self.bytes,
        };
        if let Err(error) = spare.file.reserve(spare.bytes) {
            if error.kind() != ErrorKind::StorageFull || self.short() == self.bytes {
                return Err(JournalError::disk("reserve space for", &path)(error));
            }
            tracing::warn!(%error, "the disk has no space for a journal segment: the next one is short");
            spare = SpareFile {
                file: create()?,
                bytes: self.short(),
            };
            spare
                .file
                .reserve(spare.bytes)
                .map_err(JournalError::disk("reserve space for", &path))?;
        }
        self.fill(&path, spare.bytes)?;
        self.folder
            .disk
            .rename(&path, &self.ready())
            .map_err(JournalError::disk("rename", &path))?;
        Ok(spare)
    }

    fn short(&self) -> u64 {
        self.bytes.min(SHORT_SPARE_BYTES)
    }

    /// The space of a spare segment that could not be completed is released, because others need space on the same
    /// disk.
    fn discard(&self) {
        let path = self.folder.path.join("spare.preparing");
        // Where that fails too, there is nothing else to be done about it.
        let _ = self.folder.disk.open(&path, Access::Create);
    }

    fn fill(&self, path: &Path, bytes: u64) -> Result<(), JournalError> {
        let file = self
            .folder
            .disk
            .open(path, Access::Fill)
            .map_err(JournalError::disk("open", path))?;
        let zeros = vec![0; CHUNK_BYTES + FILL_ALIGNED];
        let zeros = &zeros[zeros.as_ptr().align_offset(FILL_ALIGNED)..][..CHUNK_BYTES];
        // Where the length is no multiple of the unit, its last few bytes stay reserved space.
        let end = bytes - bytes % FILL_ALIGNED as u64;
        for offset in (0..end).step_by(CHUNK_BYTES) {
            if matches!(*self.lock(), Spare::Closing) {
                return Err(JournalError::Stopped);
            }
            let chunk = &zeros[..CHUNK_BYTES.min((end - offset) as usize)];
            file.write_all_at(chunk, offset)
                .map_err(JournalError::disk("write", path))?;
            thread::sleep(CHUNK_PAUSE);
        }
        file.sync().map_err(JournalError::disk("sync", path))
    }

    /// A file with reserved space instead of zeros, for when the spare is late or too small: its syncs are slower, but
    /// nobody waits while a whole segment is written. So it is a short one, and the spare will be ready when it is full. On a
    /// nearly full disk it is shorter still, if it has space for `needed` bytes.
    fn reserve(&self, needed: u64) -> Result<(PathBuf, Arc<dyn DiskFile>), JournalError> {
        let path = self.folder.path.join("reserved.preparing");
        let mut bytes = needed.max(self.bytes.min(RESERVED_BYTES));
        loop {
            let file = self
                .folder
                .disk
                .open(&path, Access::Create)
                .map_err(JournalError::disk("create", &path))?;
            match file.reserve(bytes) {
                Ok(()) => return Ok((path, file)),
                Err(error) if error.kind() == ErrorKind::StorageFull && bytes > needed => {
                    bytes = needed.max(bytes / 4);
                }
                Err(error) => return Err(JournalError::disk("reserve space for", &path)(error)),
            }
        }
    }

    /// The spare, if there is one that is long enough.
    fn take(&self, needed: u64) -> Option<Arc<dyn DiskFile>> {
        let mut spare = self.lock();
        match std::mem::replace(&mut *spare, Spare::Taken) {
            Spare::Ready(SpareFile { file, bytes }) if needed <= bytes => Some(file),
            other => {
                *spare = other;
                None
            }
        }
    }

    /// Has the next spare made, now that the one taken has a name of its own, or after a failure.
    fn order(&self) {
        let mut spare = self.lock();
        if matches!(*spare, Spare::Taken | Spare::Failed) {
            *spare = Spare::Wanted;
            self.changed.notify_all();
        }
    }

    fn ready(&self) -> PathBuf {
        self.folder.path.join("spare.ready")
    }

    fn lock(&self) -> MutexGuard<'_, Spare> {
        // The state is replaced whole, so a panic elsewhere can't leave it half changed.
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
