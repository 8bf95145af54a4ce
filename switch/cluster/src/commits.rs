//! When the owner committed which entry, on its own clock: so it knows how far behind another node is, whatever that one's clock says.

use std::collections::VecDeque;
use std::time::Instant;

use crate::Lag;

/// At least the newer half of so many entries is kept one by one; of older ones fewer and fewer. Half a MiB.
const MARKS_MAX: usize = 16_384;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    marks: VecDeque<Mark>,
    /// The last entry.
    last: u64,
    /// Of all entries up to it.
    bytes: u64,
}

#[derive(Debug)]
struct Mark {
    number: u64,
    at: Instant,
    /// Of all entries before this one.
    bytes_before: u64,
}

impl Commits {
    /// The log has taken this entry.
    pub fn add(&mut self, number: u64, bytes: u64, at: Instant) {
        if self.marks.len() >= MARKS_MAX {
            self.thin_out();
        }
        let bytes_before = self.bytes;
        self.marks.push_back(Mark {
            number,
            at,
            bytes_before,
        });
        (self.last, self.bytes) = (number, bytes_before + bytes);
    }

    /// How far behind a node is that has synced up to this entry. What it lacks from before the first entry here is not counted, and
    /// what it lacks from among thinned-out ones is counted from the one before.
    pub fn lag(&self, synced: u64, now: Instant) -> Lag {
        if synced >= self.last {
            return Lag::default();
        }
        let lacks = synced + 1;
        let at = self.marks.partition_point(|mark| mark.number <= lacks);
        let Some(mark) = self.marks.get(at.saturating_sub(1)) else {
            return Lag::default();
        };
        let since = now.saturating_duration_since(mark.at).as_millis();
        Lag {
            milliseconds: u64::try_from(since).unwrap_or(u64::MAX),
            bytes: self.bytes - mark.bytes_before,
        }
    }

    /// Keeps every second one of the older half.
    fn thin_out(&mut self) {
        let newer = self.marks.split_off(self.marks.len() / 2);
        let older = std::mem::take(&mut self.marks);
        self.marks = older.into_iter().step_by(2).collect();
        self.marks.extend(newer);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Each of these entries has 10 bytes and comes 5 ms after the one before.
    fn committed(numbers: std::ops::RangeInclusive<u64>) -> (Commits, Instant) {
        let (mut commits, mut at) = (Commits::default(), Instant::now());
        for number in numbers {
            at += Duration::from_millis(5);
            commits.add(number, 10, at);
        }
        (commits, at)
    }

    fn lag(milliseconds: u64, bytes: u64) -> Lag {
        Lag {
            milliseconds,
            bytes,
        }
    }

    #[test]
    fn a_lag_counts_from_the_first_entry_that_is_lacking() {
        let (commits, last) = committed(101..=110);
        let now = last + Duration::from_millis(7);
        for ahead in [110, 111] {
            assert_eq!(commits.lag(ahead, now), lag(0, 0));
        }
        assert_eq!(commits.lag(109, now), lag(7, 10));
        assert_eq!(commits.lag(104, now), lag(7 + 5 * 5, 60));
        // What was before is not known.
        assert_eq!(commits.lag(3, now), lag(7 + 9 * 5, 100));
        assert_eq!(Commits::default().lag(3, now), lag(0, 0));
    }

    #[test]
    fn old_entries_are_thinned_out_and_never_counted_for_less() {
        let count = 10 * MARKS_MAX as u64;
        let (commits, last) = committed(1..=count);
        assert!(commits.marks.len() <= MARKS_MAX);
        let recent = MARKS_MAX as u64 / 4;
        for lacks in [1, 2, 100, recent, recent * 3, count / 2, count] {
            let found = commits.lag(count - lacks, last);
            let (wanted, bytes) = ((lacks - 1) * 5, lacks * 10);
            assert!(
                found.milliseconds >= wanted && found.bytes >= bytes,
                "{found:?}"
            );
            let exact = lacks <= recent;
            assert!(!exact || found == lag(wanted, bytes), "{lacks}: {found:?}");
        }
    }
}
