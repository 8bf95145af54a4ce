//! Clusters under failures: real nodes, a real etcd, the load generator and the financial system, with machines, processes,
//! disks and lines that fail.

mod alone;
mod checks;
mod console;
mod damage;
mod disks;
mod engine;
mod handover;
mod hanging;
mod kills;
mod lost_answers;
mod machines;
mod networks;
mod orders;
mod pauses;
#[path = "../rig/mod.rs"]
mod rig;
mod standbys;
mod upkeep;
