//! What a node says of itself in the log. Every field that was added later has a default, so that old and new builds read each
//! other's reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Formats, NodeId};

/// What a node says of itself, as long as its lease lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// Who.
    pub node: NodeId,
    /// The last entry that is in its files, synced.
    pub synced: u64,
    /// Of its build.
    pub build: String,
    /// Where other nodes reach it, if they do.
    pub peer: Option<String>,
    /// Entries from this one on have to stay in the log: it copies what is before them from another node.
    #[serde(default)]
    pub needs: Option<u64>,
    /// For operators and other nodes.
    #[serde(default)]
    pub state: NodeState,
}

/// How a node is. A report is written again when this has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeState {
    /// Of the last entry that it knows; 0 where its build does not say.
    pub epoch: u64,
    /// Its ports accept: it is active, and has begun to serve.
    pub serves: bool,
    /// Why it could not take over now; `None` where it could, or owns the log.
    pub why_not: Option<String>,
    /// Of the active node: how far the others are behind, as it measured on its own clock.
    pub lags: BTreeMap<NodeId, Lag>,
    /// Of the active node: bytes of the entries of its epoch that the log has.
    pub held_bytes: u64,
    /// What no log carries, and has to be the same on all nodes.
    pub digests: Digests,
    /// The newest data key that it has; `None` where that is not known yet.
    pub data_key: Option<u32>,
    /// The formats that it reads.
    pub reads: Option<Formats>,
    /// What its clock showed when it wrote this, in milliseconds since 1970; 0 where that is not known. No rule rests on it.
    pub clock: u64,
    /// What it says to the last request to hand over that it has seen.
    pub answer: Option<HandOverAnswer>,
}

/// A request to the active node: to resign, so that another node takes over. It lives as long as the lease of the command that asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    /// Random: an answer names it.
    pub id: u64,
    /// The epoch that is to end. A request is of no meaning in any other one, so that none is done late.
    pub epoch: u64,
    /// The others let this node go first, for a while.
    pub to: Option<NodeId>,
    /// Only the other nodes are asked to let it go first: the active one is ended otherwise.
    #[serde(default)]
    pub forced: bool,
}

/// What the active node says to a request to hand over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOverAnswer {
    /// Of the request.
    pub id: u64,
    /// Why it does not; `None` where it does.
    pub refused: Option<String>,
}

/// What has to be the same on all nodes, and that no log carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Digests {
    /// Of the parties' files and keys.
    pub parties: Option<String>,
    /// The numbers of the keys in the vault's key file of a build before.
    pub vault_keys: Option<Vec<u32>>,
}

impl Digests {
    /// What differs; what is not known on both sides does not.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        fn differ<T: PartialEq>(one: &Option<T>, other: &Option<T>) -> bool {
            one.is_some() && other.is_some() && one != other
        }
        let mut found = Vec::new();
        if differ(&self.parties, &other.parties) {
            found.push("parties");
        }
        if differ(&self.vault_keys, &other.vault_keys) {
            found.push("vault keys");
        }
        found
    }
}

/// How far a node is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// So long ago the log took the first entry that the node lacks.
    pub milliseconds: u64,
    /// Of the entries that it lacks, as they are in the log.
    pub bytes: u64,
}
