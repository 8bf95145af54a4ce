//! What happens to the files before the first append: verify, replay, end the last segment, and make
//! sure that what was replayed is on the disk.

use super::disk::Access;
use super::folder::Folder;
use super::format::{BATCH_HEADER_BYTES, BatchHeader, Place};
use super::segment::Segment;
use super::walk::{Walk, ahead};
use super::window::{WINDOW_BYTES, is_blank};
use super::{JournalError, Mark, Visit};

/// Where the log goes on, in a new segment.
pub(super) struct Recovery {
    pub place: Place,
    pub replayed: u64,
    /// The last record.
    pub last: Option<Mark>,
    /// Whether remains of a torn batch were removed.
    pub cut: bool,
}

pub(super) fn recover(
    folder: &Folder,
    from: Option<Mark>,
    replay: &mut Visit<'_>,
) -> Result<Recovery, JournalError> {
    let Some(mut walk) = Walk::begin(folder, Access::Write, from)? else {
        return match from {
            Some(mark) => Err(ahead(mark, Place::BEGINNING)),
            None => Ok(Recovery {
                place: Place::BEGINNING,
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
    let cut = is_torn(&segment, place)?;
    // A segment without a batch is replaced by the new one, which begins at the same place.
    if let Some(last_batch) = last_batch {
        end(&segment, place, last_batch)?;
    }
    Ok(Recovery {
        place,
        replayed,
        last,
        cut,
    })
}

/// Whether there is more than a seal behind the last batch.
pub(super) fn is_torn(segment: &Segment, place: Place) -> Result<bool, JournalError> {
    let mut bytes = vec![0; WINDOW_BYTES];
    let mut position = place.position;
    loop {
        let read = segment.read(&mut bytes, position)?;
        let sealed = position == place.position
            && BatchHeader::decode(&bytes[..read], position, segment.protection.salt())
                .is_some_and(|seal| seal.records == 0);
        let kept = if sealed { BATCH_HEADER_BYTES } else { 0 };
        if !is_blank(&bytes[kept..read]) {
            return Ok(true);
        }
        if read < bytes.len() {
            return Ok(false);
        }
        position += read as u64;
    }
}

/// Writes the last batch once more as it is, with a seal behind it, cuts off what comes later, and syncs. Nothing is written
/// to this segment any more.
///
/// ```text
/// before  │ batch │ batch │ half a batch, or a seal │ zeros
/// after   │ batch │ batch │ seal │
/// ```
///
/// The batch may have been read from memory only: from a process that was killed before its sync,
/// or after one that failed, when the operating system holds bytes for clean that never reached the
/// disk. Older batches have been synced with success, or this one would not have been written.
///
/// A crash between any two of these steps leaves a log that ends at the same place, whether or not the next segment, which begins
/// there, has been made meanwhile.
fn end(segment: &Segment, place: Place, last_batch: u64) -> Result<(), JournalError> {
    let mut bytes = vec![0; (place.position - last_batch) as usize];
    segment.read(&mut bytes, last_batch)?;
    segment.write(&bytes, last_batch)?;
    segment.end_at(place)
}
