//! Walks back through the journal, part by part, for lists that begin with what is newest.

use std::time::Instant;

use tessera_journal::{Position, Sequence};
use tessera_kit::clock::Timestamp;
use tessera_ledger::Entry;

use super::{Index, IndexError};

/// How far a walk came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walked {
    /// All that there is of these moments.
    All,
    /// The caller had enough: nothing before this moment was looked at.
    Enough(Timestamp),
    /// Time was up: nothing before this moment was looked at.
    TimeUp(Timestamp),
    /// Time was up within the newest part: what was shown is the oldest of it.
    Nowhere,
}

/// Between two looks at the time.
const RECORDS_BETWEEN: u64 = 4_096;

impl Index {
    /// Shows the events that were journaled from the first moment up to and without the second: the newest part of the
    /// journal first, and in each part the oldest event first. After each part `enough` is asked whether older ones are
    /// still wanted.
    ///
    /// # Errors
    /// Where the journal can't be read.
    pub fn walk_back(
        &self,
        (from, to): (Timestamp, Timestamp),
        until: Instant,
        visit: &mut dyn FnMut(Position, Sequence, Entry),
        enough: &mut dyn FnMut() -> bool,
    ) -> Result<Walked, IndexError> {
        let parts: Vec<_> = self.parts(from, to).collect();
        let mut reached = None;
        for part in parts.into_iter().rev() {
            let mut oldest = None;
            let mut stopped = None;
            let mut count = 0_u64;
            let read = self.journal().scan_part(part, &mut |record| {
                count += 1;
                let sequence = record.sequence;
                let entry = Entry::read(record.payload)
                    .map_err(|error| IndexError::Unreadable(sequence, error));
                let is_late = count.is_multiple_of(RECORDS_BETWEEN) && Instant::now() > until;
                match entry {
                    Ok(entry) if !is_late => {
                        oldest.get_or_insert(entry.at);
                        if (from..to).contains(&entry.at) {
                            visit(record.position, sequence, entry);
                        }
                        Ok(())
                    }
                    other => {
                        stopped = Some(other.err());
                        Err("the walk ends here".into())
                    }
                }
            });
            match (stopped, read) {
                (Some(Some(error)), _) => return Err(error),
                (Some(None), _) => return Ok(reached.map_or(Walked::Nowhere, Walked::TimeUp)),
                (None, read) => read?,
            };
            reached = oldest.or(reached);
            match reached {
                Some(at) if at > from && enough() => return Ok(Walked::Enough(at)),
                Some(at) if at > from && Instant::now() > until => return Ok(Walked::TimeUp(at)),
                _ => {}
            }
        }
        Ok(Walked::All)
    }
}
