//! What the switch answers: matched to what was asked, and written down.

use tessera_protocol::{Message, Mti};

use super::{Distrust, Moment, Open, PartyRequests, answer_all};
use crate::shop::acquiring::record::{RefundState, Reversal, State, Why};
use crate::shop::acquiring::request::{self, Kind, reason, text};

/// Tag 09 beside an 00 to a reversal that has undone nothing.
const ORIGINAL_NOT_FOUND: &str = "original not found";

impl PartyRequests {
    /// Takes an answer.
    pub fn receive(&mut self, bytes: &[u8], now: Moment) -> Result<(), Distrust> {
        let answer = Message::parse(bytes).map_err(|_| Distrust::Unreadable)?;
        if !self.party.key.verify(bytes) {
            return Err(Distrust::Mac);
        }
        let trace = answer.number(11).unwrap_or_default() as u32;
        if answer.mti() == Mti::NETWORK.answer() {
            self.echo.take_if(|echo| *echo == trace);
            return Ok(());
        }
        match self.open.get(&trace) {
            Some(open) if self.answers(&answer, trace, open) => {}
            _ => {
                tracing::info!(mti = %answer.mti(), trace, "an answer without an open request");
                return Ok(());
            }
        }
        if let Some(open) = self.open.remove(&trace) {
            self.settle(&answer, trace, open, now);
        }
        Ok(())
    }

    /// Whether an answer is the one to this request: by 7, 11 and 37, and its type.
    fn answers(&self, answer: &Message<'_>, trace: u32, open: &Open) -> bool {
        let Some((mti, first)) = self.records.get(&open.order).and_then(|record| {
            Some(match open.kind {
                Kind::Purchase => (Mti::PURCHASE, record.second),
                Kind::Refund(number) => (Mti::PURCHASE, record.refunds.get(number)?.second),
                Kind::Reversal => match record.reversal.as_ref()? {
                    reversal if reversal.advice => (Mti::REVERSAL_ADVICE, reversal.second),
                    reversal => (Mti::REVERSAL, reversal.second),
                },
            })
        }) else {
            return false;
        };
        let transmission = answer.number(7).unwrap_or_default() as u32;
        answer.mti() == mti.answer()
            && text(answer, 37) == request::reference(trace, first)
            && open.transmissions.contains(&transmission)
    }

    fn settle(&mut self, answer: &Message<'_>, trace: u32, mut open: Open, now: Moment) {
        let code = text(answer, 39);
        let approved = code == "00";
        let declined = |reason| State::Declined {
            code: code.clone(),
            reason,
        };
        match open.kind {
            Kind::Purchase if approved => {
                let state = State::Approved {
                    authorization: text(answer, 38),
                    reference: text(answer, 37),
                };
                self.conclude(&open.order, state);
            }
            Kind::Purchase => self.conclude(&open.order, declined(reason(answer))),
            Kind::Refund(number) => {
                let state = match approved {
                    true => RefundState::Approved {
                        authorization: text(answer, 38),
                    },
                    false => RefundState::Declined {
                        code: code.clone(),
                        reason: reason(answer),
                    },
                };
                self.conclude_refund(&open.order, number, state);
            }
            Kind::Reversal => match self.undoing(&open.order) {
                // 25: never seen, and declined should it come later.
                Some((Why::Unanswered, _)) if approved || code == "25" => {
                    let why = Why::Unanswered;
                    self.conclude(&open.order, State::Undone { why });
                }
                Some((why, _)) if approved && reason(answer) != ORIGINAL_NOT_FOUND => {
                    self.conclude(&open.order, State::Undone { why });
                }
                // The switch refuses to take back what stands, or does not find it.
                Some((Why::Cancelled, reversal)) if approved || !reversal.advice => {
                    tracing::warn!(order = open.order, code, "a cancellation was declined");
                    self.stand(&open.order, &reversal);
                }
                None => {}
                Some(_) => {
                    tracing::warn!(order = open.order, code, "a reversal is not acknowledged");
                    return self.insist(trace, open, now);
                }
            },
        }
        answer_all(
            std::mem::take(&mut open.replies),
            self.standing(&open.order),
        );
    }

    fn undoing(&self, order: &str) -> Option<(Why, Reversal)> {
        let record = self.records.get(order)?;
        match (&record.state, &record.reversal) {
            (State::Undoing { why }, Some(reversal)) => Some((*why, reversal.clone())),
            _ => None,
        }
    }

    /// A cancellation was declined: the purchase is what it was.
    fn stand(&mut self, order: &str, reversal: &Reversal) {
        if let Some(mut record) = self.records.get(order).cloned() {
            record.reversal = None;
            record.state = State::Approved {
                authorization: reversal.authorization.clone(),
                reference: request::reference(record.trace, record.second),
            };
            self.save(&record);
            self.records.insert(order.to_owned(), record);
        }
    }

    /// The purchase's state, written down. Where that fails, a start finds the older one and settles it with the switch.
    pub(super) fn conclude(&mut self, order: &str, state: State) {
        if let Some(mut record) = self.records.get(order).cloned() {
            record.state = state;
            self.save(&record);
            self.records.insert(order.to_owned(), record);
        }
    }

    fn conclude_refund(&mut self, order: &str, number: usize, state: RefundState) {
        if let Some(mut record) = self.records.get(order).cloned()
            && let Some(refund) = record.refunds.get_mut(number)
        {
            refund.state = state;
            self.save(&record);
            self.records.insert(order.to_owned(), record);
        }
    }
}
