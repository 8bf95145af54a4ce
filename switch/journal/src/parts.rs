//! The parts of a journal: segment files, each of which can be read by itself.

use std::path::PathBuf;

use super::disk::Access;
use super::folder::Folder;
use super::scan::Scanned;
use super::walk::Walk;
use super::{JournalError, Mark, Position, Sequence, Visit};

/// A part of a journal. It is closed when the next one has begun: nothing is written to it any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub(super) file: PathBuf,
    /// Where it begins.
    pub(super) begin: u64,
    /// Where the next one begins; `None` for the newest, which is being written.
    pub(super) end: Option<u64>,
}

impl Part {
    /// Whether nothing is written to it any more.
    pub fn is_closed(&self) -> bool {
        self.end.is_some()
    }

    /// The positions that it has: from the first of them, up to and without the second, which is `None` for the newest part.
    pub fn span(&self) -> (u64, Option<u64>) {
        (self.begin, self.end)
    }

    /// A mark that leads a walk to the segment which begins where this part does; without one, to the first.
    pub(super) fn first(&self) -> Option<Mark> {
        Position::from_stored(self.begin).map(|position| Mark {
            position,
            sequence: Sequence::FIRST,
        })
    }

    /// The path of a file that belongs to this part and stands beside it, with this extension.
    pub fn companion(&self, extension: &str) -> PathBuf {
        self.file.with_extension(extension)
    }
}

/// The parts of the journal in a directory, oldest first.
pub(super) fn parts(folder: &Folder) -> Result<Vec<Part>, JournalError> {
    let starts = folder.starts()?;
    let ends = starts.iter().skip(1).map(|&end| Some(end)).chain([None]);
    let parts = starts.iter().zip(ends).map(|(&begin, end)| Part {
        file: folder.segment(begin),
        begin,
        end,
    });
    Ok(parts.collect())
}

/// Shows the records of one part, verifying each. What was appended to the newest one meanwhile is shown too.
pub(super) fn scan_part(
    folder: &Folder,
    part: &Part,
    visit: &mut Visit<'_>,
) -> Result<Scanned, JournalError> {
    let mut scanned = Scanned::default();
    let Some(mut walk) = Walk::begin(folder, Access::Read, part.first())? else {
        return Ok(scanned);
    };
    while part.end.is_none_or(|end| walk.place.position < end) {
        let Some(batch) = walk.batch()? else {
            break;
        };
        // A part that was closed meanwhile leads to the next one.
        if part.end.is_some_and(|end| batch.position >= end) {
            break;
        }
        for record in batch.records() {
            let sequence = record.sequence;
            visit(record).map_err(|source| JournalError::Refused { sequence, source })?;
            scanned.records += 1;
            scanned.last = Some(record.mark());
        }
    }
    Ok(scanned)
}
