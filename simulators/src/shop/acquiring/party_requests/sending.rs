//! Requests on their way to the line, for the first time and again.

use super::{Moment, Open, PartyRequests, Reply, TRACE_MAX, TRANSMISSIONS_MAX};
use crate::load::clock::Stamp;
use crate::shop::acquiring::request::{self, Kind, Travel};

impl PartyRequests {
    /// A line is signed on: everything without an answer goes out, again or at last.
    pub fn connected(&mut self, now: Moment) {
        self.connected = true;
        self.echo = None;
        self.out.clear();
        let traces: Vec<_> = self.open.keys().copied().collect();
        for trace in traces {
            self.send(trace, now);
        }
    }

    /// The line is gone.
    pub fn lost(&mut self) {
        self.connected = false;
        self.echo = None;
    }

    /// Asks whether the line still stands. `false` where the last time was not answered.
    pub fn echo(&mut self, now: Moment) -> bool {
        if self.echo.is_some() {
            return false;
        }
        let trace = self.next_trace();
        self.echo = Some(trace);
        request::echo(&mut self.out, &self.party, trace, now.second);
        true
    }

    /// Whether an echo waits for its answer.
    pub fn echoing(&self) -> bool {
        self.echo.is_some()
    }

    /// Whether a request is on the line without its answer.
    pub fn unanswered(&self) -> bool {
        self.open.values().any(|open| open.sent)
    }

    pub(super) fn waiting(&mut self, order: &str, kind: Kind) -> Option<&mut Open> {
        let mut open = self.open.values_mut();
        open.find(|open| open.order == order && open.kind == kind)
    }

    pub(super) fn await_answer(
        &mut self,
        trace: u32,
        order: &str,
        kind: Kind,
        now: Moment,
        replies: Vec<Reply>,
    ) {
        let open = Open {
            order: order.to_owned(),
            kind,
            sent: false,
            due: now.instant + self.times.answer_within,
            repeats: 0,
            transmissions: Vec::new(),
            replies,
        };
        self.open.insert(trace, open);
    }

    /// The same for what was sent before the start.
    pub(super) fn await_again(&mut self, trace: u32, order: &str, kind: Kind, now: Moment) {
        self.await_answer(trace, order, kind, now, Vec::new());
        if let Some(open) = self.open.get_mut(&trace) {
            open.sent = true;
        }
    }

    /// Hands a request to the line, if there is one; marked as a repeat where it was handed out before.
    pub(super) fn send(&mut self, trace: u32, now: Moment) {
        let (true, Some(open)) = (self.connected, self.open.get_mut(&trace)) else {
            return;
        };
        let Some(record) = self.records.get(&open.order) else {
            return;
        };
        let first = match open.kind {
            Kind::Purchase => Some(record.second),
            Kind::Reversal => record.reversal.as_ref().map(|reversal| reversal.second),
            Kind::Refund(number) => record.refunds.get(number).map(|refund| refund.second),
        };
        let travel = Travel {
            trace,
            first: first.unwrap_or(now.second),
            now: if open.sent {
                now.second
            } else {
                first.unwrap_or(now.second)
            },
            repeat: open.sent,
        };
        if request::request(&mut self.out, &self.party, record, open.kind, travel) {
            open.sent = true;
            if open.transmissions.len() == TRANSMISSIONS_MAX {
                open.transmissions.remove(0);
            }
            open.transmissions
                .push(Stamp::at(travel.now).transmission());
        } else {
            tracing::error!(
                order = open.order,
                "its card cannot be decrypted: encrypted with another key"
            );
        }
    }

    pub(super) fn next_trace(&mut self) -> u32 {
        loop {
            self.trace = self.trace % TRACE_MAX + 1;
            if !self.open.contains_key(&self.trace) {
                return self.trace;
            }
        }
    }
}
