//! What a node's configuration can be checked against before its switch starts: etcd, the log, and the other nodes.

use std::path::Path;

use anyhow::Context as _;
use tessera_cluster::peer::{Peers, key_lines};
use tessera_cluster::{Config, Etcd, Head, LogError, Membership, NodeReport, ReplicatedLog as _};
use tessera_config::{ClusterSettings, Settings, cluster_client};
use tessera_kit::clock;

use super::{cluster_of, etcd_of};

/// Reports are written again after 5 s at the latest, and are on their way for a while.
const REPORT_AGE_MAX: u64 = 7_000;
/// In milliseconds. No rule rests on clocks, but a log of several machines is hard to read without.
const CLOCK_OFFSET_MAX: u64 = 1_000;

/// What was found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is as it should be.
    pub good: Vec<String>,
    /// What should be changed, and does not keep the switch from running.
    pub warnings: Vec<String>,
}

/// Looks at etcd, the log and the other nodes, as far as they answer.
///
/// # Errors
/// Where the switch could not run: etcd or the log does not fit.
pub fn check_cluster(settings: &Settings) -> anyhow::Result<Findings> {
    let cluster = cluster_of(settings)?;
    let mut findings = Findings::default();
    let etcd = etcd_of(cluster)?;
    if !findings.look_at_etcd(&etcd)? {
        return Ok(findings);
    }
    let Some(config) = etcd.config()? else {
        findings.warnings.push(
            "the cluster has no log yet: run `tessera cluster begin` on the node whose data it goes on with".to_owned(),
        );
        return Ok(findings);
    };
    let nodes = fitting(&etcd, &config, settings)?;
    findings.compare(settings, cluster, &nodes)?;
    Ok(findings)
}

/// Checks all that a node needs to join the cluster. To join is to start its switch: it copies what it lacks.
///
/// # Errors
/// Where it could not.
pub fn check_join(settings: &Settings) -> anyhow::Result<Findings> {
    let cluster = cluster_of(settings)?;
    let mut findings = Findings::default();
    let etcd = etcd_of(cluster)?;
    if !findings.look_at_etcd(&etcd)? {
        anyhow::bail!("a node can't join while etcd does not answer");
    }
    let config = etcd.config()?.context(
        "the cluster has no log yet: run `tessera cluster begin` on the node whose data it goes on with",
    )?;
    let (head, _) = etcd.head()?.context("the log has no head")?;
    let nodes = fitting(&etcd, &config, settings)?;
    let me = &cluster.node;
    anyhow::ensure!(
        nodes.iter().all(|report| report.node.as_str() != me),
        "a switch runs as {me} already, or has until a moment ago"
    );
    findings.compare(settings, cluster, &nodes)?;
    findings.look_at_data(settings, &config, &head)?;
    findings.look_at_peers(settings, cluster, &config)?;
    Ok(findings)
}

/// The nodes of a log that fits this configuration.
fn fitting(etcd: &Etcd, config: &Config, settings: &Settings) -> anyhow::Result<Vec<NodeReport>> {
    if let Some(why) = config.misfit(settings.partitions) {
        anyhow::bail!(why);
    }
    Ok(etcd.nodes()?)
}

impl Findings {
    /// Whether it answers.
    fn look_at_etcd(&mut self, etcd: &Etcd) -> anyhow::Result<bool> {
        match etcd.check() {
            Ok(set_up) => {
                let status = set_up.status;
                self.good.push(format!(
                    "etcd {}: {} of {} members answer, database {} KiB; its flags --snapshot-count and --snapshot-catchup-entries can't be seen",
                    status.version,
                    status.members_up,
                    status.members,
                    status.database_bytes / 1024
                ));
                self.warnings.extend(set_up.warnings);
                Ok(true)
            }
            Err(error @ (LogError::Unavailable(_) | LogError::Full(_))) => {
                self.warnings
                    .push(format!("{error}; a switch waits for it"));
                Ok(false)
            }
            Err(error @ LogError::Unusable(_)) => Err(error.into()),
        }
    }

    /// Compares this node's configuration with what the others say of themselves.
    fn compare(
        &mut self,
        settings: &Settings,
        cluster: &ClusterSettings,
        nodes: &[NodeReport],
    ) -> anyhow::Result<()> {
        let mine = super::digests(settings, &settings.parties)?;
        let now = clock::system().milliseconds();
        for report in nodes {
            let node = report.node.as_str();
            match cluster.nodes.get(node) {
                None => self.warnings.push(format!(
                    "{node} is in the cluster, and not in cluster.nodes"
                )),
                Some(address) if report.peer.as_ref() != Some(address) => {
                    let peer = report.peer.as_deref().unwrap_or("no address");
                    self.warnings.push(format!(
                        "{node} says that it is reached at {peer}, and cluster.nodes says {address}"
                    ));
                }
                Some(_) => {}
            }
            let differs = mine.differences(&report.state.digests);
            let differs = differs.into_iter().map(|what| {
                format!("{node} has other {what} than this node: make them the same on all nodes")
            });
            self.warnings.extend(differs);
            let offset = clock_offset(report.state.clock, now);
            self.warnings.extend(
                offset.map(|offset| format!("the clock of {node} is {offset} than this one's")),
            );
        }
        let follow = cluster.nodes.keys().filter(|node| {
            let is_there = |report: &NodeReport| report.node.as_str() == *node;
            nodes.iter().any(is_there)
        });
        let follow: Vec<_> = follow.map(String::as_str).collect();
        self.good.push(match follow.is_empty() {
            true => "no node is in the cluster at the moment".to_owned(),
            false => format!("in the cluster are {}", follow.join(", ")),
        });
        Ok(())
    }

    /// What this node would copy.
    fn look_at_data(
        &mut self,
        settings: &Settings,
        config: &Config,
        head: &Head,
    ) -> anyhow::Result<()> {
        let data = &settings.data;
        let shown = data.display();
        match Membership::read(data)? {
            Some(found) if found.log == config.log => self.good.push(format!(
                "{shown} is of this cluster's log: the node goes on from where it was"
            )),
            Some(found) => anyhow::bail!(
                "{shown} is of log {}, the cluster's log is {}: move the folder away, and the node copies the data of another one",
                found.log,
                config.log
            ),
            None if data.join("journal").exists() => self.warnings.push(format!(
                "{shown} has a journal that names no cluster: the node compares it with that of another one, and goes on if it is the \
                 beginning of it; move it away if it is of anything else"
            )),
            None => {
                let records = head.place.sequence.saturating_sub(1);
                self.good.push(format!(
                    "{shown} is empty: the node copies keys, and the journal of {records} records and {} KiB",
                    head.place.position / 1024
                ));
                self.look_at_space(data, head.place.position);
            }
        }
        Ok(())
    }

    fn look_at_space(&mut self, data: &Path, needed: u64) {
        let there = data.ancestors().find(|folder| folder.exists());
        let space = there.and_then(|there| rustix::fs::statvfs(there).ok());
        let free = space.map(|space| space.f_bavail.saturating_mul(space.f_frsize));
        // The store needs about as much again.
        if let Some(free) = free.filter(|free| *free < needed.saturating_mul(2)) {
            self.warnings.push(format!(
                "the disk of {} has {} KiB left: journal and store need about {} KiB",
                data.display(),
                free / 1024,
                needed / 512
            ));
        }
    }

    /// Another node answers, and has the master key of this one.
    fn look_at_peers(
        &mut self,
        settings: &Settings,
        cluster: &ClusterSettings,
        config: &Config,
    ) -> anyhow::Result<()> {
        let mut reasons = Vec::new();
        let mut answered = false;
        for (node, address) in &cluster.nodes {
            if *node == cluster.node {
                continue;
            }
            let peers = Peers {
                tls: cluster_client(cluster)?,
                addresses: vec![address.clone()],
            };
            match key_lines(&peers, &config.log) {
                Ok(lines) => {
                    let opened = settings.opens(&lines);
                    opened.with_context(|| {
                        format!("the data keys of {node} do not open: all nodes need the same master key")
                    })?;
                    answered = true;
                    self.good.push(format!(
                        "{node} answers at {address}, and its data keys open with this node's master key"
                    ));
                }
                Err(error) => reasons.push(error.to_string()),
            }
        }
        anyhow::ensure!(
            answered,
            "no other node gives its keys: start one that has data first{}",
            reasons
                .iter()
                .map(|why| format!("; {why}"))
                .collect::<String>()
        );
        self.warnings.extend(reasons);
        Ok(())
    }
}

/// How far another clock certainly is from this one, where that is too far. `then` is what it showed when its node wrote its report; 0
/// where the node's build does not say.
fn clock_offset(then: u64, now: u64) -> Option<String> {
    if then == 0 {
        return None;
    }
    let ahead = then.saturating_sub(now);
    let behind = now.saturating_sub(then).saturating_sub(REPORT_AGE_MAX);
    match (ahead > CLOCK_OFFSET_MAX, behind > CLOCK_OFFSET_MAX) {
        (true, _) => Some(format!("at least {ahead} ms later")),
        (_, true) => Some(format!("at least {behind} ms earlier")),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_far_off_where_the_age_of_a_report_does_not_explain_it() {
        let now: u64 = 1_800_000_000_000;
        for near in [0, 1_000, -7_000, -8_000] {
            let then = now.saturating_add_signed(near);
            assert_eq!(clock_offset(then, now), None, "{near}");
        }
        assert_eq!(clock_offset(0, now), None);
        let ahead = clock_offset(now + 1_001, now);
        assert_eq!(ahead.as_deref(), Some("at least 1001 ms later"));
        let behind = clock_offset(now - 8_001, now);
        assert_eq!(behind.as_deref(), Some("at least 1001 ms earlier"));
    }
}
