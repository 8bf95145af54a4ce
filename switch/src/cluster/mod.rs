//! This node's place in its cluster: the log that its settings name, and the data of a node for the commands that write it while no
//! switch runs.

mod checks;
mod requests;
pub mod status;

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use tessera_cluster::peer::{PeerServer, Peers};
use tessera_cluster::{
    BATCH_BYTES_MAX, Digests, Endpoint, Etcd, EtcdSettings, Head, LogError, LogStatus, Membership,
    Node, NodeId, NodeReport, NodeSettings, Owner, ReplicatedLog, Standing,
};
use tessera_config::{ClusterSettings, Party, Settings, cluster_client, cluster_server};
use tessera_journal::{Options, Replication};
use tessera_ledger::NUMBERS_GIVEN;
use tessera_vault::KeyRing;

pub use checks::{Findings, check_cluster, check_join};
pub use requests::{hand_over, take_over_by_force};

use crate::recovery::{self, Data, Keeps, Promoted, place_of, stand_by};

/// How long another node may have claimed the log before a command that wants to write gives up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(5);

/// A process that ends at once waits so long for the end of its lease.
const REVOKED_WITHIN: Duration = Duration::from_millis(500);

/// A node that has all entries takes over within its lease and a little more.
const TAKE_OVER_WITHIN: Duration = Duration::from_secs(60);

/// This node's membership.
pub(crate) struct Member(Node);

/// Begins the log of the cluster that these settings name, with the data of this node, which no process may have open. The id of the
/// log.
///
/// # Errors
/// Where there is one already, etcd can't be reached, or the data can't be opened.
pub fn begin_cluster(settings: &Settings) -> anyhow::Result<String> {
    let cluster = cluster_of(settings)?;
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
    let cluster = cluster_of(settings)?;
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

fn cluster_of(settings: &Settings) -> anyhow::Result<&ClusterSettings> {
    let cluster = settings.cluster.as_ref();
    cluster.context("the configuration has no [cluster]")
}

fn etcd_of(cluster: &ClusterSettings) -> anyhow::Result<Etcd> {
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
    Ok(Etcd::new(settings)?)
}

/// What this node has that no log carries, and that has to be the same on the others.
///
/// # Errors
/// Where a file can't be read.
pub(crate) fn digests(settings: &Settings, parties: &[Party]) -> anyhow::Result<Digests> {
    let ring = settings.vault_ring()?;
    Ok(Digests {
        parties: Some(settings.parties_digest(parties)?),
        vault_keys: Some(ring.iter().flat_map(KeyRing::numbers).collect()),
    })
}

fn open_log(cluster: &ClusterSettings) -> anyhow::Result<Arc<dyn ReplicatedLog>> {
    let etcd = etcd_of(cluster)?;
    match etcd.check() {
        Ok(set_up) => {
            for warning in set_up.warnings {
                tracing::warn!("{warning}");
            }
        }
        // It is waited for where it is needed.
        Err(LogError::Unavailable(_) | LogError::Full(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Arc::new(etcd))
}

/// The data of this node, for a command that writes it while no switch runs. In a cluster this node becomes active for as long as
/// that takes: the other nodes get what it writes as they get everything.
///
/// # Errors
/// Where another node is active, this one lacks entries, or the data can't be opened.
pub(crate) fn open_data(settings: &Settings) -> anyhow::Result<(Data, Option<Member>)> {
    let Some(cluster) = &settings.cluster else {
        return Ok((recovery::open(settings, Options::default())?, None));
    };
    let log = open_log(cluster)?;
    if let Some(active) = log.claimed()? {
        anyhow::bail!(
            "node {active} is active: stop the switches of all nodes, and run this on the node that was active last"
        );
    }
    let peers = listen_for_peers(cluster)?;
    // No other node runs, so that none can follow.
    let cluster = &ClusterSettings {
        standbys_min: 0,
        ..cluster.clone()
    };
    let member = Member::start(settings, cluster)?;
    give_up_behind(Arc::clone(member.standing()), log, cluster.node.clone())?;
    let Some(promoted) = member.stand_by(settings, peers, Keeps::All)? else {
        anyhow::bail!(
            "this node could not become active: another one has, or this one lacks entries. Stop the switches of all nodes, and run this on the \
             node that was active last"
        );
    };
    let options = Options {
        replication: Some(replication(promoted.owner)),
        ..Options::default()
    };
    let data = recovery::open_in(promoted.folder, settings, options)?;
    Ok((data, Some(member)))
}

/// A command does not wait for ever as the standby of another node.
fn give_up_behind(
    standing: Arc<Standing>,
    log: Arc<dyn ReplicatedLog>,
    node: String,
) -> std::io::Result<()> {
    let watch = move || {
        let (mut behind, mut waited) = (Duration::ZERO, Duration::ZERO);
        while behind < GIVE_UP_AFTER {
            thread::sleep(Duration::from_millis(500));
            let claimed = log.claimed().ok().flatten();
            match claimed.is_some_and(|claimed| claimed.as_str() != node) {
                true => behind += Duration::from_millis(500),
                false => behind = Duration::ZERO,
            }
            // It lacks entries, and no other node runs that it could copy them from.
            waited += Duration::from_millis(500);
            if waited >= TAKE_OVER_WITHIN {
                break;
            }
            if standing.role() == tessera_cluster::Role::Active {
                return;
            }
        }
        standing.stop();
    };
    thread::Builder::new()
        .name("cluster-patience".to_owned())
        .spawn(watch)
        .map(|_| ())
}

/// Makes the data of a node that of a switch on its own. Says up to which record it reaches.
///
/// # Errors
/// Where it is a standby's copy and `accept_standby_copy` is not set, or the folder can't be read or written.
pub fn leave_cluster(settings: &Settings, accept_standby_copy: bool) -> anyhow::Result<u64> {
    let membership = Membership::read(&settings.data)?
        .context("the data in this folder does not belong to a cluster")?;
    if let Some(cluster) = &settings.cluster
        && let Ok(Some((head, _))) = open_log(cluster).and_then(|log| Ok(log.head()?))
        && head.epoch > membership.epoch
        && !accept_standby_copy
    {
        anyhow::bail!(
            "the cluster goes on: its log is in epoch {}, and this folder knows epoch {} as its last. Nothing was changed",
            head.epoch,
            membership.epoch
        );
    }
    let (_, next, _) = place_of(settings)?.to_stored();
    let last = next.saturating_sub(1);
    anyhow::ensure!(
        membership.active || accept_standby_copy,
        "this folder is a standby's copy of log {}, up to record {last}: it lacks what the active node confirmed later. Use the \
         folder of the node that was active last; if that is lost, --accept-standby-copy makes this copy count. Nothing was changed",
        membership.log
    );
    Membership::remove(&settings.data)?;
    Ok(last)
}

/// How a journal is replicated by an owner of the log.
pub(crate) fn replication(owner: Box<Owner>) -> Replication {
    Replication {
        commit: owner,
        batch_bytes_max: BATCH_BYTES_MAX,
    }
}

/// The port for the other nodes, as `cluster.nodes` says.
pub(crate) fn listen_for_peers(cluster: &ClusterSettings) -> anyhow::Result<PeerServer> {
    let address = &cluster.nodes[&cluster.node];
    let at = || format!("can't listen for other nodes at {address}");
    let listener = TcpListener::bind(address.as_str()).with_context(at)?;
    Ok(PeerServer::new(listener, cluster_server(cluster)?))
}

impl Member {
    /// Takes a lease.
    pub fn start(settings: &Settings, cluster: &ClusterSettings) -> anyhow::Result<Self> {
        let log = open_log(cluster)?;
        let settings = NodeSettings {
            node: NodeId::parse(&cluster.node).context("cluster.node is no name of a node")?,
            peer: cluster.nodes.get(&cluster.node).cloned(),
            ttl: cluster.lease,
            standbys_min: cluster.standbys_min as u64,
            data: settings.data.clone(),
            partitions: settings.partitions,
            event_format: NUMBERS_GIVEN,
            digests: digests(settings, &settings.parties)?,
            peers: Peers {
                tls: cluster_client(cluster)?,
                addresses: cluster.others().map(str::to_owned).collect(),
            },
        };
        let lost = Box::new(|why: &str| crate::fault::superseded(why));
        let node = Node::start(settings, log, lost)?;
        crate::fault::before_the_end(Box::new(node.ends_within(REVOKED_WITHIN)));
        Ok(Self(node))
    }

    /// What this node is.
    pub fn standing(&self) -> &Arc<Standing> {
        self.0.standing()
    }

    /// Follows the log until this node owns it; `None` where it is asked to stop. On the calling thread.
    pub fn stand_by(
        &self,
        settings: &Settings,
        peers: PeerServer,
        keeps: Keeps<'_>,
    ) -> anyhow::Result<Option<Promoted>> {
        stand_by(settings, &self.0, peers, keeps)
    }

    /// Ends the lease: another node may take over at once. To be called when the journal is closed. Waits for etcd.
    pub fn end(self) {
        self.0.end();
    }
}
