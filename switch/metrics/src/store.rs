//! The store: how its checkpoint keeps up with the journal, and its full snapshots.

use prometheus::{Histogram, IntCounter, IntGauge};

use super::journal::clamped;
use super::register::{Register, SECONDS};
use tessera_store::Written;

/// The store's figures.
pub struct StoreMetrics {
    /// Records that the last checkpoint reflects, counted as those of the journal are.
    pub checkpoint_sequence: IntGauge,
    /// Time of a checkpoint.
    pub checkpoint: Histogram,
    /// Wallets written behind.
    pub wallets_written: IntCounter,
    /// 1 while the disk refuses what is to be written.
    pub paused: IntGauge,
    /// When the newest full snapshot was written.
    pub snapshot_time: IntGauge,
    /// Its size.
    pub snapshot_bytes: IntGauge,
    /// Full snapshots that could not be written.
    pub snapshot_failures: IntCounter,
}

impl StoreMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        Self {
            checkpoint_sequence: register.gauge(
                "store_checkpoint_sequence",
                "Records of the journal that the last checkpoint has, counted from the first.",
            ),
            checkpoint: register.histogram(
                "store_checkpoint_seconds",
                "Time to write one checkpoint.",
                SECONDS,
            ),
            wallets_written: register.counter(
                "store_wallets_written_total",
                "Wallets written to the store.",
            ),
            paused: register.gauge(
                "store_paused",
                "1 while the disk refuses checkpoints; the switch retries by itself.",
            ),
            snapshot_time: register.gauge(
                "full_snapshot_timestamp_seconds",
                "When the newest full snapshot was written, in seconds since 1970; 0 where there is none.",
            ),
            snapshot_bytes: register.gauge(
                "full_snapshot_bytes",
                "Size of the newest full snapshot.",
            ),
            snapshot_failures: register.counter(
                "full_snapshot_failures_total",
                "Full snapshots that could not be written; the switch tries again after a minute.",
            ),
        }
    }

    /// A batch was written.
    pub fn written(&self, written: &Written) {
        self.checkpoint.observe(written.took.as_secs_f64());
        self.wallets_written.inc_by(written.wallets as u64);
        if let Some(records) = written.records {
            self.checkpoint_sequence.set(clamped(records));
        }
    }
}
