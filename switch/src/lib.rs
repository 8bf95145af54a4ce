//! The switch: a mall's request comes in over TCP, a wallet decides, the financial system confirms,
//! the answer leaves once everything it rests on is durable.
//!
//! ```text
//! mall ──▶ mall ──▶ dispatch ──▶ router ──▶ wallet ──▶ journal ──▶ gate ──▶ host line ──▶ financial system
//! mall ◀── gate ◀── journal ◀─── wallet ◀── router ◀── dispatch ◀───────── host line ◀────────┘
//! ```

// So that a new event, command or message is decided upon in every place, by name.
#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod assembly;
#[cfg(test)]
#[path = "../../tests/rig/authenticator.rs"]
#[allow(
    clippy::disallowed_methods,
    reason = "as the integration tests have it"
)]
mod authenticator;
mod cluster;
pub mod fault;
mod gauges;
#[cfg(test)]
#[path = "../../tests/rig/wire/hand.rs"]
#[allow(
    dead_code,
    clippy::disallowed_methods,
    reason = "as the integration tests have it"
)]
mod hand;
mod host_totals;
pub mod import;
pub mod message;
#[cfg(test)]
#[path = "../../tests/rig/mutation.rs"]
mod mutation;
mod process;
mod recovery;
mod reload;
mod renewal;
mod reseal;
mod settlement;
mod shredding;
#[cfg(test)]
mod testing;
mod upgrade;
mod upkeep;

pub mod dispatch;
pub mod explain;
pub mod gate;
pub mod leased;
pub mod mall;
pub mod ops;
pub mod orders;
pub mod passkeys;
mod passwords;
pub mod provision;
pub mod repair;
pub mod router;
pub mod shared;
pub mod wallet;

pub use cluster::{
    ClusterView, Findings, begin_cluster, check_cluster, check_join, hand_over, leave_cluster,
    status as cluster_status, take_over_by_force, view_cluster,
};
pub use process::{Addresses, run};
pub use recovery::{journal_location, journal_to_read};
