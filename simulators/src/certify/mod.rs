//! Certification: the rules of the wire protocol as numbered cases, and a run of them against any switch.
//!
//! In come a party's profile and an address; out come one line per case, and for what failed the bytes that were sent,
//! those that came, and the fields that were expected. What never happens here: the switch is asked for anything that a
//! mall or an acquirer could not ask for over its own line. Where there is a wallet server's line, it plays the payer.
//!
//! ```text
//! cases ──▶ needs ──▶ play ──▶ packing ──▶ connection ──▶ the switch
//!  data      skip?      │                       │
//!                     judge ◀──── seen ◀────────┘      ──▶ report, JUnit
//! ```
//!
//! A case is data: to add one, write an entry in the file of its section in `cases`. Its number stays for good.

mod agreed;
mod answer;
mod any_or;
mod bed;
mod case;
mod cases;
mod connection;
mod controls;
mod fill;
mod grant;
mod judge;
mod junit;
mod keys;
mod listing;
mod message;
mod needs;
mod packing;
mod party;
mod payer;
mod play;
mod profile;
mod report;
mod restore;
mod run;
mod seen;
mod simulations;
mod tls;
mod wallet_line;
mod wrapping;

pub use case::Case;
pub use cases::cases;
pub use connection::Target;
pub use junit::junit;
pub use listing::{listing, listing_json};
pub use party::{Kind, Party, Permissions};
pub use payer::Payer;
pub use profile::PartyError;
pub use report::{Outcome as CaseOutcome, Report, Result as CaseResult};
pub use run::{Options, WalletLineOptions, chosen, run};
pub use simulations::Simulation;
pub use tls::tls;

#[cfg(test)]
mod tests;
