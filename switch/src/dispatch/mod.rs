//! From anybody who has a command for a wallet to the worker that owns the wallet.
//!
//! In come commands, from sessions, from the host's lines, from wallets, and from other threads; out they go in batches, one
//! channel send for each turn and worker. What never happens here: a wallet is looked up, or its actor is called.

mod host_answers;
mod inboxes;
mod outgoing;
mod wakes;

pub use inboxes::{Batch, Inbox, Inboxes};
pub use outgoing::Outgoing;
pub use wakes::Wakes;
