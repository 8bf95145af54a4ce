//! A candidate's way from its claim to an epoch of its own.
//!
//! ```text
//! read the head ──▶ read the first entry ──▶ has it all, and its lease lives ──▶ begin an epoch on that head ──▶ begun
//!       ▲                                └─▶ gives up                                      │
//!       └──────────── the owner before was not dead: it has appended ──────────────────────┤
//!                     another node has begun an epoch: gives up ◀──────────────────────────┘
//! ```
//!
//! The log gives up entries in a transaction that raises the head's revision, or in one of an owner whose lease lives, which no
//! candidate competes with. So what the candidate finds there after it has read the head is there still when its own transaction on
//! that head succeeds. A trim that was under way when its owner's lease ended can make it miss some: then it gives up and copies.

use super::{Appending, Reached, Rule, Verdict};
use crate::{Appended, Head, LogError, Revision};

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Candidacy {
    /// The epoch that would be ours, once the head was read.
    epoch: Option<u64>,
    /// The head on which it would begin.
    base: Option<(Head, Revision)>,
    appending: Option<Appending>,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Canvass {
    /// Ask for the head, after a while where it was asked for in vain.
    ReadHead,
    /// Ask for the oldest entry that is there.
    ReadFirst,
    /// Make the entry that begins this epoch after this head, and [send](Candidacy::sends) it.
    Begin(Head, Revision, u64),
    /// [Send](Candidacy::sends) the same again, after a while.
    SendAgain,
    /// The epoch began: the log has this head.
    Began(Head, Revision),
    /// This candidate begins no epoch.
    GaveUp(&'static str),
    /// The log can't be used.
    Failed(String),
}

impl Candidacy {
    /// The head was asked for. `lives`: its lease certainly lives.
    pub fn head_is(
        &mut self,
        found: Result<Option<(Head, Revision)>, LogError>,
        lives: bool,
    ) -> Canvass {
        if let Some(appending) = &mut self.appending {
            let verdict = appending.head_is(found);
            return self.after(verdict);
        }
        match found {
            Ok(Some((head, revision))) => self.on(head, revision),
            Ok(None) => Canvass::Failed("the log has no head".to_owned()),
            Err(LogError::Unusable(why)) => Canvass::Failed(why),
            Err(_) if !lives => Self::lease_ends(),
            Err(_) => Canvass::ReadHead,
        }
    }

    /// The oldest entry was asked for, of a node that is here.
    pub fn first_is(
        &mut self,
        found: Result<Option<u64>, LogError>,
        reached: &Reached,
        lives: bool,
    ) -> Canvass {
        let first = match found {
            Ok(first) => first,
            Err(LogError::Unusable(why)) => return Canvass::Failed(why),
            Err(_) if !lives => return Self::lease_ends(),
            Err(_) => return Canvass::ReadFirst,
        };
        let (Some((head, revision)), Some(epoch)) = (self.base.take(), self.epoch) else {
            return Canvass::ReadHead;
        };
        if let Some(why) = reached.lacks(&head, first) {
            return Canvass::GaveUp(why);
        }
        Canvass::Begin(head, revision, epoch)
    }

    /// The entry that was asked for was made.
    pub fn made(&mut self, appending: Appending) {
        self.appending = Some(appending);
    }

    /// What is to be sent now.
    ///
    /// # Errors
    /// What is next where nothing is to be sent.
    pub fn sends(&self, lives: bool) -> Result<&Appending, Canvass> {
        if !lives && Rule::CandidateHoldsLease.holds() {
            return Err(Self::lease_ends());
        }
        self.appending.as_ref().ok_or(Canvass::ReadHead)
    }

    /// The log has answered, or not.
    pub fn answered(&mut self, answer: Result<Appended, LogError>) -> Canvass {
        let Some(appending) = &mut self.appending else {
            return Canvass::ReadHead;
        };
        let verdict = appending.answered(answer);
        self.after(verdict)
    }

    fn after(&mut self, verdict: Verdict) -> Canvass {
        match verdict {
            Verdict::Ask => Canvass::ReadHead,
            Verdict::SendAgain => Canvass::SendAgain,
            Verdict::Failed(why) => Canvass::Failed(why),
            Verdict::Done(revision) => match self.appending.take() {
                Some(appending) => Canvass::Began(appending.wanted, revision),
                None => Canvass::ReadHead,
            },
            Verdict::Superseded(head, revision) => {
                self.appending = None;
                self.on(head, revision)
            }
        }
    }

    fn lease_ends() -> Canvass {
        Canvass::GaveUp("the lease of this node may have ended")
    }

    fn on(&mut self, head: Head, revision: Revision) -> Canvass {
        let rise = u64::from(Rule::EpochRises.holds());
        let epoch = *self.epoch.get_or_insert(head.epoch + rise);
        if head.epoch >= epoch && Rule::EpochRises.holds() {
            if Rule::OneEpochEach.holds() {
                return Canvass::GaveUp("another node has begun an epoch");
            }
            self.epoch = Some(head.epoch + 1);
        }
        // The owner before may have appended since.
        self.base = Some((head, revision));
        Canvass::ReadFirst
    }
}
