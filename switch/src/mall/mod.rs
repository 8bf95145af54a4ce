//! The sessions of malls and acquirers: frames in, answers out.
//!
//! In come frames (wire protocol, sections 1 to 4 and 8); out go commands for wallets, and at once the
//! answers that need no wallet. What never happens here: a balance is known, or a disk is waited for.

mod answer;
mod context;
mod dialect;
mod key_change;
mod keys;
mod patience;
mod permission;
mod proxied;
mod receive;
mod sandbox;
mod serve;
mod session;
mod sign_on;
mod turns;

pub use context::{Neighbours, SessionContext};
pub use sandbox::Sandbox;
pub use serve::{serve, serve_sealed};
