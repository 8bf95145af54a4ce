//! The engines, each of which keeps what this folder says. A new one is one more row in [`each_engine`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::tests::etcd::one_member;

/// A log that nobody has begun.
pub(super) trait Engine {
    /// A line to it.
    fn connect(&self) -> Box<dyn ReplicatedLog>;

    /// Has the leases of a node end, or waits for that.
    fn expire(&self, node: &NodeId);

    /// Whether leases end by themselves.
    fn counts_time(&self) -> bool;
}

pub(super) fn each_engine(check: fn(&dyn Engine)) {
    check(&Memory::default());
    check(&InEtcd::new());
}

impl Engine for Memory {
    fn connect(&self) -> Box<dyn ReplicatedLog> {
        Box::new(self.connect())
    }

    fn expire(&self, node: &NodeId) {
        self.expire(node);
    }

    fn counts_time(&self) -> bool {
        false
    }
}

/// Real, of one member, which tests that run at the same time share.
struct InEtcd {
    rig: Arc<etcd::Shared>,
    cluster: String,
}

impl InEtcd {
    fn new() -> Self {
        static CLUSTERS: AtomicU64 = AtomicU64::new(0);
        let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
        Self {
            rig: one_member(),
            cluster: format!("suite-{number}"),
        }
    }
}

impl Engine for InEtcd {
    fn connect(&self) -> Box<dyn ReplicatedLog> {
        Box::new(self.rig.rig.connect(&self.cluster))
    }

    fn expire(&self, node: &NodeId) {
        let log = self.connect();
        wait_until(|| log.claimed().unwrap().as_ref() != Some(node));
    }

    fn counts_time(&self) -> bool {
        true
    }
}
