//! Reading the whole log without touching it, also while a switch appends to it.

use std::path::Path;

use super::disk::{Access, Disk, Files};
use super::format::Place;
use super::walk::{Walk, ahead};
use super::{JournalError, Mark, Visit};

/// How far a [`scan`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Records shown.
    pub records: u64,
    /// Sequence of the last record in the log; 0 for an empty one.
    pub last: u64,
    /// Position just after it.
    pub end: u64,
}

/// Shows every record after `from`, or all, verifying each. Ends at the first batch that is not
/// complete; under a running switch the last batch shown may be complete but not yet synced.
///
/// # Errors
/// As for [`Segments::open`](super::Segments::open), except for what only writing can meet.
pub fn scan(
    directory: &Path,
    from: Option<Mark>,
    visit: &mut Visit<'_>,
) -> Result<Scanned, JournalError> {
    scan_on(&Files, directory, from, visit)
}

pub(super) fn scan_on(
    disk: &dyn Disk,
    directory: &Path,
    from: Option<Mark>,
    visit: &mut Visit<'_>,
) -> Result<Scanned, JournalError> {
    let from = from.filter(|mark| mark.sequence > 0);
    let Some(mut walk) = Walk::begin(disk, directory, Access::Read, from)? else {
        return match from {
            Some(mark) => Err(ahead(mark, Place::BEGINNING)),
            None => Ok(Scanned {
                records: 0,
                last: 0,
                end: 0,
            }),
        };
    };
    let records = walk.show(from, visit)?;
    Ok(Scanned {
        records,
        last: walk.place.sequence - 1,
        end: walk.place.position,
    })
}
