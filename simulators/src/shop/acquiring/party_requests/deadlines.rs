//! What follows where no answer comes: purchases are reversed, reversals and refunds are repeated.

use tokio::time::Instant;

use super::{Moment, Open, PartyRequests, answer_all};
use crate::shop::acquiring::record::{State, Why};
use crate::shop::acquiring::request::Kind;

impl PartyRequests {
    /// When [`PartyRequests::expire`] has something to do next.
    pub fn due(&self) -> Option<Instant> {
        self.open.values().map(|open| open.due).min()
    }

    /// What counts as unanswered by now is undone or repeated.
    pub fn expire(&mut self, now: Moment) {
        let late: Vec<_> = (self.open.iter())
            .filter(|(_, open)| open.due <= now.instant)
            .map(|(&trace, _)| trace)
            .collect();
        for trace in late {
            let Some(open) = self.open.remove(&trace) else {
                continue;
            };
            match open.kind {
                Kind::Purchase if open.sent => {
                    tracing::warn!(
                        order = open.order,
                        trace,
                        "no answer: the purchase is reversed"
                    );
                    self.undo(&open.order, Why::Unanswered, now, Vec::new());
                    answer_all(open.replies, self.standing(&open.order));
                }
                Kind::Purchase => {
                    self.conclude(&open.order, State::Unreached);
                    answer_all(open.replies, self.standing(&open.order));
                }
                Kind::Reversal | Kind::Refund(_) => self.insist(trace, open, now),
            }
        }
    }

    /// Asks again, and longer apart each time. Waiting callers get the current state.
    pub(super) fn insist(&mut self, trace: u32, mut open: Open, now: Moment) {
        answer_all(
            std::mem::take(&mut open.replies),
            self.standing(&open.order),
        );
        let doubled = 2u32.saturating_pow(open.repeats);
        let pause = (self.times.repeat_min.saturating_mul(doubled)).min(self.times.repeat_max);
        open.repeats = open.repeats.saturating_add(1);
        open.due = now.instant + pause;
        let mut under = trace;
        if let (Kind::Reversal, Some(mut record)) =
            (open.kind, self.records.get(&open.order).cloned())
            && let Some(reversal) = &mut record.reversal
            && !reversal.advice
        {
            // An advice in place of the request is a new request.
            under = self.next_trace();
            reversal.trace = under;
            reversal.advice = true;
            reversal.second = now.second;
            open.sent = false;
            open.transmissions.clear();
            self.save(&record);
            self.records.insert(open.order.clone(), record);
        }
        self.open.insert(under, open);
        self.send(under, now);
    }
}
