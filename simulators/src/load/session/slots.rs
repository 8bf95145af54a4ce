//! What a connection has asked: a fixed table, found by trace number without hashing. A purchase stays in its
//! place after its answer until its place is needed, so that it can be repeated and reversed.

use crate::load::mix::Kind;

/// Trace numbers run from 1 to this.
pub const TRACE_MAX: u32 = 999_999;

/// Declines that a purchase can get although it was well formed: of the financial system, or because it was
/// out of reach. 51 is judged by the model.
pub(in crate::load) const DECLINES: [&[u8; 2]; 9] = [
    b"05", b"14", b"54", b"57", b"61", b"62", b"65", b"91", b"96",
];

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Never used.
    #[default]
    Free,
    /// Sent, not answered.
    InFlight,
    /// Sent on a connection that is gone: to be repeated on the next.
    Lost,
    /// Answered; for purchases, what follows can still refer to it.
    Answered,
}

/// What the first answer said: fields 39 and 38 (zeros where there was none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Field 39.
    pub code: [u8; 2],
    /// Field 38.
    pub approval: [u8; 6],
}

/// One request and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// Field 11.
    pub trace: u32,
    /// Where it stands.
    pub state: State,
    /// What it is. [`Kind::Repeat`] stands for a purchase while it is asked again by plan.
    pub kind: Kind,
    /// A purchase that a reversal was sent for, or that the connection's transactions know of.
    pub reversed: bool,
    /// How often it was sent again without having been answered.
    pub resent: u8,
    /// Index of the account.
    pub account: u32,
    /// Field 4.
    pub amount: u64,
    /// Number of the order, where it is one.
    pub order: u32,
    /// The second of fields 12 and 13, and of field 7 at its first sending.
    pub second: u32,
    /// From when its latency counts, in nanoseconds since the start.
    pub planned: u64,
    /// When it was last sent, likewise.
    pub sent: u64,
    /// What a purchase was answered; compared at every further answer.
    pub outcome: Outcome,
    /// Reversals: trace number and second of the original. Inquiries: the mark of a quiet account, if it was.
    pub about: About,
}

/// What a request refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Nothing else.
    Itself,
    /// The purchase that a reversal undoes.
    Original {
        /// Its field 11.
        trace: u32,
        /// The second of its field 7.
        second: u32,
    },
    /// A planned repeat of a request of this kind.
    Again(Kind),
    /// It follows the connection's transaction at this place.
    Tab(u32),
    /// An advice: of an authorization, or of a purchase.
    Decided {
        /// Whether the money is held, not debited.
        held: bool,
    },
    /// The mark of an account on which nothing was under way when its balance was asked.
    Quiet(u32),
}

/// A response code as it is written.
pub(in crate::load) fn words(code: [u8; 2]) -> String {
    String::from_utf8_lossy(&code).into_owned()
}

impl Slot {
    /// The request in words, by what a developer can find it with.
    #[cold]
    pub(in crate::load) fn describe(&self) -> String {
        format!(
            "{} trace {} of {}",
            self.kind.noun(),
            self.trace,
            self.amount
        )
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            trace: 0,
            state: State::Free,
            kind: Kind::Purchase,
            reversed: false,
            resent: 0,
            account: 0,
            amount: 0,
            order: 0,
            second: 0,
            planned: 0,
            sent: 0,
            outcome: Outcome::default(),
            about: About::Itself,
        }
    }
}

/// The table of one connection. Its size is a power of two; a trace number's place is its low bits.
#[derive(Debug)]
pub struct Slots {
    slots: Vec<Slot>,
    newest: u32,
    /// The second in which the trace numbers last began again: fields 12 and 13 must differ by the next time.
    wrapped: u32,
    under_way: u32,
}

impl Slots {
    /// A table that holds at least `requests`.
    pub fn new(requests: u32) -> Self {
        Self {
            slots: vec![Slot::default(); requests.max(16).next_power_of_two() as usize],
            newest: 0,
            wrapped: 0,
            under_way: 0,
        }
    }

    /// Trace numbers begin behind this one. A refund or a completion may come from another terminal and names trace number and
    /// time alone, so that the connections of a run keep their trace numbers apart.
    pub fn behind(mut self, trace: u32) -> Self {
        self.newest = trace % TRACE_MAX;
        self
    }

    /// Requests without an answer.
    pub fn under_way(&self) -> u32 {
        self.under_way
    }

    /// Takes the next free trace number and its slot, in flight. `None` while the table is full, or when a
    /// million requests fell into one second.
    pub fn take(&mut self, second: u32) -> Option<&mut Slot> {
        if self.under_way as usize >= self.slots.len() {
            return None;
        }
        let mut trace = self.newest;
        // Terminates: a place is free, and a round visits every place.
        loop {
            trace += 1;
            if trace > TRACE_MAX {
                if self.wrapped == second {
                    return None;
                }
                self.wrapped = second;
                trace = 1;
            }
            let place = self.place(trace);
            if !matches!(self.slots[place].state, State::InFlight | State::Lost) {
                self.newest = trace;
                self.under_way += 1;
                let slot = &mut self.slots[place];
                *slot = Slot {
                    trace,
                    second,
                    state: State::InFlight,
                    ..Slot::default()
                };
                return Some(slot);
            }
        }
    }

    /// The slot of a trace number, whatever its state.
    pub fn find(&mut self, trace: u32) -> Option<&mut Slot> {
        let place = self.place(trace);
        let slot = &mut self.slots[place];
        (slot.trace == trace && slot.state != State::Free).then_some(slot)
    }

    /// Looks a few steps back for an answered request that `wanted` accepts; the steps come from `dice`.
    pub fn look_back(
        &mut self,
        mut dice: impl FnMut(u32) -> u32,
        wanted: impl Fn(&Slot) -> bool,
    ) -> Option<&mut Slot> {
        let range = self.slots.len() as u32;
        for _ in 0..4 {
            let place = self.place(self.newest.wrapping_sub(dice(range)));
            let slot = &self.slots[place];
            if slot.state == State::Answered && wanted(slot) {
                return Some(&mut self.slots[place]);
            }
        }
        None
    }

    /// A slot was put in flight again (a planned repeat).
    pub fn again(&mut self) {
        self.under_way += 1;
    }

    /// Puts an old request into its place again, in flight; `false` where that is taken by one that is under way.
    pub fn put_back(&mut self, old: Slot) -> bool {
        let place = self.place(old.trace);
        let is_free = !matches!(self.slots[place].state, State::InFlight | State::Lost);
        if is_free {
            self.slots[place] = old;
            self.under_way += 1;
        }
        is_free
    }

    /// A request was answered.
    pub fn answered(&mut self) {
        self.under_way -= 1;
    }

    /// The connection is gone: what was in flight is lost, and must be asked again.
    pub fn lose(&mut self) {
        for slot in &mut self.slots {
            if slot.state == State::InFlight {
                slot.state = State::Lost;
            }
        }
    }

    /// Every slot, for the rare walks.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.iter_mut()
    }

    fn place(&self, trace: u32) -> usize {
        trace as usize & (self.slots.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_trace_number() {
        let mut slots = Slots::new(16);
        let first = slots.take(1).unwrap().trace;
        assert_eq!(first, 1);
        assert!(slots.find(1).is_some());
        assert!(slots.find(17).is_none());
        assert_eq!(slots.under_way(), 1);
    }

    #[test]
    fn passes_over_what_is_under_way() {
        let mut slots = Slots::new(16);
        for _ in 0..16 {
            slots.take(1).unwrap();
        }
        assert!(slots.take(1).is_none());
        slots.find(9).unwrap().state = State::Answered;
        slots.answered();
        assert_eq!(slots.take(1).unwrap().trace, 16 + 9);
        assert!(slots.find(9).is_none());
        slots.lose();
        assert!(slots.take(1).is_none());
    }

    #[test]
    fn begins_again_only_in_another_second() {
        let mut slots = Slots::new(16);
        let mut run = |second: u32, count: u32| {
            for _ in 0..count {
                let slot = slots.take(second)?;
                slot.state = State::Answered;
                slots.answered();
            }
            Some(slots.newest)
        };
        assert_eq!(run(5, TRACE_MAX), Some(TRACE_MAX));
        assert_eq!(run(5, 1), Some(1));
        assert_eq!(run(5, TRACE_MAX), None);
        assert_eq!(run(6, 1), Some(1));
    }

    #[test]
    fn looks_back_for_answered_purchases() {
        let mut slots = Slots::new(16);
        for _ in 0..4 {
            slots.take(1).unwrap();
        }
        assert!(slots.look_back(|_| 1, |_| true).is_none());
        slots.find(3).unwrap().state = State::Answered;
        assert_eq!(slots.look_back(|_| 1, |_| true).unwrap().trace, 3);
        assert!(slots.look_back(|_| 1, |slot| slot.reversed).is_none());
    }
}
