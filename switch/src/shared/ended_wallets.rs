//! Wallets that have ended, and whose keys are still to be destroyed.

use std::sync::{Mutex, PoisonError};

use tessera_journal::Position;
use tessera_ledger::WalletId;

/// A wallet that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedWallet {
    /// Which.
    pub wallet: WalletId,
    /// Of the event with which it ended, or of its last one.
    pub position: Position,
}

/// Filled by wallets, emptied by the thread that destroys keys.
#[derive(Debug, Default)]
pub struct EndedWallets(Mutex<Vec<EndedWallet>>);

impl EndedWallets {
    /// Adds one.
    pub fn add(&self, ended: EndedWallet) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(ended);
    }

    /// Takes all.
    pub fn take(&self) -> Vec<EndedWallet> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
