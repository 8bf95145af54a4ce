//! A lease, what rests on it, and the stream over which it is renewed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep, timeout};

use super::append::{json, nonsense, one};
use super::connection::Answers;
use super::fault::{Fault, Kind};
use super::keys::Keys;
use super::limits::{ATTEMPT, ATTEMPT_MIN, PAUSE, REQUEST};
use super::link::{Chosen, Link};
use super::owner::name_of;
use super::runtime::Worker;
use super::wire::{
    Compare, GrantRequest, KeepAliveRequest, KeepAliveResponse, KeyValue, RangeRequest, RequestOp,
    RevokeRequest, Target, TimeToLiveRequest, TxnRequest,
};
use crate::{Claim, HandOver, Lease, LogError, NodeId, NodeReport};

/// How often a report is sent where another one is there.
const REPORTS_MAX: u32 = 3;

/// See the head of this file. It has a line of its own.
pub struct EtcdLease {
    worker: Arc<Worker>,
    holder: Holder,
}

struct Holder {
    link: Link,
    keys: Keys,
    id: i64,
    renewals: Option<Renewals>,
    /// The version of this node's report that was there last; 0 for none.
    reported: i64,
}

/// A stream of renewals at one member.
struct Renewals {
    requests: Sender<KeepAliveRequest>,
    answers: Answers<KeepAliveResponse>,
    chosen: Chosen,
}

/// Grants one. One that was granted without our learning of it ends by itself.
pub fn grant(
    worker: &Arc<Worker>,
    link: Link,
    keys: Keys,
    ttl: Duration,
) -> Result<EtcdLease, Fault> {
    let ttl_seconds = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
    if ttl.subsec_nanos() != 0 || ttl_seconds == 0 {
        return Err(Fault::new(
            Kind::Refused,
            format_args!("a lease of {ttl:?}: etcd counts whole seconds"),
        ));
    }
    let request = GrantRequest { ttl_seconds, id: 0 };
    let granted = worker.wait(link.ask(&request))?;
    if granted.id == 0 || granted.ttl_seconds < ttl_seconds {
        return Err(nonsense("a shorter lease than the one asked for"));
    }
    if granted.ttl_seconds > ttl_seconds {
        tracing::warn!(
            asked_seconds = ttl_seconds,
            granted_seconds = granted.ttl_seconds,
            "etcd makes the lease longer: its election timeout does not allow a shorter one"
        );
    }
    Ok(EtcdLease {
        worker: Arc::clone(worker),
        holder: Holder {
            link,
            keys,
            id: granted.id,
            renewals: None,
            reported: 0,
        },
    })
}

impl Lease for EtcdLease {
    fn renew(&mut self) -> Result<bool, LogError> {
        Ok(self.worker.wait(self.holder.renew())?)
    }

    fn claim(&mut self, node: &NodeId) -> Result<Claim, LogError> {
        Ok(self.worker.wait(self.holder.claim(node))?)
    }

    fn has_claim(&mut self) -> Result<bool, LogError> {
        Ok(self.worker.wait(self.holder.has_claim())?)
    }

    fn seize(
        &mut self,
        from: &NodeId,
        node: &NodeId,
        longest: Duration,
    ) -> Result<Option<Duration>, LogError> {
        Ok(self.worker.wait(self.holder.seize(from, node, longest))?)
    }

    fn ask_hand_over(&mut self, request: &HandOver) -> Result<bool, LogError> {
        Ok(self.worker.wait(self.holder.ask_hand_over(request))?)
    }

    fn report(&mut self, report: &NodeReport) -> Result<(), LogError> {
        Ok(self.worker.wait(self.holder.report(report))?)
    }

    fn revoke(self: Box<Self>) -> Result<(), LogError> {
        Ok(self.worker.wait(self.holder.revoke())?)
    }
}

impl Holder {
    /// One renewal, at one member after the other.
    async fn renew(&mut self) -> Result<bool, Fault> {
        let deadline = Instant::now() + REQUEST;
        loop {
            match self.round_trip().await {
                Ok(answer) => return Ok(answer.ttl_seconds > 0),
                Err(fault) => {
                    self.renewals = None;
                    if !fault.passes() || Instant::now() + ATTEMPT_MIN > deadline {
                        return Err(fault);
                    }
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn round_trip(&mut self) -> Result<KeepAliveResponse, Fault> {
        // Other lines may have found out that the member of the last renewal has failed.
        let kept = self.renewals.take();
        let mut renewals = match kept.filter(|kept| self.link.prefers(&kept.chosen)) {
            Some(renewals) => renewals,
            None => self.open().await?,
        };
        let answer = timeout(ATTEMPT, renewals.round_trip(self.id)).await;
        let answer = answer.unwrap_or_else(|_| Err(Fault::broken("no answer in time")));
        let answer = self.link.judged(&renewals.chosen, answer).await?;
        // Kept only where each request so far has had its answer.
        self.renewals = Some(renewals);
        match answer.id == self.id {
            true => Ok(answer),
            false => Err(nonsense("the renewal of another lease")),
        }
    }

    async fn open(&self) -> Result<Renewals, Fault> {
        let chosen = self.link.choose().await?;
        let (requests, mut receiver) = channel(1);
        // etcd sends headers with the first answer, so the first request is there before them.
        let first = KeepAliveRequest { id: self.id };
        requests.try_send(first).map_err(Fault::broken)?;
        let requested = stream::poll_fn(move |context| receiver.poll_recv(context));
        let answers = self.link.stream(&chosen, requested, ATTEMPT).await?;
        let mut renewals = Renewals {
            requests,
            answers,
            chosen,
        };
        let answer = timeout(ATTEMPT, renewals.answers.next()).await;
        let answer = answer.unwrap_or_else(|_| Err(Fault::broken("no answer in time")));
        self.link.judged(&renewals.chosen, answer).await?;
        Ok(renewals)
    }

    async fn claim(&self, node: &NodeId) -> Result<Claim, Fault> {
        let key = self.keys.owner();
        let name = Bytes::copy_from_slice(node.as_str().as_bytes());
        let request = TxnRequest {
            compare: vec![Compare::equal(key.clone(), Target::CreateRevision(0))],
            success: vec![RequestOp::put(key.clone(), name, self.id)],
            failure: vec![RequestOp::range(RangeRequest::one(key.clone()))],
        };
        let mut answer = self.link.ask(&request).await.map_err(ended)?;
        if answer.succeeded {
            return Ok(Claim::Ours);
        }
        let read = answer.range(0);
        let read = read.ok_or_else(|| nonsense("a transaction without what it read"))?;
        let found = one(key, read)?.ok_or_else(|| nonsense("a claim that is there and is not"))?;
        match found.lease == self.id {
            true => Ok(Claim::Ours),
            false => Ok(Claim::Others(name_of(&found)?)),
        }
    }

    async fn has_claim(&self) -> Result<bool, Fault> {
        let found = self.claim_now().await?;
        Ok(found.is_some_and(|found| found.lease == self.id))
    }

    async fn claim_now(&self) -> Result<Option<KeyValue>, Fault> {
        let key = self.keys.owner();
        let read = self.link.ask(&RangeRequest::one(key.clone())).await?;
        one(key, read)
    }

    async fn seize(
        &self,
        from: &NodeId,
        node: &NodeId,
        longest: Duration,
    ) -> Result<Option<Duration>, Fault> {
        let Some(found) = self.claim_now().await? else {
            return Ok(None);
        };
        if name_of(&found)? != *from {
            return Ok(None);
        }
        let request = TimeToLiveRequest { id: found.lease };
        let lives = self.link.ask(&request).await?;
        let Ok(seconds @ 1..) = u64::try_from(lives.granted_seconds) else {
            return Ok(None);
        };
        if seconds > longest.as_secs() {
            return Err(Fault::new(
                Kind::Refused,
                format_args!(
                    "the lease of {from} lives for {seconds} s: cluster.lease must be the same on all nodes"
                ),
            ));
        }
        let name = Bytes::copy_from_slice(node.as_str().as_bytes());
        let is_ours = self.put_where(Target::Lease(found.lease), self.keys.owner(), name);
        Ok(is_ours.await?.then_some(Duration::from_secs(seconds)))
    }

    async fn ask_hand_over(&self, request: &HandOver) -> Result<bool, Fault> {
        let value = Bytes::from(json(request)?);
        self.put_where(Target::CreateRevision(0), self.keys.hand_over(), value)
            .await
    }

    /// Puts the key with this lease, if it is as expected. Whether it is there with this lease afterwards: an earlier attempt may have
    /// done it.
    async fn put_where(&self, expected: Target, key: Bytes, value: Bytes) -> Result<bool, Fault> {
        let request = TxnRequest {
            compare: vec![Compare::equal(key.clone(), expected)],
            success: vec![RequestOp::put(key.clone(), value, self.id)],
            failure: vec![RequestOp::range(RangeRequest::one(key.clone()))],
        };
        let mut answer = self.link.ask(&request).await.map_err(ended)?;
        if answer.succeeded {
            return Ok(true);
        }
        let read = answer.range(0);
        let read = read.ok_or_else(|| nonsense("a transaction without what it read"))?;
        Ok(one(key, read)?.is_some_and(|found| found.lease == self.id))
    }

    /// Only where the report that is there is the one that was seen last: one that is sent again may otherwise replace a newer one when
    /// it arrives late.
    async fn report(&mut self, report: &NodeReport) -> Result<(), Fault> {
        let key = self.keys.node(&report.node);
        for _ in 0..REPORTS_MAX {
            let as_seen = Compare::equal(key.clone(), Target::ModRevision(self.reported));
            let request = TxnRequest {
                compare: vec![as_seen],
                success: vec![RequestOp::put(key.clone(), json(report)?, self.id)],
                failure: vec![RequestOp::range(RangeRequest::one(key.clone()))],
            };
            let mut answer = self.link.ask(&request).await.map_err(ended)?;
            if answer.succeeded {
                self.reported = answer.header.map_or(0, |header| header.revision);
                return Ok(());
            }
            let read = answer.range(0);
            let read = read.ok_or_else(|| nonsense("a transaction without what it read"))?;
            // One of this lease whose answer was lost, or of the node's lease before.
            self.reported = one(key.clone(), read)?.map_or(0, |found| found.mod_revision);
        }
        Err(Fault::broken("another process reports as this node"))
    }

    /// One that has ended is as good as revoked.
    async fn revoke(&self) -> Result<(), Fault> {
        match self.link.ask(&RevokeRequest { id: self.id }).await {
            Err(fault) if fault.kind != Kind::Missing => Err(fault),
            _ => Ok(()),
        }
    }
}

impl Renewals {
    async fn round_trip(&mut self, id: i64) -> Result<KeepAliveResponse, Fault> {
        let sent = self.requests.send(KeepAliveRequest { id }).await;
        sent.map_err(|_| Fault::broken("the stream of renewals has ended"))?;
        self.answers.next().await
    }
}

fn ended(fault: Fault) -> Fault {
    match fault.kind {
        Kind::Missing => Fault::new(Kind::Missing, "the lease has ended"),
        _ => fault,
    }
}
