//! What an operator asks of a cluster while it runs.

use std::time::Duration;

use anyhow::Context as _;
use tessera_cluster::{NodeId, TakenOver};
use tessera_config::{ClusterSettings, Settings};

use super::{cluster_of, open_log};

/// Has the active node resign, and waits until another one serves: the named one, if it can.
///
/// # Errors
/// Where the active node refuses, or nothing is known of it after some time.
pub fn hand_over(settings: &Settings, to: Option<&str>) -> anyhow::Result<TakenOver> {
    let cluster = cluster_of(settings)?;
    let to = to.map(|to| node_of(cluster, to)).transpose()?;
    let log = open_log(cluster)?;
    Ok(tessera_cluster::hand_over(log.as_ref(), to)?)
}

/// Has a node take over from an active node that hangs and still renews its lease, and waits until it serves. `begins` is called with
/// the node that is ended, and how long it may still act.
///
/// # Errors
/// Where that can't be done, or nothing is known of it after some time.
pub fn take_over_by_force(
    settings: &Settings,
    node: Option<&str>,
    begins: impl FnOnce(&NodeId, Duration),
) -> anyhow::Result<TakenOver> {
    let cluster = cluster_of(settings)?;
    let node = node_of(cluster, node.unwrap_or(&cluster.node))?;
    let log = open_log(cluster)?;
    let ttl = cluster.lease;
    let taken_over = tessera_cluster::take_over_by_force(log.as_ref(), &node, ttl, begins)?;
    Ok(taken_over)
}

fn node_of(cluster: &ClusterSettings, name: &str) -> anyhow::Result<NodeId> {
    let is_one = cluster.nodes.contains_key(name);
    NodeId::parse(name).filter(|_| is_one).with_context(|| {
        let nodes: Vec<_> = cluster.nodes.keys().map(String::as_str).collect();
        format!(
            "{name:?} is none of the cluster's nodes: {}",
            nodes.join(", ")
        )
    })
}
