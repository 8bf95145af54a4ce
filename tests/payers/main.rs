//! Payers and their wallets, before the real processes.

mod erasure;
mod leased_line;
#[path = "../rig/mod.rs"]
mod rig;
mod shop;
mod wallet_server;
