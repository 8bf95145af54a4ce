//! The key table: `keys.table`, beside the data.
//!
//! ```text
//! tessera key table 1
//! 1 index 1764428400 <80 hexadecimal digits: the wrapped key>
//! 2 data  1764428400 <...>
//! 3 data  1764514800 <...>
//! number, kind, when it was made (seconds since 1970), key; numbers rise, the newest data key encrypts
//! ```

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tessera_common::key_file::{self, KeyFileError};

use crate::master::{MasterKeyError, bytes_from_hex};

const FIRST_LINE: &str = "tessera key table 1";

/// Why keys can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The table can't be read or written.
    #[error("the key table {0}")]
    File(#[from] KeyFileError),
    /// There is none.
    #[error(
        "there is no key table {}: the switch makes it at its first start; if data is there, restore the table that belongs to it",
        path.display()
    )]
    NoTable {
        /// Where it should be.
        path: PathBuf,
    },
    /// It is not a table.
    #[error("line {line} of the key table {}: {what}", path.display())]
    Line {
        /// Of the table.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The master key is not the one that wrapped the table's keys, or can't be used.
    #[error("key {number} of the key table {}: {error}", path.display())]
    Master {
        /// Of the table.
        path: PathBuf,
        /// Of the key.
        number: u32,
        /// Why.
        error: MasterKeyError,
    },
    /// Something is encrypted with a key that is not in the table.
    #[error("data key {0} is not in the key table: restore the table that belongs to this data")]
    Unknown(u32),
    /// The system has no random numbers.
    #[error("the system has no random numbers for a key")]
    NoRandomness,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Data,
    Index,
}

/// A line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub number: u32,
    pub kind: Kind,
    /// Seconds since 1970.
    pub made: u64,
    pub wrapped: [u8; 40],
}

/// While it is held, no other process changes the table. Readers need no lock: a table is replaced as a whole.
pub(crate) struct Lock(#[expect(dead_code, reason = "closed on drop")] File);

/// Waits until no other process changes the table.
pub(crate) fn lock(path: &Path) -> Result<Lock, KeysError> {
    let path = path.with_extension("lock");
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).mode(0o600).open(&path);
    let locked = file.and_then(|file| file.lock().map(|()| file));
    Ok(Lock(locked.map_err(KeyFileError::io(&path))?))
}

/// The rows of a table; none where there is no file.
pub(crate) fn read(path: &Path) -> Result<Vec<Row>, KeysError> {
    let text = match key_file::read(path) {
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        read => read?,
    };
    let fault = |line, what| KeysError::Line {
        path: path.to_path_buf(),
        line,
        what,
    };
    let mut lines = (1..).zip(text.lines());
    if lines.next().is_none_or(|(_, first)| first != FIRST_LINE) {
        return Err(fault(1, "this build reads version 1 of the table"));
    }
    let mut rows: Vec<Row> = Vec::new();
    for (line, text) in lines {
        let row = parse(text).ok_or(fault(
            line,
            "a number, a kind, a time and a wrapped key are needed",
        ))?;
        if rows.last().is_some_and(|last| last.number >= row.number) {
            return Err(fault(line, "numbers must rise"));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn parse(line: &str) -> Option<Row> {
    let mut words = line.split_ascii_whitespace();
    let number = words.next()?.parse().ok()?;
    let kind = match words.next()? {
        "data" => Kind::Data,
        "index" => Kind::Index,
        _ => return None,
    };
    let made = words.next()?.parse().ok()?;
    let mut wrapped = [0; 40];
    bytes_from_hex(words.next()?, &mut wrapped)?;
    words.next().is_none().then_some(Row {
        number,
        kind,
        made,
        wrapped,
    })
}

/// Puts a table in the place of the one before, durably.
pub(crate) fn write(path: &Path, rows: &[Row]) -> Result<(), KeysError> {
    let mut text = format!("{FIRST_LINE}\n");
    for row in rows {
        let kind = match row.kind {
            Kind::Data => "data",
            Kind::Index => "index",
        };
        let digits: String = row
            .wrapped
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        text.push_str(&format!("{} {kind} {} {digits}\n", row.number, row.made));
    }
    Ok(key_file::replace(path, &text)?)
}
