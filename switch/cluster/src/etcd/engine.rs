//! The engine as its users see it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use tokio_rustls::TlsConnector;

use super::append::{self, Append};
use super::fault::Kind;
use super::follow;
use super::keys::Keys;
use super::lease;
use super::limits::HISTORY;
use super::link::Link;
use super::members::Members;
use super::owner;
use super::runtime::Worker;
use super::settings::EtcdSettings;
use super::status::{self, SetUp};
use super::wire::CompactRequest;
use crate::{
    Appended, Config, Follow, HandOver, Head, Lease, LogError, LogStatus, NodeId, NodeReport,
    ReplicatedLog, Revision,
};

/// The log of one cluster in etcd. See the head of this folder.
pub struct Etcd {
    worker: Arc<Worker>,
    members: Arc<Members>,
    keys: Keys,
    /// For what is done to the head.
    appends: Link,
    /// For everything else that is one request.
    requests: Link,
    /// Each leads to one member.
    all: Vec<Link>,
    compaction: Mutex<Compaction>,
}

/// Which revisions there were when, at most [`HISTORY`] ago; and which one was the last compacted.
#[derive(Default)]
struct Compaction {
    seen: VecDeque<(Instant, i64)>,
    done: i64,
}

impl Etcd {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// Where the settings do not fit together.
    pub fn new(settings: EtcdSettings) -> Result<Self, LogError> {
        let EtcdSettings {
            endpoints,
            tls,
            cluster,
        } = settings;
        if endpoints.is_empty() {
            return Err(LogError::Unusable("no endpoint is named".into()));
        }
        if tls.is_none() && endpoints.iter().any(|endpoint| endpoint.is_secure()) {
            let why = "an endpoint of https needs certificate, key and authority";
            return Err(LogError::Unusable(why.into()));
        }
        let worker = Worker::start();
        let worker = worker.map_err(|why| LogError::Unusable(format!("no thread: {why}")))?;
        let members = Arc::new(Members::new(endpoints, tls.as_deref().map(connector)));
        let pinned = |member| Link::pinned(Arc::clone(&members), member);
        Ok(Self {
            worker: Arc::new(worker),
            keys: Keys::new(&cluster),
            appends: Link::new(Arc::clone(&members)),
            requests: Link::new(Arc::clone(&members)),
            all: (0..members.count()).map(pinned).collect(),
            members,
            compaction: Mutex::default(),
        })
    }

    /// Whether etcd is set up as it should be, as far as it says so: its versions, members, quotas and alarms. It does not say
    /// how many entries it keeps in memory (`--snapshot-count`, `--snapshot-catchup-entries`).
    ///
    /// # Errors
    /// Where it can't be used, or does not answer.
    pub fn check(&self) -> Result<SetUp, LogError> {
        Ok(self.worker.wait(status::check(&self.all, &self.requests))?)
    }

    fn link(&self) -> Link {
        Link::new(Arc::clone(&self.members))
    }
}

impl ReplicatedLog for Etcd {
    fn config(&self) -> Result<Option<Config>, LogError> {
        let read = append::config(&self.requests, &self.keys);
        Ok(self.worker.wait(read)?)
    }

    fn begin(&self, config: &Config, head: &Head) -> Result<bool, LogError> {
        let begun = append::begin(&self.appends, &self.keys, config, head);
        Ok(self.worker.wait(begun)?)
    }

    fn head(&self) -> Result<Option<(Head, Revision)>, LogError> {
        Ok(self.worker.wait(append::head(&self.appends, &self.keys))?)
    }

    fn append(
        &self,
        expected: Revision,
        head: &Head,
        entry: &[u8],
        trim_below: u64,
    ) -> Result<Appended, LogError> {
        let append = Append {
            expected,
            head,
            entry,
            trim_below,
        };
        let appended = append::append(&self.appends, &self.keys, append);
        Ok(self.worker.wait(appended)?)
    }

    fn trim(&self, expected: Revision, below: u64) -> Result<(), LogError> {
        let trimmed = append::trim(&self.appends, &self.keys, expected, below);
        Ok(self.worker.wait(trimmed)?)
    }

    fn first(&self) -> Result<Option<u64>, LogError> {
        Ok(self.worker.wait(owner::first(&self.requests, &self.keys))?)
    }

    fn follow(&self, from: u64) -> Result<Box<dyn Follow>, LogError> {
        let keys = self.keys.clone();
        Ok(follow::follow(&self.worker, self.link(), keys, from))
    }

    fn lease(&self, ttl: Duration) -> Result<Box<dyn Lease>, LogError> {
        let keys = self.keys.clone();
        let lease = lease::grant(&self.worker, self.link(), keys, ttl)?;
        Ok(Box::new(lease))
    }

    fn claimed(&self) -> Result<Option<NodeId>, LogError> {
        let claimed = owner::claimed(&self.requests, &self.keys);
        Ok(self.worker.wait(claimed)?)
    }

    fn unclaimed(&self, wait: Duration) -> Result<Option<NodeId>, LogError> {
        let unclaimed = owner::unclaimed(&self.requests, &self.keys, wait);
        Ok(self.worker.wait(unclaimed)?)
    }

    fn nodes(&self) -> Result<Vec<NodeReport>, LogError> {
        Ok(self.worker.wait(owner::nodes(&self.requests, &self.keys))?)
    }

    fn hand_over(&self) -> Result<Option<HandOver>, LogError> {
        let asked = owner::hand_over(&self.requests, &self.keys);
        Ok(self.worker.wait(asked)?)
    }

    fn status(&self) -> Result<LogStatus, LogError> {
        Ok(self
            .worker
            .wait(status::status(&self.all, &self.requests))?)
    }

    fn compact(&self) -> Result<(), LogError> {
        let Some(revision) = self.due(self.members.revision()) else {
            return Ok(());
        };
        let request = CompactRequest { revision };
        match self.worker.wait(self.requests.ask(&request)) {
            Err(fault) if fault.kind != Kind::Compacted => Err(fault.into()),
            // That far, or further, by another node.
            _ => {
                self.compactions().done = revision;
                Ok(())
            }
        }
    }
}

impl Etcd {
    /// The revision of [`HISTORY`] ago, if it is to be compacted. Remembers the current one.
    fn due(&self, revision: i64) -> Option<i64> {
        let mut compaction = self.compactions();
        let now = Instant::now();
        compaction.seen.push_back((now, revision));
        let mut due = None;
        while let Some((when, old)) = compaction.seen.front().copied()
            && now.duration_since(when) >= HISTORY
        {
            compaction.seen.pop_front();
            due = Some(old);
        }
        due.filter(|revision| *revision > compaction.done)
    }

    fn compactions(&self) -> MutexGuard<'_, Compaction> {
        self.compaction
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// gRPC is HTTP/2, which etcd wants to have agreed on.
fn connector(config: &ClientConfig) -> TlsConnector {
    let mut config = config.clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}

#[cfg(any(test, feature = "testing"))]
impl Etcd {
    /// Keeps nothing of the history, so that a watch that breaks can't go on.
    #[cfg(test)]
    pub(crate) fn compact_all(&self) -> Result<(), LogError> {
        let revision = self.members.revision();
        let request = CompactRequest { revision };
        match self.worker.wait(self.requests.ask(&request)) {
            Err(fault) if fault.kind != Kind::Compacted => Err(fault.into()),
            _ => Ok(()),
        }
    }

    /// Whether the first endpoint's member says that it leads.
    pub(crate) fn leads(&self) -> bool {
        self.worker.wait(status::leads(&self.all[0]))
    }
}
