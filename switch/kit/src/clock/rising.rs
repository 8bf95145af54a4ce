//! A clock that never goes back.
//!
//! ```text
//! system's clock   10:00:00 ───▶ 10:00:30 │ set back a minute: 09:59:30 ───▶ 10:00:30 ───▶ 10:00:31
//! this one         10:00:00 ───▶ 10:00:30 │ at half speed:     10:00:30 ───▶ 10:01:00 ─ ─ ─ ─ ─ ─ ─▶ at 10:01:30 both
//! ```
//! It does not stand still meanwhile: what expires does so, twice as late at most. It does not run on at full speed
//! either: it would be ahead for good, and with it settlement dates and the times on messages.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A clock that is set back again and again is logged so often at most.
const LOGGED_EVERY: Duration = Duration::from_secs(10);

/// See the head of this file.
pub(super) struct Rising {
    /// Milliseconds since 1970: the latest time that was returned.
    highest: AtomicU64,
    behind: Mutex<Behind>,
}

/// What it goes by while the system's clock is behind.
struct Behind {
    /// Since when, and from which time on; a later start replaces it.
    from: Option<(Instant, u64)>,
    logged: Option<Instant>,
}

impl Rising {
    pub(super) const fn new() -> Self {
        Self {
            highest: AtomicU64::new(0),
            behind: Mutex::new(Behind {
                from: None,
                logged: None,
            }),
        }
    }

    pub(super) fn highest(&self) -> u64 {
        self.highest.load(Ordering::Acquire)
    }

    pub(super) fn not_before(&self, milliseconds: u64) {
        self.highest.fetch_max(milliseconds, Ordering::AcqRel);
    }

    /// The time, by the readings of the system's clock and of the process's own.
    pub(super) fn look(&self, system: impl Fn() -> u64, steady: impl Fn() -> Instant) -> u64 {
        // In this order: a later reading of the system's clock is less only if it was set back.
        let highest = self.highest();
        let reading = system();
        if reading > highest {
            self.not_before(reading);
        }
        match reading >= highest {
            true => reading,
            false => self.look_while_behind(system, steady),
        }
    }

    #[cold]
    fn look_while_behind(&self, system: impl Fn() -> u64, steady: impl Fn() -> Instant) -> u64 {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        let highest = self.highest();
        let reading = system();
        if reading >= highest {
            self.not_before(reading);
            return reading;
        }
        let now = steady();
        let reached = behind.from.map_or(0, |(since, from)| {
            from + now.saturating_duration_since(since).as_millis() as u64 / 2
        });
        if reached >= highest {
            self.not_before(reached);
            return reached;
        }
        // It was set back since the last time, or for the first.
        behind.from = Some((now, highest));
        let is_due = |logged| now.saturating_duration_since(logged) >= LOGGED_EVERY;
        if behind.logged.is_none_or(is_due) {
            behind.logged = Some(now);
            tracing::warn!(
                behind_ms = highest - reading,
                "the system's clock was set back: time goes on at half speed until it has caught up"
            );
        }
        highest
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    const NOON: u64 = 1_796_040_000_000;

    /// A clock with its system's and its process's clocks, which the test sets.
    struct Hands {
        rising: Rising,
        begun: Instant,
        system: Cell<u64>,
        steady: Cell<u64>,
    }

    impl Hands {
        fn at(system: u64) -> Self {
            Self {
                rising: Rising::new(),
                begun: Instant::now(),
                system: Cell::new(system),
                steady: Cell::new(0),
            }
        }

        /// So many milliseconds go by.
        fn pass(&self, milliseconds: u64) -> u64 {
            self.system.set(self.system.get() + milliseconds);
            self.steady.set(self.steady.get() + milliseconds);
            self.look()
        }

        fn step(&self, milliseconds: i64) -> u64 {
            let stepped = self.system.get().saturating_add_signed(milliseconds);
            self.system.set(stepped);
            self.look()
        }

        fn look(&self) -> u64 {
            let steady = || self.begun + Duration::from_millis(self.steady.get());
            self.rising.look(|| self.system.get(), steady)
        }
    }

    #[test]
    fn follows_a_clock_that_goes_on() {
        let hands = Hands::at(NOON);
        assert_eq!(hands.look(), NOON);
        assert_eq!(hands.pass(7), NOON + 7);
        assert_eq!(hands.step(86_400_000), NOON + 86_400_007);
        assert_eq!(hands.rising.highest(), NOON + 86_400_007);
    }

    #[test]
    fn goes_on_at_half_speed_until_a_clock_that_was_set_back_has_caught_up() {
        for step in [1_000, 3_600_000, 86_400_000] {
            let hands = Hands::at(NOON);
            hands.look();
            assert_eq!(hands.step(-step), NOON);
            let step = step as u64;
            let tenths = |count| (0..count).map(|_| hands.pass(step / 10)).last();
            assert_eq!(tenths(10), Some(NOON + step / 2));
            assert_eq!(tenths(8), Some(NOON + step * 9 / 10));
            // From here on both say the same.
            assert_eq!(tenths(1), Some(NOON + step * 9 / 10));
            assert_eq!(tenths(1), Some(NOON + step));
            assert_eq!(tenths(1), Some(NOON + step * 11 / 10));
            // Set back once more, it is held to what was reached by then.
            let reached = hands.step(-1_000);
            assert_eq!(reached, NOON + step * 11 / 10);
            assert_eq!(hands.pass(100), reached + 50);
        }
    }

    #[test]
    fn what_was_journaled_before_a_restart_is_not_gone_behind() {
        let hands = Hands::at(NOON);
        hands.rising.not_before(NOON + 3_600_000);
        assert_eq!(hands.look(), NOON + 3_600_000);
        assert_eq!(hands.pass(20), NOON + 3_600_010);
        hands.rising.not_before(NOON);
        assert_eq!(hands.look(), NOON + 3_600_010);
    }

    proptest! {
        #[test]
        fn never_goes_back_nor_further_ahead(
            steps in proptest::collection::vec((-100_000_000i64..100_000_000, 2u64..100_000), 1..50),
        ) {
            let hands = Hands::at(NOON);
            let mut last = hands.look();
            for (step, passes) in steps {
                let stepped = hands.step(step);
                prop_assert!(stepped >= last);
                let passed = hands.pass(passes);
                prop_assert!(passed >= stepped);
                let system = hands.system.get();
                prop_assert!(passed >= system);
                prop_assert!(passed <= system.max(stepped + passes.div_ceil(2)));
                last = passed;
            }
        }
    }
}
