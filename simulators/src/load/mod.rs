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
//!                          │
//!                          └──▶ statistics ──▶ view                    (a picture or a line each second)
//!                                   └───────▶ report ──▶ JSON, page, comparison
//! ```
//!
//! `scenario` says when what is asked, what goes wrong on purpose and what must hold; a plain rate or window is a scenario of
//! one stage.
//!
//! One thread does it all. Per request there is no allocation, no hash and no system call; the file of each step
//! says how.

pub(crate) mod clock;
mod compare;
mod connections;
pub(crate) mod http;
mod mix;
mod options;
mod pacer;
mod page;
mod report;
mod run;
mod scenario;
mod session;
mod shared;
pub(crate) mod speakers;
mod times;
mod view;
pub(crate) mod words;

pub use compare::Comparison;
pub use connections::party_line::PartyLine;
pub(crate) use connections::{access, back_off, sign_on};
pub use mix::{Kind, Mix};
pub use options::{AmountRange, Options, Pace, Profile};
pub use page::page;
pub use report::about::{About, command_line, parse_name};
pub use report::machine::{Machine, Product};
pub use report::reason::{Reason, Reasons};
pub use report::seconds::{Counted, Second};
pub use report::statistics::{Seen, Statistics, Violations};
pub(crate) use report::tally;
pub use report::{KindReport, Latency, Report, SCHEMA, Steady};
pub use run::{LoadError, run, run_here, run_watched};
pub use scenario::faults::Faults;
pub use scenario::file::Scenario;
pub use scenario::plan::{Course, Stage};
pub use scenario::scale::Scale;
pub use scenario::threshold::{Outcome, Threshold};
pub use shared::{Live, Phase};
pub use times::parse_duration;
pub use view::Display;

#[cfg(test)]
mod tests;
