//! Reading the whole log without touching it, also while a switch appends to it.

use super::disk::Access;
use super::folder::Folder;
use super::walk::Walk;
use super::{JournalError, Mark, Visit};

/// How far a [scan](super::Reader::scan) came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Records shown.
    pub records: u64,
    /// The last record in the log; `None` for an empty one.
    pub last: Option<Mark>,
}

pub(super) fn scan(
    folder: &Folder,
    known: Option<Mark>,
    visit: &mut Visit<'_>,
) -> Result<Scanned, JournalError> {
    let mut missing = known;
    let scanned = match Walk::begin(folder, Access::Read, None)? {
        Some(mut walk) => Scanned {
            records: walk.show(None, &mut |record| {
                missing = missing.filter(|mark| *mark != record.mark());
                visit(record)
            })?,
            last: walk.last,
        },
        None => Scanned::default(),
    };
    let last = scanned.last.map(|last| last.sequence);
    match missing {
        Some(mark) if last < Some(mark.sequence) => Err(JournalError::StoreAhead {
            store: mark.sequence,
            journal: last,
        }),
        Some(mark) => Err(JournalError::StoreForeign { mark }),
        None => Ok(scanned),
    }
}

/// Shows what comes after the mark, which must be in the log.
pub(super) fn scan_after(
    folder: &Folder,
    mark: Mark,
    visit: &mut Visit<'_>,
) -> Result<Scanned, JournalError> {
    let Some(mut walk) = Walk::begin(folder, Access::Read, Some(mark))? else {
        return Err(JournalError::StoreAhead {
            store: mark.sequence,
            journal: None,
        });
    };
    Ok(Scanned {
        records: walk.show(Some(mark), visit)?,
        last: walk.last,
    })
}
