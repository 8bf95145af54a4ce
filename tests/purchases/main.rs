//! Purchases and what follows them, before the real switch and the real financial system.

mod authorizations;
mod certificates;
mod certify;
mod end_to_end;
mod explain;
mod export;
mod keys;
mod lines;
mod memory;
mod orders;
mod originals;
mod port;
mod profiles;
mod reconciliation;
#[path = "../rig/mod.rs"]
mod rig;
mod sandbox;
mod status;
mod verdicts;
mod webhooks;
