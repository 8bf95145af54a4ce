//! The log of the ledger: every change, in order, in one file that only grows.
//!
//! ```text
//! host.log   ┌──────────────────┬────────┬────────┬─ ─
//!            │ "tessera host 2\n" │ record │ record │
//!            └──────────────────┴────────┴────────┴─ ─
//! ```
//!
//! Changes are gathered and written with one `write` per batch of requests, before the answers of that batch
//! leave. The number in the first line is the format of all records; another one is refused, and so is a kind of record
//! that this build does not know. There is no sync: what the system has taken outlives this process, also when that is killed, but not the
//! machine. A simulator needs no more, and leaves the disk to the switch beside it. A record that was cut off
//! by a kill is dropped at start: it was never answered.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::record::{self, Record};

const FILE: &str = "host.log";
/// Rises with every change of what records look like, but for new kinds of them.
const FORMAT: u32 = 2;
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
    /// Another host writes it.
    #[error("{}: in use by another process", path.display())]
    InUse { path: PathBuf },
}

/// The file, and what waits for the end of the batch.
pub(super) struct Log {
    file: File,
    waiting: Vec<u8>,
}

impl Log {
    /// Opens or makes the log and hands every record in it to `apply`.
    pub(super) fn open(folder: &Path, mut apply: impl FnMut(&Record)) -> Result<Self, LogError> {
        let path = folder.join(FILE);
        let failed = |why| LogError::File {
            path: path.clone(),
            why,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let mut file = open(&path).map_err(failed)?;
        file.try_lock().map_err(|why| match why {
            fs::TryLockError::WouldBlock => LogError::InUse { path: path.clone() },
            fs::TryLockError::Error(why) => failed(why),
        })?;
        let length = file.metadata().map_err(failed)?.len();
        let good = replay(&file, length, &mut apply).map_err(|fault| match fault {
            Fault::Io(why) => failed(why),
            Fault::Foreign => LogError::Foreign { path: path.clone() },
            Fault::Version(found) => LogError::Version {
                path: path.clone(),
                found,
            },
            Fault::Newer { offset, found } => LogError::Newer {
                path: path.clone(),
                offset,
                found,
            },
            Fault::Damaged(offset) => LogError::Damaged {
                path: path.clone(),
                offset,
            },
        })?;
        let mut begin = || {
            file.set_len(good)?;
            file.seek(SeekFrom::Start(good))?;
            if good == 0 {
                file.write_all(first_line().as_bytes())?;
            }
            io::Result::Ok(())
        };
        begin().map_err(failed)?;
        Ok(Self {
            file,
            waiting: Vec::new(),
        })
    }

    /// Adds a record to the batch.
    pub(super) fn append(&mut self, record: &Record) {
        record.write(&mut self.waiting);
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
}

fn first_line() -> String {
    format!("{NAME}{FORMAT}\n")
}

/// Reads what is there and says how many bytes of it are good.
fn replay(file: &File, length: u64, apply: &mut impl FnMut(&Record)) -> Result<u64, Fault> {
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut first = Vec::new();
    reader
        .by_ref()
        .take(FIRST_LINE_BYTES_MAX)
        .read_until(b'\n', &mut first)
        .map_err(Fault::Io)?;
    // A kill may have cut off the line itself.
    if first_line().as_bytes().starts_with(&first) && first.last() != Some(&b'\n') {
        return Ok(0);
    }
    match format_of(&first).ok_or(Fault::Foreign)? {
        FORMAT => {}
        found => return Err(Fault::Version(found)),
    }
    let mut good = first.len() as u64;
    let mut bytes = [0; record::BYTES];
    while length - good >= bytes.len() as u64 {
        reader.read_exact(&mut bytes).map_err(Fault::Io)?;
        match Record::read(&bytes) {
            Ok(record) => apply(&record),
            Err(record::Unreadable::Newer(found)) => {
                return Err(Fault::Newer {
                    offset: good,
                    found,
                });
            }
            Err(record::Unreadable::Damaged) if good + bytes.len() as u64 == length => {
                return Ok(good);
            }
            Err(record::Unreadable::Damaged) => return Err(Fault::Damaged(good)),
        }
        good += bytes.len() as u64;
    }
    Ok(good)
}

/// The format that the first line says.
fn format_of(line: &[u8]) -> Option<u32> {
    let line = str::from_utf8(line).ok()?;
    line.strip_prefix(NAME)?.strip_suffix('\n')?.parse().ok()
}

/// For its owner only: it holds card numbers.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
