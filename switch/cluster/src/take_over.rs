//! The transaction of a take-over: an entry that begins an epoch.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use tessera_encryption::{DataKeyId, DataKeys};

use crate::beside::BesideCount;
use crate::entry::{Body, EntryError, EntryKind, EpochKey, Opened};
use crate::formats::Unreadable;
use crate::owner::Owner;
use crate::protocol::{Appending, Candidacy, Canvass, Reached, Tip};
use crate::standing::Standing;
use crate::{Formats, Head, LogError, NodeId, ReplicatedLog, Revision};

/// Between two tries while the log does not answer.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// What an epoch entry says.
#[derive(Debug, Serialize, Deserialize)]
struct Begins {
    node: NodeId,
    build: String,
    /// That its owner writes; not said by the first builds.
    #[serde(default)]
    formats: Option<Formats>,
}

/// Who would begin an epoch.
pub(crate) struct Candidate<'a> {
    pub node: &'a NodeId,
    pub log_id: [u8; 16],
    pub keys: &'a DataKeys,
    /// That it writes as the owner.
    pub formats: Formats,
    /// One that all nodes have: they have to read the epoch's entries.
    pub key: DataKeyId,
    pub reached: &'a Reached,
    /// Whether it may still: its lease certainly lives, and nobody has asked the node to stop.
    pub lives: &'a dyn Fn() -> bool,
}

/// An epoch that this node has begun.
pub(crate) struct Begun {
    pub tip: Tip,
    key: EpochKey,
}

/// Begins the next epoch, whatever the head is by now. `None` where this candidate does not: then another one may.
///
/// # Errors
/// Where the log can't be used. Where it only does not answer, this waits: the epoch may have begun.
pub(crate) fn begin_epoch(
    log: &dyn ReplicatedLog,
    candidate: &Candidate<'_>,
) -> Result<Option<Begun>, LogError> {
    let lives = candidate.lives;
    let mut candidacy = Candidacy::default();
    let mut next = candidacy.head_is(log.head(), lives());
    let mut made: Option<(Begun, Vec<u8>)> = None;
    let mut says = true;
    loop {
        next = match next {
            Canvass::ReadHead => {
                let found = log.head();
                pause_after(&found);
                candidacy.head_is(found, lives())
            }
            Canvass::ReadFirst => {
                let found = log.first();
                pause_after(&found);
                candidacy.first_is(found, candidate.reached, lives())
            }
            Canvass::Begin(head, revision, epoch) => {
                let (begun, entry, wanted) = epoch_entry(&head, revision, epoch, candidate)?;
                candidacy.made(Appending::new(revision, wanted));
                made = Some((begun, entry));
                send(log, &mut candidacy, &made, lives, &mut says)
            }
            Canvass::SendAgain => {
                thread::sleep(TRY_AGAIN_AFTER);
                send(log, &mut candidacy, &made, lives, &mut says)
            }
            Canvass::Began(head, revision) => {
                return Ok(made.map(|(mut begun, _)| {
                    let tag = begun.tip.tag;
                    begun.tip.advance(head, revision, tag);
                    begun
                }));
            }
            Canvass::GaveUp(why) => {
                tracing::info!(why, "this node does not take over");
                return Ok(None);
            }
            Canvass::Failed(why) => return Err(LogError::Unusable(why)),
        }
    }
}

fn send(
    log: &dyn ReplicatedLog,
    candidacy: &mut Candidacy,
    made: &Option<(Begun, Vec<u8>)>,
    lives: &dyn Fn() -> bool,
    says: &mut bool,
) -> Canvass {
    let Some((_, entry)) = made else {
        return Canvass::ReadHead;
    };
    let appending = match candidacy.sends(lives()) {
        Ok(appending) => appending,
        Err(next) => return next,
    };
    let answer = log.append(appending.expected, &appending.wanted, entry, 0);
    if let Err(error) = &answer
        && std::mem::take(says)
    {
        tracing::warn!(%error, "it is not known yet whether this node took over");
    }
    candidacy.answered(answer)
}

fn pause_after<T>(found: &Result<T, LogError>) {
    if found.is_err() {
        thread::sleep(TRY_AGAIN_AFTER);
    }
}

/// The entry that begins an epoch after this head, and the head that it leaves.
fn epoch_entry(
    head: &Head,
    revision: Revision,
    epoch: u64,
    candidate: &Candidate<'_>,
) -> Result<(Begun, Vec<u8>, Head), LogError> {
    let unusable = LogError::Unusable;
    // Not from this process: a clone of the machine, memory and all, must not use the same one.
    let mut salt = [0; 32];
    SysRng
        .try_fill_bytes(&mut salt)
        .map_err(|error| unusable(format!("there are no random numbers: {error}")))?;
    let key = EpochKey::derive(candidate.keys, candidate.key, salt).map_err(unusable)?;
    let tag = Tip::tag_of(head).ok_or_else(|| {
        unusable(format!(
            "the tag of the log's head, {:?}, is none",
            head.tag
        ))
    })?;
    let mut tip = Tip {
        log: candidate.log_id,
        key: key.key,
        salt,
        head: head.clone(),
        revision,
        tag,
    };
    let mut header = tip.header(EntryKind::Epoch, head.place, head.place);
    header.epoch = epoch;
    let begins = Begins {
        node: candidate.node.clone(),
        build: env!("CARGO_PKG_VERSION").to_owned(),
        formats: Some(candidate.formats),
    };
    let content = serde_json::to_vec(&begins).map_err(|error| unusable(error.to_string()))?;
    let body = Body {
        content: &content,
        ..Body::default()
    };
    let (entry, tag) = key.seal(&mut header, &body).map_err(unusable)?;
    let wanted = Tip::wanted(&header, &tag, Some(candidate.node.clone()));
    tip.tag = tag;
    Ok((Begun { tip, key }, entry, wanted))
}

impl Begun {
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
        let Self { tip, key } = self;
        Owner {
            log,
            standing,
            node,
            keys,
            key_sent: key.key,
            key,
            tip,
            beside,
            standbys_min,
            taken: Default::default(),
            window: Default::default(),
        }
    }
}

/// Whose epoch an entry begins.
///
/// # Errors
/// Where a node that reads these formats can't follow it.
pub(crate) fn owner_of(opened: &Opened, reads: Formats) -> Result<Option<NodeId>, EntryError> {
    let Ok(Begins { node, formats, .. }) = serde_json::from_slice(opened.body().content) else {
        return Ok(None);
    };
    match formats.and_then(|formats| reads.unreadable(formats)) {
        None => Ok(Some(node)),
        Some(Unreadable { what, found, known }) => Err(EntryError::Epoch {
            number: opened.header.number,
            what,
            found,
            known,
        }),
    }
}
