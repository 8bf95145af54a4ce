//! A lease, which ends when a test says so.

use std::time::Duration;

use super::{MemoryLog, State};
use crate::{Claim, HandOver, Lease, LogError, NodeId, NodeReport};

pub(super) struct MemoryLease {
    log: MemoryLog,
    id: u64,
}

impl MemoryLease {
    pub(super) fn new(log: MemoryLog, id: u64) -> Self {
        Self { log, id }
    }

    fn changed(&self) {
        self.log.memory.0.changed.notify_all();
    }
}

impl Lease for MemoryLease {
    fn renew(&mut self) -> Result<bool, LogError> {
        Ok(self.log.state()?.lives(self.id))
    }

    fn claim(&mut self, node: &NodeId) -> Result<Claim, LogError> {
        let claimed = self.log.state()?.claim(node, self.id);
        if self.log.line.loses_claim() {
            return Err(LogError::Unavailable("the answer was lost".into()));
        }
        claimed.ok_or_else(ended)
    }

    fn has_claim(&mut self) -> Result<bool, LogError> {
        Ok(self.log.state()?.has_claim(self.id))
    }

    fn seize(
        &mut self,
        from: &NodeId,
        node: &NodeId,
        longest: Duration,
    ) -> Result<Option<Duration>, LogError> {
        let mut state = self.log.state()?;
        let Some((_, lease)) = state.owner.as_ref().filter(|(owner, _)| owner == from) else {
            return Ok(None);
        };
        let ttl = state.ttls.get(lease).copied().unwrap_or_default();
        if ttl > longest {
            return Err(LogError::Unusable(format!("the lease lives for {ttl:?}")));
        }
        Ok(state.seize(node, self.id).map(|_| ttl))
    }

    fn ask_hand_over(&mut self, request: &HandOver) -> Result<bool, LogError> {
        let mut state = self.log.state()?;
        if !state.lives(self.id) {
            return Err(ended());
        }
        let is_free = state.hand_over.is_none();
        state
            .hand_over
            .get_or_insert_with(|| (request.clone(), self.id));
        Ok(is_free)
    }

    fn report(&mut self, report: &NodeReport) -> Result<(), LogError> {
        match self.log.state()?.report(report, self.id) {
            true => Ok(()),
            false => Err(ended()),
        }
    }

    fn revoke(self: Box<Self>) -> Result<(), LogError> {
        self.log.state()?.end(self.id);
        self.changed();
        Ok(())
    }
}

fn ended() -> LogError {
    LogError::Unavailable("the lease has ended".into())
}

impl State {
    pub(crate) fn grant(&mut self) -> u64 {
        self.leases_granted += 1;
        self.leases.insert(self.leases_granted);
        self.leases_granted
    }

    pub(crate) fn lives(&self, lease: u64) -> bool {
        self.leases.contains(&lease)
    }

    /// `None` where the lease has ended.
    pub(crate) fn claim(&mut self, node: &NodeId, lease: u64) -> Option<Claim> {
        if !self.lives(lease) {
            return None;
        }
        let (owner, of) = self.owner.get_or_insert_with(|| (node.clone(), lease));
        Some(match *of == lease {
            true => Claim::Ours,
            false => Claim::Others(owner.clone()),
        })
    }

    pub(crate) fn has_claim(&self, lease: u64) -> bool {
        self.owner.as_ref().is_some_and(|(_, of)| *of == lease)
    }

    /// The lease that had the claim; `None` where none had, or this one has ended.
    pub(crate) fn seize(&mut self, node: &NodeId, lease: u64) -> Option<u64> {
        if !self.lives(lease) {
            return None;
        }
        let (_, from) = self.owner.replace((node.clone(), lease))?;
        Some(from)
    }

    /// Whether the lease lives.
    pub(crate) fn report(&mut self, report: &NodeReport, lease: u64) -> bool {
        let lives = self.lives(lease);
        if lives {
            let said = (report.clone(), lease);
            self.nodes.insert(report.node.clone(), said);
            self.reports_written += 1;
        }
        lives
    }

    pub(crate) fn end(&mut self, lease: u64) {
        self.leases.remove(&lease);
        self.owner.take_if(|(_, of)| *of == lease);
        self.nodes.retain(|_, (_, of)| *of != lease);
        self.hand_over.take_if(|(_, of)| *of == lease);
    }
}
