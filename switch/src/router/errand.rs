//! What the switch asks of a worker as a whole.

use std::sync::Arc;

use tokio::sync::oneshot::Sender;

use crate::door::Guests;

/// Asked from outside its thread; the sender is told when it is done.
#[derive(Debug)]
pub enum Errand {
    /// Hand every wallet that changed to the store.
    Checkpoint(Sender<()>),
    /// These are the parties from now on.
    Renew(Arc<Guests>, Sender<()>),
    /// Read no more requests, answer what is under way, take leave of the host.
    Drain(Sender<()>),
}
