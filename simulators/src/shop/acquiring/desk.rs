//! What is asked of the switch, what it answers, and what follows where it doesn't: everything but the socket. Time is handed
//! in. Frames to send gather in [`Desk::out`]; every one of them is in the log before.

use std::collections::{BTreeMap, HashMap};

use bytes::BytesMut;
use tessera_protocol::{Message, Mti};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::record::{Name, Record, Refund, RefundState, Reversal, Standing, State, Why};
use super::request::{self, Kind, Travel, reason, text};
use super::{Party, Payer, Times, seal};
use crate::load::clock::Stamp;
use crate::shop::log::Log;

/// Trace numbers are 1 to this.
const TRACE_MAX: u32 = 999_999;

/// Of a request that is repeated again and again, an answer to one of the last so many counts.
const TRANSMISSIONS_MAX: usize = 16;

/// An instant, and the second since 1970 that it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub instant: Instant,
    pub second: u32,
}

/// Told when the answer is there.
pub(super) type Reply = oneshot::Sender<Option<Standing>>;

/// What the shop asks.
pub(super) enum Errand {
    Purchase {
        order: String,
        amount: u64,
        payer: Payer,
        reply: Reply,
    },
    Refund {
        order: String,
        amount: u64,
        reply: Reply,
    },
    Cancel {
        order: String,
        reply: Reply,
    },
    Look {
        order: String,
        reply: Reply,
    },
}

/// Why the line can't be trusted any more.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Distrust {
    #[error("an answer that is no message")]
    Unreadable,
    #[error("an answer with a wrong MAC")]
    Mac,
}

/// A request without its answer.
struct Open {
    order: String,
    kind: Kind,
    /// Whether it was ever handed to a line.
    sent: bool,
    /// When it counts as unanswered.
    due: Instant,
    /// How often it was repeated for want of an answer.
    repeats: u32,
    /// Its fields 7, newest last.
    transmissions: Vec<u32>,
    replies: Vec<Reply>,
}

/// The requests of one party.
pub(super) struct Desk {
    party: Party,
    times: Times,
    records: HashMap<String, Record>,
    /// By trace number.
    open: BTreeMap<u32, Open>,
    log: Log<Record>,
    trace: u32,
    /// The trace number of an echo without its answer.
    echo: Option<u32>,
    connected: bool,
    /// Frames for the line.
    pub out: BytesMut,
}

impl Desk {
    /// With what was written before: what was left in doubt is undone.
    pub fn new(
        party: Party,
        times: Times,
        log: Log<Record>,
        records: Vec<Record>,
        now: Moment,
    ) -> Self {
        let orders: Vec<_> = records.iter().map(|record| record.order.clone()).collect();
        let mut desk = Self {
            party,
            times,
            records: records
                .into_iter()
                .map(|record| (record.order.clone(), record))
                .collect(),
            open: BTreeMap::new(),
            log,
            // Another number than the last time in the same second: they are 999,999 and go on.
            trace: now.second.wrapping_mul(40_503) % TRACE_MAX,
            echo: None,
            connected: false,
            out: BytesMut::new(),
        };
        for order in orders {
            desk.resume(&order, now);
        }
        desk
    }

    /// Takes what was open when the log ended up again.
    fn resume(&mut self, order: &str, now: Moment) {
        let Some(record) = self.records.get(order) else {
            return;
        };
        match (&record.state, &record.reversal) {
            (State::Asked, _) => self.undo(order, Why::Unanswered, now, Vec::new()),
            (State::Undoing { .. }, Some(reversal)) => {
                let trace = reversal.trace;
                self.await_again(trace, order, Kind::Reversal, now);
            }
            _ => {}
        }
        let refunds = self
            .records
            .get(order)
            .map_or(&[][..], |record| &record.refunds);
        let open: Vec<_> = (refunds.iter().enumerate())
            .filter(|(_, refund)| refund.state == RefundState::Asked)
            .map(|(number, refund)| (number, refund.trace))
            .collect();
        for (number, trace) in open {
            self.await_again(trace, order, Kind::Refund(number), now);
        }
    }

    /// Takes an errand; its reply comes at once, or when the answer does.
    pub fn take(&mut self, errand: Errand, now: Moment) {
        match errand {
            Errand::Look { order, reply } => tell(vec![reply], self.standing(&order)),
            Errand::Purchase {
                order,
                amount,
                payer,
                reply,
            } => self.purchase(order, amount, payer, reply, now),
            Errand::Refund {
                order,
                amount,
                reply,
            } => self.refund(&order, amount, reply, now),
            Errand::Cancel { order, reply } => self.cancel(&order, reply, now),
        }
    }

    fn purchase(&mut self, order: String, amount: u64, payer: Payer, reply: Reply, now: Moment) {
        if self.records.contains_key(&order) {
            // Asked before: there is one answer for everybody who asks.
            match self.waiting(&order, Kind::Purchase) {
                Some(open) => open.replies.push(reply),
                None => tell(vec![reply], self.standing(&order)),
            }
            return;
        }
        let trace = self.next_trace();
        let payer = match payer {
            Payer::Order { purpose } => Name::Order { purpose },
            Payer::Card { number, expiry } => Name::Card {
                sealed: seal::seal(&self.party.key, &number, rand::random()),
                expiry,
            },
        };
        let record = Record {
            order: order.clone(),
            amount,
            trace,
            second: now.second,
            payer,
            state: State::Asked,
            reversal: None,
            refunds: Vec::new(),
        };
        if !self.save(&record) {
            tell(vec![reply], None);
            return;
        }
        self.records.insert(order.clone(), record);
        self.await_answer(trace, &order, Kind::Purchase, now, vec![reply]);
        self.send(trace, now);
    }

    fn refund(&mut self, order: &str, amount: u64, reply: Reply, now: Moment) {
        let trace = self.next_trace();
        let Some(mut record) = self.approved(order) else {
            return tell(vec![reply], self.standing(order));
        };
        if amount == 0 || amount > record.left() {
            return tell(vec![reply], self.standing(order));
        }
        let number = record.refunds.len();
        record.refunds.push(Refund {
            amount,
            trace,
            second: now.second,
            state: RefundState::Asked,
        });
        if !self.save(&record) {
            return tell(vec![reply], None);
        }
        self.records.insert(order.to_owned(), record);
        self.await_answer(trace, order, Kind::Refund(number), now, vec![reply]);
        self.send(trace, now);
    }

    fn cancel(&mut self, order: &str, reply: Reply, now: Moment) {
        match self.approved(order) {
            Some(record) if record.left() == record.amount => {
                self.undo(order, Why::Cancelled, now, vec![reply]);
            }
            _ => tell(vec![reply], self.standing(order)),
        }
    }

    fn approved(&self, order: &str) -> Option<Record> {
        let record = self.records.get(order)?;
        matches!(record.state, State::Approved { .. }).then(|| record.clone())
    }

    /// Begins a reversal.
    fn undo(&mut self, order: &str, why: Why, now: Moment, replies: Vec<Reply>) {
        let trace = self.next_trace();
        let Some(mut record) = self.records.get(order).cloned() else {
            return;
        };
        let authorization = match record.state {
            State::Approved { authorization, .. } => authorization,
            _ => String::new(),
        };
        record.state = State::Undoing { why };
        record.reversal = Some(Reversal {
            trace,
            second: now.second,
            advice: false,
            authorization,
        });
        // Where it can't be written, it is done all the same: a start would find the purchase in doubt, and undo it then.
        self.save(&record);
        self.records.insert(order.to_owned(), record);
        self.await_answer(trace, order, Kind::Reversal, now, replies);
        self.send(trace, now);
    }

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

    /// When [`Desk::expire`] has something to do next.
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
                    tell(open.replies, self.standing(&open.order));
                }
                Kind::Purchase => {
                    self.conclude(&open.order, State::Unreached);
                    tell(open.replies, self.standing(&open.order));
                }
                Kind::Reversal | Kind::Refund(_) => self.insist(trace, open, now),
            }
        }
    }

    /// Asks again, and longer apart each time. Whoever waits is told how things stand.
    fn insist(&mut self, trace: u32, mut open: Open, now: Moment) {
        tell(
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
            // What is no longer asked but told is another request.
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
                tracing::info!(mti = %answer.mti(), trace, "an answer to nothing that is open");
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
                Some((why, _)) if approved || (why == Why::Unanswered && code == "25") => {
                    self.conclude(&open.order, State::Undone { why });
                }
                // The switch refuses to take back what stands.
                Some((Why::Cancelled, reversal)) if !reversal.advice => {
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
        tell(
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
    fn conclude(&mut self, order: &str, state: State) {
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

    fn save(&mut self, record: &Record) -> bool {
        let written = self.log.write(record);
        if let Err(error) = &written {
            tracing::error!(order = record.order, %error, "the log cannot be written");
        }
        written.is_ok()
    }

    fn standing(&self, order: &str) -> Option<Standing> {
        self.records.get(order).map(Record::standing)
    }

    fn waiting(&mut self, order: &str, kind: Kind) -> Option<&mut Open> {
        let mut open = self.open.values_mut();
        open.find(|open| open.order == order && open.kind == kind)
    }

    fn await_answer(
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
    fn await_again(&mut self, trace: u32, order: &str, kind: Kind, now: Moment) {
        self.await_answer(trace, order, kind, now, Vec::new());
        if let Some(open) = self.open.get_mut(&trace) {
            open.sent = true;
        }
    }

    /// Hands a request to the line, if there is one; marked as a repeat where it was handed out before.
    fn send(&mut self, trace: u32, now: Moment) {
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
                "its card cannot be told: sealed with another key"
            );
        }
    }

    fn next_trace(&mut self) -> u32 {
        loop {
            self.trace = self.trace % TRACE_MAX + 1;
            if !self.open.contains_key(&self.trace) {
                return self.trace;
            }
        }
    }
}

/// Whoever asked may have gone; that is their business.
fn tell(replies: Vec<Reply>, standing: Option<Standing>) {
    for reply in replies {
        let _ = reply.send(standing.clone());
    }
}
