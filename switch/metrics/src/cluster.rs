//! This node's place in its cluster. A switch on its own has none of these figures.

use prometheus::{Gauge, Histogram, IntGauge};

use super::register::{Register, SECONDS};

/// The cluster's figures.
pub struct ClusterMetrics {
    /// Whether this node is the active one.
    pub active: IntGauge,
    /// The epoch of the last entry that this node knows.
    pub epoch: IntGauge,
    /// Entries that this node knows of and does not have on its disk.
    pub entries_behind: IntGauge,
    /// How long ago the log took the first entry that this node lacks, as the active node measured.
    pub lag_seconds: Gauge,
    /// Bytes of the entries that it lacks.
    pub lag_bytes: IntGauge,
    /// Whether this standby could take over.
    pub can_take_over: IntGauge,
    /// Other nodes that have other parties or keys.
    pub nodes_differing: IntGauge,
    /// Other nodes that follow.
    pub standbys: IntGauge,
    /// Bytes in the log that are on no second node yet.
    pub window_bytes: IntGauge,
    /// Members of etcd that answer.
    pub etcd_members_up: IntGauge,
    /// Members of etcd.
    pub etcd_members: IntGauge,
    /// Bytes of the largest database of etcd.
    pub etcd_database_bytes: IntGauge,
    /// Alarms that etcd has raised.
    pub etcd_alarms: IntGauge,
    /// How often another member of etcd led.
    pub etcd_leader_changes: IntGauge,
    /// Time until the log had a batch.
    pub commit: Histogram,
}

impl ClusterMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        Self {
            active: register.gauge("cluster_active", "1 while this node is the active one."),
            epoch: register.gauge(
                "cluster_epoch",
                "Epoch of the replicated log: rises by one with each take-over.",
            ),
            entries_behind: register.gauge(
                "cluster_entries_behind",
                "Entries of the replicated log that this node knows of and does not have on its disk.",
            ),
            lag_seconds: register.fraction(
                "cluster_lag_seconds",
                "Seconds since the replicated log took the first entry that this node lacks, as the active node measured last; 0 on the active node.",
            ),
            lag_bytes: register.gauge(
                "cluster_lag_bytes",
                "Bytes of the entries of the replicated log that this node lacks, as the active node measured last; 0 on the active node.",
            ),
            can_take_over: register.gauge(
                "cluster_can_take_over",
                "1 while this node is active, or could take over.",
            ),
            nodes_differing: register.gauge(
                "cluster_nodes_differing",
                "Other nodes that have other parties or vault keys than this one, or lack a data key that it has.",
            ),
            standbys: register.gauge("cluster_standbys", "Other nodes whose leases live."),
            window_bytes: register.gauge(
                "cluster_window_bytes",
                "Bytes in the replicated log that are on no second node yet, on the active node. At 1 GiB nothing more is approved.",
            ),
            etcd_members_up: register.gauge("cluster_etcd_members_up", "Members of etcd that answer."),
            etcd_members: register.gauge("cluster_etcd_members", "Members of etcd."),
            etcd_database_bytes: register.gauge(
                "cluster_etcd_database_bytes",
                "Bytes of the largest database of the members of etcd.",
            ),
            etcd_alarms: register.gauge("cluster_etcd_alarms", "Alarms that etcd has raised."),
            etcd_leader_changes: register.gauge(
                "cluster_etcd_leader_changes",
                "How often this process saw another member of etcd lead than before.",
            ),
            commit: register.histogram(
                "cluster_commit_seconds",
                "Time until the replicated log had one batch.",
                SECONDS,
            ),
        }
    }
}
