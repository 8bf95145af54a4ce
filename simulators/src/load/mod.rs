//! Malls and acquirers under load. In come the options of a run; out go purchases, repeats, reversals and inquiries,
//! and in the end a [`Report`] that says how fast they were answered and whether every answer and every cent was right.
//! What never happens here: the switch is asked how it came to a balance. The generator keeps its own accounts
//! (`model`) from the answers alone, and compares the switch with them.
//!
//! ```text
//!             options ──▶ run ──▶ line ───────▶ balances at the start, orders, balances at the end
//!                          │
//!    mix, pace, model ──▶ session ──▶ template ──▶ terminal ──▶ TCP     (one task and one write per connection)
//!                          ▲                       │
//!                        judge ◀── layout ◀────────┘                 (one read, every answer in it)
//! ```
//!
//! One thread does it all. Per request there is no allocation, no hash and no system call; the file of each step
//! says how.

pub(crate) mod access;
mod after;
pub(crate) mod back_off;
pub(crate) mod clock;
pub(crate) mod http;
mod judge;
mod layouts;
mod line;
mod mix;
mod model;
mod options;
mod orders;
mod pacer;
mod progress;
mod report;
mod run;
mod session;
mod shapes;
mod shared;
pub(crate) mod sign_on;
mod slots;
pub(crate) mod speakers;
mod statistics;
mod tab;
mod tabs;
pub(crate) mod tally;
mod templates;
mod terminal;
mod verify;

pub use mix::{Kind, Mix};
pub use options::{AmountRange, Options, Pace, parse_duration};
pub use report::{KindReport, Latency, Report, Steady};
pub use run::{LoadError, run, run_here, run_watched};
pub use shared::{Live, Phase};
pub use statistics::{Seen, Statistics, Violations};

#[cfg(test)]
mod tests;
