//! Liveness and readiness of the switch, with the reason where it is not ready.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use tessera_metrics::LinkStats;

/// The state in `/readyz`. Set by the components, from any thread.
#[derive(Debug)]
pub struct Health {
    journal_open: AtomicBool,
    serving: AtomicBool,
    stopping: AtomicBool,
    links: Box<[OnceLock<Arc<LinkStats>>]>,
}

impl Health {
    /// A switch that has just been started, with so many workers.
    pub fn new(workers: usize) -> Self {
        Self {
            journal_open: AtomicBool::new(false),
            serving: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            links: (0..workers).map(|_| OnceLock::new()).collect(),
        }
    }

    /// The journal has been replayed and takes events.
    pub fn set_journal_open(&self, open: bool) {
        self.journal_open.store(open, Relaxed);
    }

    /// The ports accept: malls can connect.
    pub fn set_serving(&self, serving: bool) {
        self.serving.store(serving, Relaxed);
    }

    /// No new connection is accepted any more.
    pub fn set_stopping(&self) {
        self.stopping.store(true, Relaxed);
    }

    /// From now on knows which of a worker's lines to the financial system are signed on. The first word counts.
    pub fn watch_link(&self, worker: usize, stats: Arc<LinkStats>) {
        if let Some(link) = self.links.get(worker) {
            link.get_or_init(|| stats);
        }
    }

    /// Why no purchase would be approved now; empty if one could be.
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.stopping.load(Relaxed) {
            reasons.push("stopping".to_string());
        }
        if !self.journal_open.load(Relaxed) {
            reasons.push("journal recovering".to_string());
        } else if !self.serving.load(Relaxed) {
            reasons.push("not listening yet".to_string());
        }
        reasons.extend(self.host_reason());
        reasons
    }

    /// A worker without a line sends over those of the others.
    fn host_reason(&self) -> Option<String> {
        let up = |link: &OnceLock<Arc<LinkStats>>| link.get().is_some_and(|stats| stats.is_up());
        let down = !self.links.iter().any(up);
        down.then(|| "host link down".to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_why_it_is_not_ready() {
        let health = Health::new(2);
        assert_eq!(health.reasons(), ["journal recovering", "host link down"]);
        health.set_journal_open(true);
        let links = [0, 1].map(|worker| {
            let stats = Arc::new(LinkStats::new(2));
            health.watch_link(worker, Arc::clone(&stats));
            stats
        });
        assert_eq!(health.reasons(), ["not listening yet", "host link down"]);
        links[1].lines_up[1].set(1);
        assert_eq!(health.reasons(), ["not listening yet"]);
        health.set_serving(true);
        assert!(health.reasons().is_empty());
        links[1].lines_up[1].set(0);
        assert_eq!(health.reasons(), ["host link down"]);
        links[0].lines_up[0].set(1);
        assert!(health.reasons().is_empty());
        health.set_stopping();
        assert_eq!(health.reasons(), ["stopping"]);
    }
}
