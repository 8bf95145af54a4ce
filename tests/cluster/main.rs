//! Clusters under failures: real nodes, a real etcd, the load generator and the financial system, with machines, processes,
//! disks and lines that fail.

mod handover;
mod kills;
mod pauses;
#[path = "../rig/mod.rs"]
mod rig;
mod standbys;
