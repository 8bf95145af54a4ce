//! Wallet actors, and the queues between the components of a worker.

use prometheus::{IntCounter, IntGauge, IntGaugeVec};

use super::register::Register;

/// How many wallets are awake, and how much waits for them.
pub struct WalletMetrics {
    /// Wallets in memory.
    pub active: IntGauge,
    /// Actors started.
    pub started: IntCounter,
    /// Actors stopped because nobody asked for them.
    pub stopped: IntCounter,
    /// Transactions that payers did not recognise.
    pub disputed: IntCounter,
    /// Depths by queue and worker; see [`WorkerMetrics::queue`](super::WorkerMetrics::queue).
    pub(super) queues: IntGaugeVec,
}

impl WalletMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        Self {
            active: register.gauge("wallet_actors_active", "Wallet actors that are running."),
            started: register.counter("wallet_actors_started_total", "Wallet actors started."),
            stopped: register.counter(
                "wallet_actors_stopped_total",
                "Wallet actors stopped when idle.",
            ),
            disputed: register.counter(
                "transactions_disputed_total",
                "Transactions that their payers do not recognise.",
            ),
            queues: register.gauge_family(
                "queue_depth",
                "Entries in the queues between components, by queue and worker.",
                &["queue", "worker"],
            ),
        }
    }
}
