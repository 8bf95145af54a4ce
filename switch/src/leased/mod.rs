//! The wallet server's leased line: mutual TLS 1.3, administrative messages (0600/0610).
//!
//! In come operations (announce an order, make a wallet, issue its card, load it, read it); out go
//! commands for wallets, and answers. What never happens here: anything identifies a payer but the
//! number of a wallet.

mod answer;
mod answer_fields;
mod browser;
mod data;
mod history;
mod operation;
mod passkey;
mod payer;
#[cfg(test)]
mod random_input;
mod session;

pub use answer::write_news;
pub use data::Reading;
pub use session::{LineKeeper, serve};
