//! What a connection does wrong on purpose. None of it is on the path of a run without faults.

use std::collections::VecDeque;

use super::slots::{About, Slot, State};
use super::{Session, fill, template_of};
use crate::load::mix::Kind;
use crate::load::report::statistics::Statistics;
use crate::load::scenario::faults::Faults;
use crate::load::shared::Shared;

/// Purchases of a connection that wait for their late repeat.
const LATE_MAX: usize = 4_096;

impl Session {
    /// After a request was written from `start` on: sends it twice, or has the connection cut in the middle of it.
    #[cold]
    pub(super) fn go_wrong(
        &mut self,
        trace: u32,
        start: usize,
        shared: &Shared,
        statistics: &mut Statistics,
        out: &mut Vec<u8>,
    ) {
        let Some(slot) = self.slots.find(trace).copied() else {
            return;
        };
        if Faults::happens(self.faults.disconnects, &mut self.dice) {
            statistics.faults.disconnects += 1;
            self.cut_at = Some(start + (out.len() - start) / 2);
            return;
        }
        // An inquiry is no duplicate of anything, so that it has no repeat.
        if slot.kind != Kind::Inquiry && Faults::happens(self.faults.duplicates, &mut self.dice) {
            statistics.faults.duplicates += 1;
            self.answers_too_many += 1;
            self.write_again(&slot, shared, out);
        }
    }

    fn write_again(&mut self, slot: &Slot, shared: &Shared, out: &mut Vec<u8>) {
        match template_of(&self.templates, slot) {
            Some(template) => {
                let first = shared.options.first_card;
                let fill = fill(slot, true, first, self.stamp, self.speaker.way);
                template.write(&fill, self.key.as_ref(), out);
            }
            None => self.write_more(slot, true, shared, out),
        }
    }

    /// A purchase was answered: it is to be repeated late. Where the switch could not decide (96), another answer may follow.
    #[cold]
    pub(super) fn remember_late(
        late: &mut VecDeque<(u64, Slot)>,
        faults: &Faults,
        slot: &Slot,
        now: u64,
    ) {
        if late.len() < LATE_MAX && slot.outcome.code != *b"96" {
            late.push_back((now + faults.late_after.as_nanos() as u64, *slot));
        }
    }

    /// Repeats purchases that were answered long ago.
    #[cold]
    pub(super) fn repeat_late(
        &mut self,
        shared: &Shared,
        now: u64,
        statistics: &mut Statistics,
        out: &mut Vec<u8>,
    ) {
        while self.late.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, old)) = self.late.pop_front() else {
                return;
            };
            let slot = Slot {
                kind: Kind::Repeat,
                about: About::Itself,
                state: State::InFlight,
                planned: now,
                sent: now,
                // It may have been reversed meanwhile: it is not reversed again.
                reversed: true,
                ..old
            };
            // Its place may be taken by a request under way: then it is not repeated.
            if self.slots.put_back(slot) {
                statistics.faults.late_repeats += 1;
                statistics.sent[Kind::Repeat as usize] += 1;
                self.write_again(&slot, shared, out);
            }
        }
    }
}
