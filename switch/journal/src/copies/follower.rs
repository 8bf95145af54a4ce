//! Writes what a replicated log brings into segment files, byte for byte as the active node writes its own.

use std::sync::Arc;

use tessera_encryption::DataKeyId;

use crate::disk::Access;
use crate::folder::Folder;
use crate::format::{self, BATCH_HEADER_BYTES, Encryption, Kind, Opened, Place, Protection};
use crate::lock::JournalLock;
use crate::open::Location;
use crate::pages::Pages;
use crate::plaintext::Plaintext;
use crate::recovery::is_torn;
use crate::replicated::{BatchHead, Cut};
use crate::segment::{Begun, Segment};
use crate::walk::{Walk, ahead};
use crate::{JournalError, Mark, Recovered, Visit};

/// A journal that is written by what another node has committed.
pub struct Follower {
    folder: Folder,
    _lock: Option<JournalLock>,
    current: Option<Current>,
    /// Where the next batch begins.
    place: Place,
    /// Up to here everything is on the disk.
    synced: Place,
    pages: Pages,
    bytes: Plaintext,
}

/// The segment that is written.
struct Current {
    segment: Arc<Segment>,
    encryption: Arc<Encryption>,
}

impl Follower {
    /// Opens the journal, which is made if missing: verifies it from the mark on, or from its beginning, shows every record after the
    /// mark, and removes what a crash left half written. Goes on in the last segment.
    ///
    /// # Errors
    /// As for [`open`](crate::open()).
    pub fn open(
        location: &Location,
        from: Option<Mark>,
        replay: &mut Visit<'_>,
    ) -> Result<(Self, Recovered), JournalError> {
        let folder = location.folder();
        let directory = &folder.path;
        std::fs::create_dir_all(directory).map_err(JournalError::disk("make", directory))?;
        let lock = JournalLock::take(directory)?;
        let (mut follower, recovered) = Self::open_on(folder, from, replay)?;
        follower._lock = Some(lock);
        Ok((follower, recovered))
    }

    pub(crate) fn open_on(
        folder: Folder,
        from: Option<Mark>,
        replay: &mut Visit<'_>,
    ) -> Result<(Self, Recovered), JournalError> {
        let mut recovered = Recovered {
            replayed: 0,
            last: None,
            cut: false,
        };
        let mut place = Place::BEGINNING;
        let mut current = None;
        if let Some(mut walk) = Walk::begin(&folder, Access::Write, from)? {
            recovered.replayed = walk.show(from, replay)?;
            recovered.last = walk.last;
            place = walk.place;
            recovered.cut = is_torn(&walk.segment, place)?;
            // A segment without a batch is replaced by the one that begins with the next batch.
            if let Some(last_batch) = walk.last_batch {
                go_on(&walk.segment, place, last_batch)?;
                current = Current::of(walk.segment);
            }
        } else if let Some(mark) = from {
            return Err(ahead(mark, place));
        }
        let follower = Self {
            folder,
            _lock: None,
            current,
            place,
            synced: place,
            pages: Pages::default(),
            bytes: Plaintext::default(),
        };
        Ok((follower, recovered))
    }

    /// Where the next batch begins.
    pub fn place(&self) -> Cut {
        Cut::at(self.place)
    }

    /// The data key of the segment that is written; `None` where none has begun.
    pub fn key(&self) -> Option<DataKeyId> {
        let current = self.current.as_ref()?;
        match current.segment.header.kind {
            Kind::Encrypted { key, .. } => Some(key),
            Kind::Plain { .. } => None,
        }
    }

    /// Up to where everything is on the disk.
    pub fn synced(&self) -> Cut {
        Cut::at(self.synced)
    }

    /// Shows the records of a batch that goes on here, `plaintext` as [`take`](crate::Commit::take) got it, and writes it. Not
    /// synced before [`sync`](Self::sync).
    ///
    /// # Errors
    /// Where the batch does not go on here, or its bytes are not those of the active node; where the key of its segment is
    /// missing; where the disk refuses, or `visit`. No record was shown or written after [`JournalError::NotReplicated`]; after
    /// another error the journal must be opened anew.
    pub fn append(
        &mut self,
        batch: &BatchHead,
        plaintext: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), JournalError> {
        let (before, after) = (batch.before.place(), batch.after.place());
        let foreign = |what| JournalError::NotReplicated {
            position: before.position,
            sequence: before.sequence,
            what,
        };
        if before != self.place {
            return Err(foreign("it does not go on where this journal ends"));
        }
        let mut length = after.position.wrapping_sub(before.position);
        if length != plaintext.len() as u64 || plaintext.len() < BATCH_HEADER_BYTES {
            return Err(foreign("it is not as long as it says"));
        }
        if let Some(header) = &batch.segment {
            self.begin(header)?;
            length += BATCH_HEADER_BYTES as u64;
        }
        let Some(Current {
            segment,
            encryption,
        }) = &self.current
        else {
            return Err(foreign("its segment has not begun"));
        };
        if before.position + length > segment.end() {
            return Err(foreign("it is longer than its segment"));
        }
        if !format::is_laid_out(plaintext, batch.records) {
            return Err(foreign("its records are not laid out as records"));
        }
        let bytes = self.bytes.copy(plaintext);
        let reached = format::finish(bytes, batch.records, before, encryption);
        if reached != after || crc32c::crc32c(bytes) != batch.checksum {
            return Err(foreign("its bytes are not those that the active node has"));
        }
        let opened = Opened {
            bytes: plaintext,
            position: before.position,
            layout: segment.protection.layout(),
        };
        for record in opened.records() {
            let sequence = record.sequence;
            visit(record).map_err(|source| JournalError::Refused { sequence, source })?;
        }
        self.pages.write(segment, bytes, before.position)?;
        self.place = reached;
        Ok(())
    }

    /// Makes everything that was appended durable.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        if self.synced != self.place
            && let Some(current) = &self.current
        {
            current.segment.sync()?;
        }
        self.synced = self.place;
        Ok(())
    }

    /// Ends the segment that is written, and begins the next one.
    fn begin(&mut self, header: &[u8; format::SEGMENT_HEADER_BYTES]) -> Result<(), JournalError> {
        if let Some(current) = &self.current {
            current.segment.end_at(self.place)?;
        }
        let ready = self.folder.path.join("copied.preparing");
        let begun = Segment::begin_copy(&self.folder, &ready, header, self.place)?;
        let Begun {
            segment,
            encryption,
            ..
        } = begun;
        self.current = Some(Current {
            segment,
            encryption,
        });
        Ok(())
    }
}

impl Current {
    /// `None` for a segment of a format that is only read: the next batch begins another one.
    fn of(segment: Segment) -> Option<Self> {
        let Protection::Encryption(encryption) = &segment.protection else {
            return None;
        };
        Some(Self {
            encryption: Arc::clone(encryption),
            segment: Arc::new(segment),
        })
    }
}

/// More than what a follower writes between two syncs.
const UNSYNCED_BYTES_MAX: u64 = 16 << 20;

/// Writes what may not have been synced once more as it is, and zeros behind it: after a sync that failed the operating system holds
/// bytes for clean that never reached the disk. A segment that was ended has space again; a batch that begins the next segment ends
/// it anew.
fn go_on(segment: &Segment, place: Place, last_batch: u64) -> Result<(), JournalError> {
    let newest = place.position.saturating_sub(UNSYNCED_BYTES_MAX);
    let from = last_batch.min(newest.max(segment.start().position));
    let mut bytes = vec![0; (place.position - from) as usize];
    segment.read(&mut bytes, from)?;
    segment.clear_behind(place.position)?;
    segment.write(&bytes, from)?;
    segment.sync()
}
