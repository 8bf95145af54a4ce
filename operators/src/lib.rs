//! The operators' console: pages on which operators see what a switch does, find transactions, and decide.
//!
//! ```text
//!              ┌─ watch/    ◀── /metrics, /readyz ──── operations port of each node
//! browser ─▶ web, pages ─ switch.rs ◀─▶ operators' socket ── decisions, lists
//!              └─ accounts, sessions   └── journal, read only: explain, lists
//! ```
//!
//! In come requests of browsers that have signed in with an operator's account; out go pages, and what an operator has decided,
//! which the switch journals with the account's name and the reason. It is a process of its own: whatever is wrong with a page, no
//! payment waits for it.
//!
//! What never happens here: a decision without a name and a reason, a whole card number, a funding source or an address of a payer on
//! a page or in the log, or a write to the data of the switch.

mod accounts;
mod action;
mod attempts;
mod journal;
mod pages;
mod posted;
mod server;
mod sessions;
mod settings;
mod switch;
mod tls;
mod watch;
mod web;

pub use accounts::{Account, Accounts, AccountsError, Role, Why};
pub use journal::{JournalError, journal};
pub use server::{Addresses, run};
pub use settings::{Settings, SettingsError};
