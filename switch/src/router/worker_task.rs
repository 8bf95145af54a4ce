//! What the switch asks of a worker as a whole.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot::{Sender, channel};
use tokio_rustls::TlsAcceptor;

use tessera_admission::Parties;

/// A request from another thread; the sender is notified when it is done.
pub enum WorkerTask {
    /// Hand every wallet that changed to the store.
    Checkpoint(Sender<()>),
    /// These are the parties from now on, and this the certificate of the malls' port with TLS.
    Renew(Arc<Parties>, Option<TlsAcceptor>, Sender<()>),
    /// Read no more requests, answer what is under way.
    Drain(Sender<()>),
    /// Sign off from the host: once all workers have drained, as each needs the wallets and the lines of the others.
    Close(Sender<()>),
}

/// Asks every worker, and waits until all have done it.
pub async fn ask_all(
    workers: &[UnboundedSender<WorkerTask>],
    worker_task: impl Fn(Sender<()>) -> WorkerTask,
) {
    let asked: Vec<_> = workers
        .iter()
        .map(|worker| {
            let (done, is_done) = channel();
            // A worker that has ended drops its end, and counts as done.
            let _ = worker.send(worker_task(done));
            is_done
        })
        .collect();
    for is_done in asked {
        let _ = is_done.await;
    }
}
