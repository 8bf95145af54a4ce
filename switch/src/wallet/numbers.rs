//! Time, references and dates of one worker, as its wallets' decisions get them.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{Day, Reference};

use crate::shared::PolicyReader;

/// Decisions in a row that share a look at the clock: some thirty microseconds.
const LOOKS: u32 = 16;

/// A look at both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// For durations.
    pub instant: Instant,
    /// For what is journaled.
    pub now: Timestamp,
}

impl Moment {
    fn now() -> Self {
        Self {
            instant: Instant::now(),
            now: clock::now(),
        }
    }
}

/// One per worker.
pub struct Numbers {
    /// The worker's number, which all its references carry.
    index: usize,
    policy: Rc<PolicyReader>,
    moment: Cell<Moment>,
    looks: Cell<u32>,
    last_reference: Cell<Reference>,
    /// A second, and field 7 for it.
    last_transmission: Cell<(u64, u32)>,
    /// A settlement date, and field 15 for it.
    last_settlement_date: Cell<(Day, u32)>,
}

impl Numbers {
    /// Of worker `index`.
    pub fn new(index: usize, policy: Rc<PolicyReader>) -> Self {
        Self {
            index,
            policy,
            moment: Cell::new(Moment::now()),
            looks: Cell::default(),
            last_reference: Cell::new(Reference::first(Timestamp::EPOCH, index)),
            last_transmission: Cell::default(),
            last_settlement_date: Cell::default(),
        }
    }

    /// About now: looked up once for a few decisions that are made one after another.
    pub fn moment(&self) -> Moment {
        let looks = self.looks.get();
        if looks.is_multiple_of(LOOKS) {
            self.moment.set(Moment::now());
        }
        self.looks.set(looks.wrapping_add(1));
        self.moment.get()
    }

    /// The next look at the clock is a real one.
    pub fn look_anew(&self) {
        self.looks.set(0);
    }

    /// A reference above all that were given before, of this millisecond if possible.
    pub fn next_reference(&self, now: Timestamp) -> Reference {
        let next = self.free_reference(now);
        self.reference_is_used(next);
        next
    }

    /// The reference that [`Numbers::next_reference`] would give.
    pub fn free_reference(&self, now: Timestamp) -> Reference {
        let by_clock = Reference::first(now, self.index);
        by_clock.max(self.last_reference.get().next())
    }

    /// A decision has given it, and those before it.
    pub fn reference_is_used(&self, reference: Reference) {
        let last = self.last_reference.get();
        self.last_reference.set(last.max(reference));
        // A millisecond had no more, and the next one was begun: a restart must go on after that.
        if reference.given_at() > clock::highest() {
            clock::not_before(reference.given_at());
        }
    }

    /// Field 7 towards the host of the transaction with this reference: MMDDhhmmss, UTC.
    pub fn transmission(&self, reference: Reference) -> u32 {
        let second = reference.given_at().milliseconds() / 1000;
        let (known, transmission) = self.last_transmission.get();
        if known == second {
            return transmission;
        }
        let transmission = clock::transmission(reference.given_at());
        self.last_transmission.set((second, transmission));
        transmission
    }

    /// The settlement date of what happened at this moment.
    pub fn day(&self, moment: Timestamp) -> Day {
        self.policy.read().days.of(moment)
    }

    /// Field 15 towards the host of what happened at this moment: MMDD.
    pub fn settlement_date(&self, moment: Timestamp) -> u32 {
        let day = self.day(moment);
        let (known, date) = self.last_settlement_date.get();
        if known == day && date != 0 {
            return date;
        }
        let date = day.month_and_day();
        self.last_settlement_date.set((day, date));
        date
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tessera_ledger::Supervision;

    use super::*;
    use crate::shared::OperatorPolicy;

    fn moment(milliseconds: u64) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }

    fn numbers(policy: &Arc<OperatorPolicy>) -> Numbers {
        Numbers::new(1, Rc::new(PolicyReader::new(Arc::clone(policy))))
    }

    #[test]
    fn references_rise_also_where_the_clock_falls() {
        let numbers = numbers(&Arc::new(OperatorPolicy::new(Supervision::default())));
        let first = numbers.next_reference(moment(5_000));
        let second = numbers.next_reference(moment(4_000));
        assert!(second > first);
        assert_eq!(first.given_at(), moment(5_000));
        // A decision has given one out of a later millisecond.
        let later = Reference::first(moment(9_000), 1);
        numbers.reference_is_used(later);
        assert!(numbers.next_reference(moment(5_001)) > later);
    }

    #[test]
    fn a_free_reference_is_given_only_once_it_is_used() {
        let numbers = numbers(&Arc::new(OperatorPolicy::new(Supervision::default())));
        let free = numbers.free_reference(moment(1));
        assert_eq!(numbers.free_reference(moment(1)), free);
        numbers.reference_is_used(free);
        assert!(numbers.free_reference(moment(1)) > free);
    }

    #[test]
    fn a_settlement_date_follows_the_operators_policy() {
        const HOUR: u64 = 3_600_000;
        let policy = Arc::new(OperatorPolicy::new(Supervision::default()));
        let numbers = numbers(&policy);
        let noon = moment(20_000 * 24 * HOUR + 12 * HOUR);
        let before = numbers.settlement_date(noon);
        assert_eq!(before, Day(20_000).month_and_day());
        let mut decided = Supervision::default();
        decided
            .days
            .begin(noon.saturating_sub(12 * HOUR), Day(20_000));
        decided.days.begin(noon.saturating_sub(HOUR), Day(20_001));
        policy.publish(decided);
        assert_eq!(
            numbers.settlement_date(noon),
            Day(20_001).month_and_day(),
            "the next date has begun an hour before"
        );
        assert_eq!(
            numbers.settlement_date(noon.saturating_sub(2 * HOUR)),
            before
        );
    }
}
