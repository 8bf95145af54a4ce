//! A standby: takes every entry of the log, and takes over when nobody owns it any more.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tessera_encryption::DataKeys;
use tessera_journal::{BatchHead, Cut};

use crate::beside::BesideCount;
use crate::entry::{EntryError, EntryHeader, EntryKind, EpochKeys, Opened};
use crate::keeper::Keeper;
use crate::owner::{Owner, place};
use crate::peer::{self, PeerError, Peers};
use crate::protocol::{Next, Reached};
use crate::standing::{Role, Standing};
use crate::take_over::{self, Claimed};
use crate::{Follow, Followed, LogError, NodeId, Place, ReplicatedLog};

/// What was taken is synced this long after the first of it, or when it is this much.
const SYNC_EVERY: Duration = Duration::from_millis(100);
const SYNC_BYTES: usize = 8 << 20;
/// How long a wait for the next entry may delay the look at everything else.
const WAIT: Duration = Duration::from_millis(20);
/// Between two tries while the log does not answer, and after another node was faster.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Between two tries to copy from other nodes.
const COPY_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// Until the owner certainly knows what a node needs: a report, a look of the owner at it, and an entry that was under way.
const KEPT_AFTER: Duration = Duration::from_millis(1_500);
/// How long one look at the claim waits for its end.
const CLAIM_WAIT: Duration = Duration::from_secs(1);

/// What a node does with what it takes from the log.
pub trait Replica {
    /// Where its journal ends.
    fn place(&self) -> Cut;

    /// Writes a batch that goes on there, and applies its records.
    ///
    /// # Errors
    /// Where it does not fit, or the disk refuses. The node has to end.
    fn append(&mut self, batch: &BatchHead, plaintext: &[u8]) -> Result<(), AnyError>;

    /// Makes changes of files beside the journal, durably. They may have been made before.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    fn change_beside(&mut self, changes: &[u8]) -> Result<(), AnyError>;

    /// Makes a page of the file of wallet keys what it is on another node, durably.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    fn adopt_wallet_keys(&mut self, offset: u64, page: &[u8; 4096]) -> Result<(), AnyError>;

    /// Makes durable what was appended.
    ///
    /// # Errors
    /// If the disk refuses.
    fn sync(&mut self) -> Result<(), AnyError>;
}

/// What a replica may say.
pub type AnyError = Box<dyn Error + Send + Sync>;

/// Why a standby can't go on.
#[derive(Debug, thiserror::Error)]
pub enum StandbyError {
    /// The log can't be used.
    #[error("{0}")]
    Log(#[from] LogError),
    /// An entry can't be used.
    #[error("{0}")]
    Entry(#[from] EntryError),
    /// An entry does not fit what this node has.
    #[error(
        "entry {number} of the replicated log does not fit this node's data: {what}; delete the node's data folder and let it copy \
         the data of another node"
    )]
    Foreign {
        /// Of the entry.
        number: u64,
        /// What does not fit.
        what: &'static str,
    },
    /// The log no longer has what this node lacks.
    #[error(
        "this node lacks entries that the replicated log no longer has{}: copy the data folder of another node to this one",
        match .first { Some(first) => format!(" (it begins with entry {first})"), None => String::new() }
    )]
    Behind {
        /// The oldest one that it has.
        first: Option<u64>,
    },
    /// Nothing could be copied from another node.
    #[error("{0}")]
    Peer(#[from] PeerError),
    /// This node's data is of another log.
    #[error("{0}")]
    OtherLog(String),
    /// The node's own disk or data.
    #[error("{0}")]
    Replica(AnyError),
}

/// How a standby ends in order.
pub enum Ended {
    /// It owns the log, and has taken all of it.
    Promoted(Box<Owner>),
    /// It was asked to stop.
    Stopped,
}

/// See the head of this file.
pub(crate) struct Standby<'a> {
    pub log: Arc<dyn ReplicatedLog>,
    pub node: NodeId,
    pub log_id: [u8; 16],
    pub keys: DataKeys,
    pub keeper: &'a Keeper,
    pub standing: Arc<Standing>,
    pub reached: Reached,
    pub beside: BesideCount,
    pub replica: &'a mut dyn Replica,
    pub unsynced: Unsynced,
    pub standbys_min: u64,
    pub vacancy: Vacancy,
    pub peers: Peers,
    /// What the data is of is not known yet: it may lack changes beside the journal.
    pub unknown: bool,
}

/// What was taken and not synced yet.
#[derive(Default)]
pub(crate) struct Unsynced {
    since: Option<Instant>,
    bytes: usize,
}

/// Looks, on a thread of its own, whether anybody has claimed the log.
pub(crate) struct Vacancy {
    vacant: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    _thread: JoinHandle<()>,
}

impl Standby<'_> {
    /// Follows until it is asked to stop, or owns the log.
    pub fn run(mut self) -> Result<Ended, StandbyError> {
        let mut opener = EpochKeys::new(self.keys.clone());
        let mut follow: Option<Box<dyn Follow>> = None;
        let mut quiet = true;
        while !self.standing.is_stopping() {
            let stepped = match &mut follow {
                Some(follow) => self.step(follow.as_mut(), &mut opener, None),
                None if self.unknown => Err(StandbyError::Behind { first: None }),
                None => self.begin().map(|begun| {
                    follow = begun;
                    true
                }),
            };
            match stepped {
                Ok(_) => quiet = true,
                Err(StandbyError::Log(error @ (LogError::Unavailable(_) | LogError::Full(_)))) => {
                    self.standing.set_why_not(Some(error.to_string()));
                    if std::mem::take(&mut quiet) {
                        tracing::warn!(%error, "this standby does not hear from the replicated log");
                    }
                    thread::sleep(TRY_AGAIN_AFTER);
                    continue;
                }
                Err(behind @ StandbyError::Behind { .. }) => {
                    follow = None;
                    self.copy(behind)?;
                    continue;
                }
                Err(error) => return Err(error),
            }
            let Some(follow) = &mut follow else { continue };
            self.sync(false)?;
            if self.vacancy.is_vacant() && self.is_candidate() {
                if let Some(owner) = self.take_over(follow.as_mut(), &mut opener)? {
                    return Ok(Ended::Promoted(Box::new(owner)));
                }
                thread::sleep(TRY_AGAIN_AFTER);
            }
        }
        self.sync(true)?;
        Ok(Ended::Stopped)
    }

    /// Finds out where in the log this node's files end, and follows from there.
    fn begin(&mut self) -> Result<Option<Box<dyn Follow>>, StandbyError> {
        let Some((head, _)) = self.log.head()? else {
            return Err(LogError::Unusable("the log has no head".to_owned()).into());
        };
        self.standing.set_owner(head.epoch, head.owner.clone());
        self.know_owner(head.owner.as_ref(), head.epoch)?;
        self.standing.see(head.number);
        let from = match self.log.first()? {
            Some(first) => first,
            None if self.reached.is_at(&head) => {
                self.reached.last = Some((head.number, tag(&head)?));
                self.reached.epoch = head.epoch;
                self.standing.set_synced(head.number, head.place);
                head.number + 1
            }
            None => return Err(StandbyError::Behind { first: None }),
        };
        let follow = self.log.follow(from)?;
        if self.standing.role() == Role::Starting {
            self.standing.set_role(Role::Standby);
        }
        Ok(Some(follow))
    }

    /// Takes from another node what the log no longer has. This node is no candidate meanwhile.
    fn copy(&mut self, behind: StandbyError) -> Result<(), StandbyError> {
        self.sync(true)?;
        self.standing.set_role(Role::Starting);
        self.standing.set_why_not(Some(behind.to_string()));
        match self.copy_once() {
            Ok(()) => Ok(()),
            Err(StandbyError::Log(error)) => self.wait_for_copy(&error),
            Err(StandbyError::Peer(error)) => self.wait_for_copy(&error),
            Err(error) => Err(error),
        }
    }

    fn wait_for_copy(&self, error: &dyn std::fmt::Display) -> Result<(), StandbyError> {
        tracing::warn!(%error, "this node lacks entries that the log no longer has, and could not copy them yet");
        self.standing.set_why_not(Some(error.to_string()));
        let until = Instant::now() + COPY_AGAIN_AFTER;
        while Instant::now() < until && !self.standing.is_stopping() {
            thread::sleep(TRY_AGAIN_AFTER);
        }
        Ok(())
    }

    fn copy_once(&mut self) -> Result<(), StandbyError> {
        let Some((head, _)) = self.log.head()? else {
            return Err(LogError::Unusable("the log has no head".to_owned()).into());
        };
        // From here on the log keeps what comes: first it must know of that.
        self.standing.set_needs(Some(head.number + 1));
        thread::sleep(KEPT_AFTER);
        let nodes = self.log.nodes()?;
        let until = head.place.sequence.saturating_sub(1);
        let log = crate::owner::hex(&self.log_id);
        let copied = peer::copy(&self.peers, &log, head.number, until, &nodes, self.replica);
        let copied = copied.map_err(StandbyError::Replica)??;
        tracing::info!(
            sequence = copied.sequence,
            bytes = copied.bytes,
            "copied from another node what the log no longer has"
        );
        self.beside
            .save(head.beside)
            .map_err(|error| StandbyError::Replica(error.into()))?;
        self.reached = Reached::at_start(place(self.replica.place()), head.beside);
        self.unknown = false;
        Ok(())
    }

    /// Takes the next entry, if there is one. Whether there was.
    fn step(
        &mut self,
        follow: &mut dyn Follow,
        opener: &mut EpochKeys,
        own: Option<&Claimed>,
    ) -> Result<bool, StandbyError> {
        let (number, bytes) = match follow.next(WAIT)? {
            Followed::Entry { number, bytes } => (number, bytes),
            Followed::Nothing => {
                self.standing.set_why_not(None);
                return Ok(false);
            }
            Followed::Behind(first) => return Err(StandbyError::Behind { first }),
        };
        let opened = opener.open(&bytes, number)?;
        self.standing.see(number);
        let header = &opened.header;
        if header.log != self.log_id {
            let what = "it is of another log";
            return Err(StandbyError::Foreign { number, what });
        }
        match self.reached.next(header) {
            Next::Missing => {
                return Err(StandbyError::Behind {
                    first: Some(number),
                });
            }
            Next::Foreign(what) => return Err(StandbyError::Foreign { number, what }),
            Next::GoesOn { batch, beside } => self.take(&opened, batch, beside, bytes.len())?,
        }
        let owner = match header.kind {
            EntryKind::Epoch if own.is_some_and(|own| own.tag == opened.tag) => {
                Some(self.node.clone())
            }
            EntryKind::Epoch => take_over::owner_of(&opened),
            EntryKind::Resignation => None,
            EntryKind::Batch => self.standing.overview().owner,
        };
        if header.kind == EntryKind::Epoch {
            self.know_owner(owner.as_ref(), header.epoch)?;
        }
        self.standing.set_owner(header.epoch, owner);
        self.reached.take(header, opened.tag);
        Ok(true)
    }

    /// Once another node owns the log, this node's folder may lack what is released.
    fn know_owner(&mut self, owner: Option<&NodeId>, epoch: u64) -> Result<(), StandbyError> {
        if owner.is_some_and(|owner| *owner != self.node) {
            self.beside
                .set_active(false, epoch)
                .map_err(|error| StandbyError::Replica(error.into()))?;
        }
        Ok(())
    }

    fn take(
        &mut self,
        opened: &Opened,
        batch: bool,
        beside: bool,
        bytes: usize,
    ) -> Result<(), StandbyError> {
        let body = opened.body();
        // First: the records of the batch may need them.
        if beside {
            self.replica
                .change_beside(body.beside)
                .map_err(StandbyError::Replica)?;
            self.beside
                .save(opened.header.beside_after())
                .map_err(|error| StandbyError::Replica(error.into()))?;
        }
        if batch {
            let head = batch_head(&opened.header, body.segment)?;
            self.replica
                .append(&head, body.content)
                .map_err(StandbyError::Replica)?;
            self.unsynced.bytes += bytes;
        }
        self.unsynced.since.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Syncs what was taken, if it is time.
    fn sync(&mut self, at_once: bool) -> Result<(), StandbyError> {
        let Unsynced { since, bytes } = self.unsynced;
        let Some(since) = since else { return Ok(()) };
        if at_once || since.elapsed() >= SYNC_EVERY || bytes >= SYNC_BYTES {
            self.replica.sync().map_err(StandbyError::Replica)?;
            self.unsynced = Unsynced::default();
            if let Some((number, _)) = self.reached.last {
                self.standing.set_synced(number, self.reached.place);
                self.standing.set_needs(None);
            }
        }
        Ok(())
    }

    /// Whether this node's files go up to the first entry that the log still has: then it can have all of them.
    fn is_candidate(&self) -> bool {
        let Ok(Some((head, _))) = self.log.head() else {
            return false;
        };
        let Ok(first) = self.log.first() else {
            return false;
        };
        let why_not = match (first, self.reached.next_number()) {
            (Some(first), Some(next)) if first > next => Some("it lacks entries"),
            (Some(_), Some(_)) => None,
            (None, _) if self.reached.is_at(&head) => None,
            (None, _) => Some("it lacks entries that the log no longer has"),
            (Some(_), None) => Some("it has not seen an entry yet"),
        };
        self.standing.set_why_not(why_not.map(str::to_owned));
        why_not.is_none()
    }

    /// Claims the log, begins an epoch, and takes all that the log has before it. `None` where another node was faster.
    fn take_over(
        &mut self,
        follow: &mut dyn Follow,
        opener: &mut EpochKeys,
    ) -> Result<Option<Owner>, StandbyError> {
        match self.keeper.claim() {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => {
                tracing::debug!(%error, "the log could not be claimed");
                return Ok(None);
            }
        }
        self.standing.set_role(Role::TakingOver);
        let began = take_over::begin_epoch(self.log.as_ref(), &self.node, self.log_id, &self.keys);
        let Some(claimed) = began? else {
            self.keeper.disclaim();
            self.standing.set_role(Role::Standby);
            return Ok(None);
        };
        tracing::info!(
            epoch = claimed.head.epoch,
            entry = claimed.head.number,
            "took over: this node owns the replicated log"
        );
        while self.reached.last.map(|(number, _)| number) != Some(claimed.head.number) {
            match self.step(follow, opener, Some(&claimed)) {
                Ok(_) => {}
                Err(StandbyError::Log(error @ LogError::Unavailable(_))) => {
                    tracing::warn!(%error, "the new owner waits for the replicated log");
                }
                Err(error) => return Err(error),
            }
            if self.standing.is_stopping() {
                return Ok(None);
            }
        }
        self.sync(true)?;
        if self.reached.last != Some((claimed.head.number, claimed.tag)) {
            let (number, what) = (claimed.head.number, "another epoch took its place");
            return Err(StandbyError::Foreign { number, what });
        }
        self.beside
            .set_active(true, claimed.head.epoch)
            .map_err(|error| StandbyError::Replica(error.into()))?;
        self.vacancy.end();
        self.standing.set_role(Role::Active);
        let beside = self.beside.clone();
        Ok(Some(claimed.owner(
            Arc::clone(&self.log),
            Arc::clone(&self.standing),
            self.node.clone(),
            beside,
            self.standbys_min,
            self.keys.clone(),
        )))
    }
}

impl Vacancy {
    pub fn watch(log: Arc<dyn ReplicatedLog>) -> std::io::Result<Self> {
        let (vacant, ended) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (says, ends) = (Arc::clone(&vacant), Arc::<AtomicBool>::clone(&ended));
        let thread = thread::Builder::new()
            .name("cluster-claim".to_owned())
            .spawn(move || {
                while !ends.load(Ordering::Acquire) {
                    match log.unclaimed(CLAIM_WAIT) {
                        Ok(claimed) => says.store(claimed.is_none(), Ordering::Release),
                        Err(_) => says.store(false, Ordering::Release),
                    }
                    if says.load(Ordering::Acquire) {
                        thread::sleep(TRY_AGAIN_AFTER);
                    }
                }
            })?;
        Ok(Self {
            vacant,
            ended,
            _thread: thread,
        })
    }

    fn is_vacant(&self) -> bool {
        self.vacant.load(Ordering::Acquire)
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }
}

impl Drop for Vacancy {
    fn drop(&mut self) {
        self.end();
    }
}

fn batch_head(
    header: &EntryHeader,
    segment: Option<&[u8; tessera_journal::SEGMENT_BEGINS_BYTES]>,
) -> Result<BatchHead, StandbyError> {
    let cut = |place: Place| {
        Cut::from_stored((place.position, place.sequence, place.chain)).ok_or(
            StandbyError::Foreign {
                number: header.number,
                what: "its place has no sequence",
            },
        )
    };
    Ok(BatchHead {
        before: cut(header.before)?,
        after: cut(header.after)?,
        segment: segment.copied(),
        records: header.records,
        checksum: header.checksum,
    })
}

fn tag(head: &crate::Head) -> Result<crate::entry::Tag, StandbyError> {
    take_over::tag_of(head).ok_or_else(|| {
        LogError::Unusable(format!(
            "the tag of the log's head, {:?}, is none",
            head.tag
        ))
        .into()
    })
}
