//! A standby: takes every entry of the log, and takes over when nobody owns it any more.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tessera_encryption::DataKeys;
use tessera_journal::{BatchHead, Cut};

use crate::beside::BesideCount;
use crate::changes::Change;
use crate::entry::{EntryError, EntryHeader, EntryKind, EpochKeys, Opened};
use crate::hand_over::Courtesy;
use crate::keeper::Keeper;
use crate::owner::Owner;
use crate::peer::{self, PeerError, Peers};
use crate::protocol::{Course, Following, Look, Met, Reached, hex};
use crate::replica::{AnyError, Replica};
use crate::standing::{Role, Standing};
use crate::take_over::{self, Begun, Candidate};
use crate::vacancy::Vacancy;
use crate::{Follow, Followed, Formats, LogError, NodeId, Place, ReplicatedLog};

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
        "entry {number} of the replicated log does not fit this node's data: {what}. If another node is active, stop this switch, move its \
         data folder away and start it without data: it copies that of another node. If etcd was restored, stop all switches first: see \
         docs/cluster.md"
    )]
    Foreign {
        /// Of the entry.
        number: u64,
        /// What does not fit.
        what: &'static str,
    },
    /// The log no longer has what this node lacks.
    #[error(
        "this node lacks entries that the replicated log no longer has{}: it copies them from another node",
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
    #[error("this standby can't go on with its own data")]
    Replica(#[source] AnyError),
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
    /// That it reads, and writes once it owns the log.
    pub formats: Formats,
    pub keeper: &'a Keeper,
    pub standing: Arc<Standing>,
    pub following: Following,
    pub beside: BesideCount,
    pub replica: &'a mut dyn Replica,
    pub unsynced: Unsynced,
    pub standbys_min: u64,
    pub vacancy: Vacancy,
    pub courtesy: Courtesy,
    /// Why another node refuses that this one takes over, as it was when this one wanted to.
    pub refused: Option<String>,
    pub peers: Peers,
    /// What the data is of is not known yet: it may lack changes beside the journal.
    pub unknown: bool,
    pub opener: EpochKeys,
    pub follow: Option<Box<dyn Follow>>,
    /// The epoch that this node has begun and does not own the log in yet.
    pub begun: Option<Begun>,
    /// That the log does not answer was not said yet.
    pub quiet: bool,
}

/// What was taken and not synced yet.
#[derive(Default)]
pub(crate) struct Unsynced {
    since: Option<Instant>,
    bytes: usize,
}

impl Standby<'_> {
    /// Follows until it is asked to stop, or owns the log.
    pub fn run(mut self) -> Result<Ended, StandbyError> {
        let mut course = match self.unknown {
            true => Course::Behind(None),
            false => self.on(Met::GoOn),
        };
        while !self.standing.is_stopping() {
            course = match course {
                Course::Own => {
                    if let Some(begun) = self.begun.take() {
                        return Ok(Ended::Promoted(Box::new(self.owner(begun)?)));
                    }
                    self.on(Met::Promoted(false))
                }
                Course::Behind(first) => self.copy(&StandbyError::Behind { first })?,
                Course::Foreign(number, what) => {
                    return Err(StandbyError::Foreign { number, what });
                }
                Course::Unusable(why) => return Err(LogError::Unusable(why).into()),
                course => match self.act(course) {
                    Ok(course) => course,
                    Err(StandbyError::Log(
                        error @ (LogError::Unavailable(_) | LogError::Full(_)),
                    )) => self.is_silent(&error),
                    Err(error) => return Err(error),
                },
            };
        }
        self.sync()?;
        Ok(Ended::Stopped)
    }

    /// Does what is next, and finds out what comes after.
    fn act(&mut self, course: Course) -> Result<Course, StandbyError> {
        match course {
            Course::ReadHead => {
                let head = self.log.head()?.map(|(head, _)| head);
                if let Some(head) = &head {
                    self.standing.set_owner(head.epoch, head.owner.clone());
                    self.know_owner(head.owner.as_ref(), head.epoch)?;
                    self.standing.see(head.number);
                }
                Ok(self.on(Met::Head(head)))
            }
            Course::ReadFirst => {
                let first = self.log.first()?;
                let course = self.on(Met::First(first));
                let why_not = self.following.why_not().map(str::to_owned);
                self.standing.set_why_not(why_not);
                Ok(course)
            }
            Course::Follow(from) => {
                self.follow = Some(self.log.follow(from)?);
                if self.standing.role() == Role::Starting {
                    self.standing.set_role(Role::Standby);
                }
                Ok(self.on(Met::Follows))
            }
            Course::Next => self.next(),
            Course::Sync => {
                self.sync()?;
                Ok(self.on(Met::Synced))
            }
            Course::Claim => {
                let claimed = self.can_be_read() && self.goes_first() && self.claim();
                Ok(self.on(Met::Claimed(claimed)))
            }
            Course::BeginEpoch => self.begin_epoch(),
            Course::Promote => {
                let begun = self.begun.as_ref();
                let promoted = begun.is_some_and(|begun| self.keeper.promote(begun.tip.head.epoch));
                Ok(self.on(Met::Promoted(promoted)))
            }
            Course::GiveUp => {
                self.begun = None;
                self.keeper.give_up();
                self.standing.set_role(Role::Standby);
                Ok(Course::Pause)
            }
            Course::Pause => {
                thread::sleep(TRY_AGAIN_AFTER);
                // Longer than that, where the log is silent for long.
                if self.following.is_unsynced() && self.unsynced.is_due() {
                    self.sync()?;
                    return Ok(self.on(Met::Synced));
                }
                Ok(self.on(Met::GoOn))
            }
            // Only to be met by `next`, and the ends, which `run` has seen.
            course @ (Course::Take { .. }
            | Course::Own
            | Course::Behind(_)
            | Course::Foreign(..)
            | Course::Unusable(_)) => Ok(course),
        }
    }

    fn claim(&self) -> bool {
        self.keeper.claim().unwrap_or_else(|error| {
            tracing::debug!(%error, "the log could not be claimed");
            false
        })
    }

    /// Whether all nodes that are there can read what this one would write.
    fn can_be_read(&mut self) -> bool {
        let Ok(nodes) = self.log.nodes() else {
            return false;
        };
        self.standing.set_nodes(nodes, &self.node);
        let why = self.standing.refused_by();
        if let Some(why) = why.as_ref().filter(|_| why != self.refused) {
            tracing::warn!(why, "this node does not take over");
        }
        self.refused = why;
        self.refused.is_none()
    }

    /// Not while a person has asked for another node to take over from this epoch, for a while.
    fn goes_first(&mut self) -> bool {
        let epoch = self.standing.overview().epoch;
        let asked = self.log.hand_over().ok().flatten();
        let named = asked
            .filter(|request| request.epoch == epoch)
            .and_then(|request| request.to);
        self.courtesy
            .goes_first(named.as_ref(), &self.node, Instant::now())
    }

    fn on(&mut self, met: Met<'_>) -> Course {
        let look = Look {
            vacant: self.vacancy.is_vacant(),
            sync_due: self.unsynced.is_due(),
        };
        self.following.on(met, look)
    }

    fn is_silent(&mut self, error: &LogError) -> Course {
        self.standing.set_why_not(Some(error.to_string()));
        if std::mem::take(&mut self.quiet) {
            tracing::warn!(%error, "this standby cannot read the replicated log");
        }
        self.on(Met::Silent)
    }

    /// Takes the next entry, if there is one.
    fn next(&mut self) -> Result<Course, StandbyError> {
        let Some(follow) = &mut self.follow else {
            return Ok(self.on(Met::Silent));
        };
        let followed = follow.next(WAIT)?;
        self.quiet = true;
        let (number, bytes) = match followed {
            Followed::Entry { number, bytes } => (number, bytes),
            Followed::Nothing => {
                let why_not = self.following.why_not().map(str::to_owned);
                self.standing.set_why_not(why_not);
                return Ok(self.on(Met::NoEntry));
            }
            Followed::Behind(first) => return Ok(self.on(Met::Behind(first))),
        };
        let opened = match self.opener.open(&bytes, number) {
            Err(EntryError::Key { .. }) => {
                self.fetch_keys()?;
                self.opener.open(&bytes, number)?
            }
            opened => opened?,
        };
        self.standing.see(number);
        let header = &opened.header;
        if header.log != self.log_id {
            let what = "it is of another log";
            return Err(StandbyError::Foreign { number, what });
        }
        let owner = match header.kind {
            EntryKind::Epoch => take_over::owner_of(&opened, self.formats)?,
            EntryKind::Resignation => None,
            EntryKind::Batch => self.standing.overview().owner,
        };
        let course = self.on(Met::Entry(header));
        let Course::Take { batch, beside } = course else {
            return Ok(course);
        };
        self.take(&opened, batch, beside, bytes.len())?;
        if header.kind == EntryKind::Epoch {
            self.know_owner(owner.as_ref(), header.epoch)?;
        }
        self.standing.set_owner(header.epoch, owner);
        // Under load there is always another entry: what it once lacked must not be reported for ever.
        self.standing.set_why_not(None);
        Ok(self.on(Met::Taken(header, opened.tag)))
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

    /// Takes from another node what the log no longer has. This node is no candidate meanwhile.
    fn copy(&mut self, behind: &StandbyError) -> Result<Course, StandbyError> {
        if self.begun.take().is_some() {
            self.keeper.give_up();
        }
        self.sync()?;
        self.standing.set_role(Role::Starting);
        self.standing.set_why_not(Some(behind.to_string()));
        match self.copy_once() {
            Ok(()) => Ok(self.on(Met::GoOn)),
            Err(StandbyError::Log(error)) => Ok(self.wait_for_copy(&error)),
            Err(StandbyError::Peer(error)) => Ok(self.wait_for_copy(&error)),
            Err(error) => Err(error),
        }
    }

    fn wait_for_copy(&self, error: &dyn std::fmt::Display) -> Course {
        tracing::warn!(%error, "this node lacks entries that the log no longer has, and could not copy them yet");
        self.standing.set_why_not(Some(error.to_string()));
        let until = Instant::now() + COPY_AGAIN_AFTER;
        while Instant::now() < until && !self.standing.is_stopping() {
            thread::sleep(TRY_AGAIN_AFTER);
        }
        Course::Behind(None)
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
        let log = hex(&self.log_id);
        let copied = peer::copy(&self.peers, &log, head.number, until, &nodes, self.replica);
        let copied = copied.map_err(StandbyError::Replica)??;
        tracing::info!(
            sequence = copied.sequence,
            bytes = copied.bytes,
            "copied from another node what the log no longer has"
        );
        let reached = Reached::at_start(Place::of(self.replica.place()), head.beside);
        if let Some((now, _)) = self.log.head()?
            && reached.is_beyond(&now)
        {
            return Err(StandbyError::Foreign {
                number: now.number,
                what: "this node's journal has records that the log never had",
            });
        }
        self.beside
            .save(head.beside)
            .map_err(|error| StandbyError::Replica(error.into()))?;
        (self.following, self.follow) = (Following::new(reached), None);
        self.unknown = false;
        Ok(())
    }

    /// An entry needs a data key that this node does not have: another node has it.
    fn fetch_keys(&mut self) -> Result<(), StandbyError> {
        for line in peer::key_lines(&self.peers, &hex(&self.log_id))? {
            let mut change = Vec::new();
            Change::DataKey { line: &line }.append_to(&mut change);
            self.replica
                .change_beside(&change)
                .map_err(StandbyError::Replica)?;
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

    /// Syncs what was taken.
    fn sync(&mut self) -> Result<(), StandbyError> {
        self.replica.sync().map_err(StandbyError::Replica)?;
        self.unsynced = Unsynced::default();
        if let Some(number) = self.following.number() {
            self.standing
                .set_synced(number, self.following.reached().place);
            self.standing.set_needs(None);
        }
        Ok(())
    }

    /// Claimed the log: begins an epoch, unless another node is faster.
    fn begin_epoch(&mut self) -> Result<Course, StandbyError> {
        self.standing.set_role(Role::TakingOver);
        let (keeper, standing) = (self.keeper, &self.standing);
        let candidate = Candidate {
            node: &self.node,
            log_id: self.log_id,
            formats: self.formats,
            keys: &self.keys,
            key: self.replica.key().unwrap_or_else(|| self.keys.oldest()),
            reached: self.following.reached(),
            lives: &|| keeper.holds() && !standing.is_stopping(),
        };
        self.begun = take_over::begin_epoch(self.log.as_ref(), &candidate)?;
        let entry = self.begun.as_ref().map(|begun| {
            let (epoch, entry) = (begun.tip.head.epoch, begun.tip.head.number);
            tracing::info!(epoch, entry, "took over: this node owns the replicated log");
            (entry, begun.tip.tag)
        });
        Ok(self.on(Met::Began(entry)))
    }

    fn owner(mut self, begun: Begun) -> Result<Owner, StandbyError> {
        if Place::of(self.replica.place()) != begun.tip.head.place {
            return Err(StandbyError::Foreign {
                number: begun.tip.head.number,
                what: "this node's journal does not end where the log does",
            });
        }
        self.beside
            .set_active(true, begun.tip.head.epoch)
            .map_err(|error| StandbyError::Replica(error.into()))?;
        self.vacancy.end();
        self.standing.set_role(Role::Active);
        Ok(begun.owner(
            self.log,
            self.standing,
            self.node,
            self.beside,
            self.standbys_min,
            self.keys,
        ))
    }
}

impl Unsynced {
    /// Whether it has waited long enough.
    fn is_due(&self) -> bool {
        self.bytes >= SYNC_BYTES || self.since.is_none_or(|since| since.elapsed() >= SYNC_EVERY)
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
