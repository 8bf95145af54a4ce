//! A node: its lease, its threads, and its way from starting to standby to owner.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tessera_encryption::DataKeys;

use crate::beside::{BesideCount, Membership};
use crate::entry::EpochKeys;
use crate::hand_over::Courtesy;
use crate::keeper::{Keeper, Lost};
use crate::peer::Peers;
use crate::protocol::{Following, Reached, bytes_of};
use crate::replica::Replica;
use crate::standby::{Ended, Standby, StandbyError, Unsynced};
use crate::standing::Standing;
use crate::vacancy::Vacancy;
use crate::{Config, Digests, Formats, LogError, NodeId, Place, ReplicatedLog, watch};

/// Between two tries while the log does not answer.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// What a node is started with.
#[derive(Clone)]
pub struct NodeSettings {
    /// Who it is.
    pub node: NodeId,
    /// Where other nodes reach it.
    pub peer: Option<String>,
    /// How long its lease lives without a renewal.
    pub ttl: Duration,
    /// Nothing is approved while fewer other nodes follow.
    pub standbys_min: u64,
    /// Its data folder.
    pub data: PathBuf,
    /// Partitions of wallets.
    pub partitions: u16,
    /// How other nodes are reached.
    pub peers: Peers,
    /// Of the journal's events: the newest one that this build reads and writes.
    pub event_format: u32,
    /// What has to be the same on the other nodes.
    pub digests: Digests,
}

/// See the head of this file.
pub struct Node {
    settings: NodeSettings,
    log: Arc<dyn ReplicatedLog>,
    standing: Arc<Standing>,
    keeper: Keeper,
}

impl Node {
    /// Takes a lease and begins to look at the others. `lost` is called, on some thread, when the process has to end because its
    /// role has: another node is active.
    ///
    /// # Errors
    /// Where a thread can't be started.
    pub fn start(
        settings: NodeSettings,
        log: Arc<dyn ReplicatedLog>,
        lost: Lost,
    ) -> std::io::Result<Self> {
        let formats = Formats::of_build(settings.event_format);
        let standing = Arc::new(Standing::of(formats, settings.digests.clone()));
        let keeper = Keeper::start(
            Arc::clone(&log),
            settings.node.clone(),
            settings.peer.clone(),
            settings.ttl,
            Arc::clone(&standing),
            lost,
        )?;
        watch::start(
            Arc::clone(&log),
            settings.node.clone(),
            Arc::clone(&standing),
        )?;
        Ok(Self {
            settings,
            log,
            standing,
            keeper,
        })
    }

    /// What this node is, kept up to date.
    pub fn standing(&self) -> &Arc<Standing> {
        &self.standing
    }

    /// What the log's nodes have agreed on, checked against this node's settings and data.
    ///
    /// # Errors
    /// Where there is no log, or it is not this node's.
    pub fn check(&self) -> Result<Config, StandbyError> {
        let config = self.log.config()?.ok_or_else(|| {
            StandbyError::OtherLog(
                "the cluster has no log. If it is new, run `tessera cluster begin` on the node whose data it goes on with; if it had one, see \
                 docs/cluster.md, \"When etcd's data is lost\"".to_owned(),
            )
        })?;
        match config.misfit(self.settings.partitions) {
            Some(why) => Err(StandbyError::OtherLog(why)),
            None => Ok(config),
        }
    }

    /// The same as [`check`](Self::check), once the log can be reached.
    ///
    /// # Errors
    /// As for `check`, and where this node is asked to stop meanwhile.
    pub fn wait_for_log(&self) -> Result<Config, StandbyError> {
        let mut quiet = true;
        loop {
            match self.check() {
                Err(StandbyError::Log(error @ LogError::Unavailable(_)))
                    if !self.standing.is_stopping() =>
                {
                    if std::mem::take(&mut quiet) {
                        tracing::warn!(%error, "waiting for the replicated log");
                    }
                    self.standing.set_why_not(Some(error.to_string()));
                    thread::sleep(TRY_AGAIN_AFTER);
                }
                checked => return checked,
            }
        }
    }

    /// How other nodes are reached.
    pub fn peers(&self) -> &Peers {
        &self.settings.peers
    }

    /// Follows the log until this node owns it, or is asked to stop. On the calling thread.
    ///
    /// # Errors
    /// Where this node can't follow.
    pub fn stand_by(
        &self,
        keys: &DataKeys,
        replica: &mut dyn Replica,
    ) -> Result<Ended, StandbyError> {
        self.standing.use_keys(keys.clone());
        let config = self.check()?;
        let io = |error: std::io::Error| StandbyError::Replica(error.into());
        let log_id = bytes_of(&config.log)
            .ok_or_else(|| StandbyError::OtherLog("the cluster's log has no id".to_owned()))?;
        let membership = Membership::read(&self.settings.data)
            .map_err(|error| StandbyError::Replica(error.into()))?;
        let (membership, unknown) = match membership {
            Some(membership) if membership.log == config.log => (membership, false),
            Some(other) => {
                return Err(StandbyError::OtherLog(format!(
                    "this node's data is of log {}, the cluster's log is {}: if etcd's data was lost, see docs/cluster.md, \
                     \"When etcd's data is lost\"; if this node comes from another cluster, move its data folder away",
                    other.log, config.log
                )));
            }
            None => (
                Membership {
                    version: 1,
                    log: config.log.clone(),
                    beside: 0,
                    active: false,
                    epoch: 0,
                },
                true,
            ),
        };
        let beside = BesideCount::new(&self.settings.data, membership);
        let reached = Reached::at_start(Place::of(replica.place()), beside.count());
        let standby = Standby {
            log: Arc::clone(&self.log),
            node: self.settings.node.clone(),
            log_id,
            keys: keys.clone(),
            formats: Formats::of_build(self.settings.event_format),
            keeper: &self.keeper,
            standing: Arc::clone(&self.standing),
            following: Following::new(reached),
            beside,
            replica,
            unsynced: Unsynced::default(),
            standbys_min: self.settings.standbys_min,
            vacancy: Vacancy::watch(Arc::clone(&self.log)).map_err(io)?,
            courtesy: Courtesy::new(self.settings.ttl),
            refused: None,
            peers: self.settings.peers.clone(),
            unknown,
            opener: EpochKeys::new(keys.clone()),
            follow: None,
            begun: None,
            quiet: true,
        };
        standby.run()
    }

    /// What ends the lease of a process that ends at once: another node may take over then, and does not wait for the lease. Waits
    /// so long at most.
    pub fn ends_within(&self, patience: Duration) -> impl Fn() + Send + Sync + 'static {
        self.keeper.ends_within(patience)
    }

    /// Ends the lease: another node may take over at once.
    pub fn end(self) {
        self.standing.stop();
        self.keeper.end();
    }
}
