//! How far a node has followed the log, and whether an entry goes on there.

use super::Rule;
use crate::entry::{EntryHeader, Tag};
use crate::{Head, Place};

/// Where a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The last entry and its tag; `None` after a start, before the first entry was seen: what is in the files says no number.
    pub last: Option<(u64, Tag)>,
    /// Where the journal's files end.
    pub place: Place,
    /// How many entries have changed files beside the journal here.
    pub beside: u64,
    /// The epoch of the last entry.
    pub epoch: u64,
}

/// What an entry is to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It goes on here. What of it is new?
    GoesOn {
        /// The batch has to be written.
        batch: bool,
        /// The changes beside the journal have to be made.
        beside: bool,
    },
    /// Entries before it are missing here.
    Missing,
    /// It contradicts what is here.
    Foreign(&'static str),
}

impl Reached {
    /// After a start, with what the files say.
    pub fn at_start(place: Place, beside: u64) -> Self {
        Self {
            last: None,
            place,
            beside,
            epoch: 0,
        }
    }

    /// What this entry is, whose tag was verified.
    pub fn next(&self, header: &EntryHeader) -> Next {
        match self.last {
            Some((number, _)) if header.number != number + 1 => return Next::Missing,
            Some((_, tag)) if header.predecessor != tag => {
                return Next::Foreign("it does not follow the entry before");
            }
            Some(_) | None => {}
        }
        if header.epoch < self.epoch {
            return Next::Foreign("it is of an epoch that has ended");
        }
        let (here, before, after) = (self.place, header.before, header.after);
        if (header.records > 0) != (after.position > before.position)
            || header.records == 0 && after != before
        {
            return Next::Foreign("its place does not fit its records");
        }
        let is_here = after.position <= here.position;
        let continues = if is_here { after } else { before };
        if continues.position > here.position || header.beside > self.beside {
            return match self.last {
                // What went on before must go on now.
                Some(_) => Next::Foreign("it begins behind the end of this node's journal"),
                None => Next::Missing,
            };
        }
        if !is_here && before.position < here.position {
            return Next::Foreign("this node's journal ends within its batch");
        }
        if continues.position == here.position && continues != here {
            return Next::Foreign("this node's journal ends with another record");
        }
        Next::GoesOn {
            batch: !is_here || !Rule::WrittenOnce.holds() && header.records > 0,
            beside: header.changes_beside && header.beside == self.beside,
        }
    }

    /// The entry was taken.
    pub fn take(&mut self, header: &EntryHeader, tag: Tag) {
        self.last = Some((header.number, tag));
        self.epoch = header.epoch;
        if header.after.position > self.place.position {
            self.place = header.after;
        }
        self.beside = self.beside.max(header.beside_after());
    }

    /// Whether all entries up to the head are here, where the log has none of them any more.
    pub fn is_at(&self, head: &Head) -> bool {
        match self.last {
            Some((number, _)) => number == head.number,
            None => self.place == head.place && self.beside == head.beside,
        }
    }

    /// Whether the node's journal has what the log never had: files are written only after the log has acknowledged.
    pub fn is_beyond(&self, head: &Head) -> bool {
        self.place.position > head.place.position
    }

    /// Why a node can't have all that the log has before it, where the log's first entry is this one.
    pub fn lacks(&self, head: &Head, first: Option<u64>) -> Option<&'static str> {
        if !Rule::CandidateHasAll.holds() {
            return None;
        }
        match (first, self.last) {
            (Some(first), Some((last, _))) if first > last + 1 => Some("it lacks entries"),
            (Some(_), Some(_)) => None,
            (None, _) if self.is_at(head) => None,
            (None, _) => Some("it lacks entries that the log no longer has"),
            (Some(_), None) => Some("it has not seen an entry yet"),
        }
    }
}
