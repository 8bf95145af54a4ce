//! The way to the wallets of all workers.

use std::sync::Arc;

use tessera_ledger::WalletId;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::message::WalletMessage;

/// Messages for wallets of one worker. Each in memory of its own, so that it is not copied on its way.
pub type Batch = Vec<(WalletId, Box<WalletMessage>)>;
/// What other workers and threads have for the wallets of a worker. Unbounded as a channel; what is in it is bounded by
/// admission, like a mailbox.
pub type Inbox = UnboundedReceiver<Batch>;

/// A sender for each worker. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Inboxes {
    senders: Arc<[UnboundedSender<Batch>]>,
    partitions: u16,
}

impl Inboxes {
    /// A sender for each worker; a wallet belongs to worker `partition % senders.len()`.
    pub fn new(senders: Vec<UnboundedSender<Batch>>, partitions: u16) -> Self {
        Self {
            senders: senders.into(),
            partitions,
        }
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.senders.len()
    }

    /// The worker that owns the wallet.
    pub fn owner(&self, wallet: WalletId) -> usize {
        usize::from(wallet.partition(self.partitions)) % self.senders.len()
    }

    /// Sends a wallet a message, on its own worker.
    pub fn send(&self, wallet: WalletId, message: WalletMessage) {
        self.send_batch(self.owner(wallet), vec![(wallet, Box::new(message))]);
    }

    /// Sends this worker what is for its wallets.
    pub(super) fn send_batch(&self, owner: usize, batch: Batch) {
        // It fails only when that worker has ended, and then nobody waits any more.
        let _ = self.senders[owner].send(batch);
    }
}
