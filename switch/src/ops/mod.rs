//! The operations room: what the switch does becomes figures, a state of health and log lines.
//! In come counts and times from every room; out go `/metrics`, `/healthz`, `/readyz` on a port of their own,
//! and the log on standard error. Operators have a Unix socket.
//! What never happens here: a decision about a payment, or a card number, a key or a payer in anything that leaves.

pub mod control;
mod health;
mod http;
mod logging;
mod masked;
pub mod metrics;
pub mod operator;

pub use health::Health;
pub use http::{OpsServer, serve};
pub use logging::{LoggingError, start_logging};
pub use masked::Masked;
pub use metrics::{Metrics, WorkerMetrics};
pub use operator::Operator;
