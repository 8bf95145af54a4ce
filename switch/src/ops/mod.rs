//! The operations room: what the switch does becomes figures and a state of health.
//! In come counts and times from every room; out go `/metrics`, `/healthz`, `/readyz` on a port of their own.
//! Operators have a Unix socket.
//! What never happens here: a decision about a payment, or a card number, a key or a payer in anything that leaves.

pub mod control;
mod health;
mod http;
pub mod operator;

pub use health::Health;
pub use http::{OpsServer, serve};
pub use operator::Operator;
