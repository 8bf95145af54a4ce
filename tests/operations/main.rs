//! The processes under kills, signals, full disks, moved clocks and an operator.

mod archive;
mod at_rest;
mod backup;
mod clock;
mod console;
mod crash;
mod encryption;
mod full_disk;
mod golden;
mod haproxy;
mod lock;
mod operator;
mod payer_crash;
mod recover;
mod retention;
#[path = "../rig/mod.rs"]
mod rig;
mod secrecy;
mod service_manager;
mod signals;
mod sinks;
mod snapshots;
mod token;
mod undurable;
mod upgrade;
