//! The store: wallets that are not in use, and which wallet a card or an order leads to. A checkpoint of the journal,
//! written in the background and never on the path of a payment; it can be deleted and is rebuilt from a full snapshot and
//! the journal.
//!
//! ```text
//! keyspace  key                value
//! wallets   wallet 8           snapshot (see switch/ledger/src/snapshot.rs)
//! settled   wallet 8, time 8,  transactions and orders that settled between that snapshot and the one before it
//!           sequence 8
//! cards     card 16            wallet 8, serial 4 of the card in its wallet; the card is the HMAC of its number (see `encryption`)
//! orders    order key 16       wallet 8, state 1, reference 8, expires 8, announced at position 8
//! open      wallet 8           (nothing): something of it is to be settled
//! holds     wallet 8           time 8: when the first of its holds expires
//! totals    institution 8,     totals of the party and settlement date, as far as the wallets above bring them about
//!           date 4 (days)
//! meta      "format"           version 3: of all rows and snapshots. A store of another one is refused
//!           "mark"             sequence 8, position 8: all up to there is in the store; time 8: nothing up to there is later
//!           "reach"            sequence 8, position 8: the last record that any row reflects. Wallets can be ahead of the mark
//! numbers big-endian in keys, so that they sort; little-endian in values
//! ```
//!
//! Each value but "format" is encrypted, and bound to its table and key (see `encryption/src/row_cipher.rs`). Keys are in clear:
//! none of them leads to a person or a card. A wallet's number is a hash of random digits, an order's key one of merchant and
//! order number, and a card's index can't be computed without the key.
//!
//! Where the disk refuses a write, the rows wait in memory and are read there ([`Store::is_failing`]), until
//! [`Store::retry`] has them written. So a full disk costs memory and a longer replay, and never a payment.

mod aside;
mod beside;
mod checkpointer;
mod full;
mod pending;
mod read_back;
mod rows;
mod snapshot;
mod tables;
#[cfg(test)]
mod tests;
mod view;
mod write;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tessera_encryption::{DataKeys, IndexedCard, KeysError, Purpose, RowCipher, RowError};
use tessera_protocol::{CardNumber, Institution, OrderKey, Totals};
use zeroize::Zeroizing;

pub use aside::{remove_replaced, set_aside};
pub use beside::recorded_mark;
pub use checkpointer::{Checkpointer, Writer, Written};
pub use full::{FullSnapshot, FullSnapshotError, FullSnapshots, SNAPSHOT_VERSION};
pub use read_back::{ReadBackError, read_back, read_back_kept};
pub use snapshot::{Known, Snapshot, StoredCard, StoredOrder, Turnover};
pub use tables::is_of_the_disk;

use pending::Pending;
use tables::{Row, Table, Tables};
use tessera_journal::{Mark, Sequence};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{Day, Unreadable, Wallet, WalletId};

const MARK: &[u8] = b"mark";
const REACH: &[u8] = b"reach";
/// What must fit on the disk, beside the rows that wait, before the store is opened again.
const CAPACITY_BYTES: usize = 1 << 20;

/// Is shown rows, each with its key.
type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError> + 'a;

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("the store: {0}")]
    Disk(#[source] fjall::Error),
    /// What is on the disk is not what was written.
    #[error(
        "the store is damaged ({0}): stop the switch, delete the folder `store`, start again; it is rebuilt from a full snapshot and the journal"
    )]
    Damaged(#[source] fjall::Error),
    /// Another process has it open.
    #[error("the store is open in another process: a switch, or `tessera provision`")]
    Locked,
    /// It failed and could not be opened again yet.
    #[error(
        "the store could not be opened again after a failed write; the switch retries every second"
    )]
    Closed,
    /// A folder could not be created or removed, or the disk is full.
    #[error("the store, {}: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The disk refuses writes, and the memory limit is reached.
    #[error(
        "the store cannot be written, and the data exceeds the memory limit: free space on the disk, start again"
    )]
    TooMuch,
    /// Another build of the switch wrote it, in another format.
    #[error(
        "the store has format {found}, this build ({}) reads format {known}: start the build that wrote it, or stop the switch, delete the folder `store`, start again; it is rebuilt from a full snapshot and the journal",
        env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// The format that it says.
        found: u8,
        /// The format of this build.
        known: u8,
    },
    /// A row is not what was written at its place.
    #[error(
        "the store holds a changed row of `{table}` ({error}): stop the switch, delete the folder `store`, start again; it is rebuilt from a full snapshot and the journal"
    )]
    Row {
        /// Of which table.
        table: &'static str,
        /// What is wrong with it.
        error: RowError,
    },
    /// There is no key to encrypt with.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// It holds what this version did not write.
    #[error(
        "the store holds an unreadable {what} ({error}): stop the switch, delete the folder `store`, start again; it is rebuilt from a full snapshot and the journal"
    )]
    Unreadable {
        /// Which kind of row.
        what: &'static str,
        /// What is wrong with it.
        error: Unreadable,
    },
}

impl StoreError {
    /// Whether what is on the disk is not what was written: the store can be deleted and restored.
    pub fn is_damage(&self) -> bool {
        // A row whose key is missing is whole: the key table is the wrong one.
        match self {
            Self::Row { error, .. } => matches!(error, RowError::Tampered(_)),
            other => matches!(other, Self::Damaged(_) | Self::Unreadable { .. }),
        }
    }
}

/// For `map_err`: a row of this kind cannot be read.
fn unreadable(what: &'static str) -> impl FnOnce(Unreadable) -> StoreError {
    move |error| StoreError::Unreadable { what, error }
}

/// See the head of this file. Cheap to read from any thread.
pub struct Store {
    directory: PathBuf,
    cache_bytes: u64,
    keys: DataKeys,
    cipher: RowCipher,
    /// `None` where it could not be opened.
    tables: RwLock<Option<Arc<Tables>>>,
    pending: RwLock<Pending>,
    /// Rows wait, or the last write failed.
    failing: AtomicBool,
    /// It could not be opened at the start: the rows that wait are all that there is.
    began_without: AtomicBool,
    /// Stands for a disk that refuses every write.
    #[cfg(test)]
    refuses: AtomicBool,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Store")
    }
}

impl Store {
    /// Opens or makes the store in `directory`, with so many bytes of cache.
    ///
    /// # Errors
    /// When the disk refuses that, what is there is damaged or of another build, or another process has it open. Nothing of what
    /// is there is changed then.
    pub fn open(directory: &Path, cache_bytes: u64, keys: DataKeys) -> Result<Self, StoreError> {
        let tables = Tables::open(directory, cache_bytes)?;
        Self::with(Some(tables), directory, cache_bytes, keys)
    }

    /// A store that begins empty, in memory, because the disk refuses to open the one in `directory`: its place is taken once the
    /// disk allows it. So the caller has to replay the journal from its beginning.
    ///
    /// # Errors
    /// When there is no key to encrypt with.
    pub fn without_disk(
        directory: &Path,
        cache_bytes: u64,
        keys: DataKeys,
    ) -> Result<Self, StoreError> {
        Self::with(None, directory, cache_bytes, keys)
    }

    fn with(
        tables: Option<Tables>,
        directory: &Path,
        cache_bytes: u64,
        keys: DataKeys,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            directory: directory.to_owned(),
            cache_bytes,
            cipher: RowCipher::new(keys.clone(), Purpose::Store)?,
            keys,
            failing: AtomicBool::new(tables.is_none()),
            began_without: AtomicBool::new(tables.is_none()),
            tables: RwLock::new(tables.map(Arc::new)),
            pending: RwLock::default(),
            #[cfg(test)]
            refuses: AtomicBool::new(false),
        })
    }

    /// Whether the disk refused the last write. What was written since waits in memory.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    /// Up to where the store reflects the journal; `None` for not at all.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn mark(&self) -> Result<Option<Mark>, StoreError> {
        Ok(self.mark_and_time()?.and_then(|(mark, _)| mark))
    }

    /// The last record of the journal that anything in the store reflects, at or after the mark. Without it this is no store of
    /// that journal. `None` where the store reflects nothing, or an earlier build wrote it.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn reach(&self) -> Result<Option<Mark>, StoreError> {
        let row = self.get(Table::Meta, REACH)?;
        row.map(|row| rows::read_reach(&row)).transpose()
    }

    /// A time that no event up to the mark, and no reference in one, is later than.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.mark_and_time()?.map(|(_, time)| time))
    }

    fn mark_and_time(&self) -> Result<Option<(Option<Mark>, Timestamp)>, StoreError> {
        self.get(Table::Meta, MARK)?
            .map(|row| rows::read_mark(&row))
            .transpose()
    }

    /// The wallet as it was last written.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn wallet(&self, wallet: WalletId) -> Result<Option<Wallet>, StoreError> {
        let Some(row) = self.get(Table::Wallets, &wallet.0.to_be_bytes())? else {
            return Ok(None);
        };
        let mut found = Wallet::read_snapshot(wallet, &row).map_err(unreadable("wallet"))?;
        self.restore_settled(&mut found)?;
        Ok(Some(found))
    }

    /// Shows every wallet, as it was last written and without what has settled, in the order of their numbers.
    ///
    /// # Errors
    /// When one of them can't be read.
    pub fn each_wallet(&self, visit: &mut dyn FnMut(Wallet)) -> Result<(), StoreError> {
        self.scan(Table::Wallets, &[], Bound::Unbounded, &mut |key, value| {
            let wallet = rows::read_wallet_key(key)?;
            let found = Wallet::read_snapshot(wallet, value).map_err(unreadable("wallet"))?;
            visit(found);
            Ok(())
        })
    }

    /// Gives the wallet what has settled, as far as it was written.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn restore_settled(&self, wallet: &mut Wallet) -> Result<(), StoreError> {
        let from = rows::settled_key(wallet.id, Timestamp::EPOCH, None);
        let to = rows::settled_key(
            wallet.id,
            Timestamp::from_milliseconds(u64::MAX),
            Sequence::from_stored(u64::MAX),
        );
        self.scan(
            Table::Settled,
            &from,
            Bound::Included(&to),
            &mut |_, value| {
                wallet
                    .restore_settled(value)
                    .map_err(unreadable("list of settled transactions"))
            },
        )
    }

    /// What a card is found by.
    pub fn indexed(&self, card: &CardNumber) -> IndexedCard {
        self.keys.card_index().of(card.expose(), card.length())
    }

    /// Whose card it is, and which of theirs.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn card(&self, card: IndexedCard) -> Result<Option<StoredCard>, StoreError> {
        let row = self.get(Table::Cards, &card.0)?;
        row.map(|row| rows::read_card(&row)).transpose()
    }

    /// Whose order it is, and what became of it.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn order(&self, key: &OrderKey) -> Result<Option<StoredOrder>, StoreError> {
        self.get(Table::Orders, &key.0)?
            .map(|row| rows::read_order(&row))
            .transpose()
    }

    /// Wallets of which something is to be settled.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn open_wallets(&self) -> Result<Vec<WalletId>, StoreError> {
        let mut found = Vec::new();
        self.scan(Table::Open, &[], Bound::Unbounded, &mut |key, _| {
            found.push(rows::read_wallet_key(key)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Wallets that hold money for authorizations, and when the first of these expires.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn holding_wallets(&self) -> Result<Vec<(Timestamp, WalletId)>, StoreError> {
        let mut found = Vec::new();
        self.scan(Table::Holds, &[], Bound::Unbounded, &mut |key, value| {
            found.push((rows::read_time(value)?, rows::read_wallet_key(key)?));
            Ok(())
        })?;
        Ok(found)
    }

    /// The totals of all parties, from a settlement date on.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn totals(&self, from: Day) -> Result<Vec<(Option<Institution>, Day, Totals)>, StoreError> {
        let mut found = Vec::new();
        self.scan(Table::Totals, &[], Bound::Unbounded, &mut |key, value| {
            let (institution, day) = rows::read_totals_key(key)?;
            if day >= from {
                found.push((institution, day, rows::read_totals(value)?));
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn put(&self, rows: Vec<Row>) -> Result<(), StoreError> {
        if !self.is_failing() {
            match self.write_through(&rows) {
                Ok(()) => return Ok(()),
                Err(error) => self.fail(&error),
            }
        }
        let mut pending = self.pending.write().unwrap_or_else(PoisonError::into_inner);
        match pending.take(rows) {
            true => Ok(()),
            false => Err(StoreError::TooMuch),
        }
    }

    fn write_through(&self, rows: &[Row]) -> Result<(), StoreError> {
        #[cfg(test)]
        self.refuse()?;
        let tables = self.tables()?.ok_or(StoreError::Closed)?;
        Ok(tables.write(rows.iter())?)
    }

    #[cfg(test)]
    fn refuse_writes(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::Release);
    }

    #[cfg(test)]
    fn refuse(&self) -> Result<(), StoreError> {
        match self.refuses.load(Ordering::Acquire) {
            true => Err(folder(&self.directory)(io::ErrorKind::StorageFull.into())),
            false => Ok(()),
        }
    }

    /// Makes everything written survive a loss of power, and records the mark for those who do not open the store.
    ///
    /// # Errors
    /// When the disk refuses it, or has refused a write before.
    pub fn sync(&self) -> Result<(), StoreError> {
        let tables = self.tables()?;
        let Some(tables) = tables.filter(|_| !self.is_failing()) else {
            return Err(StoreError::Closed);
        };
        tables.sync().map_err(|error| {
            let error = error.into();
            self.fail(&error);
            error
        })?;
        if let Some(mark) = self.mark()?
            && let Err(error) = beside::record(&self.directory, mark)
        {
            // No promise depends on it: a reader may get an older mark, or none.
            tracing::warn!(%error, "the store's mark could not be written to a file");
        }
        Ok(())
    }

    /// Tries to write what waits. The library accepts no writes after a failure, so the store is opened again when
    /// there is space.
    ///
    /// # Errors
    /// When the disk still refuses: all stays as it is.
    pub fn retry(&self) -> Result<(), StoreError> {
        let pending = || self.pending.read().unwrap_or_else(PoisonError::into_inner);
        self.fits_memory(2 * pending().bytes() + CAPACITY_BYTES)?;
        let rows = pending().rows();
        let tables = self.open_again()?;
        let written = tables.write(rows.iter()).and_then(|()| tables.sync());
        let mut current = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        // Also where it has failed again: it can be read.
        *current = Some(Arc::new(tables));
        written?;
        let mut pending = self.pending.write().unwrap_or_else(PoisonError::into_inner);
        *pending = Pending::default();
        self.began_without.store(false, Ordering::Release);
        self.failing.store(false, Ordering::Release);
        Ok(())
    }

    /// A file of this size can be written and synced beside the store.
    fn fits_memory(&self, bytes: usize) -> Result<(), StoreError> {
        use rustix::fs::{FallocateFlags, fallocate};
        #[cfg(test)]
        self.refuse()?;
        let path = self.directory.with_extension("room");
        let tried = std::fs::File::create(&path).and_then(|mut file| {
            match fallocate(&file, FallocateFlags::empty(), 0, bytes as u64) {
                // Not every file system can: then the writes below find out.
                Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => {}
                Err(error) => return Err(error.into()),
            }
            file.write_all(&[1; 4096])?;
            file.sync_all()
        });
        let removed = std::fs::remove_file(&path);
        tried.and(removed).map_err(folder(&path))
    }

    fn open_again(&self) -> Result<Tables, StoreError> {
        let mut current = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(tables) = current.take() {
            match Arc::try_unwrap(tables) {
                Ok(tables) => drop(tables),
                Err(in_use) => {
                    *current = Some(in_use);
                    return Err(StoreError::Locked);
                }
            }
        }
        drop(current);
        // What was there before is older than what waits, which is all.
        if self.began_without.load(Ordering::Acquire) && self.directory.exists() {
            std::fs::remove_dir_all(&self.directory).map_err(folder(&self.directory))?;
        }
        Tables::open(&self.directory, self.cache_bytes)
    }

    fn fail(&self, error: &StoreError) {
        if !self.failing.swap(true, Ordering::AcqRel) {
            tracing::error!(%error, "the store cannot be written: checkpoints pause; payments continue");
        }
    }

    /// The tables on the disk; `None` where all there is waits in memory.
    fn tables(&self) -> Result<Option<Arc<Tables>>, StoreError> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        match &*tables {
            Some(tables) => Ok(Some(Arc::clone(tables))),
            None if self.began_without.load(Ordering::Acquire) => Ok(None),
            None => Err(StoreError::Closed),
        }
    }

    /// A row with this value.
    fn row(&self, table: Table, key: &[u8], value: &[u8]) -> Result<Row, StoreError> {
        Ok(Row {
            table,
            key: key.into(),
            value: Some(self.cipher.encrypt(table.name(), key, value)?),
        })
    }

    fn decrypt(
        &self,
        table: Table,
        key: &[u8],
        row: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let table = table.name();
        self.cipher
            .decrypt(table, key, row)
            .map_err(|error| StoreError::Row { table, error })
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        if self.is_failing() {
            let pending = self.pending.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(row) = pending.get(table, key) {
                return row.map(|row| self.decrypt(table, key, row)).transpose();
            }
        }
        let Some(tables) = self.tables()? else {
            return Ok(None);
        };
        let row = tables.of(table).get(key)?;
        row.map(|row| self.decrypt(table, key, &row)).transpose()
    }

    /// Shows every row between these keys, in their order.
    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: Bound<&[u8]>,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let waiting = match self.is_failing() {
            true => {
                let pending = self.pending.read().unwrap_or_else(PoisonError::into_inner);
                pending.between(table, from, to)
            }
            false => BTreeMap::new(),
        };
        let mut waiting = waiting.into_iter().peekable();
        let mut show = |key: &[u8], value: Option<&[u8]>| match value {
            Some(row) => visit(key, &self.decrypt(table, key, row)?),
            None => Ok(()),
        };
        if let Some(tables) = self.tables()? {
            let range = (Bound::Included(from), to);
            for found in tables.of(table).range::<&[u8], _>(range) {
                let (key, value) = found.into_inner()?;
                while let Some((first, row)) = waiting.next_if(|(first, _)| **first < *key) {
                    show(&first, row.as_deref())?;
                }
                match waiting.next_if(|(first, _)| **first == *key) {
                    Some((_, row)) => show(&key, row.as_deref())?,
                    None => show(&key, Some(&value))?,
                }
            }
        }
        for (key, row) in waiting {
            show(&key, row.as_deref())?;
        }
        Ok(())
    }
}

fn folder(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::Folder {
        path: path.to_owned(),
        source,
    }
}
