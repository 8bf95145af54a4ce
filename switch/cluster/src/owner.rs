//! The owner's end of the log: each batch of its journal becomes an entry, and counts once the log has it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tessera_encryption::{DataKeyId, DataKeys, KeyKind, KeysError};
use tessera_journal::{BatchHead, Commit, JournalError, SEGMENT_BEGINS_BYTES, segment_key};
use tessera_kit::fence;
use zeroize::Zeroizing;

use crate::beside::BesideCount;
use crate::changes::Change;
use crate::entry::{Body, EntryHeader, EntryKind, EpochKey};
use crate::protocol::{Appending, Tip, Verdict};
use crate::standing::{Role, Standing};
use crate::{Head, LogError, NodeId, Place, ReplicatedLog, Revision};

/// Between two tries while the log does not answer. Its own calls wait for a second or more.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// While it is full.
const FULL_FOR: Duration = Duration::from_millis(500);
/// How long a resignation may take: the process ends after it.
const RESIGN_WITHIN: Duration = Duration::from_secs(2);

/// The longest batch: an entry of this size takes the log's machines about as long as two of half the size.
pub const BATCH_BYTES_MAX: usize = 1 << 20;

/// See the head of this file. It is made by taking over.
pub struct Owner {
    pub(crate) log: Arc<dyn ReplicatedLog>,
    pub(crate) standing: Arc<Standing>,
    pub(crate) node: NodeId,
    pub(crate) keys: DataKeys,
    pub(crate) key: EpochKey,
    /// The newest data key that the other nodes certainly have.
    pub(crate) key_sent: DataKeyId,
    pub(crate) tip: Tip,
    pub(crate) beside: BesideCount,
    pub(crate) standbys_min: u64,
    pub(crate) taken: Taken,
    pub(crate) window: Window,
}

/// What is committed next.
#[derive(Default)]
pub(crate) struct Taken {
    plaintext: Zeroizing<Vec<u8>>,
    beside: Vec<u8>,
}

/// The entries that the log still has.
#[derive(Default)]
pub(crate) struct Window {
    entries: VecDeque<(u64, u64)>,
    bytes: u64,
}

impl Commit for Owner {
    fn take(&mut self, plaintext: &[u8], beside: &[u8]) {
        let Taken {
            plaintext: batch,
            beside: changes,
        } = &mut self.taken;
        batch.clear();
        batch.extend_from_slice(plaintext);
        changes.clear();
        changes.extend_from_slice(beside);
    }

    fn commit(&mut self, batch: &BatchHead) -> Result<(), JournalError> {
        self.wait_for_standbys();
        let mut taken = std::mem::take(&mut self.taken);
        if let Some(segment) = &batch.segment {
            self.add_key(segment, &mut taken.beside)?;
        }
        let content: &[u8] = match batch.records {
            0 => &[],
            _ => &taken.plaintext,
        };
        let body = Body {
            segment: batch.segment.as_ref(),
            beside: &taken.beside,
            content,
        };
        let (before, after) = (Place::of(batch.before), Place::of(batch.after));
        let mut header = self.tip.header(EntryKind::Batch, before, after);
        header.records = batch.records;
        header.checksum = batch.checksum;
        header.segment_begins = batch.segment.is_some();
        header.changes_beside = !taken.beside.is_empty();
        let owner = Some(self.node.clone());
        self.append(header, &body, owner, None)?;
        if !taken.beside.is_empty() {
            self.beside
                .save(self.tip.head.beside)
                .map_err(|error| JournalError::Replication {
                    why: error.to_string(),
                })?;
        }
        self.taken = taken;
        Ok(())
    }

    fn synced(&mut self) {
        self.standing
            .set_synced(self.tip.head.number, self.tip.head.place);
    }

    fn close(&mut self) {
        let place = self.tip.head.place;
        let header = self.tip.header(EntryKind::Resignation, place, place);
        let until = Instant::now() + RESIGN_WITHIN;
        match self.append(header, &Body::default(), None, Some(until)) {
            Ok(()) => self.standing.set_role(Role::Resigned),
            // Its lease ends by itself, a little later.
            Err(error) => tracing::warn!(%error, "this node could not resign"),
        }
    }
}

impl Owner {
    /// A segment under a data key that this epoch has not used yet brings it along.
    fn add_key(
        &mut self,
        segment: &[u8; SEGMENT_BEGINS_BYTES],
        beside: &mut Vec<u8>,
    ) -> Result<(), JournalError> {
        let key = segment_key(segment);
        if key <= self.key_sent {
            return Ok(());
        }
        let failed = |error: KeysError| JournalError::Replication {
            why: error.to_string(),
        };
        for entry in self.keys.entries().map_err(failed)? {
            let is_new = entry.kind == KeyKind::Data && entry.number > self.key_sent.0;
            if is_new && entry.number <= key.0 {
                let line = self.keys.wrapped(DataKeyId(entry.number)).map_err(failed)?;
                Change::DataKey { line: &line }.append_to(beside);
            }
        }
        self.key_sent = key;
        Ok(())
    }

    /// Returns once it is known that the log has the entry, however long that takes, or never will have it.
    fn append(
        &mut self,
        mut header: EntryHeader,
        body: &Body<'_>,
        owner: Option<NodeId>,
        until: Option<Instant>,
    ) -> Result<(), JournalError> {
        let unusable = |why| JournalError::Replication { why };
        let (bytes, tag) = self.key.seal(&mut header, body).map_err(unusable)?;
        let wanted = Tip::wanted(&header, &tag, owner);
        let mut appending = Appending::new(self.tip.revision, wanted);
        let before_sending = || {
            // What a broken process has decided must not reach the other nodes: it ends in a moment.
            while self.standing.is_ending() {
                thread::park();
            }
            self.standing.trim_below()
        };
        let settled = settle(
            self.log.as_ref(),
            &mut appending,
            &bytes,
            &before_sending,
            until,
            &|stalled| self.standing.set_stalled(stalled),
        );
        if let Err(JournalError::Superseded { .. }) = &settled {
            self.standing.supersede();
        }
        let revision = settled?;
        self.window.add(header.number, bytes.len() as u64);
        self.show_window();
        self.tip.advance(appending.wanted, revision, tag);
        self.standing.committed(header.number, bytes.len() as u64);
        Ok(())
    }

    /// Nothing more is committed while too few other nodes follow, or too much is on no second node.
    fn wait_for_standbys(&mut self) {
        let mut said = false;
        let mut trimmed_below = 0;
        loop {
            let few = self.standing.others() < self.standbys_min;
            let window_max = self.standing.window_max();
            if !few && window_max > 0 && self.window.bytes <= window_max {
                self.standing.set_stalled(false);
                return;
            }
            if !std::mem::replace(&mut said, true) {
                self.standing.set_stalled(true);
                tracing::error!(
                    others = self.standing.others(),
                    standbys_min = self.standbys_min,
                    bytes = self.window.bytes,
                    bytes_max = window_max,
                    "too few standbys follow, too much of the log is on no second node, or etcd's database is half full: nothing is approved \
                     until that changes"
                );
            }
            thread::sleep(TRY_AGAIN_AFTER);
            let below = self.standing.trim_below();
            // No append does it meanwhile.
            if below > trimmed_below
                // Else a candidate may count on what is there.
                && fence::is_open()
                && self.log.trim(self.tip.revision, below).is_ok()
            {
                trimmed_below = below;
            }
            self.show_window();
        }
    }

    fn show_window(&mut self) {
        self.window.trim(self.standing.trim_below());
        self.standing.set_window_bytes(self.window.bytes);
    }
}

impl Window {
    fn add(&mut self, number: u64, bytes: u64) {
        self.entries.push_back((number, bytes));
        self.bytes += bytes;
    }

    fn trim(&mut self, below: u64) {
        while let Some((_, bytes)) = self.entries.pop_front_if(|(number, _)| *number < below) {
            self.bytes -= bytes;
        }
    }
}

/// Sends an append until its outcome is known, at most until a moment. `before_sending` is called before each time, and says which
/// entries may be deleted; `stalls` is called where it takes long.
pub(crate) fn settle(
    log: &dyn ReplicatedLog,
    appending: &mut Appending,
    entry: &[u8],
    before_sending: &dyn Fn() -> u64,
    until: Option<Instant>,
    stalls: &dyn Fn(bool),
) -> Result<Revision, JournalError> {
    let mut quiet = true;
    let failed = |why| JournalError::Replication { why };
    loop {
        let below = before_sending();
        let answer = log.append(appending.expected, &appending.wanted, entry, below);
        if let Err(LogError::Full(_)) = &answer
            && below > 0
            && fence::is_open()
        {
            // It takes deletions when it takes nothing else. Where it does not, this is tried again.
            let _ = log.trim(appending.expected, below);
        }
        let mut verdict = appending.answered(reply(answer, &mut quiet));
        if verdict == Verdict::Ask {
            verdict = appending.head_is(reply(log.head(), &mut quiet));
        }
        match verdict {
            Verdict::Done(revision) => {
                if !quiet {
                    stalls(false);
                    tracing::info!(
                        number = appending.wanted.number,
                        "the replicated log answers"
                    );
                }
                return Ok(revision);
            }
            Verdict::Superseded(head, _) => return Err(superseded(&head)),
            Verdict::Failed(why) => return Err(failed(why)),
            Verdict::Ask | Verdict::SendAgain => stalls(!quiet),
        }
        if until.is_some_and(|until| Instant::now() > until) {
            return Err(failed("the replicated log does not answer".to_owned()));
        }
        thread::sleep(TRY_AGAIN_AFTER);
    }
}

/// An answer, after an error of it was logged.
fn reply<T>(answer: Result<T, LogError>, quiet: &mut bool) -> Result<T, LogError> {
    if let Err(error) = &answer {
        say(error, quiet);
    }
    answer
}

fn say(error: &LogError, quiet: &mut bool) {
    if std::mem::take(quiet) {
        tracing::error!(%error, "the replicated log does not take a batch: nothing is approved until it does");
    }
    if matches!(error, LogError::Full(_)) {
        thread::sleep(FULL_FOR);
    }
}

pub(crate) fn superseded(head: &Head) -> JournalError {
    let owner = match &head.owner {
        Some(owner) => owner.as_str(),
        None => "nobody",
    };
    JournalError::Superseded {
        why: format!(
            "the log belongs to {owner} since epoch {}, entry {}",
            head.epoch, head.number
        ),
    }
}
