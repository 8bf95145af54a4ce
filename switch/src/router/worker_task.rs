//! What the switch asks of a worker as a whole.

use std::sync::Arc;

use tokio::sync::oneshot::Sender;
use tokio_rustls::TlsAcceptor;

use tessera_admission::Parties;

/// A request from another thread; the sender is notified when it is done.
pub enum WorkerTask {
    /// Hand every wallet that changed to the store.
    Checkpoint(Sender<()>),
    /// These are the parties from now on, and this the certificate of the malls' TLS door.
    Renew(Arc<Parties>, Option<TlsAcceptor>, Sender<()>),
    /// Read no more requests, answer what is under way.
    Drain(Sender<()>),
    /// Sign off from the host: once all workers have drained, as each needs the wallets and the lines of the others.
    Close(Sender<()>),
}
