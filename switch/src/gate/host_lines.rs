//! What the gate and the wallets need of a worker's lines to the host.

use std::rc::Rc;
use tessera_protocol::Stan;

use tessera_host::{Forwarder, HostMessage, HostRequest, Link};
use tessera_ledger::{Reference, WalletId};

/// A worker's lines to the host.
pub trait HostLines {
    /// Whether any line is signed on.
    fn is_up(&self) -> bool;

    /// A STAN for a request to come, unique among what is in flight on all workers.
    fn next_trace(&self) -> Stan;

    /// Takes a request that leaves with the next [`HostLines::flush`], and that gets exactly one answer.
    fn send(&self, request: HostRequest);

    /// Takes an advice that is sent until it is acknowledged.
    fn advise(&self, wallet: WalletId, reference: Reference, message: HostMessage);

    /// Sends what was taken since the last time.
    fn flush(&self);
}

/// The lines over TLS, with their store and forward.
pub struct TlsLines {
    /// Requests.
    pub link: Rc<Link>,
    /// Advices.
    pub forwarder: Rc<Forwarder>,
}

impl HostLines for TlsLines {
    fn is_up(&self) -> bool {
        self.link.up()
    }

    fn next_trace(&self) -> Stan {
        self.link.next_trace()
    }

    fn send(&self, request: HostRequest) {
        self.link.send(request);
    }

    fn advise(&self, wallet: WalletId, reference: Reference, message: HostMessage) {
        self.forwarder.enqueue(wallet, reference, message);
    }

    fn flush(&self) {
        self.link.flush();
    }
}
