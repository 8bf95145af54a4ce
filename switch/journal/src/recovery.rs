//! What happens to the files before the first append: verify, replay, cut a torn tail, and make
//! sure that what was replayed is on the disk.

use std::path::Path;

use super::disk::{Access, Disk};
use super::format::{self, BATCH_HEADER_BYTES, BatchHeader, Place};
use super::segment::Segment;
use super::walk::{Walk, ahead};
use super::window::{WINDOW_BYTES, is_blank};
use super::{JournalError, Mark, Visit};

/// Where the log goes on.
pub(super) struct Recovery {
    pub place: Place,
    /// The segment to go on in; `None` for a new journal.
    pub segment: Option<Segment>,
    pub replayed: u64,
    /// The last record.
    pub last: Option<Mark>,
    /// Whether remains of a torn batch were removed.
    pub cut: bool,
}

pub(super) fn recover(
    disk: &dyn Disk,
    directory: &Path,
    from: Option<Mark>,
    replay: &mut Visit<'_>,
) -> Result<Recovery, JournalError> {
    let Some(mut walk) = Walk::begin(disk, directory, Access::Write, from)? else {
        return match from {
            Some(mark) => Err(ahead(mark, Place::BEGINNING)),
            None => Ok(Recovery {
                place: Place::BEGINNING,
                segment: None,
                replayed: 0,
                last: None,
                cut: false,
            }),
        };
    };
    let replayed = walk.show(from, replay)?;
    let Walk {
        segment,
        place,
        last_batch,
        last,
        ..
    } = walk;
    let cut = cut(&segment, place)?;
    settle(&segment, place, last_batch)?;
    disk.sync_directory(directory)
        .map_err(JournalError::disk("sync", directory))?;
    Ok(Recovery {
        place,
        segment: Some(segment),
        replayed,
        last,
        cut,
    })
}

/// Overwrites everything after the last batch with zeros, and gives the file its full length again.
/// Whether there was more than a seal.
///
/// ```text
/// before  │ batch │ batch │ half a batch, or a seal │ zeros
/// after   │ batch │ batch │ zeros
/// ```
fn cut(segment: &Segment, place: Place) -> Result<bool, JournalError> {
    let zeros = vec![0; WINDOW_BYTES];
    let mut bytes = vec![0; WINDOW_BYTES];
    let mut torn = false;
    let mut position = place.position;
    while position < segment.end() {
        let length = (segment.end() - position).min(WINDOW_BYTES as u64) as usize;
        let read = segment.read(&mut bytes[..length], position)?;
        if read < length || !is_blank(&bytes[..read]) {
            segment.write(&zeros[..length], position)?;
            let sealed = position == place.position
                && BatchHeader::decode(&bytes[..read], position, segment.header.salt)
                    .is_some_and(|seal| seal.records == 0);
            let kept = if sealed { BATCH_HEADER_BYTES } else { 0 };
            torn |= read < length || !is_blank(&bytes[kept..read]);
        }
        position += length as u64;
    }
    Ok(torn)
}

/// Writes the last batch once more, with a seal behind it, and syncs.
///
/// The batch may have been read from memory only: from a process that was killed before its sync,
/// or after one that failed, when the operating system holds bytes for clean that never reached the
/// disk. Older batches have been synced with success, or this one would not have been written.
fn settle(segment: &Segment, place: Place, last_batch: Option<u64>) -> Result<(), JournalError> {
    if let Some(position) = last_batch {
        let mut bytes = vec![0; (place.position - position) as usize];
        segment.read(&mut bytes, position)?;
        segment.write(&bytes, position)?;
    }
    segment.write(&format::seal(place, segment.header.salt), place.position)?;
    segment.sync()
}
