//! The workers' threads, from outside.

use std::sync::Arc;

use actix::{Arbiter, ArbiterHandle};
use tessera_admission::Way;
use tessera_kit::clock::Timestamp;
use tessera_ledger::WalletId;
use tessera_metrics::LinkStats;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::wire::WorkerInboxes;
use crate::assembly::{self, Seed, Shared};
use crate::router::{WorkerTask, ask_all};

pub(super) struct Workers {
    arbiters: Vec<Arbiter>,
    pub tasks: Vec<UnboundedSender<WorkerTask>>,
    /// Where accepted connections go.
    pub malls: Vec<Way>,
    pub sealed_malls: Vec<Way>,
    pub wallet_servers: Vec<Way>,
}

impl Workers {
    /// A thread for each. `holding` are the wallets that hold money, and when the first of their holds expires.
    pub fn start(
        shared: &Shared,
        inboxes: WorkerInboxes,
        link_stats: &[Arc<LinkStats>],
        holding: Vec<(Timestamp, WalletId)>,
    ) -> Self {
        let workers = link_stats.len();
        let mut wakes: Vec<Vec<_>> = vec![Vec::new(); workers];
        for (at, wallet) in holding {
            wakes[shared.inboxes.owner(wallet)].push((at, wallet));
        }
        let (tasks, task_ends): (Vec<_>, Vec<_>) =
            (0..workers).map(|_| unbounded_channel()).unzip();
        let (malls, mall_ends) = tessera_admission::ways(workers);
        let (sealed_malls, sealed_mall_ends) = tessera_admission::ways(workers);
        let (wallet_servers, wallet_server_ends) = tessera_admission::ways(workers);
        let messages = inboxes.wallets.into_iter().zip(task_ends);
        let lines = link_stats.iter().cloned().zip(inboxes.links);
        let connections = mall_ends
            .into_iter()
            .zip(sealed_mall_ends)
            .zip(wallet_server_ends);
        let seeds = messages.zip(lines).zip(connections).zip(wakes).enumerate();
        let arbiters = seeds
            .map(|(index, (((messages, lines), connections), wakes))| {
                let (inbox, worker_tasks) = messages;
                let (stats, link_inbox) = lines;
                let ((malls, sealed_malls), wallet_servers) = connections;
                let seed = Seed {
                    index,
                    inbox,
                    worker_tasks,
                    malls,
                    sealed_malls,
                    wallet_servers,
                    stats,
                    link_inbox,
                    wakes,
                };
                let journal = Arc::clone(&shared.journal);
                let arbiter = Arbiter::with_tokio_rt(move || assembly::runtime(journal));
                let shared = shared.clone();
                arbiter.spawn_fn(move || assembly::start(seed, shared));
                arbiter
            })
            .collect();
        Self {
            arbiters,
            tasks,
            malls,
            sealed_malls,
            wallet_servers,
        }
    }

    pub fn handles(&self) -> Vec<ArbiterHandle> {
        self.arbiters.iter().map(Arbiter::handle).collect()
    }

    /// Answers what is under way, then closes connections and lines.
    pub async fn drain(&self) {
        ask_all(&self.tasks, WorkerTask::Drain).await;
        ask_all(&self.tasks, WorkerTask::Close).await;
    }

    /// Ends the threads.
    pub fn stop(self) {
        for arbiter in self.arbiters {
            arbiter.stop();
            // A worker that panicked has said so itself.
            let _ = arbiter.join();
        }
    }
}
