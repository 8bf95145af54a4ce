//! What those need who copy the journal's files while it is written: whole batches, the place where a copy ends, and the bytes.
//!
//! ```text
//! segment   │ header │ batch │ batch │ batch, not yet durable │ zeros
//! copy      │ header │ batch │ batch │
//!                                    └ the cut: position, sequence and chain that the next batch goes on from
//! ```
//!
//! A copy ends behind a durable batch: a crash may cut off what comes later, and other batches may take its place. Because the
//! cut has the chain, a copy is only continued with what really comes next in the same journal.

mod follower;

use std::error::Error;
use std::path::PathBuf;

use super::disk::Access;
use super::folder::Folder;
use super::format::{Opened, SEGMENT_HEADER_BYTES};
use super::parts::{self, Part};
use super::plaintext::Plaintext;
use super::replicated::{BatchHead, Cut};
use super::segment::Segment;
use super::walk::Walk;
use super::{JournalError, Location, RecordRef, Sequence};

pub use follower::Follower;

/// A verified batch, in plaintext.
#[derive(Clone, Copy)]
pub struct Batch<'a>(Opened<'a>);

/// Where a walk through a part has come to.
#[derive(Clone, Copy, Debug)]
pub struct Walked {
    /// Behind the last batch that was shown.
    pub cut: Cut,
    /// Bytes of the segment's file up to there, its header included.
    pub file_bytes: u64,
    /// Records shown.
    pub records: u64,
}

/// Is shown every batch in order, and says whether it is wanted: the walk ends before one that is not.
pub type VisitBatch<'a> = dyn FnMut(Batch<'_>) -> Result<bool, Box<dyn Error + Send + Sync>> + 'a;

/// Is shown a batch as [`Commit`](super::Commit) is.
pub type VisitReplicated<'a> =
    dyn FnMut(&BatchHead, &[u8]) -> Result<(), Box<dyn Error + Send + Sync>> + 'a;

/// Reads the parts of a journal to copy them, also while a switch has it open. Changes nothing.
pub struct Copies {
    folder: Folder,
}

impl<'a> Batch<'a> {
    /// Its records.
    pub fn records(self) -> impl Iterator<Item = RecordRef<'a>> {
        self.0.records()
    }
}

impl Copies {
    /// Of this journal; nothing is looked at before something is read.
    pub fn of(location: &Location) -> Self {
        Self {
            folder: location.folder(),
        }
    }

    /// The parts, oldest first.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn parts(&self) -> Result<Vec<Part>, JournalError> {
        parts::parts(&self.folder)
    }

    /// Where a part begins.
    ///
    /// # Errors
    /// If its header can't be read.
    pub fn begin(&self, part: &Part) -> Result<Cut, JournalError> {
        Ok(Cut(self.segment(part)?.start()))
    }

    /// Shows the batches of a part whose records are all durable where `durable` is, from the cut on or from its beginning,
    /// verifying each.
    ///
    /// # Errors
    /// Where a batch that is durable is missing or damaged, does not follow the cut, or `visit` refuses one.
    pub fn walk(
        &self,
        part: &Part,
        from: Option<Cut>,
        durable: Sequence,
        visit: &mut VisitBatch<'_>,
    ) -> Result<Walked, JournalError> {
        let segment = self.segment(part)?;
        let place = from.map_or(segment.start(), |cut| cut.0);
        let (begins, end) = (segment.start().position, segment.end());
        let is_start = place.position == begins;
        if !(begins..=end).contains(&place.position) || is_start && place != segment.start() {
            return Err(segment.foreign(place));
        }
        let mut walk = Walk::at(&self.folder, segment, place);
        let mut records = 0;
        while walk.place.sequence <= durable && part.end.is_none_or(|end| walk.place.position < end)
        {
            let Some((batch, reached)) = walk.batch_in_segment()? else {
                // The newest part has been closed meanwhile, and what follows is in the next one.
                break;
            };
            if reached.sequence.before() > Some(durable) {
                break;
            }
            let sequence = reached.sequence;
            let wanted =
                visit(Batch(batch)).map_err(|source| JournalError::Refused { sequence, source })?;
            if !wanted {
                break;
            }
            records += reached.sequence.to_stored() - walk.place.sequence.to_stored();
            walk.place = reached;
        }
        Ok(Walked {
            cut: Cut(walk.place),
            file_bytes: walk.segment.offset(walk.place.position),
            records,
        })
    }

    /// Shows every batch from the cut on, up to the last one whose records are all up to `until`, as a replicated log carries it.
    /// Verifies each.
    ///
    /// # Errors
    /// Where this journal does not go on at the cut, begins later, or is damaged; or `visit` refuses a batch.
    pub fn replicate(
        &self,
        from: Cut,
        until: Sequence,
        visit: &mut VisitReplicated<'_>,
    ) -> Result<(), JournalError> {
        let mut place = from.0;
        let mut bytes = Vec::new();
        while place.sequence <= until {
            let starts = self.folder.starts()?;
            let Some(&start) = starts.iter().rev().find(|&&start| start <= place.position) else {
                return Err(JournalError::Beginning {
                    directory: self.folder.path.clone(),
                    begins: starts.first().copied().unwrap_or(0),
                    wanted: place.position,
                });
            };
            let segment = Segment::open(&self.folder, start, None, Access::Read)?;
            let is_start = place.position == start;
            if is_start && place != segment.start() {
                return Err(segment.foreign(place));
            }
            let mut begins = [0; SEGMENT_HEADER_BYTES];
            segment.read_at(&mut begins, 0)?;
            let mut begins = is_start.then_some(begins);
            let mut walk = Walk::at(&self.folder, segment, place);
            while walk.place.sequence <= until {
                let before = walk.place;
                let Some((batch, after)) = walk.batch_in_segment()? else {
                    break;
                };
                if after.sequence.before() > Some(until) {
                    return Ok(());
                }
                // Lossless: batches are bounded by the memory of the one that wrote them.
                bytes.resize((after.position - before.position) as usize, 0);
                let plaintext = Plaintext::of(batch.bytes);
                walk.segment.read(&mut bytes, before.position)?;
                let head = BatchHead {
                    before: Cut(before),
                    after: Cut(after),
                    segment: begins.take(),
                    // Lossless: it is counted in 32 bits there.
                    records: (after.sequence.to_stored() - before.sequence.to_stored()) as u32,
                    checksum: crc32c::crc32c(&bytes),
                };
                let sequence = before.sequence;
                visit(&head, &plaintext)
                    .map_err(|source| JournalError::Refused { sequence, source })?;
                walk.place = after;
            }
            if walk.place == place {
                // No batch begins here, though one should.
                return Err(walk.segment.damaged(
                    place.position,
                    Some(place.sequence),
                    "no intact batch begins here",
                ));
            }
            place = walk.place;
        }
        Ok(())
    }

    /// Reads as many bytes of a part's segment file as there are, up to all of `bytes`. Behind the last durable batch they may
    /// be anything.
    ///
    /// # Errors
    /// If the disk refuses, or the header is damaged.
    pub fn read(&self, part: &Part, offset: u64, bytes: &mut [u8]) -> Result<usize, JournalError> {
        self.segment(part)?.read_at(bytes, offset)
    }

    /// The file of a part that is archived; `None` for one that is not.
    pub fn archived(&self, part: &Part) -> Option<PathBuf> {
        let is_segment = self.folder.segment(part.begin).exists();
        let archived = self.folder.archived(part.begin);
        (!is_segment && archived.exists()).then_some(archived)
    }

    /// The last record of a journal whose switch does not say which is durable. It is on the disk when this returns: a process
    /// that was killed, or one that just starts, may have left it in memory only.
    ///
    /// # Errors
    /// If it can't be read or synced.
    pub fn settle(&self) -> Result<Option<Sequence>, JournalError> {
        let parts = self.parts()?;
        let Some(newest) = parts.last() else {
            return Ok(None);
        };
        let Some(mut walk) = Walk::begin(&self.folder, Access::Read, newest.first())? else {
            return Ok(None);
        };
        while walk.batch()?.is_some() {}
        // What was read is on the disk now, also what another process wrote. Segments before the last were synced before the next was begun.
        walk.segment.sync()?;
        Ok(walk.place.sequence.before())
    }

    fn segment(&self, part: &Part) -> Result<Segment, JournalError> {
        Segment::open(&self.folder, part.begin, None, Access::Read)
    }
}
