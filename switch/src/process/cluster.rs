//! The process as a node of a cluster: a standby until it is active.

use std::sync::Arc;
use std::thread;

use anyhow::Context as _;
use tessera_cluster::{
    BATCH_BYTES_MAX, Ended, Endpoint, Etcd, EtcdSettings, Head, LogStatus, Node, NodeId,
    NodeReport, NodeSettings, ReplicatedLog, Standing,
};
use tessera_config::{ClusterSettings, Settings, cluster_client};
use tessera_journal::Replication;
use tokio::sync::oneshot;

use super::base::Base;
use super::ending::Ending;
use super::waiting::Waiting;
use crate::recovery::{place_of, stand_by};

/// What has come of joining the cluster.
pub(super) enum Joined {
    /// There is none.
    Alone,
    /// This node owns the log, and its journal has all that the log has.
    Active(Replication, Member, Ending),
    /// It was asked to stop while it was a standby.
    Stopped(Member),
}

/// This node's membership, and what the service manager is notified of until workers run.
pub(super) struct Member(Node, Option<Waiting>);

/// Returns when this process is to serve, or to end.
pub(super) async fn join(base: &Base) -> anyhow::Result<Joined> {
    let Some(cluster) = &base.settings.cluster else {
        return Ok(Joined::Alone);
    };
    let mut ending = Ending::listen()?;
    let (settings, cluster) = (Arc::clone(&base.settings), cluster.clone());
    let (health, (done, ended)) = (Arc::clone(&base.health), oneshot::channel());
    let stopper: Arc<std::sync::OnceLock<Arc<Standing>>> = Arc::default();
    let stops = Arc::clone(&stopper);
    // A thread of its own: it waits for etcd and for the disk.
    thread::Builder::new()
        .name("standby".to_owned())
        .spawn(move || {
            let run = || -> anyhow::Result<_> {
                let log = open_log(&cluster)?;
                let node = start(&settings, &cluster, log)?;
                health.watch_cluster(Arc::clone(node.standing()));
                let _ = stops.set(Arc::clone(node.standing()));
                let waiting = Waiting::start(Arc::clone(node.standing()))?;
                let ended = stand_by(&settings, &node)?;
                Ok((ended, Member(node, Some(waiting))))
            };
            // Nobody waits where the process ends meanwhile.
            let _ = done.send(run());
        })?;
    tokio::pin!(ended);
    loop {
        tokio::select! {
            ended = &mut ended => {
                return match ended.context("the standby's thread has panicked")?? {
                    (Ended::Promoted(owner), member) => {
                        let replication = Replication {
                            commit: owner,
                            batch_bytes_max: BATCH_BYTES_MAX,
                        };
                        Ok(Joined::Active(replication, member, ending))
                    }
                    (Ended::Stopped, member) => Ok(Joined::Stopped(member)),
                };
            }
            () = ending.asked() => {}
        }
        match stopper.get() {
            Some(standing) => standing.stop(),
            // It has not begun to follow.
            None => anyhow::bail!("stopped before it joined the cluster"),
        }
    }
}

/// Begins the log of the cluster that these settings name, with the data of this node, which no process may have open. The id of the
/// log.
///
/// # Errors
/// Where there is one already, etcd can't be reached, or the data can't be opened.
pub fn begin_cluster(settings: &Settings) -> anyhow::Result<String> {
    let cluster = settings
        .cluster
        .as_ref()
        .context("the configuration has no [cluster]")?;
    let log = open_log(cluster)?;
    let ends = place_of(settings)?;
    let id = tessera_cluster::begin(log.as_ref(), &settings.data, ends, settings.partitions)?;
    Ok(id)
}

/// What the log says of its cluster.
///
/// # Errors
/// Where etcd can't be reached, or the cluster has no log.
pub fn view_cluster(settings: &Settings) -> anyhow::Result<ClusterView> {
    let cluster = settings
        .cluster
        .as_ref()
        .context("the configuration has no [cluster]")?;
    let log = open_log(cluster)?;
    let (head, _) = log.head()?.context(
        "the cluster has no log yet: run `tessera cluster begin` on the node whose data it goes on with",
    )?;
    Ok(ClusterView {
        head,
        first: log.first()?,
        nodes: log.nodes()?,
        engine: log.status()?,
    })
}

/// A cluster, as its log shows it.
#[derive(Debug)]
pub struct ClusterView {
    /// The end of the log.
    pub head: Head,
    /// The oldest entry that the log has; `None` for none.
    pub first: Option<u64>,
    /// The nodes whose leases live.
    pub nodes: Vec<NodeReport>,
    /// What etcd says of itself.
    pub engine: LogStatus,
}

fn open_log(cluster: &ClusterSettings) -> anyhow::Result<Arc<dyn ReplicatedLog>> {
    let endpoint = |text: &String| {
        Endpoint::parse(text).with_context(|| format!("cluster.etcd: {text:?} is no endpoint"))
    };
    let settings = EtcdSettings {
        endpoints: cluster
            .etcd
            .iter()
            .map(endpoint)
            .collect::<Result<_, _>>()?,
        tls: cluster_client(cluster)?,
        cluster: NodeId::parse(&cluster.name).context("cluster.name is no name")?,
    };
    Ok(Arc::new(Etcd::new(settings)?))
}

fn start(
    settings: &Settings,
    cluster: &ClusterSettings,
    log: Arc<dyn ReplicatedLog>,
) -> anyhow::Result<Node> {
    let settings = NodeSettings {
        node: NodeId::parse(&cluster.node).context("cluster.node is no name of a node")?,
        peer: cluster.nodes.get(&cluster.node).cloned(),
        ttl: cluster.lease,
        standbys_min: cluster.standbys_min as u64,
        data: settings.data.clone(),
        partitions: settings.partitions,
    };
    let lost = Box::new(|why: &str| crate::fault::superseded(why));
    Ok(Node::start(settings, log, lost)?)
}

impl Member {
    /// From now on the workers give the service manager their signs of life.
    pub fn serves(&mut self) {
        self.1 = None;
    }

    /// Ends the lease: another node may take over at once. To be called when the journal is closed.
    pub async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.end());
        // A panic there has been printed.
        let _ = ended.await;
    }
}
