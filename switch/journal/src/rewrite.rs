//! A journal, written anew: where a build writes records, or what is in them, in another way than the build before.

use std::error::Error;

use zeroize::{Zeroize, Zeroizing};

use super::disk::Access;
use super::format::Protection;
use super::lock::JournalLock;
use super::open::{Location, open, reader};
use super::segment::Segment;
use super::{JournalError, Mark, Options, Position, RecordRef};

/// So many bytes are gathered before what was written is waited for.
const GATHERED_BYTES_MAX: u64 = 8 << 20;

/// Whether a build of 0.2 wrote this journal, or began it: its first segment has format 2.
///
/// # Errors
/// Where that can't be read, or a newer build wrote it.
pub fn is_outdated(location: &Location) -> Result<bool, JournalError> {
    let folder = location.folder();
    if !folder.path.is_dir() {
        return Ok(false);
    }
    let Some(&start) = folder.starts()?.first() else {
        return Ok(false);
    };
    let segment = Segment::open(&folder, start, None, Access::Read)?;
    Ok(match segment.protection {
        Protection::Checksums(_) => true,
        Protection::Encryption(_) => false,
    })
}

/// Takes the lock of a journal that is there: no switch opens it until the lock is dropped.
///
/// # Errors
/// If another process has it, or the disk refuses.
pub fn take_lock(location: &Location) -> Result<JournalLock, JournalError> {
    JournalLock::take(&location.folder().path)
}

/// Makes new payloads of old records.
pub trait Convert {
    /// Appends the new payload of a record.
    ///
    /// # Errors
    /// Where there is none: the journal is not written then.
    fn convert(
        &mut self,
        record: RecordRef<'_>,
        payload: &mut Vec<u8>,
    ) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// The record that was converted last is at this position in the new journal.
    fn placed(&mut self, old: Mark, new: Position);
}

/// Writes every record of the journal at `from`, whose lock the caller holds, into a new journal at `to`, with the payload that
/// it is converted to. Sequences and partitions stay. How many records that were. The new journal is durable and has been
/// read back then; the old one is not changed.
///
/// # Errors
/// As for [`open`] and [`Reader::scan`](super::Reader::scan).
pub fn rewrite(
    from: &Location,
    _: &JournalLock,
    to: &Location,
    known: Option<Mark>,
    convert: &mut dyn Convert,
) -> Result<u64, JournalError> {
    let faults = Box::new(|error: &JournalError| {
        tracing::error!(%error, "the new journal could not be written");
    });
    let opened = open(to, Options::default(), None, &mut |_| Ok(()), faults)?;
    let journal = opened.journal;
    // It may have card numbers.
    let mut payload = Zeroizing::new(Vec::new());
    let scanned = reader(from).scan(known, &mut |record| {
        payload.zeroize();
        convert.convert(record, &mut payload)?;
        let appended = journal.append(record.partition, &payload);
        if appended.sequence != record.sequence {
            return Err("the new journal counts its records in another way".into());
        }
        convert.placed(record.mark(), appended.position);
        if journal.gathered_bytes() > GATHERED_BYTES_MAX {
            journal.sync()?;
        }
        Ok(())
    })?;
    journal.sync()?;
    let last = journal.mark();
    journal.close()?;
    // The old one will be deleted: what was written must be there, to its last record.
    reader(to).scan(last, &mut |_| Ok(()))?;
    Ok(scanned.records)
}
