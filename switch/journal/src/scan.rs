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

/// Shows every record of a journal that has to reach at least as far as `known`, verifying each. Ends at the first batch that is not
/// complete; under a running switch the last batch shown may be complete but not yet synced.
///
/// # Errors
/// As for [`Segments::open`](super::Segments::open), except for what only writing can meet. A journal that is shorter than
/// what is known of it is such a fault: its newest files are missing.
pub fn scan(
    directory: &Path,
    known: Option<Mark>,
    visit: &mut Visit<'_>,
) -> Result<Scanned, JournalError> {
    let known = known.filter(|mark| mark.sequence > 0);
    let mut met = known;
    let scanned = scan_on(&Files, directory, None, &mut |record| {
        let Mark { sequence, position } = known.unwrap_or(Mark::NONE);
        if record.sequence == sequence && record.position == position {
            met = None;
        }
        visit(record)
    })?;
    match known {
        Some(mark) if mark.sequence > scanned.last => Err(JournalError::StoreAhead {
            store: mark.sequence,
            journal: scanned.last,
        }),
        Some(mark) if met.is_some() => Err(JournalError::StoreForeign { mark }),
        _ => Ok(scanned),
    }
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
