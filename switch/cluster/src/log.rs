//! What a replicated log is: the seam between the protocol of the nodes and the engine that keeps the entries.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{HandOver, NodeId, NodeReport, Place};

/// The version of the head that a transaction left, as the engine counts them. It changes with every transaction on the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision(pub i64);

/// The end of the log: its last entry, and who owns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Rises with each take-over.
    pub epoch: u64,
    /// Of the last entry; they rise by one.
    pub number: u64,
    /// Who may append; `None` after the owner has resigned.
    pub owner: Option<NodeId>,
    /// The tag of the last entry, in hexadecimal digits: it distinguishes two entries of the same number.
    pub tag: String,
    /// Where the journal goes on after that entry.
    pub place: Place,
    /// How many changes of files beside the journal there were up to that entry.
    pub beside: u64,
}

/// What all nodes of a cluster have to agree on. Written once, when the log begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Of the keys and entries. This build knows 1.
    pub version: u32,
    /// Random: distinguishes this log from others with the same name. 32 hexadecimal digits.
    pub log: String,
    /// Partitions of wallets.
    pub partitions: u16,
}

/// How an append ended. Where nothing is known of it, [`ReplicatedLog::append`] returns an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// A majority has it on disk. The head has this revision now.
    Done(Revision),
    /// The head was not as expected, but like this; nothing was changed.
    Other(Head, Revision),
}

/// Why the log could not be asked, or did not answer. Whether it did what was asked is not known.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No answer, or none that helps. Worth trying again.
    #[error("the replicated log can't be reached: {0}")]
    Unavailable(String),
    /// It has no space left. Worth trying again later. What filled it may have been done.
    #[error("the replicated log is full: {0}")]
    Full(String),
    /// It is set up in a way that does not fit, or answers nonsense. A person has to look at it.
    #[error("the replicated log can't be used: {0}")]
    Unusable(String),
}

/// What the engine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogStatus {
    /// Of the engine.
    pub version: String,
    /// The member that leads, as the engine names it; it changes when another one leads.
    pub leader: u64,
    /// Bytes of the database, the largest of all members that answered.
    pub database_bytes: u64,
    /// Bytes of it that are in use: what was deleted and compacted is not.
    pub used_bytes: u64,
    /// The size at which the first member takes nothing more; `None` where it is not known.
    pub quota_bytes: Option<u64>,
    /// Members that answered.
    pub members_up: u32,
    /// All members.
    pub members: u32,
    /// Alarms that are raised, in the engine's words.
    pub alarms: Vec<String>,
}

/// An engine that keeps the log of one cluster. All methods wait, for at most a few seconds, and may be called from any thread
/// that no asynchronous runtime owns.
pub trait ReplicatedLog: Send + Sync {
    /// What was agreed on; `None` before the log was begun. Linearizable.
    ///
    /// # Errors
    /// Where the log does not answer.
    fn config(&self) -> Result<Option<Config>, LogError>;

    /// Begins the log, if none was begun: writes `config` and `head` in one transaction. Says whether it did.
    ///
    /// # Errors
    /// Where it is not known whether it did.
    fn begin(&self, config: &Config, head: &Head) -> Result<bool, LogError>;

    /// The end of the log; `None` before it was begun. Linearizable: no later than what was acknowledged before the call.
    ///
    /// # Errors
    /// Where the log does not answer.
    fn head(&self) -> Result<Option<(Head, Revision)>, LogError>;

    /// In one transaction, if the head's revision is `expected`: puts `entry` at `head.number`, replaces the head, and deletes all
    /// entries below `trim_below`, which is no later than `entry`. Returns once a majority has it on disk.
    ///
    /// # Errors
    /// Where it is not known whether that was done. It may still be done later.
    ///
    /// # Panics
    /// Where the entry itself would be trimmed.
    fn append(
        &self,
        expected: Revision,
        head: &Head,
        entry: &[u8],
        trim_below: u64,
    ) -> Result<Appended, LogError>;

    /// In one transaction, if the head's revision is `expected`: deletes all entries below `below`. An append does that too: this is for
    /// an owner that can't append, because the log is full.
    ///
    /// # Errors
    /// Where it is not known whether that was done. It may still be done later, as long as the head is the same.
    fn trim(&self, expected: Revision, below: u64) -> Result<(), LogError>;

    /// The number of the oldest entry that is there; `None` where there is none. Linearizable.
    ///
    /// # Errors
    /// Where the log does not answer.
    fn first(&self) -> Result<Option<u64>, LogError>;

    /// Follows the log from this entry on.
    ///
    /// # Errors
    /// Where following can't be begun.
    fn follow(&self, from: u64) -> Result<Box<dyn Follow>, LogError>;

    /// A lease that lives for `ttl` after each renewal.
    ///
    /// # Errors
    /// Where none is granted.
    fn lease(&self, ttl: Duration) -> Result<Box<dyn Lease>, LogError>;

    /// Who is a candidate or the owner, by lease; `None` where the lease of the last one has ended. Linearizable.
    ///
    /// # Errors
    /// Where the log does not answer.
    fn claimed(&self) -> Result<Option<NodeId>, LogError>;

    /// Waits until nobody has claimed the log, at most this long. Says who has it at the end.
    ///
    /// # Errors
    /// Where the log does not answer.
    fn unclaimed(&self, wait: Duration) -> Result<Option<NodeId>, LogError>;

    /// The reports of all nodes whose leases live.
    ///
    /// # Errors
    /// Where the log does not answer.
    fn nodes(&self) -> Result<Vec<NodeReport>, LogError>;

    /// The request to hand over that is there, if one is. Linearizable.
    ///
    /// # Errors
    /// Where the log does not answer.
    fn hand_over(&self) -> Result<Option<HandOver>, LogError>;

    /// The engine's own figures.
    ///
    /// # Errors
    /// Where it does not answer.
    fn status(&self) -> Result<LogStatus, LogError>;

    /// Has the engine give up old versions of what was deleted. Called each second by the owner.
    ///
    /// # Errors
    /// Where it does not answer.
    fn compact(&self) -> Result<(), LogError>;
}

impl Config {
    /// Why a node with so many partitions can't be of this log.
    pub fn misfit(&self, partitions: u16) -> Option<String> {
        if self.version != 1 {
            return Some(format!(
                "the cluster's log has format {}, this build ({}) knows 1",
                self.version,
                env!("CARGO_PKG_VERSION")
            ));
        }
        (self.partitions != partitions).then(|| {
            format!(
                "the cluster has {} partitions, this node's configuration says {partitions}",
                self.partitions
            )
        })
    }
}

/// Follows the log.
pub trait Follow: Send {
    /// The next entry, if there is one within this time. In order, none missing and none twice, whatever breaks meanwhile.
    ///
    /// # Errors
    /// Where the log has not answered for some time. The next call goes on.
    fn next(&mut self, wait: Duration) -> Result<Followed, LogError>;
}

/// What following brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// The next entry.
    Entry {
        /// Its number.
        number: u64,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Nothing new.
    Nothing,
    /// The entry that would be next was deleted: the log begins with this one, or is empty.
    Behind(Option<u64>),
}

/// Who has claimed the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// This lease.
    Ours,
    /// Another lease, of this node. That may be an earlier process of the node that asks, whose lease has not ended yet.
    Others(NodeId),
}

/// A lease. It ends when it is not renewed, and at once when it is dropped after [`revoke`](Self::revoke).
pub trait Lease: Send {
    /// Renews it. Says whether it lived until then: where not, it never will again, and everything that rested on it is gone.
    ///
    /// # Errors
    /// Where that is not known.
    fn renew(&mut self) -> Result<bool, LogError>;

    /// Says that this node is a candidate, or the owner, as long as the lease lives, if nobody has said so. May be repeated.
    ///
    /// # Errors
    /// Where that is not known, or the lease has ended.
    fn claim(&mut self, node: &NodeId) -> Result<Claim, LogError>;

    /// Whether this lease has the claim. Linearizable.
    ///
    /// # Errors
    /// Where that is not known.
    fn has_claim(&mut self) -> Result<bool, LogError>;

    /// Takes the claim from the lease of another node, in one step, for this lease, and in the name of `node`. Returns how long the other
    /// lease lives after a renewal: its node may act for so long. `None` where `from` has no claim, and nothing was changed.
    ///
    /// # Errors
    /// Where that is not known; or where the other lease lives for longer than `longest`, and nothing was changed.
    fn seize(
        &mut self,
        from: &NodeId,
        node: &NodeId,
        longest: Duration,
    ) -> Result<Option<Duration>, LogError>;

    /// Asks the active node to hand over, as long as the lease lives, if nobody has asked. Whether it did.
    ///
    /// # Errors
    /// Where that is not known.
    fn ask_hand_over(&mut self, request: &HandOver) -> Result<bool, LogError>;

    /// Publishes what the node says of itself, as long as the lease lives.
    ///
    /// # Errors
    /// Where that is not known.
    fn report(&mut self, report: &NodeReport) -> Result<(), LogError>;

    /// Ends it.
    ///
    /// # Errors
    /// Where that is not known.
    fn revoke(self: Box<Self>) -> Result<(), LogError>;
}
