//! Liveness and readiness of the switch, with the reason where it is not ready.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use tessera_cluster::{Role, Standing};
use tessera_kit::fence;
use tessera_metrics::LinkStats;

/// The state in `/readyz`. Set by the components, from any thread.
#[derive(Debug)]
pub struct Health {
    journal_open: AtomicBool,
    serving: AtomicBool,
    stopping: AtomicBool,
    links: Box<[OnceLock<Arc<LinkStats>>]>,
    cluster: OnceLock<Arc<Standing>>,
}

impl Health {
    /// A switch that has just been started, with so many workers.
    pub fn new(workers: usize) -> Self {
        Self {
            journal_open: AtomicBool::new(false),
            serving: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            links: (0..workers).map(|_| OnceLock::new()).collect(),
            cluster: OnceLock::new(),
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

    /// From now on knows what this node is in its cluster.
    pub fn watch_cluster(&self, standing: Arc<Standing>) {
        self.cluster.get_or_init(|| standing);
    }

    /// What this node is in its cluster, where there is one.
    pub fn standing(&self) -> Option<&Arc<Standing>> {
        self.cluster.get()
    }

    /// Why no purchase would be approved now; empty if one could be.
    pub fn reasons(&self) -> Vec<String> {
        if let Some(why) = self.standing().and_then(|standing| not_active(standing)) {
            return vec![why];
        }
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

/// Why another node answers, if it does.
fn not_active(standing: &Standing) -> Option<String> {
    let overview = standing.overview();
    let behind = overview.seen.saturating_sub(overview.synced);
    match overview.role {
        Role::Starting => Some(match &overview.why_not {
            Some(why) => format!("joining the cluster: {why}"),
            None => "joining the cluster".to_owned(),
        }),
        Role::Standby => {
            let owner = overview.owner.as_ref();
            let owner = owner.map_or("no node", |owner| owner.as_str());
            let why_not = overview
                .why_not
                .map_or_else(String::new, |why| format!("; {why}"));
            Some(format!(
                "standby of {owner}, {behind} entries behind{why_not}"
            ))
        }
        Role::TakingOver => Some("taking over".to_owned()),
        // Its answers wait, and may have to wait until another node has taken over.
        Role::Active if !fence::is_open() => Some("etcd does not renew the lease".to_owned()),
        Role::Active => None,
        Role::Resigned => Some("resigned: another node takes over".to_owned()),
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
