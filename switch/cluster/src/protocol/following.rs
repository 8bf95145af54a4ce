//! A standby's way along the log, until it owns it.
//!
//! ```text
//! read the head, read the first entry ──▶ follow ──▶ next ──▶ take ──▶ sync, when it is time ──▶ next
//!                                                     │ nobody has claimed the log, and its files go up to what is there
//!  own ◀── promote ◀── take all up to it ◀── epoch ◀── claim
//! ```

use super::{Next, Reached, Rule, Tip};
use crate::Head;
use crate::entry::{EntryHeader, Tag};

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Following {
    reached: Reached,
    /// It knows from where to follow, and does.
    follows: bool,
    /// Some of what it took is not synced yet.
    unsynced: bool,
    /// The entry that began this node's own epoch, which it has not reached yet.
    target: Option<(u64, Tag)>,
    /// Since the last entry it has looked whether it could take over.
    looked: bool,
    head: Option<Head>,
    why_not: Option<&'static str>,
}

/// What is so beside the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Nobody has claimed the log.
    pub vacant: bool,
    /// What was taken has waited long enough.
    pub sync_due: bool,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Met<'a> {
    /// The beginning, or the end of a pause.
    GoOn,
    /// The head is this; `None` where the log was not begun.
    Head(Option<Head>),
    /// The oldest entry is this.
    First(Option<u64>),
    /// It follows from where it should.
    Follows,
    /// The next entry, verified.
    Entry(&'a EntryHeader),
    /// There is none at the moment.
    NoEntry,
    /// The next one was deleted; the log begins with this one.
    Behind(Option<u64>),
    /// The entry was written and applied, as [`Course::Take`] said.
    Taken(&'a EntryHeader, Tag),
    /// All that was taken is on the disk.
    Synced,
    /// The log does not answer.
    Silent,
    /// The claim is this node's, or it is not.
    Claimed(bool),
    /// The number and tag of the entry that began this node's epoch; `None` where it began none.
    Began(Option<(u64, Tag)>),
    /// The claim has lived since, and from now on is an owner's. Or it has not.
    Promoted(bool),
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// Read the head.
    ReadHead,
    /// Read the number of the first entry.
    ReadFirst,
    /// Follow from this entry on.
    Follow(u64),
    /// Wait for the next entry, for a short time.
    Next,
    /// Write and apply this of the entry, or nothing of it.
    Take {
        /// The batch.
        batch: bool,
        /// The changes beside the journal.
        beside: bool,
    },
    /// Sync what was taken; it goes up to the entry of [`Following::number`].
    Sync,
    /// Claim the log.
    Claim,
    /// Begin an epoch.
    BeginEpoch,
    /// Have the claim be an owner's, of the epoch that was begun.
    Promote,
    /// Give the claim up. Then pause.
    GiveUp,
    /// Wait a while, then [`Met::GoOn`].
    Pause,
    /// It owns the log. The end.
    Own,
    /// It lacks what the log no longer has. The end.
    Behind(Option<u64>),
    /// This entry contradicts what it has. The end.
    Foreign(u64, &'static str),
    /// The log can't be used. The end.
    Unusable(String),
}

/// Of a journal that went on without the log, or of a log that was restored from an older copy.
const BEYOND: &str = "this node's journal has records that the log never had";

impl Following {
    pub fn new(reached: Reached) -> Self {
        Self {
            reached,
            follows: false,
            unsynced: false,
            target: None,
            looked: false,
            head: None,
            why_not: None,
        }
    }

    /// Where it is.
    pub fn reached(&self) -> &Reached {
        &self.reached
    }

    /// The last entry that it took.
    pub fn number(&self) -> Option<u64> {
        self.reached.last.map(|(number, _)| number)
    }

    /// Some of what it took is not synced.
    pub fn is_unsynced(&self) -> bool {
        self.unsynced
    }

    /// Why it could not take over when it last looked.
    pub fn why_not(&self) -> Option<&'static str> {
        self.why_not
    }

    /// What follows from what happened.
    pub fn on(&mut self, met: Met<'_>, look: Look) -> Course {
        match met {
            Met::Silent => {
                self.head = None;
                Course::Pause
            }
            Met::GoOn => self.go_on(look),
            Met::Head(None) => Course::Unusable("the log has no head".to_owned()),
            Met::Head(head) => {
                self.head = head;
                Course::ReadFirst
            }
            Met::First(first) => match self.head.take() {
                Some(head) if self.follows => self.may_claim(&head, first),
                Some(head) => self.start(&head, first),
                None => Course::ReadHead,
            },
            Met::Follows => {
                self.follows = true;
                self.go_on(look)
            }
            Met::Entry(header) => self.meet(header),
            Met::NoEntry => {
                self.looked = false;
                self.go_on(look)
            }
            Met::Behind(Some(_)) if Rule::BehindIsChecked.holds() => {
                // Maybe it was only about to read what its files have already.
                self.follows = false;
                self.reached.last = None;
                Course::ReadHead
            }
            Met::Behind(first) => Course::Behind(first),
            Met::Taken(header, tag) => {
                self.reached.take(header, tag);
                (self.unsynced, self.looked, self.why_not) = (true, false, None);
                self.go_on(look)
            }
            Met::Synced => {
                self.unsynced = false;
                self.go_on(look)
            }
            Met::Claimed(true) => Course::BeginEpoch,
            Met::Claimed(false) => Course::Pause,
            Met::Began(None) => Course::GiveUp,
            Met::Began(target) => {
                self.target = target;
                self.go_on(look)
            }
            Met::Promoted(true) => Course::Own,
            Met::Promoted(false) => {
                self.target = None;
                Course::GiveUp
            }
        }
    }

    fn go_on(&mut self, look: Look) -> Course {
        if !self.follows {
            return Course::ReadHead;
        }
        if let Some(target) = self.target {
            return self.catch_up(target);
        }
        if self.unsynced && look.sync_due {
            return Course::Sync;
        }
        if look.vacant && !self.looked {
            self.looked = true;
            return Course::ReadHead;
        }
        Course::Next
    }

    /// On the way to the entry that began its own epoch.
    fn catch_up(&mut self, (number, tag): (u64, Tag)) -> Course {
        if !Rule::NewOwnerCatchesUp.holds() {
            return Course::Promote;
        }
        match self.reached.last {
            Some((last, found)) if last == number && found != tag => {
                Course::Foreign(number, "another epoch took its place")
            }
            Some((last, _)) if last == number && self.unsynced && Rule::NewOwnerSyncs.holds() => {
                Course::Sync
            }
            Some((last, _)) if last == number => Course::Promote,
            // It began to follow anew, behind an epoch that another node has ended by now.
            Some((last, _)) if last > number => {
                self.target = None;
                Course::GiveUp
            }
            Some(_) | None => Course::Next,
        }
    }

    /// Finds out where in the log this node's files end.
    fn start(&mut self, head: &Head, first: Option<u64>) -> Course {
        if self.reached.is_beyond(head) {
            return Course::Foreign(head.number, BEYOND);
        }
        match first {
            Some(first) => Course::Follow(first),
            None if self.reached.is_at(head) => {
                let Some(tag) = Tip::tag_of(head) else {
                    return Course::Unusable(format!("the head's tag, {:?}, is none", head.tag));
                };
                self.reached.last = Some((head.number, tag));
                self.reached.epoch = head.epoch;
                self.unsynced = true;
                Course::Follow(head.number + 1)
            }
            None => Course::Behind(None),
        }
    }

    fn may_claim(&mut self, head: &Head, first: Option<u64>) -> Course {
        if self.reached.is_beyond(head) {
            return Course::Foreign(head.number, BEYOND);
        }
        self.why_not = self.reached.lacks(head, first);
        match self.why_not {
            Some(_) => Course::Next,
            None => Course::Claim,
        }
    }

    fn meet(&mut self, header: &EntryHeader) -> Course {
        match self.reached.next(header) {
            Next::Missing => Course::Behind(Some(header.number)),
            Next::Foreign(what) => Course::Foreign(header.number, what),
            Next::GoesOn { batch, beside } => Course::Take { batch, beside },
        }
    }
}
