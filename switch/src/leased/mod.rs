//! The wallet server's leased line: mutual TLS 1.3, administrative messages (0600/0610).
//!
//! In come operations (announce an order, make a wallet, issue its card, load it, read it); out go
//! commands for wallets, and answers. What never happens here: a payer is known by more than a wallet's
//! number.

mod answer;
mod operation;
mod session;

pub use operation::{Code, tag};
pub use session::{LineKeeper, serve};
