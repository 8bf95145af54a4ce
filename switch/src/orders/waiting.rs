//! Purchases of one worker's malls that wait until a payer agrees to their order.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tessera_kit::clock::Timestamp;
use tessera_ledger::{OrderState, Outcome, Rule, WalletId};
use tessera_metrics::WorkerMetrics;
use tessera_protocol::OrderKey;

use super::{Orders, Parked};
use crate::dispatch::Outgoing;

/// One per worker. Bounded by admission: each waiting purchase is an admitted request.
pub struct WaitingPurchases {
    orders: Arc<Orders>,
    outgoing: Rc<Outgoing>,
    metrics: Rc<WorkerMetrics>,
    /// Their orders, by the time at which they give up.
    deadlines: RefCell<VecDeque<(Instant, OrderKey)>>,
}

impl WaitingPurchases {
    /// Of a worker that sends commands by `outgoing`.
    pub fn new(orders: Arc<Orders>, outgoing: Rc<Outgoing>, metrics: Rc<WorkerMetrics>) -> Self {
        Self {
            orders,
            outgoing,
            metrics,
            deadlines: RefCell::default(),
        }
    }

    /// A purchase waits for this order until then. Deadlines come in the order of time: all wait equally long.
    pub fn wait(&self, key: OrderKey, until: Instant) {
        self.deadlines.borrow_mut().push_back((until, key));
    }

    /// An order now belongs to this wallet: the purchases that waited for it are forwarded.
    pub fn order_turned(
        &self,
        key: OrderKey,
        wallet: WalletId,
        state: OrderState,
        expires_at: Timestamp,
    ) {
        let waited = match self.orders.turn(key, wallet, state, expires_at) {
            Ok(waited) => waited,
            Err(error) => {
                tracing::error!(%error, "an order could not be looked up");
                return;
            }
        };
        for message in waited {
            if let Some(requester) = &message.requester {
                self.metrics.order_waited(requester.arrived.elapsed());
            }
            self.outgoing.dispatch(wallet, message);
        }
    }

    /// Answers the purchases that have waited for too long.
    pub fn give_up(&self, now: Instant) {
        loop {
            let mut deadlines = self.deadlines.borrow_mut();
            let Some(&(_, key)) = deadlines.front().filter(|(until, _)| *until <= now) else {
                return;
            };
            deadlines.pop_front();
            drop(deadlines);
            self.answer(self.orders.give_up(key, now), Rule::NoAgreement);
        }
    }

    /// Answers purchases that waited for an order.
    pub fn answer(&self, parked: Vec<Parked>, rule: Rule) {
        let now = Instant::now();
        for requester in parked
            .into_iter()
            .filter_map(|parked| parked.message.requester)
        {
            let took = now.saturating_duration_since(requester.arrived);
            requester.log_decline(rule.into());
            self.metrics.answered(requester.kind, rule.into(), took);
            self.metrics.order_waited(took);
            if let Some(connection) = requester.answer(&Outcome::declined(rule)) {
                connection.flush();
            }
        }
    }
}
