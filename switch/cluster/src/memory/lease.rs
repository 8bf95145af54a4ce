//! A lease, which ends when a test says so.

use std::sync::MutexGuard;

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

    fn living(&self) -> Result<MutexGuard<'_, State>, LogError> {
        let state = self.log.state()?;
        match state.leases.contains(&self.id) {
            true => Ok(state),
            false => Err(LogError::Unavailable("the lease has ended".into())),
        }
    }

    fn changed(&self) {
        self.log.memory.0.changed.notify_all();
    }
}

impl Lease for MemoryLease {
    fn renew(&mut self) -> Result<bool, LogError> {
        Ok(self.log.state()?.leases.contains(&self.id))
    }

    fn claim(&mut self, node: &NodeId) -> Result<Claim, LogError> {
        let mut state = self.living()?;
        match &state.owner {
            Some((_, lease)) if *lease == self.id => Ok(Claim::Ours),
            Some((other, _)) => Ok(Claim::Others(other.clone())),
            None => {
                state.owner = Some((node.clone(), self.id));
                Ok(Claim::Ours)
            }
        }
    }

    fn disclaim(&mut self) -> Result<(), LogError> {
        let mut state = self.log.state()?;
        state.owner.take_if(|(_, lease)| *lease == self.id);
        drop(state);
        self.changed();
        Ok(())
    }

    fn report(&mut self, report: &NodeReport) -> Result<(), LogError> {
        let mut state = self.living()?;
        let said = (report.clone(), self.id);
        state.nodes.insert(report.node.clone(), said);
        Ok(())
    }

    fn revoke(self: Box<Self>) -> Result<(), LogError> {
        self.log.state()?.end(self.id);
        self.changed();
        Ok(())
    }
}
