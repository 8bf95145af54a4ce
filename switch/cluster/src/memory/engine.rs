//! The engine, as a node sees it over its line.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::Append;
use super::follow::Follower;
use super::lease::MemoryLease;
use super::line::MemoryLog;
use crate::{
    Appended, Config, Follow, HandOver, Head, Lease, LogError, LogStatus, NodeId, NodeReport,
    ReplicatedLog, Revision,
};

impl ReplicatedLog for MemoryLog {
    fn config(&self) -> Result<Option<Config>, LogError> {
        Ok(self.state()?.config.clone())
    }

    fn begin(&self, config: &Config, head: &Head) -> Result<bool, LogError> {
        let begun = self.state()?.begin(config, head);
        self.memory.0.changed.notify_all();
        Ok(begun)
    }

    fn head(&self) -> Result<Option<(Head, Revision)>, LogError> {
        Ok(self.state()?.head())
    }

    fn append(
        &self,
        expected: Revision,
        head: &Head,
        entry: &[u8],
        trim_below: u64,
    ) -> Result<Appended, LogError> {
        assert!(trim_below <= head.number, "an append that trims itself");
        let append = Append {
            expected,
            head: head.clone(),
            entry: entry.to_vec(),
            trim_below,
        };
        let (delay, loss) = {
            let mut faults = self.line.faults();
            (faults.delay, faults.losses.pop_front())
        };
        std::thread::sleep(delay);
        if let Some(loss) = loss {
            return Err(self.lost(loss, append));
        }
        let mut state = self.state()?;
        if state.is_full {
            return Err(LogError::Full("as the test says".into()));
        }
        let appended = state.append(append);
        self.memory.0.changed.notify_all();
        appended.ok_or_else(|| LogError::Unusable("the head of the log is gone".into()))
    }

    fn trim(&self, expected: Revision, below: u64) -> Result<(), LogError> {
        self.state()?.trim(expected, below);
        Ok(())
    }

    fn first(&self) -> Result<Option<u64>, LogError> {
        Ok(self.state()?.first())
    }

    fn follow(&self, from: u64) -> Result<Box<dyn Follow>, LogError> {
        Ok(Box::new(Follower::new(self.clone(), from)))
    }

    fn lease(&self, ttl: Duration) -> Result<Box<dyn Lease>, LogError> {
        let mut state = self.state()?;
        let lease = state.grant();
        state.ttls.insert(lease, ttl);
        drop(state);
        Ok(Box::new(MemoryLease::new(self.clone(), lease)))
    }

    fn claimed(&self) -> Result<Option<NodeId>, LogError> {
        Ok(self.state()?.claimed())
    }

    fn unclaimed(&self, wait: Duration) -> Result<Option<NodeId>, LogError> {
        let until = Instant::now() + wait;
        let mut state = self.state()?;
        while state.owner.is_some()
            && let Some(left) = until.checked_duration_since(Instant::now())
        {
            let waited = self.memory.0.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            self.line.check()?;
        }
        Ok(state.claimed())
    }

    fn nodes(&self) -> Result<Vec<NodeReport>, LogError> {
        Ok(self.state()?.reports())
    }

    fn hand_over(&self) -> Result<Option<HandOver>, LogError> {
        let state = self.state()?;
        Ok(state.hand_over.as_ref().map(|(request, _)| request.clone()))
    }

    fn status(&self) -> Result<LogStatus, LogError> {
        let state = self.state()?;
        let bytes: usize = state.entries.values().map(Vec::len).sum();
        Ok(LogStatus {
            version: "memory".into(),
            leader: 1,
            database_bytes: bytes as u64,
            used_bytes: bytes as u64,
            quota_bytes: None,
            members_up: 1,
            members: 1,
            alarms: Vec::new(),
        })
    }

    fn compact(&self) -> Result<(), LogError> {
        self.state().map(drop)
    }
}
