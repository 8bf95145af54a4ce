//! The interface for the rest of the shop: send a request, get its result. A caller that stops waiting changes nothing.

use std::path::Path;

use tessera_common::addresses::Addresses;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::line::{Line, now};
use super::party_requests::{PartyRequests, Reply, ShopRequest};
use super::record::Standing;
use super::{Party, Payer, Times};
use crate::shop::capture::Capture;
use crate::shop::log::{Log, LogError};

/// Requests that the line's task has not taken yet: visitors of a shop are slower.
const REQUESTS_MAX: usize = 64;

/// Asks the switch. Its clones share one connection.
#[derive(Clone)]
pub struct Client {
    requests: mpsc::Sender<ShopRequest>,
}

impl Client {
    /// Reads the log and starts the connection's task on the current local set. It runs until the last clone is dropped, or
    /// the task is ended.
    ///
    /// # Errors
    /// Where the log cannot be used.
    pub fn start(
        switch: Addresses,
        party: Party,
        times: Times,
        log: &Path,
        capture: Option<Capture>,
    ) -> Result<(Self, JoinHandle<()>), LogError> {
        let (log, records) = Log::open(log)?;
        let (requests, taken) = mpsc::channel(REQUESTS_MAX);
        let party_requests = PartyRequests::new(party.clone(), times, log, records, now());
        let line = Line {
            switch,
            party,
            times,
            capture,
            party_requests,
            requests: taken,
        };
        Ok((Self { requests }, tokio::task::spawn_local(line.run())))
    }

    /// Has an order paid. Asked again for the same order, it is the same purchase and the same answer; only where the switch was
    /// never reached, it is tried anew. `None` where the shop is ending, or can't write its log.
    pub async fn purchase(&self, order: &str, amount: u64, payer: Payer) -> Option<Standing> {
        let order = order.to_owned();
        self.ask(|reply| ShopRequest::Purchase {
            order,
            amount,
            payer,
            reply,
        })
        .await
    }

    /// Gives money back, as long as there is that much left of the purchase, and as many refunds of it as the caller has seen:
    /// asked twice, it is one refund.
    pub async fn refund(&self, order: &str, amount: u64, seen: usize) -> Option<Standing> {
        let order = order.to_owned();
        self.ask(|reply| ShopRequest::Refund {
            order,
            amount,
            seen,
            reply,
        })
        .await
    }

    /// Takes a purchase back whole, unless some of it was refunded.
    pub async fn cancel(&self, order: &str) -> Option<Standing> {
        let order = order.to_owned();
        self.ask(|reply| ShopRequest::Cancel { order, reply }).await
    }

    /// How things stand; `None` where nothing was asked.
    pub async fn look(&self, order: &str) -> Option<Standing> {
        let order = order.to_owned();
        self.ask(|reply| ShopRequest::Look { order, reply }).await
    }

    async fn ask(&self, request: impl FnOnce(Reply) -> ShopRequest) -> Option<Standing> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.ok()?;
        answer.await.ok().flatten()
    }
}
