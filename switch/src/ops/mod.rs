//! Operations: metrics and health. Input: counts and times from every component. Output: `/metrics`, `/healthz`,
//! `/readyz` on their own port. Operators have a Unix socket. What never happens here: a decision about a payment, or a
//! card number, a key or a payer in anything that leaves.

pub mod client;
pub mod control;
pub mod decisions;
mod health;
mod http;
pub mod operator;

pub use health::Health;
pub use http::{OpsServer, serve};
pub use operator::Operator;
