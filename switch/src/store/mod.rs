//! The store: wallets that are not in use, and which wallet a card or an order leads to. A checkpoint
//! of the journal, written behind and never on the road of a payment; it can be deleted and is rebuilt
//! as far as the journal reaches.
//!
//! ```text
//! keyspace  key                value
//! wallets   wallet 8           snapshot (see wallet/snapshot.rs)
//! settled   wallet 8, time 8,  transactions that settled between that snapshot and the one before it
//!           sequence 8
//! cards     card number 8      wallet 8
//! orders    order key 16       wallet 8, state 1, reference 8, expires 8
//! open      wallet 8           (nothing): something of it is to be settled
//! holds     wallet 8           time 8: when the first of its holds expires
//! totals    institution 8,     totals of the party and settlement date, as far as the wallets above bring them about
//!           date 4 (days)
//! meta      "mark"             sequence 8, position 8: all up to there is in the store; time 8: nothing up to there is later
//! numbers big-endian in keys, so that they sort; little-endian in values
//! ```

mod beside;
mod checkpointer;
mod rows;
mod snapshot;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use tessera_protocol::{CardNumber, OrderKey, Totals};

pub use beside::recorded_mark;
pub use checkpointer::{Checkpointer, Writer, Written};
pub use snapshot::{Known, Snapshot, Turnover};

use crate::clock;
use crate::journal::Mark;
use crate::wallet::{Day, OrderState, Wallet, WalletId};

const MARK: &[u8] = b"mark";

/// Why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The library below could not.
    #[error("the store: {0}")]
    Engine(#[from] fjall::Error),
    /// It holds what this version did not write. Deleting the store's folder has it rebuilt from the
    /// journal.
    #[error(
        "the store holds an unreadable {what}: stop the switch, delete the folder `store`, start again"
    )]
    Unreadable {
        /// Which kind of row.
        what: &'static str,
    },
}

/// See the head of this file. Cheap to read from any thread.
pub struct Store {
    directory: PathBuf,
    database: Database,
    wallets: Keyspace,
    settled: Keyspace,
    cards: Keyspace,
    orders: Keyspace,
    open: Keyspace,
    holds: Keyspace,
    totals: Keyspace,
    meta: Keyspace,
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
    /// When the library can't.
    pub fn open(directory: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let database = Database::builder(directory)
            .cache_size(cache_bytes)
            .open()?;
        let keyspace = |name: &str| database.keyspace(name, KeyspaceCreateOptions::default);
        Ok(Self {
            wallets: keyspace("wallets")?,
            settled: keyspace("settled")?,
            cards: keyspace("cards")?,
            orders: keyspace("orders")?,
            open: keyspace("open")?,
            holds: keyspace("holds")?,
            totals: keyspace("totals")?,
            meta: keyspace("meta")?,
            directory: directory.to_owned(),
            database,
        })
    }

    /// Up to where the store reflects the journal; `None` for not at all.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn mark(&self) -> Result<Option<Mark>, StoreError> {
        Ok(self.mark_and_time()?.map(|(mark, _)| mark))
    }

    /// A time that no event up to the mark, and no reference in one, is later than, milliseconds since 1970.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn time(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.mark_and_time()?.map(|(_, time)| time))
    }

    fn mark_and_time(&self) -> Result<Option<(Mark, u64)>, StoreError> {
        self.meta
            .get(MARK)?
            .map(|row| rows::read_mark(&row))
            .transpose()
    }

    /// The wallet as it was last written.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn wallet(&self, wallet: WalletId) -> Result<Option<Wallet>, StoreError> {
        let Some(row) = self.wallets.get(wallet.0.to_be_bytes())? else {
            return Ok(None);
        };
        let mut found = Wallet::read_snapshot(wallet, &row)
            .map_err(|_| StoreError::Unreadable { what: "wallet" })?;
        self.restore_settled(&mut found)?;
        Ok(Some(found))
    }

    /// Shows every wallet, as it was last written and without what has settled, in the order of their numbers.
    ///
    /// # Errors
    /// When one of them can't be read.
    pub fn each_wallet(&self, visit: &mut dyn FnMut(Wallet)) -> Result<(), StoreError> {
        for row in self.wallets.iter() {
            let (key, value) = row.into_inner()?;
            let wallet = rows::read_wallet_key(&key)?;
            let found = Wallet::read_snapshot(wallet, &value)
                .map_err(|_| StoreError::Unreadable { what: "wallet" })?;
            visit(found);
        }
        Ok(())
    }

    /// Gives the wallet what has settled, as far as it was written.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn restore_settled(&self, wallet: &mut Wallet) -> Result<(), StoreError> {
        for row in self.settled.prefix(wallet.id.0.to_be_bytes()) {
            wallet
                .restore_settled(&row.value()?)
                .map_err(|_| StoreError::Unreadable {
                    what: "list of settled transactions",
                })?;
        }
        Ok(())
    }

    /// The wallet of a card.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn wallet_of_card(&self, card: &CardNumber) -> Result<Option<WalletId>, StoreError> {
        let row = self.cards.get(card.expose().to_be_bytes())?;
        row.map(|row| rows::read_wallet(&row)).transpose()
    }

    /// Whose order it is, in what state, and until when it stands.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn order(&self, key: &OrderKey) -> Result<Option<(WalletId, OrderState, u64)>, StoreError> {
        self.orders
            .get(key.0)?
            .map(|row| rows::read_order(&row))
            .transpose()
    }

    /// Wallets of which something is to be settled.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn open_wallets(&self) -> Result<Vec<WalletId>, StoreError> {
        self.open
            .iter()
            .map(|row| rows::read_wallet_key(&row.key()?))
            .collect()
    }

    /// Wallets that hold money for authorizations, and when the first of these expires, milliseconds since 1970.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn holding_wallets(&self) -> Result<Vec<(u64, WalletId)>, StoreError> {
        let rows = self.holds.iter().map(|row| {
            let (key, value) = row.into_inner()?;
            Ok((rows::read_time(&value)?, rows::read_wallet_key(&key)?))
        });
        rows.collect()
    }

    /// The totals of all parties, from a settlement date on.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn totals(&self, from: Day) -> Result<Vec<(u64, Day, Totals)>, StoreError> {
        let mut found = Vec::new();
        for row in self.totals.iter() {
            let (key, value) = row.into_inner()?;
            let (institution, day) = rows::read_totals_key(&key)?;
            if day >= from {
                found.push((institution, day, rows::read_totals(&value)?));
            }
        }
        Ok(found)
    }

    /// What the snapshots add to totals.
    fn write_totals(
        &self,
        batch: &mut OwnedWriteBatch,
        snapshots: &[Snapshot],
    ) -> Result<(), StoreError> {
        let mut sums: BTreeMap<(u64, Day), Totals> = BTreeMap::new();
        for turnover in snapshots.iter().flat_map(|snapshot| &snapshot.turnover) {
            let sum = sums
                .entry((turnover.institution, turnover.day))
                .or_default();
            sum.add(&turnover.totals);
        }
        for ((institution, day), mut sum) in sums {
            let key = rows::totals_key(institution, day);
            if let Some(row) = self.totals.get(key)? {
                sum.add(&rows::read_totals(&row)?);
            }
            batch.insert(&self.totals, key, rows::totals(&sum));
        }
        Ok(())
    }

    /// Writes all `snapshots`, and that with them the store reflects the journal up to `mark`, as one
    /// batch: all of it is there after a crash, or none.
    ///
    /// # Errors
    /// When the library can't.
    pub fn write(&self, snapshots: &[Snapshot], mark: Option<Mark>) -> Result<(), StoreError> {
        let mut batch = self.database.batch();
        for snapshot in snapshots {
            let id = snapshot.wallet.0.to_be_bytes();
            batch.insert(&self.wallets, id, snapshot.bytes.as_slice());
            if !snapshot.settled.is_empty() {
                let key = rows::settled_key(snapshot.wallet, snapshot.at, snapshot.sequence);
                batch.insert(&self.settled, key, snapshot.settled.as_slice());
            }
            if snapshot.settled_from > 0 {
                let from = rows::settled_key(snapshot.wallet, 0, 0);
                let to = rows::settled_key(snapshot.wallet, snapshot.settled_from, 0);
                for row in self.settled.range(from..to) {
                    batch.remove(&self.settled, row.key()?);
                }
            }
            for (_, card) in &snapshot.cards {
                batch.insert(
                    &self.cards,
                    card.to_be_bytes(),
                    snapshot.wallet.0.to_le_bytes(),
                );
            }
            for (key, state, expires_at) in &snapshot.orders {
                batch.insert(
                    &self.orders,
                    key.0,
                    rows::order(snapshot.wallet, *state, *expires_at),
                );
            }
            match snapshot.open {
                Some(true) => batch.insert(&self.open, id, []),
                Some(false) => batch.remove(&self.open, id),
                None => {}
            }
            match snapshot.wakes_at {
                Some(0) => batch.remove(&self.holds, id),
                Some(at) => batch.insert(&self.holds, id, at.to_le_bytes()),
                None => {}
            }
        }
        self.write_totals(&mut batch, snapshots)?;
        if let Some(mark) = mark {
            batch.insert(&self.meta, MARK, rows::mark(mark, clock::highest()));
        }
        batch.commit()?;
        Ok(())
    }

    /// Makes everything written survive a loss of power, and records the mark for those who do not open the store.
    ///
    /// # Errors
    /// When the library can't.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.database.persist(PersistMode::SyncAll)?;
        if let Some(mark) = self.mark()?
            && let Err(error) = beside::record(&self.directory, mark)
        {
            // Nothing rests on it: whoever reads it gets an older mark, or none.
            tracing::warn!(%error, "the store's mark could not be written to a file");
        }
        Ok(())
    }
}
