//! The metrics, by component, and the text that Prometheus reads.
//!
//! Two halves: [`Metrics`] is shared, complete and slow to look things up in; a [`WorkerMetrics`] belongs to one
//! worker, counts without an atomic instruction, and is poured into the shared half once per batch.
//! Every label has a fixed set of values, so that the number of series is known before the first request.

mod admission;
mod cluster;
mod disk;
mod durations;
mod families;
mod host;
mod journal;
mod labels;
mod link;
mod local;
mod notify;
mod process;
mod register;
mod requests;
mod stats;
mod store;
#[cfg(test)]
mod tests;
mod wallets;
mod webhooks;
mod worker;

use std::sync::{Mutex, OnceLock, PoisonError};

use prometheus::{IntGauge, IntGaugeVec, Registry, TextEncoder};

pub use admission::{AdmissionMetrics, PartyMetrics};
pub use cluster::ClusterMetrics;
pub use disk::{DiskMetrics, Space};
pub use durations::Durations;
pub use families::Counters;
pub use host::HostMetrics;
pub use journal::JournalMetrics;
pub use labels::{
    Certificate, ConnectionClosed, ConnectionRefused, Folder, FrameRefused, Kind, Label,
    LinkOutcome, Queue, Reloaded, Stage, TotalsOutcome, UnmatchedAnswer,
};
pub use notify::NotifyMetrics;
pub use requests::RequestMetrics;
pub use stats::{Figure, LinkStats};
pub use store::StoreMetrics;
pub use wallets::WalletMetrics;
pub use webhooks::WebhookMetrics;
pub use worker::WorkerMetrics;

use process::ProcessMetrics;
use register::Register;

/// Is called before each reading, to bring figures up to date that somebody else keeps.
type Refresh = Box<dyn Fn(&Metrics) + Send + Sync>;

/// Every figure of one switch.
pub struct Metrics {
    registry: Registry,
    refreshes: Mutex<Vec<Refresh>>,
    process: ProcessMetrics,
    certificates: IntGaugeVec,
    /// Requests and their answers.
    pub requests: RequestMetrics,
    /// Connections of malls and acquirers.
    pub admission: AdmissionMetrics,
    /// Wallet actors, and the queues between components.
    pub wallets: WalletMetrics,
    /// The journal.
    pub journal: JournalMetrics,
    /// The disks of the data.
    pub disk: DiskMetrics,
    /// The lines to the financial system, and what is stored for it.
    pub host: HostMetrics,
    /// The store.
    pub store: StoreMetrics,
    /// Notifications to payers.
    pub notify: NotifyMetrics,
    /// Webhooks of parties.
    pub webhooks: WebhookMetrics,
    cluster: OnceLock<ClusterMetrics>,
    /// Whether the last look for a new data key, or the last attempt to make one, has failed.
    pub data_key_renewal_failing: IntGauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All figures at zero.
    pub fn new() -> Self {
        let registry = Registry::new();
        let register = Register::new(&registry);
        register.log();
        Self {
            process: ProcessMetrics::new(&register),
            certificates: register.gauge_family(
                "certificate_not_after_timestamp_seconds",
                "Expiry of a certificate of the switch, in seconds since 1970.",
                &[Certificate::LABEL],
            ),
            requests: RequestMetrics::new(&register),
            admission: AdmissionMetrics::new(&register),
            wallets: WalletMetrics::new(&register),
            journal: JournalMetrics::new(&register),
            disk: DiskMetrics::new(&register),
            host: HostMetrics::new(&register),
            store: StoreMetrics::new(&register),
            notify: NotifyMetrics::new(&register),
            webhooks: WebhookMetrics::new(&register),
            data_key_renewal_failing: register.gauge(
                "data_key_renewal_failing",
                "1 while no new data key can be made or read; the present one stays in use.",
            ),
            cluster: OnceLock::new(),
            refreshes: Mutex::new(Vec::new()),
            registry,
        }
    }

    /// The figures of a node of a cluster, which are shown from the first call on.
    pub fn cluster(&self) -> &ClusterMetrics {
        let make = || ClusterMetrics::new(&Register::new(&self.registry));
        self.cluster.get_or_init(make)
    }

    /// A certificate of ours ends then, in seconds since 1970.
    pub fn certificate_ends(&self, certificate: Certificate, at: i64) {
        self.certificates
            .with_label_values(&[certificate.name()])
            .set(at);
    }

    /// Calls `refresh` before each reading.
    pub fn before_reading(&self, refresh: impl Fn(&Self) + Send + Sync + 'static) {
        // A refresh that panicked has left nothing half-done in the list itself.
        let mut refreshes = self
            .refreshes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        refreshes.push(Box::new(refresh));
    }

    /// Everything in the text format of Prometheus.
    pub fn text(&self) -> String {
        self.process.refresh();
        let refreshes = self
            .refreshes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for refresh in refreshes.iter() {
            refresh(self);
        }
        drop(refreshes);
        let mut text = String::new();
        // Writing into a string does not fail, and every family was checked when it was registered.
        if let Err(error) = TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics cannot be written");
        }
        text
    }
}
