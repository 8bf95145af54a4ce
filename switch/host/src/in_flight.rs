//! Who is waiting for which answer.
//!
//! ```text
//! trace numbers of this worker, given out in turn:   … 4711 4713 4715 4717 4719 …
//!                                                         │    │    │    │
//! slots, a power of two at least twice the limit:       [ A ][ E ][ W ][ W ]      ordinal % slots
//! ```
//! A finished request stays in its slot until its turn comes round again, so a late or repeated answer can be
//! distinguished from an unsolicited one, in memory that is fixed at the start.

use std::mem;

use tessera_protocol::{Mti, Stan};

use super::echo::Echo;
use super::traces::TraceShare;
use super::wheel::Wheel;
use tessera_ledger::{Reference, WalletId};

/// Slots are cheap; below this a late answer would soon be forgotten.
const SLOTS_MIN: u32 = 4_096;
/// Expired requests that are passed over in search of a trace number: enough to keep the memory of
/// a burst of silence, few enough to cost nothing.
const EXPIRED_PASSED_OVER_MAX: u32 = 64;
/// Thirty seconds: an answer that is later than this may be taken for one to nobody.
const LATE_TICKS: u32 = 3_000;

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Requester {
    /// A wallet, which gets every outcome.
    Wallet,
    /// The forwarder, which asks again.
    Forwarder,
}

/// The receiver of the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub wallet: WalletId,
    pub reference: Reference,
    pub requester: Requester,
}

/// The answer that a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Awaited {
    /// By which it is known.
    pub answer: Expected,
    pub echo: Echo,
}

/// What must be in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    pub trace: Option<Stan>,
    pub transmission: u32,
    pub mti: Mti,
    pub retrieval: [u8; 12],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Waiting,
    Answered,
    /// Its deadline passed or its line was lost.
    Expired,
}

#[derive(Clone, Copy)]
struct Slot {
    asked: Asked,
    expected: Expected,
    /// Nothing once it is not waited for: a card number is not kept for longer.
    echo: Echo,
    line: u16,
    state: State,
    /// The tick in which it expired, as far as 32 bits go: sixteen months.
    expired: u32,
}

impl Slot {
    fn expire(&mut self, now: u64) {
        self.state = State::Expired;
        self.expired = now as u32;
        self.echo = Echo::Nothing;
    }
}

/// What an answer turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match {
    Waiting(Asked, Echo),
    Late,
    Doubled,
    Unknown,
}

pub(super) struct InFlight {
    slots: Box<[Slot]>,
    wheel: Wheel,
    share: TraceShare,
    /// The ordinal given out last.
    ordinal: u32,
    waiting: usize,
    limit: usize,
}

impl InFlight {
    /// `first` is where to begin in the worker's trace numbers; a random one makes those of two runs differ.
    pub(super) fn new(share: TraceShare, limit: usize, first: u32) -> Self {
        // Above half of the trace numbers there would be no memory of what is finished.
        let slots_max = 1 << share.len().ilog2();
        let limit = (limit.max(1) as u64).min(slots_max / 2) as u32;
        let slots = (limit * 2).next_power_of_two().max(SLOTS_MIN);
        let slots = slots.min(slots_max as u32);
        let free = Slot {
            asked: Asked {
                wallet: WalletId(0),
                reference: Reference(0),
                requester: Requester::Wallet,
            },
            expected: Expected {
                trace: None,
                transmission: 0,
                mti: Mti::NETWORK,
                retrieval: [0; 12],
            },
            echo: Echo::Nothing,
            line: 0,
            state: State::Free,
            expired: 0,
        };
        Self {
            slots: vec![free; slots as usize].into(),
            wheel: Wheel::new(slots),
            share,
            ordinal: first % share.len(),
            waiting: 0,
            limit: limit as usize,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting
    }

    /// The tick that the clock showed last.
    pub(super) fn now(&self) -> u64 {
        self.wheel.now()
    }

    fn is_full(&self) -> bool {
        self.waiting >= self.limit
    }

    fn ordinal_of(&self, answer: &Expected) -> Option<u32> {
        self.share.ordinal(answer.trace?)
    }

    fn slot_of(&self, ordinal: u32) -> u32 {
        ordinal & (self.slots.len() as u32 - 1)
    }

    /// A trace number that nothing in flight uses and nothing that expired lately has used.
    /// At most half of the slots are waiting, so that the search is short.
    pub(super) fn next_trace(&mut self) -> Stan {
        let mut passed_over = 0;
        let now = self.wheel.now() as u32;
        loop {
            self.ordinal = self.ordinal % self.share.len() + 1;
            let slot = &self.slots[self.slot_of(self.ordinal) as usize];
            let lately = || now.wrapping_sub(slot.expired) < LATE_TICKS;
            match slot.state {
                State::Waiting => {}
                State::Expired if passed_over < EXPIRED_PASSED_OVER_MAX && lately() => {
                    passed_over += 1;
                }
                State::Free | State::Answered | State::Expired => {
                    return self.share.trace(self.ordinal);
                }
            }
        }
    }

    /// Whether a request with this trace number can wait now.
    pub(super) fn admits(&self, trace: Stan) -> bool {
        let free = |ordinal| self.slots[self.slot_of(ordinal) as usize].state != State::Waiting;
        !self.is_full() && self.share.ordinal(trace).is_some_and(free)
    }

    /// From here on the answer is waited for, until the tick `due`. Only after [`InFlight::admits`].
    pub(super) fn insert(&mut self, asked: Asked, awaited: Awaited, line: u16, due: u64) {
        let Awaited {
            answer: expected,
            echo,
        } = awaited;
        let Some(ordinal) = self.ordinal_of(&expected) else {
            debug_assert!(false, "not a trace number of this worker");
            return;
        };
        let index = self.slot_of(ordinal);
        let slot = &mut self.slots[index as usize];
        debug_assert!(slot.state != State::Waiting);
        *slot = Slot {
            asked,
            expected,
            echo,
            line,
            state: State::Waiting,
            expired: 0,
        };
        self.waiting += 1;
        self.wheel.insert(index, due);
    }

    /// An answer came.
    pub(super) fn settle(&mut self, answer: &Expected) -> Match {
        let Some(ordinal) = self.ordinal_of(answer) else {
            return Match::Unknown;
        };
        let index = self.slot_of(ordinal);
        let slot = &mut self.slots[index as usize];
        if slot.expected != *answer {
            return Match::Unknown;
        }
        match slot.state {
            State::Waiting => {
                slot.state = State::Answered;
                self.waiting -= 1;
                self.wheel.remove(index);
                Match::Waiting(slot.asked, mem::replace(&mut slot.echo, Echo::Nothing))
            }
            State::Answered => Match::Doubled,
            State::Expired => Match::Late,
            State::Free => Match::Unknown,
        }
    }

    /// A request that never left goes out on another line; whether it waits on the first.
    pub(super) fn change_line(&mut self, trace: Stan, line: u16, other: u16) -> bool {
        let Some(slot) = self.waiting_on(trace, line) else {
            return false;
        };
        self.slots[slot as usize].line = other;
        true
    }

    /// The tick at which a request that waits is given up on.
    pub(super) fn due(&self, trace: Stan) -> Option<u64> {
        let index = self.slot_of(self.share.ordinal(trace)?);
        let slot = &self.slots[index as usize];
        let waits = slot.expected.trace == Some(trace) && slot.state == State::Waiting;
        waits.then(|| self.wheel.due(index))
    }

    /// The slot of a request that waits on this line.
    fn waiting_on(&self, trace: Stan, line: u16) -> Option<u32> {
        let index = self.slot_of(self.share.ordinal(trace)?);
        let slot = &self.slots[index as usize];
        let waits =
            slot.expected.trace == Some(trace) && slot.line == line && slot.state == State::Waiting;
        waits.then_some(index)
    }

    /// Takes back a request that never left.
    pub(super) fn withdraw(&mut self, trace: Stan, line: u16) -> Option<Asked> {
        let index = self.waiting_on(trace, line)?;
        let slot = &mut self.slots[index as usize];
        slot.state = State::Free;
        slot.echo = Echo::Nothing;
        self.waiting -= 1;
        self.wheel.remove(index);
        Some(slot.asked)
    }

    /// Gives up on what is due.
    pub(super) fn expire(&mut self, now: u64, silent: &mut Vec<Asked>) {
        let Self {
            slots,
            wheel,
            waiting,
            ..
        } = self;
        wheel.turn(now, |index| {
            let slot = &mut slots[index as usize];
            slot.expire(now);
            *waiting -= 1;
            silent.push(slot.asked);
        });
    }

    /// Gives up on everything that a line carried. Looks at every slot: lines are not lost often.
    pub(super) fn lose_line(&mut self, line: u16, silent: &mut Vec<Asked>) {
        let now = self.wheel.now();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if slot.state == State::Waiting && slot.line == line {
                slot.expire(now);
                self.waiting -= 1;
                self.wheel.remove(index as u32);
                silent.push(slot.asked);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(limit: usize) -> InFlight {
        InFlight::new(TraceShare { index: 1, count: 2 }, limit, 0)
    }

    fn asked(id: u64) -> Asked {
        Asked {
            wallet: WalletId(id),
            reference: Reference(id),
            requester: Requester::Wallet,
        }
    }

    fn behind(trace: Stan, by: u32) -> Stan {
        Stan::new(trace.number() + by).expect("six digits")
    }

    fn expected(trace: Stan) -> Expected {
        Expected {
            trace: Some(trace),
            transmission: 1_122_120_000,
            mti: Mti::PURCHASE.answer(),
            retrieval: *b"000000000001",
        }
    }

    fn awaited(trace: Stan) -> Awaited {
        Awaited {
            answer: expected(trace),
            echo: Echo::Nothing,
        }
    }

    #[test]
    fn distinguishes_late_repeated_and_unknown_answers() {
        let mut table = table(16);
        let (first, second) = (table.next_trace(), table.next_trace());
        table.insert(asked(1), awaited(first), 0, 10);
        table.insert(asked(2), awaited(second), 0, 20);
        let mut other = expected(first);
        other.retrieval = *b"000000000002";
        assert_eq!(table.settle(&other), Match::Unknown);
        assert_eq!(
            table.settle(&expected(first)),
            Match::Waiting(asked(1), Echo::Nothing)
        );
        assert_eq!(table.settle(&expected(first)), Match::Doubled);
        let mut silent = Vec::new();
        table.expire(19, &mut silent);
        assert_eq!(silent, []);
        table.expire(20, &mut silent);
        assert_eq!(silent, [asked(2)]);
        assert_eq!(table.settle(&expected(second)), Match::Late);
        assert_eq!(table.settle(&expected(behind(second, 2))), Match::Unknown);
        assert_eq!(table.settle(&expected(behind(second, 1))), Match::Unknown);
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn never_gives_out_a_trace_number_in_flight() {
        let mut table = table(2_048);
        let held: Vec<Stan> = (0..2_048).map(|_| table.next_trace()).collect();
        for &trace in &held {
            assert!(table.admits(trace));
            table.insert(asked(0), awaited(trace), 0, 1_000);
        }
        assert!(table.is_full());
        for _ in 0..2_000_000 {
            let trace = table.next_trace();
            assert_eq!(trace.number() % 2, 1);
            assert!(held.binary_search(&trace).is_err(), "{trace}");
        }
    }

    #[test]
    fn gives_up_on_the_lost_line_only() {
        let mut table = table(16);
        let traces: Vec<Stan> = (0..4).map(|_| table.next_trace()).collect();
        for (id, &trace) in traces.iter().enumerate() {
            table.insert(asked(id as u64), awaited(trace), id as u16 % 2, 10);
        }
        assert_eq!(table.withdraw(traces[1], 1), Some(asked(1)));
        assert_eq!(table.withdraw(traces[1], 1), None);
        assert_eq!(table.withdraw(traces[0], 1), None);
        let mut silent = Vec::new();
        table.lose_line(1, &mut silent);
        assert_eq!(silent, [asked(3)]);
        assert_eq!(table.len(), 2);
        table.expire(10, &mut silent);
        assert_eq!(silent, [asked(3), asked(0), asked(2)]);
    }
}
