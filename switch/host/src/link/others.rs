//! What a link does with the other workers' lines: it borrows one where no line of its own accepts a request, and gives back what never
//! left.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use tessera_protocol::{Message, Stan};

use super::Link;
use crate::frames;
use crate::line::Line;
use crate::links::{ForOthers, Passed};
use crate::message::HostOutcome;
use crate::wheel::TICK_MILLISECONDS;

impl Link {
    /// Whether a line of another worker can be borrowed.
    pub(super) fn may_borrow(&self) -> bool {
        self.borrowed.takes() && self.links.next_up(self.index).is_some()
    }

    /// The other worker that has given out this trace number.
    pub(crate) fn other_with(&self, trace: Stan) -> Option<usize> {
        let worker = self.links.owner(trace);
        (worker != self.index).then_some(worker)
    }

    /// Hands what was written for a line of another worker to one that has a line.
    #[cold]
    pub(super) fn hand_over(&self) {
        let mut frames = BytesMut::new();
        self.borrowed.exchange_output(&mut frames);
        let until = self.earliest_deadline(&frames);
        let passed = match self.links.next_up(self.index) {
            Some(worker) => {
                let from = self.index;
                let requests = Passed::Requests {
                    from,
                    frames,
                    until,
                };
                self.links.pass(worker, requests)
            }
            None => Err(Passed::Unsent(frames)),
        };
        match passed {
            Ok(()) => {}
            Err(
                Passed::Requests { frames, .. } | Passed::Answers(frames) | Passed::Unsent(frames),
            ) => {
                self.give_back(&self.borrowed, frames::behind(&frames, 0));
            }
        }
    }

    /// Hands on answers to requests of other workers. Where one cannot take them, its requests become silent.
    #[inline]
    pub(crate) fn pass_answers(&self) {
        if !self.for_others.is_empty() {
            for (worker, answers) in self.for_others.take() {
                let _ = self.links.pass(worker, Passed::Answers(answers));
            }
        }
    }

    /// Hands requests that never left back to the workers that they belong to. Where one cannot take them, they become silent.
    fn pass_back(&self, unsent: &ForOthers) {
        for (worker, frames) in unsent.take() {
            let _ = self.links.pass(worker, Passed::Unsent(frames));
        }
    }

    #[cold]
    pub(super) fn borrow(&self) -> Option<&Line> {
        self.may_borrow().then_some(&self.borrowed)
    }

    /// Requests that certainly never left over this line: they go out with the next [`Link::flush`] on another, if one is up.
    /// What another worker has handed over goes back there.
    pub(crate) fn give_back<'a>(&self, line: &Line, frames: impl Iterator<Item = &'a [u8]>) {
        let mut in_flight = self.in_flight.borrow_mut();
        let of_others = ForOthers::default();
        // Our answers to the financial system have trace numbers of its own.
        let asked = |body| {
            let message = Message::parse(body).ok()?;
            let trace = stan(&message)?;
            (!message.mti().is_answer()).then_some((body, trace))
        };
        for (body, trace) in frames.filter_map(asked) {
            if let Some(worker) = self.other_with(trace) {
                of_others.add(worker, body);
            } else if let Some(other) = self.other_line(line)
                && in_flight.change_line(trace, line.number, other.number)
            {
                other.write(|out| frames::append(out, body));
            } else if let Some(asked) = in_flight.withdraw(trace, line.number) {
                self.stats.unsent.add(1);
                self.send_later(asked, HostOutcome::Unsent);
            }
        }
        drop(in_flight);
        self.pass_back(&of_others);
    }

    /// One of this worker, otherwise one of another worker where that was not tried.
    fn other_line(&self, line: &Line) -> Option<&Line> {
        let borrow = || self.borrow().filter(|other| other.number != line.number);
        self.line_of_batch().or_else(borrow)
    }

    /// When the first of these is given up on.
    fn earliest_deadline(&self, frames: &[u8]) -> Instant {
        let in_flight = self.in_flight.borrow();
        let due = |body| in_flight.due(stan(&Message::parse(body).ok()?)?);
        let earliest = frames::behind(frames, 0).filter_map(due).min();
        self.began + Duration::from_millis(earliest.unwrap_or_default() * TICK_MILLISECONDS)
    }
}

fn stan(message: &Message<'_>) -> Option<Stan> {
    Stan::new(message.number(11)? as u32)
}
