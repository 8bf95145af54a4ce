//! Rate limit after wrong MACs: a pause before the next frame of the connection is read.

use std::time::Duration;

/// How often in a row, and what pause is due.
#[derive(Debug, Default)]
pub(super) struct Patience {
    failures: u32,
    due: bool,
}

impl Patience {
    /// A wrong MAC, or somebody else's code.
    pub(super) fn lose(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.due = true;
    }

    /// A sign-on that was refused, whatever for.
    pub(super) fn lose_once(&mut self) {
        if !self.due {
            self.lose();
        }
    }

    /// The right MAC: all is forgiven.
    #[inline]
    pub(super) fn regain(&mut self) {
        self.failures = 0;
    }

    /// The pause that is due, returned once: the shortest after the first failure, doubled after each further one.
    #[inline]
    pub(super) fn pause(&mut self, shortest: Duration, longest: Duration) -> Option<Duration> {
        if !std::mem::take(&mut self.due) {
            return None;
        }
        let doublings = self.failures.saturating_sub(1).min(31);
        Some(shortest.saturating_mul(1 << doublings).min(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_anew_after_a_success() {
        let millis = Duration::from_millis;
        let mut patience = Patience::default();
        assert_eq!(patience.pause(millis(100), millis(700)), None);
        for expected in [100, 200, 400, 700, 700] {
            patience.lose();
            assert_eq!(
                patience.pause(millis(100), millis(700)),
                Some(millis(expected))
            );
            assert_eq!(patience.pause(millis(100), millis(700)), None, "once");
        }
        patience.regain();
        patience.lose();
        assert_eq!(patience.pause(millis(100), millis(700)), Some(millis(100)));
        patience.failures = u32::MAX;
        patience.lose();
        assert_eq!(patience.pause(millis(100), millis(700)), Some(millis(700)));
    }
}
