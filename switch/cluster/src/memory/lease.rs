//! A lease, which ends when a test says so.

use super::{MemoryLog, State};
use crate::{Claim, Lease, LogError, NodeId, NodeReport};

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

    fn disclaim(&mut self) -> Result<(), LogError> {
        let mut state = self.log.state()?;
        state.owner.take_if(|(_, lease)| *lease == self.id);
        drop(state);
        self.changed();
        Ok(())
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

    /// Whether the lease lives.
    pub(crate) fn report(&mut self, report: &NodeReport, lease: u64) -> bool {
        let lives = self.lives(lease);
        if lives {
            let said = (report.clone(), lease);
            self.nodes.insert(report.node.clone(), said);
        }
        lives
    }

    pub(crate) fn end(&mut self, lease: u64) {
        self.leases.remove(&lease);
        self.owner.take_if(|(_, of)| *of == lease);
        self.nodes.retain(|_, (_, of)| *of != lease);
    }
}
