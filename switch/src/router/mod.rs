//! The router: from a request to the wallet that it is for, on the worker that owns the wallet.
//!
//! In come commands for wallets, from sessions and from the host; out they go to the wallet's actor.
//! What never happens here: a wallet's state is looked at.

mod book;
mod budget;
mod bulletin;
mod directory;
mod errand;
mod hand_out;
mod inboxes;
mod prefetch;
mod seats;
mod wakes;
mod worker;

pub use book::Book;
pub use budget::Budget;
pub use bulletin::Bulletin;
pub use directory::Directory;
pub use errand::Errand;
pub use inboxes::Inboxes;
pub use worker::{Inbox, InboxWay, Parts, Worker};
