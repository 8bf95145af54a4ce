//! The transaction of a take-over: an entry that begins an epoch.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use tessera_encryption::DataKeys;

use crate::beside::BesideCount;
use crate::entry::{Body, EntryHeader, EntryKind, EpochKey, Opened, Tag};
use crate::owner::{Owner, hex};
use crate::protocol::{Appending, Verdict};
use crate::standing::Standing;
use crate::{Head, LogError, NodeId, ReplicatedLog, Revision};

/// Between two tries while the log does not answer.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// What an epoch entry says.
#[derive(Debug, Serialize, Deserialize)]
struct Begins {
    node: NodeId,
    build: String,
}

/// An epoch that this node has begun.
pub(crate) struct Claimed {
    pub head: Head,
    pub revision: Revision,
    pub tag: Tag,
    key: EpochKey,
    log_id: [u8; 16],
}

/// Begins the next epoch, whatever the head is by now. `None` where another node has begun one meanwhile.
///
/// # Errors
/// Where the log can't be used. Where it only does not answer, this waits: the epoch may have begun.
pub(crate) fn begin_epoch(
    log: &dyn ReplicatedLog,
    node: &NodeId,
    log_id: [u8; 16],
    keys: &DataKeys,
) -> Result<Option<Claimed>, LogError> {
    let (mut head, mut revision) = current(log)?;
    let epoch = head.epoch + 1;
    loop {
        let (key, wanted, entry, tag) = epoch_entry(&head, epoch, node, log_id, keys)?;
        let appending = Appending {
            expected: revision,
            wanted: &wanted,
        };
        let verdict = loop {
            let verdict = match log.append(revision, &wanted, &entry, 0) {
                Ok(answer) => appending.answered(answer),
                Err(LogError::Unusable(why)) => return Err(LogError::Unusable(why)),
                Err(error) => {
                    tracing::warn!(%error, "it is not known yet whether this node took over");
                    let (head, revision) = current(log)?;
                    appending.head_is(head, revision)
                }
            };
            if verdict != Verdict::SendAgain {
                break verdict;
            }
            thread::sleep(TRY_AGAIN_AFTER);
        };
        match verdict {
            Verdict::Done(revision) => {
                return Ok(Some(Claimed {
                    head: wanted,
                    revision,
                    tag,
                    key,
                    log_id,
                }));
            }
            Verdict::Superseded(now, _) if now.epoch >= epoch => return Ok(None),
            // The owner before was not dead: it has appended.
            Verdict::Superseded(now, at) => (head, revision) = (now, at),
            Verdict::SendAgain => {}
        }
    }
}

/// The head, however long it takes to read it.
fn current(log: &dyn ReplicatedLog) -> Result<(Head, Revision), LogError> {
    loop {
        match log.head() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => return Err(LogError::Unusable("the log has no head".to_owned())),
            Err(LogError::Unusable(why)) => return Err(LogError::Unusable(why)),
            Err(_) => thread::sleep(TRY_AGAIN_AFTER),
        }
    }
}

fn epoch_entry(
    head: &Head,
    epoch: u64,
    node: &NodeId,
    log_id: [u8; 16],
    keys: &DataKeys,
) -> Result<(EpochKey, Head, Vec<u8>, Tag), LogError> {
    let unusable = LogError::Unusable;
    // Not from this process: a clone of the machine, memory and all, must not use the same one.
    let mut salt = [0; 32];
    SysRng
        .try_fill_bytes(&mut salt)
        .map_err(|error| unusable(format!("there are no random numbers: {error}")))?;
    let key = EpochKey::make(keys, salt).map_err(unusable)?;
    let predecessor = tag_of(head).ok_or_else(|| {
        unusable(format!(
            "the tag of the log's head, {:?}, is none",
            head.tag
        ))
    })?;
    let mut header = EntryHeader {
        kind: EntryKind::Epoch,
        log: log_id,
        epoch,
        number: head.number + 1,
        predecessor,
        key: key.key,
        salt,
        records: 0,
        before: head.place,
        after: head.place,
        beside: head.beside,
        checksum: 0,
        segment_begins: false,
        changes_beside: false,
        plaintext_bytes: 0,
        body_bytes: 0,
    };
    let begins = Begins {
        node: node.clone(),
        build: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let content = serde_json::to_vec(&begins).map_err(|error| unusable(error.to_string()))?;
    let body = Body {
        content: &content,
        ..Body::default()
    };
    let (entry, tag) = key.seal(&mut header, &body).map_err(unusable)?;
    let wanted = Head {
        epoch,
        number: header.number,
        owner: Some(node.clone()),
        tag: hex(&tag),
        place: head.place,
        beside: head.beside,
    };
    Ok((key, wanted, entry, tag))
}

impl Claimed {
    /// What appends from now on.
    pub fn owner(
        self,
        log: Arc<dyn ReplicatedLog>,
        standing: Arc<Standing>,
        node: NodeId,
        beside: BesideCount,
        standbys_min: u64,
        keys: DataKeys,
    ) -> Owner {
        let Self {
            head,
            revision,
            tag,
            key,
            log_id,
        } = self;
        Owner {
            log,
            standing,
            node,
            log_id,
            keys,
            key_sent: key.key,
            key,
            head,
            revision,
            tag,
            beside,
            standbys_min,
            taken: Default::default(),
            window: Default::default(),
        }
    }
}

/// Whose epoch an entry begins.
pub(crate) fn owner_of(opened: &Opened) -> Option<NodeId> {
    let begins: Begins = serde_json::from_slice(opened.body().content).ok()?;
    Some(begins.node)
}

/// The tag of the head's entry.
pub(crate) fn tag_of(head: &Head) -> Option<Tag> {
    bytes_of(&head.tag)
}

/// Sixteen bytes from hexadecimal digits.
pub(crate) fn bytes_of(digits: &str) -> Option<[u8; 16]> {
    if digits.len() != 32 || !digits.is_ascii() {
        return None;
    }
    u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes)
}
