//! The cluster that the switch is a node of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::bounds::{Breach, SECOND, span};
use super::units;

/// Nodes of a cluster. Each takes its share of the trace numbers.
const NODES_MAX: usize = 9;

/// A node of a cluster, and where its log is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSettings {
    /// Of the cluster: its keys in etcd are below `/tessera/<name>/`.
    #[serde(default = "shipped_name")]
    pub name: String,
    /// Which of the nodes this one is.
    pub node: String,
    /// All nodes, with the address at which each is reached by the others. The same on all of them.
    pub nodes: BTreeMap<String, String>,
    /// The members of the etcd cluster that keeps the log: `https://host:port`, or `http://` in development.
    pub etcd: Vec<String>,
    /// The certificate that this node shows to etcd and to the other nodes, with its chain, PEM.
    pub certificate: Option<PathBuf>,
    /// Its private key, PEM.
    pub key: Option<PathBuf>,
    /// The authorities (PEM) that may have signed the certificates of etcd and of the other nodes.
    pub authority: Option<PathBuf>,
    /// How long the lease of the active node lives without a renewal: another node takes over that much after its machine died.
    #[serde(with = "units::duration", default = "shipped_lease")]
    pub lease: Duration,
    /// Nothing is approved while fewer other nodes follow.
    #[serde(default)]
    pub standbys_min: usize,
}

fn shipped_name() -> String {
    "tessera".to_owned()
}

fn shipped_lease() -> Duration {
    Duration::from_secs(3)
}

impl ClusterSettings {
    /// The place of this node among all of them, from 0, and how many there are.
    pub fn place(&self) -> (u32, u32) {
        let place = self.nodes.keys().position(|node| *node == self.node);
        // Lossless: there are a few.
        (place.unwrap_or_default() as u32, self.nodes.len() as u32)
    }

    /// The hosts of all nodes: their certificates are for these names or addresses.
    pub fn hosts(&self) -> Vec<String> {
        let host = |address: &String| {
            let host = address
                .rsplit_once(':')
                .map_or(&**address, |(host, _)| host);
            host.trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned()
        };
        self.nodes.values().map(host).collect()
    }

    /// Where the other nodes are reached.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        let others = self.nodes.iter().filter(|(node, _)| **node != self.node);
        others.map(|(_, address)| address.as_str())
    }

    /// Paths seen from the folder of the file.
    pub(super) fn resolve(&mut self, base: &Path) {
        for path in [&mut self.certificate, &mut self.key, &mut self.authority] {
            *path = path.as_ref().map(|path| base.join(path));
        }
    }

    pub(super) fn check(&self, development: bool) -> Result<(), Breach> {
        let named = |key: &str, why: String| Breach::new(format!("cluster.{key}"), why);
        let is_name = |name: &str| {
            (1..=32).contains(&name.len())
                && name
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        let rule = "must have 1 to 32 of a to z, 0 to 9 and `-`";
        if !is_name(&self.name) {
            return Err(named("name", rule.to_owned()));
        }
        if let Some(node) = self.nodes.keys().find(|node| !is_name(node)) {
            return Err(named("nodes", format!("{node:?} {rule}")));
        }
        if self.nodes.len() > NODES_MAX {
            return Err(named("nodes", format!("must be at most {NODES_MAX}")));
        }
        if !self.nodes.contains_key(&self.node) {
            return Err(named("node", "must be one of cluster.nodes".to_owned()));
        }
        if self.standbys_min >= self.nodes.len() {
            return Err(named(
                "standbys_min",
                "must be less than the number of cluster.nodes".to_owned(),
            ));
        }
        if self.etcd.is_empty() {
            return Err(named("etcd", "must name at least one member".to_owned()));
        }
        let is_plain = |endpoint: &&String| endpoint.starts_with("http://");
        let is_endpoint = |endpoint: &String| {
            let rest = endpoint
                .strip_prefix("https://")
                .or(endpoint.strip_prefix("http://"));
            rest.is_some_and(|rest| rest.contains(':') && !rest.contains('/'))
        };
        if let Some(endpoint) = self.etcd.iter().find(|endpoint| !is_endpoint(endpoint)) {
            return Err(named(
                "etcd",
                format!("{endpoint:?} must be as in \"https://etcd-1.example:2379\""),
            ));
        }
        if self.etcd.iter().find(is_plain).is_some() && !development {
            return Err(named(
                "etcd",
                "must begin with https:// in production".to_owned(),
            ));
        }
        let files = [&self.certificate, &self.key, &self.authority];
        let stated = files.iter().filter(|file| file.is_some()).count();
        let sealed = self.etcd.iter().any(|endpoint| !is_plain(&endpoint));
        if stated != 3 && (sealed || stated > 0) {
            return Err(named(
                "certificate",
                "cluster.certificate, cluster.key and cluster.authority are needed for https://"
                    .to_owned(),
            ));
        }
        if self.lease.subsec_nanos() > 0 {
            return Err(named("lease", "must be whole seconds".to_owned()));
        }
        span("cluster.lease", self.lease, 2 * SECOND..=60 * SECOND)
    }
}
