//! Senders to the wallets of all workers, for other threads.

use std::sync::Arc;

use super::InboxWay;
use crate::message::WalletMessage;
use tessera_ledger::WalletId;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Inboxes {
    ways: Arc<[InboxWay]>,
    partitions: u16,
}

impl Inboxes {
    /// One way for each worker.
    pub fn new(ways: Vec<InboxWay>, partitions: u16) -> Self {
        Self {
            ways: ways.into(),
            partitions,
        }
    }

    /// All of them.
    pub fn ways(&self) -> Vec<InboxWay> {
        self.ways.to_vec()
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.ways.len()
    }

    /// Sends a wallet a message, on its own worker.
    pub fn send(&self, wallet: WalletId, message: WalletMessage) {
        let owner = usize::from(wallet.partition(self.partitions)) % self.ways.len();
        // It fails only when the worker has ended, which ends the switch.
        let _ = self.ways[owner].send(vec![(wallet, message)]);
    }
}
