//! The wiring of a worker.
//!
//! In come what all workers share and what one worker takes with it to its thread; out come running tasks. [`parts`] makes
//! each component, [`crew`] runs them.

mod crew;
mod parts;

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ServerConfig};
use tessera_kit::clock::Timestamp;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::dispatch::{Inbox, Inboxes, Outgoing};
use crate::gate::DeadLetters;
use crate::orders::Orders;
use crate::passkeys::Passkeys;
use crate::passwords::Passwords;
use crate::router::{ActiveWallets, Worker, WorkerTask};
use crate::settlement::Settlement;
use crate::shared::{Directory, EndedWallets, OperatorPolicy, PartyTotals, StandInBudget};
use crate::wallet::ActiveList;
use crew::Crew;
use tessera_admission::{Admission, Arrivals, PartyDirectory};
use tessera_config::Settings;
use tessera_host::{LinkInbox, Links};
use tessera_journal::Journal;
use tessera_ledger::WalletId;
use tessera_metrics::{LinkStats, Metrics};
use tessera_store::Checkpointer;
use tessera_vault::Vault;

/// What all workers are made of.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) settings: Arc<Settings>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) orders: Arc<Orders>,
    pub(crate) checkpointer: Checkpointer,
    pub(crate) party_directory: Arc<PartyDirectory>,
    pub(crate) host_tls: Arc<ClientConfig>,
    pub(crate) mall_tls: Option<Arc<ServerConfig>>,
    pub(crate) leased_tls: Arc<ServerConfig>,
    /// Lines of wallet servers that are signed on.
    pub(crate) wallet_lines: Arc<Admission>,
    pub(crate) inboxes: Inboxes,
    pub(crate) links: Links,
    pub(crate) passwords: Passwords,
    pub(crate) passkeys: Option<Arc<Passkeys>>,
    /// What browsers subscribe with, where notifications in browsers are configured.
    pub(crate) push_key: Option<String>,
    pub(crate) stand_in: Arc<StandInBudget>,
    pub(crate) policy: Arc<OperatorPolicy>,
    pub(crate) settlement: Settlement,
    pub(crate) dead_letters: Arc<DeadLetters>,
    pub(crate) totals: Arc<PartyTotals>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) ended_wallets: Arc<EndedWallets>,
}

/// What one worker takes with it to its thread.
pub(crate) struct Seed {
    pub(crate) index: usize,
    pub(crate) inbox: Inbox,
    pub(crate) worker_tasks: UnboundedReceiver<WorkerTask>,
    pub(crate) malls: Arrivals,
    pub(crate) sealed_malls: Arrivals,
    pub(crate) wallet_servers: Arrivals,
    pub(crate) stats: Arc<LinkStats>,
    pub(crate) link_inbox: LinkInbox,
    /// Its wallets that hold money, and when the first of what they hold expires.
    pub(crate) wakes: Vec<(Timestamp, WalletId)>,
}

/// A worker's runtime: one thread, which looks at its sockets after so many messages of actors that a
/// batch is handled as one. Its turn is over, and the journal's batch with it, when it has nothing left
/// to do.
pub(crate) fn runtime(journal: Arc<dyn Journal>) -> Runtime {
    let built: io::Result<Runtime> = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(256)
        .on_thread_park(move || journal.end_turn())
        .build();
    built.unwrap_or_else(|error| crate::fault::stop("a worker's runtime could not be made", &error))
}

/// Starts a worker on the thread that this is called on.
pub(crate) fn start(seed: Seed, shared: Shared) {
    let settings = &shared.settings;
    let outgoing = Rc::new(Outgoing::new(seed.index, shared.inboxes.clone()));
    let lines = parts::open_lines(
        seed.index,
        seed.stats,
        seed.link_inbox,
        &shared,
        Rc::clone(&outgoing),
    );
    let link = Rc::clone(&lines.link);
    let institution = settings.leased.institution;
    let active = Rc::new(ActiveWallets::default());
    let services = parts::services(
        seed.index,
        institution,
        &shared,
        outgoing,
        Rc::new(lines),
        Rc::clone(&active) as Rc<dyn ActiveList>,
    );
    for (at, wallet) in seed.wakes {
        services.wakes.at(at, wallet);
    }
    let worker = Rc::new(Worker::new(Rc::clone(&services), active));
    let malls = parts::malls(&services, &shared);
    let wallet_servers = parts::wallet_servers(&services, &shared, institution);

    let crew = Crew {
        worker,
        services,
        link,
        malls,
        wallet_servers,
        drain_within: settings.mall.answer_within + Duration::from_secs(1),
        idle_after: settings.store.idle_after.as_millis() as u64,
    };
    crew.start(
        seed.inbox,
        seed.worker_tasks,
        [seed.malls, seed.sealed_malls, seed.wallet_servers],
    );
}
