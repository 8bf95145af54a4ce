//! The thread of `keeper.rs`, and what other threads do under its lock.

use super::net::{Answer, Ask, Thread, reply};
use super::world::World;
use crate::protocol::{Due, Reply, Said, Tenure};
use crate::{LogError, NodeReport};

/// Of a lease, in milliseconds, as all times here.
pub const TTL: u64 = 3_000;
/// As in production.
const MARGIN: u64 = 500;
const RENEW_EVERY: u64 = TTL / 6;
const REPORT_EVERY: u64 = 200;

pub struct Keeper {
    pub tenure: Tenure<u64>,
    pub lease: Option<u64>,
    /// What it is about to do, or waits for.
    due: Option<Due<u64>>,
    /// For the main thread, which waits for its claim.
    for_claim: bool,
    renewed: Option<u64>,
    reported: Option<u64>,
    /// An owner's claim is made anew.
    reclaims: bool,
    /// What it says of itself at the moment.
    reports: Option<u64>,
}

impl Keeper {
    pub fn new(now: u64) -> Self {
        Self {
            tenure: Tenure::new(now),
            lease: None,
            due: None,
            for_claim: false,
            renewed: None,
            reported: None,
            reclaims: false,
            reports: None,
        }
    }

    /// Nobody has its lock.
    pub fn is_idle(&self) -> bool {
        self.due.is_none() && self.reports.is_none()
    }
}

impl World {
    /// Whether there was something to do.
    pub fn keep(&mut self, node: usize) -> bool {
        let now = self.now;
        let process = self.process(node);
        if let Some(due) = process.keeper.due.take() {
            self.keeper_does(node, due);
            return true;
        }
        let wants_claim = process.standby().is_some_and(|standby| standby.claims());
        let (synced, is_starting) = (process.synced, process.is_starting);
        let keeper = &mut process.keeper;
        let is_over = |last: Option<u64>, every| last.is_none_or(|at| now >= at + every);
        if keeper.lease.is_none() || is_over(keeper.renewed, RENEW_EVERY) {
            keeper.renewed = Some(now);
            (keeper.due, keeper.for_claim) = (Some(keeper.tenure.renew(now)), false);
        } else if wants_claim {
            (keeper.due, keeper.for_claim) = (Some(keeper.tenure.claim()), true);
        } else if !is_starting
            && keeper.tenure.has_to_report(said(synced))
            && is_over(keeper.reported, REPORT_EVERY)
            && let Some(lease) = keeper.lease
        {
            (keeper.reports, keeper.reported) = (Some(synced), Some(now));
            let report = NodeReport {
                node: self.nodes[node].id.clone(),
                synced,
                build: String::new(),
                peer: None,
                needs: None,
                state: Default::default(),
            };
            self.ask(node, Thread::Keeper, Ask::Report(lease, report));
        } else {
            return false;
        }
        true
    }

    fn keeper_does(&mut self, node: usize, due: Due<u64>) {
        let lease = self.process(node).keeper.lease;
        let ask = match &due {
            Due::Open(sent) => {
                let reclaimed = std::mem::take(&mut self.process(node).keeper.reclaims);
                self.seen.reclaimed += u64::from(reclaimed);
                self.process(node).fence_until = sent + TTL - MARGIN;
                self.checks_the_fence(node);
                return self.keeper_is_done(node, true);
            }
            Due::Rest => return self.keeper_is_done(node, false),
            Due::Revoke => {
                self.revoke(node);
                return self.keeper_is_done(node, false);
            }
            Due::Lost(_) => return self.exit(node),
            Due::Grant => {
                self.close_fence(node);
                self.process(node).keeper.lease = None;
                Ask::Grant
            }
            Due::ReadHead => {
                self.process(node).keeper.reclaims = true;
                Ask::Head
            }
            Due::Renew | Due::Claim | Due::LookAtClaim => match (lease, &due) {
                (Some(lease), Due::Renew) => Ask::Renew(lease),
                (Some(lease), Due::LookAtClaim) => Ask::HasClaim(lease),
                (Some(lease), _) => Ask::Claim(lease),
                (None, _) => return self.keeper_gets(node, Reply::Silence),
            },
        };
        self.process(node).keeper.due = Some(due);
        self.ask(node, Thread::Keeper, ask);
    }

    pub fn keeper_answered(&mut self, node: usize, answer: Option<Answer>) {
        let keeper = &mut self.process(node).keeper;
        if let Some(synced) = keeper.reports.take() {
            if let Some(Answer::Done) = answer {
                keeper.tenure.reported(said(synced));
            }
            return;
        }
        let reply: Result<Reply, LogError> = reply(answer, |answer| {
            Some(match answer {
                Answer::Renewed(lives) => Reply::Renewed(lives),
                Answer::Claim(claim) => Reply::Claimed(claim),
                Answer::HasClaim(has) => Reply::HasClaim(has),
                Answer::Head(head) => Reply::Head(head.map(|(head, _)| head)),
                Answer::Granted(lease) => {
                    keeper.lease = Some(lease);
                    Reply::Granted
                }
                _ => return None,
            })
        });
        self.keeper_gets(node, reply.unwrap_or(Reply::Silence));
    }

    fn keeper_gets(&mut self, node: usize, reply: Reply) {
        let now = self.now;
        let keeper = &mut self.process(node).keeper;
        keeper.due = Some(keeper.tenure.on(reply, now));
    }

    fn keeper_is_done(&mut self, node: usize, opened: bool) {
        let keeper = &mut self.process(node).keeper;
        if std::mem::take(&mut keeper.for_claim) {
            self.claimed(node, opened);
        }
    }

    /// Under the keeper's lock, by the main thread.
    pub fn give_up(&mut self, node: usize) {
        let due = self.process(node).keeper.tenure.give_up();
        assert_eq!(due, Due::Revoke);
        self.revoke(node);
    }

    /// Nobody waits for the answer.
    fn revoke(&mut self, node: usize) {
        self.close_fence(node);
        if let Some(lease) = self.process(node).keeper.lease.take() {
            self.send(node, Ask::Revoke(lease));
        }
    }

    fn close_fence(&mut self, node: usize) {
        self.process(node).fence_until = 0;
    }

    /// The process has resigned, and ends.
    pub fn end_lease(&mut self, node: usize) {
        self.revoke(node);
    }
}

/// No node of the model copies with the help of the log's owner.
fn said(synced: u64) -> Said {
    Said {
        synced,
        needs: None,
    }
}
