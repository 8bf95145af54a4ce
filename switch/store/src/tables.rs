//! The store's rows on the disk, through the library below.

use std::io;
use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::StoreError;

/// The kinds of rows; see the head of `mod.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Wallets,
    Settled,
    Cards,
    Orders,
    Open,
    Holds,
    Totals,
    Meta,
}

impl Table {
    pub const ALL: [Self; 8] = [
        Self::Wallets,
        Self::Settled,
        Self::Cards,
        Self::Orders,
        Self::Open,
        Self::Holds,
        Self::Totals,
        Self::Meta,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Wallets => "wallets",
            Self::Settled => "settled",
            Self::Cards => "cards",
            Self::Orders => "orders",
            Self::Open => "open",
            Self::Holds => "holds",
            Self::Totals => "totals",
            Self::Meta => "meta",
        }
    }
}

/// A row to be written, or to be removed where it has no value. The value is encrypted, and whole: written twice, it is the same.
pub(super) struct Row {
    pub table: Table,
    pub key: Box<[u8]>,
    pub value: Option<Box<[u8]>>,
}

impl Row {
    /// There is no row with this key any more.
    pub fn removed(table: Table, key: &[u8]) -> Self {
        Self {
            table,
            key: key.into(),
            value: None,
        }
    }
}

/// Rises with every change of what rows or snapshots look like.
pub(super) const FORMAT: u8 = 3;
/// The row of [`Table::Meta`] that says it. Builds before 0.2.0 had it elsewhere.
pub(super) const FORMAT_KEY: &[u8] = b"format";
const FORMAT_BEFORE_0_2: u8 = 1;

/// Of a table: less would make many small files.
const UNWRITTEN_BYTES_MIN: u64 = 1 << 20;

/// All tables, open.
pub(super) struct Tables {
    database: Database,
    keyspaces: [Keyspace; Table::ALL.len()],
}

impl Tables {
    /// Opens or makes them. As much memory as the cache takes goes to what was written and is not in its file yet: by
    /// itself the library keeps up to 64 MiB of that for each table.
    pub fn open(directory: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let unwritten = (cache_bytes / Table::ALL.len() as u64).max(UNWRITTEN_BYTES_MIN);
        let database = Database::builder(directory)
            .cache_size(cache_bytes)
            .open()?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(unwritten);
        let keyspace = |table: Table| database.keyspace(table.name(), options);
        let [a, b, c, d, e, f, g, h] = Table::ALL.map(keyspace);
        let tables = Self {
            keyspaces: [a?, b?, c?, d?, e?, f?, g?, h?],
            database,
        };
        tables.check_format()?;
        Ok(tables)
    }

    /// Nothing is read of rows in another format; empty tables get that of this build.
    fn check_format(&self) -> Result<(), StoreError> {
        let meta = self.of(Table::Meta);
        let found = match meta.get(FORMAT_KEY)? {
            Some(row) => row.first().copied().unwrap_or_default(),
            None if self.is_empty()? => return Ok(meta.insert(FORMAT_KEY, [FORMAT])?),
            None => FORMAT_BEFORE_0_2,
        };
        match found == FORMAT {
            true => Ok(()),
            false => Err(StoreError::Version {
                found,
                known: FORMAT,
            }),
        }
    }

    fn is_empty(&self) -> Result<bool, fjall::Error> {
        for keyspace in &self.keyspaces {
            if !keyspace.is_empty()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// All tables as they are now, for as long as it is held.
    pub fn moment(&self) -> fjall::Snapshot {
        self.database.snapshot()
    }

    pub fn of(&self, table: Table) -> &Keyspace {
        &self.keyspaces[table as usize]
    }

    /// Hands all rows to the operating system, as one batch: all of it is there after a crash of this process, or none.
    /// After a failure the library takes nothing more, until it is opened again.
    pub fn write<'a>(&self, rows: impl Iterator<Item = &'a Row>) -> Result<(), fjall::Error> {
        let mut batch = self.database.batch();
        for row in rows {
            let keyspace = self.of(row.table);
            match &row.value {
                Some(value) => batch.insert(keyspace, &*row.key, &**value),
                None => batch.remove(keyspace, &*row.key),
            }
        }
        batch.commit()?;
        self.database.persist(PersistMode::Buffer)
    }

    /// Makes everything written survive a loss of power.
    pub fn sync(&self) -> Result<(), fjall::Error> {
        self.database.persist(PersistMode::SyncAll)
    }
}

/// What the operating system said, where it refused something.
pub(super) fn io_error(error: &fjall::Error) -> Option<&io::Error> {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => Some(error),
        _ => None,
    }
}

/// Whether the disk may be at fault, and not what is on it.
pub fn is_of_the_disk(error: &fjall::Error) -> bool {
    let damaged = [io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidData];
    match io_error(error) {
        Some(error) => !damaged.contains(&error.kind()),
        None => matches!(error, fjall::Error::Poisoned),
    }
}

impl From<fjall::Error> for StoreError {
    fn from(error: fjall::Error) -> Self {
        match error {
            fjall::Error::Locked => Self::Locked,
            error if is_of_the_disk(&error) => Self::Disk(error),
            error => Self::Damaged(error),
        }
    }
}
