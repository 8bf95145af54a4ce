//! The router: from a batch of commands to the actors of the wallets on the worker that owns them.
//!
//! In come batches, from this worker and from others; out they go to the wallets' actors, which are started where they
//! are needed and stopped where they are idle. What never happens here: a wallet's state is looked at.

mod active_wallets;
mod prefetch;
#[cfg(test)]
mod tests;
mod worker;
mod worker_task;

pub use active_wallets::ActiveWallets;
pub use worker::Worker;
pub use worker_task::{WorkerTask, ask_all};
