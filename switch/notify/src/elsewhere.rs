//! How far the active node of a cluster has notified payers, on the other nodes: so that one which takes over does not send again
//! what was sent.
//!
//! ```text
//! active node   each second: up to this record nothing waits ─▶ replicated log ─▶ standby   data/notified: sequence 8, position 8
//! ```
//!
//! Messages that wait for longer than the memory of this file, because their receivers can't be reached, are not counted: the node
//! that they wait on has them, and sends them when it is active again.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use tessera_journal::{Mark, Position};

/// In the folder of data.
const NAME: &str = "notified";
/// A take-over repeats what was sent within this time.
const SAY_EVERY: Duration = Duration::from_secs(1);
/// So many of these are remembered: ten minutes.
const REMEMBERED: usize = 600;

/// Records on this node that payers were notified of everything up to here.
///
/// # Errors
/// If the disk refuses.
pub fn remember(data: &Path, mark: Mark) -> io::Result<()> {
    let (path, partial) = (data.join(NAME), data.join("notified.partial"));
    let mut file = File::create(&partial)?;
    file.write_all(&mark.to_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    File::open(data)?.sync_all()
}

/// What was recorded; `None` where nothing was.
///
/// # Errors
/// If the disk refuses.
pub fn remembered(data: &Path) -> io::Result<Option<Mark>> {
    match fs::read(data.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => Ok(read?.try_into().ok().and_then(Mark::from_bytes)),
    }
}

/// Finds out what is to be said to the other nodes.
pub(super) struct Progress {
    /// Up to where the journal was looked at, at each second.
    looked_at: VecDeque<Mark>,
    said: Option<Mark>,
    at: Instant,
}

impl Progress {
    pub fn new() -> Self {
        Self {
            looked_at: VecDeque::new(),
            said: None,
            at: Instant::now(),
        }
    }

    /// Whether it is time to look again.
    pub fn is_due(&self) -> bool {
        self.at.elapsed() >= SAY_EVERY
    }

    /// What is to be said, where it is new: the journal was looked at up to `cursor`, and of that the message about the event at
    /// `oldest` waits, and none about an earlier one.
    pub fn look(&mut self, cursor: Option<Mark>, oldest: Option<Position>) -> Option<Mark> {
        self.at = Instant::now();
        if let Some(cursor) = cursor.filter(|cursor| self.looked_at.back() != Some(cursor)) {
            self.looked_at.push_back(cursor);
            if self.looked_at.len() > REMEMBERED {
                self.looked_at.pop_front();
            }
        }
        let is_done = |mark: &&Mark| oldest.is_none_or(|oldest| mark.position < oldest);
        let newest = self.looked_at.iter().rev().find(is_done);
        let mark = *newest.or(self.looked_at.front())?;
        (self.said.replace(mark) != Some(mark)).then_some(mark)
    }
}

#[cfg(test)]
mod tests {
    use tessera_journal::Sequence;

    use super::*;

    fn mark(number: u64) -> Mark {
        Mark {
            sequence: Sequence::from_stored(number).unwrap(),
            position: Position::from_stored(10 * number).unwrap(),
        }
    }

    #[test]
    fn says_up_to_where_nothing_waits() {
        let position = |number| Position::from_stored(number);
        let mut progress = Progress::new();
        assert_eq!(progress.look(None, None), None);
        assert_eq!(progress.look(Some(mark(1)), None), Some(mark(1)));
        assert_eq!(progress.look(Some(mark(1)), None), None);
        // The event at 15 was looked at with those up to 2.
        assert_eq!(progress.look(Some(mark(2)), position(15)), None);
        assert_eq!(progress.look(Some(mark(3)), position(15)), None);
        assert_eq!(progress.look(Some(mark(3)), None), Some(mark(3)));
    }

    #[test]
    fn a_message_that_waits_for_long_holds_up_nothing() {
        let mut progress = Progress::new();
        let oldest = Position::from_stored(5);
        let said = (1..2 * REMEMBERED as u64)
            .filter_map(|number| progress.look(Some(mark(number)), oldest));
        assert_eq!(said.last(), Some(mark(REMEMBERED as u64)));
    }

    #[test]
    fn a_standby_remembers_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(remembered(folder.path()).unwrap(), None);
        for number in [7, 8] {
            remember(folder.path(), mark(number)).unwrap();
        }
        assert_eq!(remembered(folder.path()).unwrap(), Some(mark(8)));
        fs::write(folder.path().join(NAME), b"short").unwrap();
        assert_eq!(remembered(folder.path()).unwrap(), None);
    }
}
