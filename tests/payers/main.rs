//! Payers and their wallets, before the real processes.

mod browsers;
mod confirmed;
mod erasure;
mod leased_line;
mod passkeys;
#[path = "../rig/mod.rs"]
mod rig;
mod shop;
mod wallet_server;
