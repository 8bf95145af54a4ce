//! Which wallets of a worker have changed since their last snapshot, and the store that takes snapshots.

use std::cell::RefCell;

use tessera_kit::clock;
use tessera_ledger::{Wallet, WalletId};
use tessera_store::{Checkpointer, Snapshot, StoreError};

/// One per worker. Bounded by the wallets in use.
pub struct Snapshots {
    checkpointer: Checkpointer,
    dirty: RefCell<Vec<WalletId>>,
}

impl Snapshots {
    /// Hands them to this store.
    pub fn new(checkpointer: Checkpointer) -> Self {
        Self {
            checkpointer,
            dirty: RefCell::default(),
        }
    }

    /// The wallet has changed since its last snapshot.
    pub fn turned_dirty(&self, wallet: WalletId) {
        self.dirty.borrow_mut().push(wallet);
    }

    /// All that have changed since this was last called.
    pub fn take_dirty(&self) -> Vec<WalletId> {
        self.dirty.take()
    }

    /// Hands a snapshot to the store, to be written behind.
    pub fn hand_over(&self, snapshot: Snapshot) {
        self.checkpointer.hand_over(snapshot);
    }

    /// Whether all snapshots that were handed over of this wallet are in the store.
    pub fn are_stored(&self, wallet: WalletId) -> bool {
        self.checkpointer.has_stored(wallet)
    }

    /// Waits until the store keeps up.
    pub async fn capacity(&self) {
        self.checkpointer.capacity().await;
    }

    /// Whether the store can't write at the moment.
    pub fn are_paused(&self) -> bool {
        self.checkpointer.is_paused()
    }

    /// The wallet as it was last handed over, without transactions older than `transactions_kept` milliseconds; a new one
    /// where there is none. Reads the disk.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn load(&self, wallet: WalletId, transactions_kept: u64) -> Result<Wallet, StoreError> {
        let found = self.checkpointer.wallet(wallet)?;
        let mut loaded = found.unwrap_or_else(|| Wallet::new(wallet));
        // The store may still have an earlier row of a transaction that was forgotten with what became of it later.
        loaded.forget_older(clock::now(), transactions_kept);
        Ok(loaded)
    }
}
