//! The wiring of a worker, last stage first: what a stage needs stands above it.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ServerConfig};
use tessera_protocol::leased::Limits;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_rustls::TlsAcceptor;

use crate::dispatch::{Inbox, Inboxes, Outgoing, Wakes};
use crate::gate::{DeadLetters, Gate, HostLines, TlsLines};
use crate::leased::{self, LineKeeper, Reading};
use crate::mall::{self, Neighbours, SessionContext};
use crate::orders::{Orders, WaitingPurchases};
use crate::passwords::Passwords;
use crate::router::{ActiveWallets, Worker, WorkerTask};
use crate::settlement::Settlement;
use crate::shared::{Directory, OperatorPolicy, PartyTotals, PolicyReader, StandInBudget};
use crate::wallet::{ActiveList, EventLog, Numbers, Services, Snapshots};
use tessera_admission::{Admission, Arrivals, PartyDirectory};
use tessera_config::Settings;
use tessera_host::{Forwarder, Link, LinkInbox, Links, TraceShare};
use tessera_journal::Journal;
use tessera_ledger::{ContactChannel, Rules, WalletId};
use tessera_metrics::LinkStats;
use tessera_metrics::{Metrics, WorkerMetrics};
use tessera_store::Checkpointer;
use tessera_vault::Vault;

/// How often parked purchases and idle wallets are looked at.
const TICK: Duration = Duration::from_millis(20);
/// How often a drained worker is asked whether all is answered.
const DRAIN_TICK: Duration = Duration::from_millis(5);

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
    pub(crate) stand_in: Arc<StandInBudget>,
    pub(crate) policy: Arc<OperatorPolicy>,
    pub(crate) settlement: Settlement,
    pub(crate) dead_letters: Arc<DeadLetters>,
    pub(crate) totals: Arc<PartyTotals>,
    pub(crate) vault: Arc<Vault>,
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
    pub(crate) wakes: Vec<(u64, WalletId)>,
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
    let lines = open_lines(
        seed.index,
        seed.stats,
        seed.link_inbox,
        &shared,
        Rc::clone(&outgoing),
    );
    let link = Rc::clone(&lines.link);
    // The configuration was read with it as a number.
    let institution = settings.leased.institution.parse().unwrap_or(0);
    let active = Rc::new(ActiveWallets::default());
    let services = services(
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
    let malls = malls(&services, &shared);
    let wallet_servers = wallet_servers(&services, &shared, institution);

    let gate = Rc::clone(&services.gate);
    actix::spawn(async move { gate.keep().await });
    actix::spawn(Rc::clone(&worker).hand_out());
    actix::spawn(Rc::clone(&worker).read_inbox(seed.inbox));
    actix::spawn(Rc::clone(&malls.turns).keep());
    actix::spawn(tick(
        Rc::clone(&services),
        Rc::clone(&worker),
        settings.store.idle_after.as_millis() as u64,
    ));
    actix::spawn(receive_malls(seed.malls, Rc::clone(&malls)));
    actix::spawn(receive_sealed_malls(seed.sealed_malls, Rc::clone(&malls)));
    actix::spawn(receive_wallet_servers(
        seed.wallet_servers,
        Rc::clone(&wallet_servers),
    ));
    let drain_within = settings.mall.answer_within + Duration::from_secs(1);
    let crew = Crew {
        worker,
        services,
        link,
        malls,
        wallet_servers,
        drain_within,
    };
    actix::spawn(crew.run_worker_tasks(seed.worker_tasks));
}

/// The lines to the host, whose answers go to the wallets, and whose settlement dates go to the operator wallet.
fn open_lines(
    index: usize,
    stats: Arc<LinkStats>,
    inbox: LinkInbox,
    shared: &Shared,
    outgoing: Rc<Outgoing>,
) -> TlsLines {
    let settings = &shared.settings;
    let answers = Rc::clone(&outgoing);
    let link = Link::start(
        &settings.host,
        Arc::clone(&shared.host_tls),
        TraceShare {
            index: index as u32,
            count: shared.inboxes.workers() as u32,
        },
        stats,
        (shared.links.clone(), inbox),
        Rc::new(move |answer| answers.deliver(answer)),
    )
    .unwrap_or_else(|error| crate::fault::stop("the line to the financial system", &error));
    let (settlement, lines) = (shared.settlement.clone(), Rc::clone(&link));
    link.deliver_dates(Rc::new(move |message, unanswered| {
        let (settlement, lines) = (settlement.clone(), Rc::clone(&lines));
        actix::spawn(async move {
            let (code, reason) = settlement.obey(message).await;
            lines.answer(&unanswered, code, reason);
        });
    }));
    let forwarder = Forwarder::start(
        Rc::clone(&link),
        settings.mall.answer_within,
        Rc::new(move |answer, subject, outcome| outgoing.deliver_advice(answer, subject, outcome)),
    );
    TlsLines { link, forwarder }
}

/// What the wallets' actors and the sessions need of each other.
fn services(
    index: usize,
    institution: u64,
    shared: &Shared,
    outgoing: Rc<Outgoing>,
    host: Rc<dyn HostLines>,
    active: Rc<dyn ActiveList>,
) -> Rc<Services> {
    let settings = &shared.settings;
    let metrics = Rc::new(WorkerMetrics::new(&shared.metrics, index));
    let policy = Rc::new(PolicyReader::new(Arc::clone(&shared.policy)));
    let gate = Rc::new(Gate::new(
        Arc::clone(&shared.journal),
        Rc::clone(&host),
        Rc::clone(&metrics),
        Arc::clone(&shared.policy),
        Box::new(move |news, out| leased::write_news(news, institution, out)),
    ));
    let purchases = Rc::new(WaitingPurchases::new(
        Arc::clone(&shared.orders),
        Rc::clone(&outgoing),
        Rc::clone(&metrics),
    ));
    Rc::new(Services {
        worker: index,
        events: EventLog::new(
            Arc::clone(&shared.journal),
            Rc::clone(&outgoing),
            settings.partitions,
        ),
        numbers: Numbers::new(index, Rc::clone(&policy)),
        gate,
        host,
        snapshots: Snapshots::new(shared.checkpointer.clone()),
        outgoing,
        wakes: Rc::new(Wakes::default()),
        active,
        purchases,
        orders: Arc::clone(&shared.orders),
        directory: Arc::clone(&shared.directory),
        stand_in: Arc::clone(&shared.stand_in),
        totals: Arc::clone(&shared.totals),
        dead_letters: Arc::clone(&shared.dead_letters),
        policy,
        passwords: shared.passwords.clone(),
        vault: Arc::clone(&shared.vault),
        metrics,
        rules: rules(settings),
        answer_within: settings.mall.answer_within,
        transactions_kept: settings.store.transactions_kept.as_millis() as u64,
    })
}

/// What the sessions of malls and acquirers share.
fn malls(services: &Services, shared: &Shared) -> Rc<SessionContext> {
    Rc::new(SessionContext::new(
        shared.party_directory.parties(),
        shared.mall_tls.clone().map(TlsAcceptor::from),
        shared.settings.mall.clone(),
        Neighbours {
            outgoing: Rc::clone(&services.outgoing),
            directory: Arc::clone(&services.directory),
            orders: Arc::clone(&services.orders),
            purchases: Rc::clone(&services.purchases),
            policy: Rc::clone(&services.policy),
            metrics: Rc::clone(&services.metrics),
        },
    ))
}

/// What the sessions of the wallet server share.
fn wallet_servers(services: &Services, shared: &Shared, institution: u64) -> Rc<LineKeeper> {
    let settings = &shared.settings;
    Rc::new(LineKeeper {
        acceptor: TlsAcceptor::from(Arc::clone(&shared.leased_tls)),
        reading: Reading {
            institution,
            currency: settings.currency,
            order_stands: settings.mall.order_stands.as_millis() as u64,
            vault: Arc::clone(&shared.vault),
            channels: channels(settings),
        },
        certificates: settings.leased.certificates(),
        signed_on: Arc::clone(&shared.wallet_lines),
        in_flight_max: settings.leased.in_flight_max,
        in_flight: Arc::clone(&shared.party_directory.parties().in_flight),
        times: settings.mall.clone(),
        outgoing: Rc::clone(&services.outgoing),
        metrics: Rc::clone(&services.metrics),
        connections: Default::default(),
    })
}

/// The configured channels of notifications.
fn channels(settings: &Settings) -> Vec<ContactChannel> {
    let email = settings.notify.email.as_ref();
    let sms = settings.notify.sms.as_ref();
    let email = email.map(|_| ContactChannel::Email);
    email
        .into_iter()
        .chain(sms.map(|_| ContactChannel::Mobile))
        .collect()
}

/// What the operator has decided about all wallets.
fn rules(settings: &Settings) -> Rules {
    let limits = &settings.limits;
    Rules {
        limits: Limits {
            transaction: limits.transaction,
            day: limits.day,
            month: limits.month,
            day_count: limits.day_count,
            month_count: limits.month_count,
        },
        session_idle: settings.leased.session_idle.as_millis() as u64,
        session_stands: settings.leased.session_stands.as_millis() as u64,
        renew_before: settings.host.renew_cards_before.as_millis() as u64,
        hold_stands: settings.mall.hold_stands.as_millis() as u64,
        stand_in: settings.host.stand_in.limits(),
    }
}

async fn tick(services: Rc<Services>, worker: Rc<Worker>, idle_after: u64) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        services.purchases.give_up(Instant::now());
        worker.rest_idle(idle_after).await;
        worker.wake();
        services.metrics.flush();
        // A worker that always has something to do ends its turns here.
        services.events.end_turn();
    }
}

async fn receive_malls(mut arrivals: Arrivals, keeper: Rc<SessionContext>) {
    while let Some((socket, place)) = arrivals.recv().await {
        actix::spawn(mall::serve(socket, place, Rc::clone(&keeper)));
    }
}

async fn receive_sealed_malls(mut arrivals: Arrivals, keeper: Rc<SessionContext>) {
    while let Some((socket, place)) = arrivals.recv().await {
        actix::spawn(mall::serve_sealed(socket, place, Rc::clone(&keeper)));
    }
}

async fn receive_wallet_servers(mut arrivals: Arrivals, keeper: Rc<LineKeeper>) {
    while let Some((socket, place)) = arrivals.recv().await {
        actix::spawn(leased::serve(socket, place, Rc::clone(&keeper)));
    }
}

/// A worker's parts, as the switch asks for them.
struct Crew {
    worker: Rc<Worker>,
    services: Rc<Services>,
    link: Rc<Link>,
    malls: Rc<SessionContext>,
    wallet_servers: Rc<LineKeeper>,
    /// Within this time all requests under way are answered.
    drain_within: Duration,
}

impl Crew {
    async fn run_worker_tasks(self, mut worker_tasks: UnboundedReceiver<WorkerTask>) {
        while let Some(worker_task) = worker_tasks.recv().await {
            let done = match worker_task {
                WorkerTask::Checkpoint(done) => {
                    self.worker.checkpoint().await;
                    // The store waits for what was appended, and the worker may be stopped before its turn ends by itself.
                    self.services.events.end_turn();
                    done
                }
                WorkerTask::Renew(parties, acceptor, done) => {
                    self.malls.renew(parties, acceptor);
                    done
                }
                WorkerTask::Drain(done) => {
                    self.drain().await;
                    done
                }
                WorkerTask::Close(done) => {
                    self.link.close().await;
                    done
                }
            };
            // Nobody waits for it where the switch is being killed.
            let _ = done.send(());
        }
    }

    /// Reads no more requests, and waits until those under way are answered.
    async fn drain(&self) {
        let (malls, wallet_servers) = (&self.malls.connections, &self.wallet_servers.connections);
        malls.drain();
        wallet_servers.drain();
        let _ = tokio::time::timeout(self.drain_within, async {
            while !malls.is_empty() || !wallet_servers.is_empty() {
                tokio::time::sleep(DRAIN_TICK).await;
            }
        })
        .await;
    }
}
