//! The actor around the rules of a wallet.
//!
//! In come commands; out go events to the journal, and effects to the gate. What never happens here: a rule, or a wait.

mod actor;
mod asks_host;
#[cfg(test)]
#[path = "../../ledger/src/tests/bench.rs"]
#[allow(dead_code, reason = "the rules' own tests use the rest")]
mod bench;
mod event_log;
mod numbers;
mod posted;
#[cfg(test)]
mod references;
mod services;
mod snapshots;

pub(crate) use asks_host::unread;

pub use actor::WalletActor;
pub use event_log::EventLog;
pub use numbers::Numbers;
pub use posted::{Housekeeping, Posted};
pub use services::{ActiveList, Services};
pub use snapshots::Snapshots;
