//! What the actors of a worker's wallets need from their neighbours.

use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tessera_kit::clock::Timestamp;
use tessera_ledger::{Context, Rules, Supervision, WalletId};
use tessera_metrics::WorkerMetrics;
use tessera_vault::Vault;

use super::{EventLog, Numbers, Posted, Snapshots};
use crate::dispatch::{Outgoing, Wakes};
use crate::gate::{DeadLetters, Gate, HostLines};
use crate::orders::{Orders, WaitingPurchases};
use crate::passwords::Passwords;
use crate::shared::{Directory, EndedWallets, PartyTotals, PolicyReader, StandInBudget};

/// The worker's list of active wallets, as an actor sees it.
pub trait ActiveList {
    /// The actor of this wallet has started, and lies at this address in memory. Its place in the list.
    fn started(&self, wallet: WalletId, address: usize) -> usize;

    /// Takes the oldest of what waits for the wallet at this place.
    fn next(&self, place: usize) -> Option<Posted>;

    /// The actor at this place has taken all its messages: `waker` is woken at the next one. It will touch what lies at these
    /// addresses then.
    fn rests(&self, place: usize, waker: &Waker, beside: [usize; 2]);

    /// Takes the wallet off the list, if no more messages were sent to it than these: its actor may stop.
    fn leave(&self, wallet: WalletId, messages: u64) -> bool;
}

/// One per worker, shared by its wallets' actors.
pub struct Services {
    /// The worker's number, from 0.
    pub worker: usize,
    /// Events go in and are read back.
    pub events: EventLog,
    /// Time, references and dates.
    pub numbers: Numbers,
    /// Effects wait here until their event is durable.
    pub gate: Rc<Gate>,
    /// STANs towards the host.
    pub host: Rc<dyn HostLines>,
    /// Snapshots go to the store.
    pub snapshots: Snapshots,
    /// Commands to other wallets.
    pub outgoing: Rc<Outgoing>,
    /// When wallets are to get a [`Wake`](tessera_ledger::Command::Wake).
    pub wakes: Rc<Wakes>,
    /// The wallets whose actors run.
    pub active: Rc<dyn ActiveList>,
    /// Purchases that wait for an order.
    pub purchases: Rc<WaitingPurchases>,
    /// Orders of all wallets.
    pub orders: Arc<Orders>,
    /// Cards of all wallets.
    pub directory: Arc<Directory>,
    /// What may still be approved as stand-in.
    pub stand_in: Arc<StandInBudget>,
    /// The parties' totals.
    pub totals: Arc<PartyTotals>,
    /// Advices that the host has refused too often.
    pub dead_letters: Arc<DeadLetters>,
    /// Wallets whose keys are to be destroyed.
    pub ended_wallets: Arc<EndedWallets>,
    /// What the operator has decided about all wallets.
    pub policy: Rc<PolicyReader>,
    /// Checks passwords.
    pub passwords: Passwords,
    /// Decrypts funding sources and contacts.
    pub vault: Arc<Vault>,
    /// The worker's own figures.
    pub metrics: Rc<WorkerMetrics>,
    /// What the configuration says about decisions.
    pub rules: Rules,
    /// Within what time a request is answered.
    pub answer_within: Duration,
    /// For how many milliseconds a closed transaction is remembered.
    pub transactions_kept: u64,
}

impl Services {
    /// What is handed in to a decision made at `now`; a STAN only where the host may be asked.
    pub fn context<'a>(
        &'a self,
        now: Timestamp,
        may_ask_host: bool,
        operator_policy: &'a Supervision,
    ) -> Context<'a> {
        Context {
            now,
            host_trace: may_ask_host.then(|| self.host.next_trace()),
            host_up: self.host.is_up(),
            rules: &self.rules,
            operator_policy,
            stand_in_left: 0,
            next_reference: self.numbers.free_reference(now),
        }
    }
}
