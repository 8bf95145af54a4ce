//! The leased line to the financial system. What comes in: requests of the wallets, and advices that must be
//! acknowledged. What leaves: frames over mutual TLS, and exactly one answer for each request, whatever the line does.
//! What never happens here: a decision about money, a write to the disk, a wait of the caller.
//!
//! ```text
//! gate ──send, flush──▶ link ──▶ line 0..n: output ─▶ wire ══TLS══▶ financial system
//!                        │  ▲                          wire ◀═════
//! wallets ◀──deliver── in flight ◀── receive ◀───────────┘
//!    └──enqueue──▶ forwarder ──▶ link                  (a late, doubled or unknown answer is counted)
//! ```
//! Everything runs on one worker; what none of its lines takes goes over a line of another worker (`sharing`).
//! Bounds: `in_flight_max` requests wait for answers, 8 MiB of output for a line, and 256 batches for another
//! worker; beyond, a request is unsent at once. The forwarder holds what the journal holds open.

// So that a new event or message is decided upon in every place, by name.
#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod backoff;
mod echo;
mod encode;
mod forwarder;
mod frames;
mod in_flight;
mod life;
mod line;
mod link;
mod links;
mod message;
mod receive;
mod schedule;
mod sharing;
mod start;
mod traces;
mod wheel;
mod wire;

#[cfg(test)]
#[path = "../../../tests/rig/mutation.rs"]
mod mutation;
#[cfg(test)]
mod tests;

pub use encode::write_out;
pub use forwarder::Forwarder;
pub use link::{Deliver, DeliverAdvice, DeliverDate, Link, LinkError};
pub use links::{LinkInbox, Links};
pub use message::{
    Advice, AdviceOutcome, CardUpdate, DateMessage, HostAnswer, HostMessage, HostOutcome,
    HostRequest, LOAD_ACCEPTOR, LOAD_PROCESSING_CODE, LOAD_TERMINAL, Original,
    PAYOUT_PROCESSING_CODE, Posting, Unanswered,
};
pub use traces::TraceShare;
