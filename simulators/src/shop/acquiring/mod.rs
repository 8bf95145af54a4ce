//! The shop's side of the wire to the switch: purchases, refunds and reversals in, what became of them out. What never
//! happens here: a purchase that stays in doubt. What is not answered in time is reversed until that is acknowledged, also
//! after the shop was killed in between.
//!
//! ```text
//! Client ──request─▶ line (socket, sign-on, echo, back-off) ──▶ requests (records, traces, deadlines) ──▶ request (frames)
//!        ◀─standing─                                             └──▶ log (durable before it is sent)
//! ```
//!
//! ```text
//! purchase   0200 ──answer──▶ approved / declined
//!                 ──silence─▶ 0400 ──silence──▶ 0420, 0421, 0421 ... ──acknowledged──▶ undone
//! refund     0200 ──silence─▶ 0201, 0201 ... (the same request, applied once) ──answer──▶ approved / declined
//! cancel     0400 ──silence─▶ 0420, 0421 ... ──acknowledged──▶ undone
//! ```

mod client;
mod line;
mod party_requests;
mod record;
mod request;
mod seal;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tessera_protocol::{CardNumber, MacKey};

pub use client::Client;
pub use record::{Refund, RefundState, Standing, State, Why};

/// Who speaks: what the switch's operator has agreed with the shop, or with its acquirer.
#[derive(Clone)]
pub struct Party {
    /// Institution code, field 32.
    pub code: u64,
    /// Card acceptor, field 42.
    pub acceptor: String,
    /// Name and location, field 43; none where the switch knows the shop's name.
    pub place: Option<String>,
    /// Terminal, field 41.
    pub terminal: String,
    /// Currency, field 49.
    pub currency: [u8; 3],
    /// Seals every message.
    pub key: MacKey,
}

/// How long what may take.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// From a request to its answer; then it counts as unanswered.
    pub answer_within: Duration,
    /// The first pause before an advice or a refund is repeated; doubled each time.
    pub repeat_min: Duration,
    /// The longest such pause.
    pub repeat_max: Duration,
    /// A line on which nothing came for this long is tried with an echo.
    pub echo_after: Duration,
    /// A line on which nothing came for this long although something is unanswered is given up.
    pub silence: Duration,
}

/// Who pays.
pub enum Payer {
    /// The payer who agreed to the order: known to the switch, never to the shop.
    Order {
        /// What was bought, for the payer's eyes; up to 100 characters.
        purpose: String,
    },
    /// The holder of this card.
    Card {
        /// Field 2.
        number: CardNumber,
        /// Field 14, YYMM.
        expiry: u16,
    },
}
