//! What is asked of the switch, what it answers, and what follows where it doesn't: everything but the socket. Time is handed
//! in. Frames to send gather in [`PartyRequests::out`]; every one of them is in the log before.

mod answers;
mod deadlines;
mod sending;

use std::collections::{BTreeMap, HashMap};

use bytes::BytesMut;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::record::{Name, Record, Refund, RefundState, Reversal, Standing, State, Why};
use super::request::Kind;
use super::{Party, Payer, Times, seal};
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

/// Notified when the answer has arrived.
pub(super) type Reply = oneshot::Sender<Option<Standing>>;

/// What the shop asks.
pub(super) enum ShopRequest {
    Purchase {
        order: String,
        amount: u64,
        payer: Payer,
        reply: Reply,
    },
    Refund {
        order: String,
        amount: u64,
        /// Refunds that the caller has seen.
        seen: usize,
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
    #[error("an answer that cannot be parsed")]
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
pub(super) struct PartyRequests {
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

impl PartyRequests {
    /// With what was written before: what was left in doubt is undone.
    pub fn new(
        party: Party,
        times: Times,
        log: Log<Record>,
        records: Vec<Record>,
        now: Moment,
    ) -> Self {
        let orders: Vec<_> = records.iter().map(|record| record.order.clone()).collect();
        let mut party_requests = Self {
            party,
            times,
            records: records
                .into_iter()
                .map(|record| (record.order.clone(), record))
                .collect(),
            open: BTreeMap::new(),
            log,
            // Not what the last start began with: the clock may be back in its second.
            trace: rand::random_range(0..TRACE_MAX),
            echo: None,
            connected: false,
            out: BytesMut::new(),
        };
        for order in orders {
            party_requests.resume(&order, now);
        }
        party_requests
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

    /// Takes a request; its reply comes at once, or with the answer.
    pub fn take(&mut self, request: ShopRequest, now: Moment) {
        match request {
            ShopRequest::Look { order, reply } => answer_all(vec![reply], self.standing(&order)),
            ShopRequest::Purchase {
                order,
                amount,
                payer,
                reply,
            } => self.purchase(order, amount, payer, reply, now),
            ShopRequest::Refund {
                order,
                amount,
                seen,
                reply,
            } => self.refund(&order, amount, seen, reply, now),
            ShopRequest::Cancel { order, reply } => self.cancel(&order, reply, now),
        }
    }

    fn purchase(&mut self, order: String, amount: u64, payer: Payer, reply: Reply, now: Moment) {
        let before = self.records.get(&order).map(|record| &record.state);
        if before.is_some_and(|state| *state != State::Unreached) {
            // Asked before: there is one answer for everybody who asks.
            match self.waiting(&order, Kind::Purchase) {
                Some(open) => open.replies.push(reply),
                None => answer_all(vec![reply], self.standing(&order)),
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
            answer_all(vec![reply], None);
            return;
        }
        self.records.insert(order.clone(), record);
        self.await_answer(trace, &order, Kind::Purchase, now, vec![reply]);
        self.send(trace, now);
    }

    fn refund(&mut self, order: &str, amount: u64, seen: usize, reply: Reply, now: Moment) {
        let trace = self.next_trace();
        let Some(mut record) = self.approved(order) else {
            return answer_all(vec![reply], self.standing(order));
        };
        let number = record.refunds.len();
        if amount == 0 || amount > record.left() || number != seen {
            return answer_all(vec![reply], self.standing(order));
        }
        record.refunds.push(Refund {
            amount,
            trace,
            second: now.second,
            state: RefundState::Asked,
        });
        if !self.save(&record) {
            return answer_all(vec![reply], None);
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
            _ => answer_all(vec![reply], self.standing(order)),
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
}

/// The caller may have stopped waiting, which is fine.
fn answer_all(replies: Vec<Reply>, standing: Option<Standing>) {
    for reply in replies {
        let _ = reply.send(standing.clone());
    }
}
