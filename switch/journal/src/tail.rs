//! Reading the log as it grows, record after record, never beyond what is durable.

use std::sync::Arc;

use super::disk::Access;
use super::folder::Folder;
use super::format::Place;
use super::parts::{Part, parts};
use super::segment::Segment;
use super::walk::Walk;
use super::writer::Shared;
use super::{JournalError, Mark, Tail, Visit};

/// See the head of this file. It keeps its place between two looks, so that each costs what is new.
pub(super) struct SegmentsTail {
    folder: Arc<Folder>,
    /// The last record shown.
    mark: Option<Mark>,
    place: Option<(Segment, Place, Option<u64>)>,
    shared: Arc<Shared>,
}

impl SegmentsTail {
    pub(super) fn new(folder: Arc<Folder>, from: Option<Mark>, shared: Arc<Shared>) -> Self {
        Self {
            folder,
            mark: from,
            place: None,
            shared,
        }
    }
}

impl Tail for SegmentsTail {
    fn show(&mut self, most: u64, visit: &mut Visit<'_>) -> Result<u64, JournalError> {
        let end = self.shared.durable_end();
        let mut walk = match self.place.take() {
            Some((segment, place, last_batch)) => Walk {
                last_batch,
                ..Walk::at(&self.folder, segment, place)
            },
            None => {
                let oldest = || Ok(parts(&self.folder)?.first().and_then(Part::first));
                let from = self.mark.map_or_else(oldest, |mark| Ok(Some(mark)))?;
                match Walk::begin(&self.folder, Access::Read, from)? {
                    Some(walk) => walk,
                    None => return Ok(0),
                }
            }
        };
        let mut shown = 0;
        while shown < most && walk.place.position < end {
            let Some(batch) = walk.batch()? else {
                break;
            };
            for record in batch.records() {
                let sequence = record.sequence;
                if self.mark.is_some_and(|mark| sequence <= mark.sequence) {
                    continue;
                }
                visit(record).map_err(|source| JournalError::Refused { sequence, source })?;
                self.mark = Some(record.mark());
                shown += 1;
            }
        }
        self.place = Some((walk.segment, walk.place, walk.last_batch));
        Ok(shown)
    }

    fn mark(&self) -> Option<Mark> {
        self.mark
    }
}
