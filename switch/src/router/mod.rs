//! The router: from a request to the wallet that it is for, on the worker that owns the wallet.
//!
//! In come commands for wallets, from sessions and from the host; out they go to the wallet's actor.
//! What never happens here: a wallet's state is looked at.

mod active_wallets;
mod budget;
mod directory;
mod hand_out;
mod inboxes;
mod party_totals;
mod prefetch;
mod wakes;
mod worker;
mod worker_task;

pub use budget::Budget;
pub use directory::Directory;
pub use inboxes::Inboxes;
pub use party_totals::PartyTotals;
pub use worker::{Inbox, InboxWay, Parts, Worker};
pub use worker_task::{WorkerTask, ask_all};
