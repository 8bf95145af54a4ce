//! The walk through the log, batch by batch, from segment to segment, verifying everything.
//! Recovery and scan share it.

use super::disk::Access;
use super::folder::Folder;
use super::format::{self, BATCH_HEADER_BYTES, BATCH_MAGIC, BatchHeader, Flaw, Opened, Place};
use super::plaintext::Plaintext;
use super::segment::Segment;
use super::window::{WINDOW_BYTES, Window, is_blank};
use super::{JournalError, Mark, Sequence, Visit};

pub(super) struct Walk<'a> {
    pub folder: &'a Folder,
    pub access: Access,
    pub window: Window,
    /// The batch that was verified last.
    pub plaintext: Plaintext,
    pub segment: Segment,
    /// Where the next batch has to begin.
    pub place: Place,
    /// Position of the batch before, if it is in this segment.
    pub last_batch: Option<u64>,
    /// The last record that [`Walk::show`] came to.
    pub last: Option<Mark>,
    /// This segment was searched from an earlier place on, and nothing was there. What is there by now a switch has
    /// written meanwhile, one batch after the other.
    pub searched: bool,
}

impl<'a> Walk<'a> {
    /// Begins with the segment that holds the mark, or with the first one. `None` if there are no
    /// segments at all.
    pub fn begin(
        folder: &'a Folder,
        access: Access,
        from: Option<Mark>,
    ) -> Result<Option<Self>, JournalError> {
        let starts = folder.starts()?;
        let Some(&begins) = starts.first() else {
            return Ok(None);
        };
        let wanted = from.map_or(0, |mark| mark.position.to_stored());
        let Some(&start) = starts.iter().rev().find(|&&start| start <= wanted) else {
            return Err(JournalError::Beginning {
                directory: folder.path.clone(),
                begins,
                wanted,
            });
        };
        let sequence = (start == 0).then_some(Sequence::FIRST);
        let segment = Segment::open(folder, start, sequence, access)?;
        if start == 0 && segment.start() != Place::BEGINNING {
            return Err(segment.foreign(Place::BEGINNING));
        }
        let place = segment.start();
        Ok(Some(Self {
            access,
            ..Self::at(folder, segment, place)
        }))
    }

    /// Reads on in a segment.
    pub fn at(folder: &'a Folder, segment: Segment, place: Place) -> Self {
        Self {
            folder,
            access: Access::Read,
            window: Window::default(),
            plaintext: Plaintext::default(),
            segment,
            place,
            last_batch: None,
            last: None,
            searched: false,
        }
    }

    /// Shows every record after the mark, to the end of the log. Says how many that were.
    pub fn show(&mut self, from: Option<Mark>, visit: &mut Visit<'_>) -> Result<u64, JournalError> {
        let (mut shown, mut last) = (0, None);
        let mut met = from.is_none();
        let after = from.map(|mark| mark.sequence);
        while let Some(batch) = self.batch()? {
            for record in batch.records() {
                let sequence = record.sequence;
                if Some(sequence) > after {
                    visit(record).map_err(|source| JournalError::Refused { sequence, source })?;
                    shown += 1;
                } else if from == Some(record.mark()) {
                    met = true;
                }
                last = Some(record.mark());
            }
        }
        self.last = last;
        match from {
            Some(mark) if mark.sequence >= self.place.sequence => Err(ahead(mark, self.place)),
            Some(mark) if !met => Err(JournalError::StoreForeign { mark }),
            _ => Ok(shown),
        }
    }

    /// The next batch, verified and in plaintext; `None` at the end of the log.
    pub fn batch(&mut self) -> Result<Option<Opened<'_>>, JournalError> {
        loop {
            match self.check()? {
                Ok(reached) => {
                    let position = self.place.position;
                    self.place = reached;
                    self.last_batch = Some(position);
                    return Ok(Some(Opened {
                        bytes: &self.plaintext,
                        position,
                        layout: self.segment.protection.layout(),
                    }));
                }
                Err(_) if self.goes_on()? => {}
                Err(_) => return Ok(None),
            }
        }
    }

    /// The batch here and where it ends, which the caller goes on from; `None` where another segment goes on. Who calls
    /// this knows that more was written: where no batch is, something is damaged.
    pub fn batch_in_segment(&mut self) -> Result<Option<(Opened<'_>, Place)>, JournalError> {
        let mut checked = self.check()?;
        if checked.is_err() {
            // Looked at again: what was read into the window may have been half written then.
            let starts = self.folder.starts()?;
            self.window.forget();
            checked = self.check()?;
            let begins = self.segment.start().position;
            if checked.is_err() && self.place.position > begins {
                let goes_on = starts.binary_search(&self.place.position).is_ok();
                if goes_on {
                    return Ok(None);
                }
            }
        }
        let reached = checked.map_err(|flaw| {
            let Flaw {
                position,
                sequence,
                what,
                ..
            } = flaw;
            self.segment.damaged(position, Some(sequence), what)
        })?;
        let batch = Opened {
            bytes: &self.plaintext,
            position: self.place.position,
            layout: self.segment.protection.layout(),
        };
        Ok(Some((batch, reached)))
    }

    /// Looks at the batch that should begin here: where it ends, or why it is none.
    fn check(&mut self) -> Result<Result<Place, Flaw>, JournalError> {
        let Self {
            place,
            ref segment,
            ref mut window,
            ref mut plaintext,
            ..
        } = *self;
        let salt = segment.protection.salt();
        let flaw = |what, end| Flaw {
            position: place.position,
            sequence: place.sequence,
            what,
            end,
        };
        let bytes = window.at(segment, place.position, BATCH_HEADER_BYTES)?;
        let Some(header) = BatchHeader::decode(bytes, place.position, salt) else {
            return Ok(Err(flaw("no intact batch begins here", is_blank(bytes))));
        };
        if !header.follows(place) {
            return Ok(Err(flaw("the batch does not follow the one before", false)));
        }
        if header.records == 0 {
            return Ok(Err(flaw("the log was sealed here", true)));
        }
        let length = header.bytes.saturating_add(BATCH_HEADER_BYTES as u64);
        if length > segment.end() - place.position {
            return Ok(Err(flaw("the batch is longer than its segment", false)));
        }
        let batch = window.at(segment, place.position, length as usize)?;
        if (batch.len() as u64) < length {
            return Ok(Err(flaw("the file ends within the batch", false)));
        }
        let batch = plaintext.copy(batch);
        Ok(format::open_batch(
            batch,
            &header,
            place,
            &segment.protection,
        ))
    }

    /// No batch was found here: is it the end of the log (`false`), the end of a segment (`true`),
    /// or damage?
    fn goes_on(&mut self) -> Result<bool, JournalError> {
        // What comes later is looked for first and this place looked at again after that: if a
        // switch is writing meanwhile, whatever comes later was written after a batch here was
        // complete.
        // Once for a segment: under a busy switch there would be no end of it.
        let later = !self.searched && self.later()?;
        self.searched = true;
        let next = self
            .folder
            .starts()?
            .into_iter()
            .find(|&start| start > self.segment.start().position);
        self.window.forget();
        let Err(flaw) = self.check()? else {
            return Ok(true);
        };
        let Flaw {
            position,
            sequence,
            what,
            ..
        } = flaw;
        let damaged = || self.segment.damaged(position, Some(sequence), what);
        match next {
            _ if later => Err(damaged()),
            None => Ok(false),
            Some(start) if start == self.place.position => self.enter(start).map(|()| true),
            Some(start) if flaw.end => Err(self.gap(start)),
            Some(_) => Err(damaged()),
        }
    }

    fn enter(&mut self, start: u64) -> Result<(), JournalError> {
        let sequence = Some(self.place.sequence);
        let segment = Segment::open(self.folder, start, sequence, self.access)?;
        if segment.start() != self.place {
            return Err(segment.foreign(self.place));
        }
        self.segment = segment;
        self.last_batch = None;
        self.searched = false;
        Ok(())
    }

    /// Whether an intact batch header or seal is anywhere in this file after this place.
    fn later(&mut self) -> Result<bool, JournalError> {
        let salt = self.segment.protection.salt();
        let mut position = self.place.position + 1;
        loop {
            let bytes = self.window.at(&self.segment, position, WINDOW_BYTES)?;
            let found = !is_blank(bytes)
                && (position..)
                    .zip(bytes.windows(BATCH_HEADER_BYTES))
                    .any(|(position, bytes)| {
                        bytes.starts_with(&BATCH_MAGIC)
                            && BatchHeader::decode(bytes, position, salt).is_some()
                    });
            if found || bytes.len() < WINDOW_BYTES {
                return Ok(found);
            }
            // A header may lie across the boundary.
            position += (bytes.len() - BATCH_HEADER_BYTES + 1) as u64;
        }
    }

    fn gap(&self, next: u64) -> JournalError {
        let next = self.folder.segment(next);
        let Place {
            position: end,
            sequence,
            ..
        } = self.place;
        JournalError::Gap {
            file: self.segment.path.clone(),
            end,
            sequence,
            next,
        }
    }
}

/// The store reflects records that the log, which ends at `place`, does not have.
pub(super) fn ahead(mark: Mark, place: Place) -> JournalError {
    JournalError::StoreAhead {
        store: mark.sequence,
        journal: place.sequence.before(),
    }
}
