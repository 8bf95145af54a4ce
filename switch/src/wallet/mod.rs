//! The actor around the rules of a wallet.

mod actor;
mod asks_host;
#[cfg(test)]
#[path = "../../ledger/src/tests/bench.rs"]
#[allow(dead_code, reason = "the rules' own tests use the rest")]
mod bench;
mod host_totals;
#[cfg(test)]
mod references;

pub(crate) use asks_host::unread;

pub use actor::{Housekeeping, WalletActor};
