//! Whether the next entry of a replicated log waits for what the last one leads to.
//!
//! An entry has a cost of its own, whatever is in it. Those who ask with a bounded number of requests in flight send the next ones
//! once the last are answered. Then two generations of records take turns, each of them gathering while the other is committed: twice
//! as many entries as there need to be. If what was released comes back before the next entry begins, all of it goes in one.
//!
//! ```text
//! without   ─▶ A ─▶ B ─▶ A ─▶ B ─▶       each with half of what is in flight
//! with      ─▶ A and B ─▶ A and B ─▶     and a pause in between
//! ```
//!
//! Where too little comes back in time, because those who ask do not wait for answers, the pause is of no use: it is left out more
//! and more often.

use std::time::Duration;

/// Of fewer records the pause would cost more than the entry does.
const RECORDS_MIN: u32 = 64;
/// The longest pause. It is no longer than what the last entry took either.
const PAUSE_MAX: Duration = Duration::from_millis(10);
/// After this many entries it is tried again at the latest.
const LEFT_OUT_MAX: u32 = 64;

/// What is known from the pauses before.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    /// Entries without a pause after the last one, which was of no use.
    left_out: u32,
    /// Of them, those that are still to come.
    left: u32,
}

/// Until more records have gathered, or so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    pub more: u32,
    pub at_most: Duration,
}

impl Rounds {
    /// After an entry of so many records, which took so long.
    pub fn pause_after(&mut self, records: u32, took: Duration) -> Option<Pause> {
        if records < RECORDS_MIN {
            return None;
        }
        if self.left > 0 {
            self.left -= 1;
            return None;
        }
        Some(Pause {
            // The last few may take long.
            more: records - records / 32,
            at_most: took.min(PAUSE_MAX),
        })
    }

    /// Whether so many have come in time.
    pub fn paused(&mut self, enough: bool) {
        self.left_out = match enough {
            true => 0,
            false => (2 * self.left_out).clamp(1, LEFT_OUT_MAX),
        };
        self.left = self.left_out;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOK: Duration = Duration::from_millis(3);

    #[test]
    fn waits_for_what_comes_back_and_not_longer_than_an_entry_takes() {
        let mut rounds = Rounds::default();
        assert_eq!(rounds.pause_after(RECORDS_MIN - 1, TOOK), None);
        let pause = |at_most| {
            let more = 388;
            Some(Pause { more, at_most })
        };
        assert_eq!(rounds.pause_after(400, TOOK), pause(TOOK));
        rounds.paused(true);
        let long = Duration::from_secs(10);
        assert_eq!(rounds.pause_after(400, long), pause(PAUSE_MAX));
    }

    #[test]
    fn a_pause_of_no_use_is_left_out_more_and_more_often() {
        let mut rounds = Rounds::default();
        let mut next = |enough| {
            let left_out = (0..).take_while(|_| rounds.pause_after(400, TOOK).is_none());
            let left_out = left_out.count();
            rounds.paused(enough);
            left_out
        };
        let useless: Vec<usize> = (0..9).map(|_| next(false)).collect();
        assert_eq!(useless, [0, 1, 2, 4, 8, 16, 32, 64, 64]);
        assert_eq!(
            [next(true), next(true), next(false), next(false)],
            [64, 0, 0, 1]
        );
    }
}
