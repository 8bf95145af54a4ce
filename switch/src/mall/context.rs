//! What all sessions of a worker share, and how SIGHUP replaces it while they are open.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;

use super::sandbox::Sandbox;
use super::turns::Turns;
use crate::dispatch::Outgoing;
use crate::orders::{Orders, WaitingPurchases};
use crate::shared::{Directory, PolicyReader};
use tessera_admission::{Bound, Connections, Parties, Register};
use tessera_config::MallSettings;
use tessera_metrics::{ConnectionClosed, WorkerMetrics};

/// What sessions need from the other components of their worker.
pub struct Neighbours {
    /// Takes commands for wallets.
    pub outgoing: Rc<Outgoing>,
    /// Finds the wallet of a card.
    pub directory: Arc<Directory>,
    /// Finds the wallet of an order.
    pub orders: Arc<Orders>,
    /// Keeps purchases until a payer agrees to their order.
    pub purchases: Rc<WaitingPurchases>,
    /// The parties' changed keys, and the settlement dates.
    pub policy: Rc<PolicyReader>,
    /// The worker's own figures.
    pub metrics: Rc<WorkerMetrics>,
    /// The open connections of all workers, for operators who look.
    pub register: Arc<Register>,
}

/// What all sessions of a worker share.
pub struct SessionContext {
    /// Who may come in, at the moment.
    parties: RefCell<Arc<Parties>>,
    /// How often that has changed.
    renewals: Cell<u64>,
    /// Our certificate at the moment, and whose are taken; `None` without a port for TLS.
    pub(super) acceptor: RefCell<Option<TlsAcceptor>>,
    /// How long what may take.
    pub settings: MallSettings,
    /// Outcomes for tests; `None` where they are not played.
    pub(super) sandbox: Option<Sandbox>,
    /// What requests need.
    pub neighbours: Neighbours,
    /// Who is in.
    pub connections: Connections,
    /// In what order what they send is handled.
    pub turns: Rc<Turns>,
}

impl SessionContext {
    /// Lets these in.
    pub fn new(
        parties: Arc<Parties>,
        acceptor: Option<TlsAcceptor>,
        settings: MallSettings,
        sandbox: Option<Sandbox>,
        neighbours: Neighbours,
    ) -> Self {
        Self {
            acceptor: RefCell::new(acceptor),
            parties: RefCell::new(parties),
            renewals: Cell::new(0),
            settings,
            sandbox,
            neighbours,
            connections: Connections::default(),
            turns: Rc::default(),
        }
    }

    /// Those who may come in, at the moment.
    pub(super) fn parties(&self) -> Ref<'_, Parties> {
        Ref::map(self.parties.borrow(), |parties| &**parties)
    }

    /// Changes whenever somebody's profile may have.
    #[inline]
    pub(super) fn renewals(&self) -> u64 {
        self.renewals.get()
    }

    /// Lets these in from now on, each as its profile says now. A connection ends whose party is not among them, or
    /// which does not fit its profile any more; the others notice nothing. New TLS connections see the new certificate.
    pub fn renew(&self, parties: Arc<Parties>, acceptor: Option<TlsAcceptor>) {
        *self.acceptor.borrow_mut() = acceptor;
        for connection in self.connections.all() {
            let Some(Bound {
                listed: Some(before),
                arrival,
                limits,
            }) = connection.bound()
            else {
                continue;
            };
            let after = parties.find(before.party.code);
            let party = after.map(|listed| &listed.party).filter(|party| {
                arrival.check(party).is_ok() && party.has_the_key_of(&before.party)
            });
            match party {
                Some(party) => limits[0].set_max(party.in_flight_per_connection_max),
                None => connection.drain(ConnectionClosed::Profile),
            }
        }
        *self.parties.borrow_mut() = parties;
        self.renewals.set(self.renewals.get() + 1);
    }
}
