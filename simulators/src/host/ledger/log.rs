//! The log of the ledger: every change, in order, in one file that only grows.
//!
//! ```text
//! host.log   ┌──────────────────┬───────────────────┬────────┬────────┬─ ─┬───────────────────┬────────┬─ ─
//!            │ "tessera host 3\n" │ head of a section │ record │ record │    │ head of a section │ record │
//!            └──────────────────┴───────────────────┴────────┴────────┴─ ─┴───────────────────┴────────┴─ ─
//! ```
//!
//! Each start begins a section: its records are encrypted with a key of their own, see [`super::section`].
//! Changes are gathered and written with one `write` per batch of requests, before the answers of that batch
//! leave. The number in the first line is the format of all records; another one is refused, and so is a kind of record
//! that this build does not know. There is no sync: what the system has taken outlives this process, also when that is killed, but not the
//! machine. A simulator needs no more, and leaves the disk to the switch beside it. A record that was cut off
//! by a kill is dropped at start: it was never answered.
//!
//! A log of the format before, which was not encrypted, is written anew at start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use tessera_encryption::{DataKeys, KeysError};
use zeroize::Zeroizing;

use super::record::{self, Record};
use super::section::{self, HEAD_BYTES, Section, Slot};

const FILE: &str = "host.log";
/// Rises with every change of what records look like, but for new kinds of them.
const FORMAT: u32 = 3;
/// The one before, which has no sections.
const WITHOUT_SECTIONS: u32 = 2;
/// Records of a log that is written anew, before they are handed to the system.
const WAITING_BYTES: usize = 1 << 20;
const NAME: &str = "tessera host ";
/// Of the first line, with a number of as many digits as there are.
const FIRST_LINE_BYTES_MAX: u64 = 32;

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in crate::host) enum LogError {
    /// The folder or the file could not be read or written.
    #[error("{}: {why}", path.display())]
    File { path: PathBuf, why: io::Error },
    /// The file is something else.
    #[error("{}: not a log of this host", path.display())]
    Foreign { path: PathBuf },
    /// Another build wrote it, in another format.
    #[error(
        "{}: has format {found}, this build ({}) reads format {FORMAT}: start the build that wrote it, or the host with \
         another data folder",
        path.display(), env!("CARGO_PKG_VERSION")
    )]
    Version { path: PathBuf, found: u32 },
    /// A newer build wrote a kind of record that this one does not know.
    #[error(
        "{}: a newer build wrote a record of kind {found} at offset {offset}, this build ({}) knows kinds up to {}: start \
         the newer build again",
        path.display(), env!("CARGO_PKG_VERSION"), record::NEWEST_KIND
    )]
    Newer {
        path: PathBuf,
        offset: u64,
        found: u8,
    },
    /// A record that is not the last one is wrong.
    #[error("{}: damaged at offset {offset}", path.display())]
    Damaged { path: PathBuf, offset: u64 },
    /// A section needs a key that is not there.
    #[error("{}: {why}", path.display())]
    Keys { path: PathBuf, why: KeysError },
    /// Another host writes it.
    #[error("{}: in use by another process", path.display())]
    InUse { path: PathBuf },
}

/// The file, and what waits for the end of the batch.
pub(super) struct Log {
    file: File,
    section: Section,
    /// The offset of what is appended next.
    end: u64,
    waiting: Vec<u8>,
}

impl Log {
    /// Opens or makes the log and hands every record in it to `apply`.
    pub(super) fn open(
        folder: &Path,
        keys: &DataKeys,
        mut apply: impl FnMut(&Record),
    ) -> Result<Self, LogError> {
        let path = folder.join(FILE);
        open(&path, keys, &mut apply).map_err(|fault| match fault {
            Fault::Io(why) => LogError::File { path, why },
            Fault::Foreign => LogError::Foreign { path },
            Fault::Version(found) => LogError::Version { path, found },
            Fault::Newer { offset, found } => LogError::Newer {
                path,
                offset,
                found,
            },
            Fault::Damaged(offset) => LogError::Damaged { path, offset },
            Fault::Keys(why) => LogError::Keys { path, why },
            Fault::InUse => LogError::InUse { path },
        })
    }

    /// Begins a section behind the first `good` bytes, and cuts off the others.
    fn begin(mut file: File, good: u64, keys: &DataKeys) -> Result<Self, Fault> {
        file.set_len(good)?;
        file.seek(SeekFrom::Start(good))?;
        let (section, head) = Section::begin(keys)?;
        let mut first = Vec::new();
        if good == 0 {
            first.extend_from_slice(first_line().as_bytes());
        }
        first.extend_from_slice(&head);
        file.write_all(&first)?;
        Ok(Self {
            file,
            section,
            end: good + first.len() as u64,
            waiting: Vec::new(),
        })
    }

    /// Adds a record to the batch.
    pub(super) fn append(&mut self, record: &Record) {
        let at = self.waiting.len();
        record.write(&mut self.waiting);
        self.section.encrypt(self.end, &mut self.waiting, at);
        self.end += (self.waiting.len() - at) as u64;
    }

    /// Hands the batch to the system.
    pub(super) fn write(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.file.write_all(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }
}

enum Fault {
    Io(io::Error),
    Foreign,
    Version(u32),
    Newer { offset: u64, found: u8 },
    Damaged(u64),
    Keys(KeysError),
    InUse,
}

impl From<io::Error> for Fault {
    fn from(why: io::Error) -> Self {
        Self::Io(why)
    }
}

impl From<KeysError> for Fault {
    fn from(why: KeysError) -> Self {
        Self::Keys(why)
    }
}

fn open(path: &Path, keys: &DataKeys, apply: &mut impl FnMut(&Record)) -> Result<Log, Fault> {
    let file = locked(path, false)?;
    match format(&file)? {
        Some(FORMAT) => {
            let mut section = None;
            let good = replay(
                &file,
                HEAD_BYTES,
                |offset, slot| section::open(&mut section, keys, offset, slot),
                |record| {
                    apply(record);
                    Ok(())
                },
            )?;
            Log::begin(file, good, keys)
        }
        Some(WITHOUT_SECTIONS) => encrypt(path, &file, keys, apply),
        Some(found) => Err(Fault::Version(found)),
        None => Log::begin(file, 0, keys),
    }
}

/// Writes a log of the format before anew, beside it, and puts it in its place. It is the old one or the new one whenever this is
/// killed.
fn encrypt(
    path: &Path,
    old: &File,
    keys: &DataKeys,
    apply: &mut impl FnMut(&Record),
) -> Result<Log, Fault> {
    let beside = path.with_extension("new");
    let mut log = Log::begin(locked(&beside, true)?, 0, keys)?;
    replay(
        old,
        section::PLAIN_BYTES,
        |_, slot| section::open_plain(slot),
        |record| {
            apply(record);
            log.append(record);
            match log.waiting.len() > WAITING_BYTES {
                true => log.write(),
                false => Ok(()),
            }
        },
    )?;
    log.write()?;
    log.file.sync_all()?;
    fs::rename(&beside, path)?;
    tracing::info!(file = %path.display(), "encrypted the log of an earlier build");
    Ok(log)
}

fn first_line() -> String {
    format!("{NAME}{FORMAT}\n")
}

/// The format that the first line says; `None` where a kill cut off the line itself.
fn format(file: &File) -> Result<Option<u32>, Fault> {
    let mut first = Vec::new();
    BufReader::new(file)
        .take(FIRST_LINE_BYTES_MAX)
        .read_until(b'\n', &mut first)?;
    if first_line().as_bytes().starts_with(&first) && first.last() != Some(&b'\n') {
        return Ok(None);
    }
    format_of(&first).map(Some).ok_or(Fault::Foreign)
}

/// Reads what is behind the first line and says how many bytes are good.
fn replay(
    mut file: &File,
    slot_bytes: usize,
    mut open: impl FnMut(u64, &mut [u8]) -> Result<Slot, KeysError>,
    mut apply: impl FnMut(&Record) -> io::Result<()>,
) -> Result<u64, Fault> {
    let length = file.metadata()?.len();
    // The numbers of both formats have one digit.
    let mut good = first_line().len() as u64;
    file.seek(SeekFrom::Start(good))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut slot = Zeroizing::new(vec![0; slot_bytes]);
    while length - good >= slot_bytes as u64 {
        reader.read_exact(&mut slot)?;
        match open(good, &mut slot)? {
            Slot::Head => {}
            Slot::Record(record) => apply(&record)?,
            Slot::Unreadable(record::Unreadable::Newer(found)) => {
                return Err(Fault::Newer {
                    offset: good,
                    found,
                });
            }
            Slot::Unreadable(record::Unreadable::Damaged) => {
                match good + slot_bytes as u64 == length {
                    true => return Ok(good),
                    false => return Err(Fault::Damaged(good)),
                }
            }
        }
        good += slot_bytes as u64;
    }
    Ok(good)
}

/// The format that the first line says.
fn format_of(line: &[u8]) -> Option<u32> {
    let line = str::from_utf8(line).ok()?;
    line.strip_prefix(NAME)?.strip_suffix('\n')?.parse().ok()
}

/// Opens or makes a file for its owner only, and locks it.
fn locked(path: &Path, empty: bool) -> Result<File, Fault> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(empty);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(Fault::InUse),
        Err(fs::TryLockError::Error(why)) => Err(Fault::Io(why)),
    }
}
