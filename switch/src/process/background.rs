//! The tasks that run as long as the switch serves: settlement dates, reconciliation, renewal of data keys,
//! checkpoints, and the service manager's watchdog.

use std::sync::Arc;
use std::time::Duration;

use actix::ArbiterHandle;
use tessera_cluster::changes::Change;
use tessera_console::service;
use tessera_encryption::DataKeys;
use tessera_journal::Journal;
use tessera_kit::fence;
use tessera_metrics::Metrics;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::base::Base;
use super::data::Data;
use super::workers::Workers;
use crate::assembly::Shared;
use crate::host_totals::HostTotals;
use crate::router::{WorkerTask, ask_all};

/// A data key that `tessera keys rotate` has added is used this much later at the latest.
const LOOK_FOR_KEYS_EVERY: Duration = Duration::from_secs(5);

pub(super) struct Background(Vec<JoinHandle<()>>);

impl Background {
    pub fn start(base: &Base, data: &Data, shared: &Shared, workers: &Workers) -> Self {
        let totals = HostTotals {
            settlement: shared.settlement.clone(),
            metrics: Arc::clone(&base.metrics),
            after: base.settings.host.reconcile_after,
        };
        Self(vec![
            actix::spawn(shared.settlement.clone().keep()),
            actix::spawn(totals.keep()),
            actix::spawn(renew_data_keys(
                data.keys.clone(),
                base.settings.encryption.rotate_every,
                Arc::clone(&base.metrics),
                Arc::clone(&data.journal),
            )),
            actix::spawn(say_alive(workers.handles())),
            actix::spawn(checkpoint_regularly(workers.tasks.clone(), shared.clone())),
        ])
    }

    pub fn stop(&self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

async fn checkpoint_regularly(worker_tasks: Vec<UnboundedSender<WorkerTask>>, shared: Shared) {
    loop {
        tokio::time::sleep(shared.settings.store.checkpoint_every).await;
        checkpoint(&worker_tasks, &shared).await;
    }
}

/// One round: what has happened up to the mark is in wallets that changed, and those are handed over before the mark is.
pub(super) async fn checkpoint(worker_tasks: &[UnboundedSender<WorkerTask>], shared: &Shared) {
    if shared.checkpointer.is_paused() {
        return;
    }
    let Some(mark) = shared.journal.mark() else {
        return;
    };
    ask_all(worker_tasks, WorkerTask::Checkpoint).await;
    shared.checkpointer.mark(mark);
}

/// Without a new key the switch goes on with the one that it has.
async fn renew_data_keys(
    keys: DataKeys,
    every: Duration,
    metrics: Arc<Metrics>,
    journal: Arc<dyn Journal>,
) {
    let mut warned = None;
    loop {
        tokio::time::sleep(LOOK_FOR_KEYS_EVERY).await;
        let renewing = keys.clone();
        let Ok(renewed) = tokio::task::spawn_blocking(move || renewing.renew(every)).await else {
            return;
        };
        metrics
            .data_key_renewal_failing
            .set(renewed.is_err().into());
        match renewed {
            Ok(None) => warned = None,
            Ok(Some(key)) => {
                tracing::info!(data_key = key.0, "encrypting with a new data key");
                // Other nodes need it as soon as anything here is encrypted with it.
                if let Ok(line) = keys.wrapped(key) {
                    let mut change = Vec::new();
                    Change::DataKey { line: &line }.append_to(&mut change);
                    journal.append_beside(&change);
                }
            }
            Err(error) => {
                let error = error.to_string();
                if warned.as_ref() != Some(&error) {
                    tracing::warn!(error, "no new data key; the present one stays in use");
                    warned = Some(error);
                }
            }
        }
    }
}

/// Sends the service manager's watchdog a sign of life of every worker, where it asks for that: it restarts a switch that hangs.
async fn say_alive(workers: Vec<ArbiterHandle>) {
    let Some(every) = service::watchdog_every() else {
        return;
    };
    loop {
        // Where the process may not act, its workers wait for the fence, and do not hang.
        if !fence::is_open() {
            service::alive();
            tokio::time::sleep(every).await;
            continue;
        }
        // Not a [`WorkerTask`]: those wait for each other, and a checkpoint waits for the disk.
        for worker in &workers {
            let (done, is_done) = oneshot::channel();
            worker.spawn(async move {
                let _ = done.send(());
            });
            let _ = is_done.await;
        }
        service::alive();
        tokio::time::sleep(every).await;
    }
}
