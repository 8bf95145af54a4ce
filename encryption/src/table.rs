//! The key table: `keys.table`, beside the data.
//!
//! ```text
//! tessera key table 1
//! 1 index 1764428400 <80 hexadecimal digits: the wrapped key>
//! 2 data  1764428400 <...>
//! 3 data  1764514800 <...>
//! wallet.keys 4711
//! number, kind, when it was made (seconds since 1970), key; numbers rise, the newest data key encrypts. The last line is there
//! once there is a file of wallet keys: so many changes it had at least, or 2^64 - 1 once an older copy of it was changed
//! ```

use std::fs::File;
use std::path::{Path, PathBuf};

use tessera_common::key_file::{self, KeyFileError};

use crate::master::{MasterKeyError, bytes_from_hex};

const FIRST_LINE: &str = "tessera key table 1";
const OF_WALLET_KEYS: &str = "wallet.keys ";
/// A new key a day fills the table in 44 years.
const KEYS_MAX: usize = 16_384;
/// A line has about 105 bytes.
const BYTES_MAX: usize = 128 * KEYS_MAX;

/// Why keys can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The table can't be read or written.
    #[error("the key table {0}")]
    File(#[from] KeyFileError),
    /// There is none.
    #[error(
        "there is no key table {}: restore the table that belongs to the data; without data, the first start of the switch makes one",
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
    /// No key can be added.
    #[error("the key table {} is full: it has {KEYS_MAX} keys", path.display())]
    Full {
        /// Of the table.
        path: PathBuf,
    },
    /// Another node has sent a key that does not fit the table.
    #[error(
        "data key {number} of the active node does not fit the key table {}: this node has made another key of this number, or its \
         table is older; copy the data folder of another node to this one",
        path.display()
    )]
    NotAdopted {
        /// Of the table.
        path: PathBuf,
        /// Of the key; 0 where it is none.
        number: u32,
    },
    /// The system has no random numbers.
    #[error("the system has no random numbers for a key")]
    NoRandomness,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// It encrypts.
    Data,
    /// It finds cards.
    Index,
}

/// A line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub number: u32,
    pub kind: KeyKind,
    /// Seconds since 1970.
    pub made: u64,
    pub wrapped: [u8; 40],
}

/// What is in the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub rows: Vec<Row>,
    /// So many changes the file of wallet keys had at least; `None` where none was made.
    pub wallet_keys: Option<u64>,
}

/// While it is held, no other process changes the table. Readers need no lock: a table is replaced as a whole.
pub(crate) struct Lock(#[expect(dead_code, reason = "closed on drop")] File);

/// Waits until no other process changes the table. The lock is on its folder: a file would belong to the user who made it.
pub(crate) fn lock(path: &Path) -> Result<Lock, KeysError> {
    let folder = path.parent().unwrap_or(path);
    let locked = File::open(folder).and_then(|folder| folder.lock().map(|()| folder));
    Ok(Lock(locked.map_err(KeyFileError::io(folder))?))
}

/// A table; one without rows where there is no file.
pub(crate) fn read(path: &Path) -> Result<Table, KeysError> {
    let text = match key_file::read_up_to(path, BYTES_MAX) {
        Err(error) if error.is_not_found() => return Ok(Table::default()),
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
    let Table {
        mut rows,
        mut wallet_keys,
    } = Table::default();
    for (line, text) in lines {
        if wallet_keys.is_some() {
            return Err(fault(line, "there is something after the last line"));
        }
        if let Some(changes) = text.strip_prefix(OF_WALLET_KEYS) {
            let what = "a number of changes is needed";
            wallet_keys = Some(changes.parse().map_err(|_| fault(line, what))?);
            continue;
        }
        let row = parse(text).ok_or(fault(
            line,
            "a number, a kind, a time and a wrapped key are needed",
        ))?;
        if rows.last().is_some_and(|last| last.number >= row.number) {
            return Err(fault(line, "numbers must rise"));
        }
        rows.push(row);
    }
    Ok(Table { rows, wallet_keys })
}

/// A line, as the drawing of this module has it.
pub(crate) fn parse(line: &str) -> Option<Row> {
    let mut words = line.split_ascii_whitespace();
    let number = words.next()?.parse().ok()?;
    let kind = match words.next()? {
        "data" => KeyKind::Data,
        "index" => KeyKind::Index,
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
pub(crate) fn write(path: &Path, table: &Table) -> Result<(), KeysError> {
    let Table { rows, wallet_keys } = table;
    if rows.len() > KEYS_MAX {
        let path = path.to_path_buf();
        return Err(KeysError::Full { path });
    }
    let mut text = format!("{FIRST_LINE}\n");
    for row in rows {
        text.push_str(&line(row));
        text.push('\n');
    }
    if let Some(changes) = wallet_keys {
        text.push_str(&format!("{OF_WALLET_KEYS}{changes}\n"));
    }
    Ok(key_file::replace(path, &text)?)
}

/// The reverse of [`parse`].
pub(crate) fn line(row: &Row) -> String {
    let kind = match row.kind {
        KeyKind::Data => "data",
        KeyKind::Index => "index",
    };
    let digits = row.wrapped.iter().map(|byte| format!("{byte:02x}"));
    let digits: String = digits.collect();
    format!("{} {kind} {} {digits}", row.number, row.made)
}
