//! Begins the log of a cluster, with the data that one node has.

use std::path::Path;

use rand::TryRng as _;
use rand::rngs::SysRng;
use tessera_journal::Cut;

use crate::beside::{Membership, MembershipError};
use crate::protocol::hex;
use crate::{Config, Head, LogError, Place, ReplicatedLog};

/// Why a log was not begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The log does not answer, or can't be used.
    #[error("{0}")]
    Log(#[from] LogError),
    /// There is one.
    #[error(
        "the cluster has a log already, {log}: a node joins it by starting; nothing was changed"
    )]
    Begun {
        /// Its id.
        log: String,
    },
    /// The data may lack what was confirmed.
    #[error(
        "this data folder is a standby's copy of log {log}: it lacks what the active node confirmed later. Begin with the data \
         of the node that was active last; if that is lost, `tessera cluster leave --accept-standby-copy` makes this copy count"
    )]
    Standby {
        /// Its id.
        log: String,
    },
    /// The node's folder can't be written.
    #[error("{0}")]
    Membership(#[from] MembershipError),
    /// There are no random numbers.
    #[error("there are no random numbers: {0}")]
    Random(String),
}

/// Begins the log where a node's journal ends, and has its data folder say so. Every other node starts without data.
///
/// # Errors
/// Where there is a log already, or it is not known whether it was begun: the same may be tried again then.
pub fn begin(
    log: &dyn ReplicatedLog,
    data: &Path,
    ends: Cut,
    partitions: u16,
) -> Result<String, BeginError> {
    let before = Membership::read(data)?;
    if let Some(there) = log.config()? {
        return match before {
            // An earlier try, whose answer was lost.
            Some(ours) if ours.log == there.log => Ok(there.log),
            _ => Err(BeginError::Begun { log: there.log }),
        };
    }
    // Folders of nodes that took part in the log before are compared by their epochs.
    let epoch = before.as_ref().map_or(0, |before| before.epoch);
    if let Some(before) = before.filter(|before| !before.active) {
        return Err(BeginError::Standby { log: before.log });
    }
    let mut id = [0; 16];
    SysRng
        .try_fill_bytes(&mut id)
        .map_err(|error| BeginError::Random(error.to_string()))?;
    let id = hex(&id);
    // First: a log that was begun and that no node belongs to would be nobody's.
    let membership = Membership {
        version: 1,
        log: id.clone(),
        beside: 0,
        active: true,
        epoch,
    };
    membership.write(data)?;
    let config = Config {
        version: 1,
        log: id.clone(),
        partitions,
    };
    let head = Head {
        epoch,
        number: 0,
        owner: None,
        tag: hex(&[0; 16]),
        place: Place::of(ends),
        beside: 0,
    };
    if log.begin(&config, &head)? {
        return Ok(id);
    }
    let there = log.config()?.map(|config| config.log);
    Err(BeginError::Begun {
        log: there.unwrap_or_default(),
    })
}
