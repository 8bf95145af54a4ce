//! What waits for a wallet's actor in the list of active wallets.

use tokio::sync::oneshot::Sender;

use crate::message::WalletMessage;

/// What the wallet's own worker wants of it.
#[derive(Debug, Clone, Copy)]
pub enum Housekeeping {
    /// Hand a snapshot to the store.
    Checkpoint,
    /// Hand a snapshot to the store and stop, unless something came in meanwhile.
    Rest,
}

/// What waits for an actor in the list of active wallets.
#[derive(Debug)]
pub enum Posted {
    /// A command.
    Message(Box<WalletMessage>),
    /// What its own worker wants; the sender is notified when it is done.
    Housekeeping(Housekeeping, Option<Sender<()>>),
}
