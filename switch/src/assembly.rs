//! The wiring of a worker, last stage first: what a stage needs stands above it.

use std::cell::OnceCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ServerConfig};
use tessera_protocol::leased::Limits;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_rustls::TlsAcceptor;

use crate::gate::{DeadLetters, Gate};
use crate::leased::{self, LineKeeper, Reading};
use crate::mall::{self, SessionContext};
use crate::orders::Orders;
use crate::passwords::Passwords;
use crate::policy::OperatorPolicy;
use crate::router::{Budget, Directory, Inbox, Inboxes, Parts, PartyTotals, Worker, WorkerTask};
use crate::settlement::Settlement;
use tessera_admission::{Admission, Arrivals, PartyDirectory};
use tessera_config::Settings;
use tessera_host::{Forwarder, HostAnswer, Link, LinkInbox, Links, TraceShare};
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
    pub(crate) stand_in: Arc<Budget>,
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
    // The lines deliver to the worker, which is made of them.
    let later: Rc<OnceCell<Rc<Worker>>> = Rc::default();
    let deliver = |handle: fn(&Rc<Worker>, HostAnswer)| {
        let later = Rc::clone(&later);
        Rc::new(move |answer| {
            if let Some(worker) = later.get() {
                handle(worker, answer);
            }
        })
    };
    let link = Link::start(
        &settings.host,
        Arc::clone(&shared.host_tls),
        TraceShare {
            index: seed.index as u32,
            count: shared.inboxes.workers() as u32,
        },
        seed.stats,
        (shared.links.clone(), seed.link_inbox),
        deliver(Worker::deliver),
    )
    .unwrap_or_else(|error| crate::fault::stop("the line to the financial system", &error));
    let (settlement, lines) = (shared.settlement.clone(), Rc::clone(&link));
    link.deliver_dates(Rc::new(move |said, unanswered| {
        let (settlement, lines) = (settlement.clone(), Rc::clone(&lines));
        actix::spawn(async move {
            let (code, reason) = settlement.obey(said).await;
            lines.answer(&unanswered, code, reason);
        });
    }));
    let forwarder = Forwarder::start(Rc::clone(&link), settings.mall.answer_within, {
        let later = Rc::clone(&later);
        Rc::new(move |answer, subject, outcome| {
            if let Some(worker) = later.get() {
                Worker::deliver_advice(worker, answer, subject, outcome);
            }
        })
    });
    let metrics = Rc::new(WorkerMetrics::new(&shared.metrics, seed.index));
    // The configuration was read with it as a number.
    let institution = settings.leased.institution.parse().unwrap_or(0);
    let gate = Gate::new(
        Arc::clone(&shared.journal),
        Rc::clone(&link),
        Rc::clone(&forwarder),
        Rc::clone(&metrics),
        Arc::clone(&shared.policy),
        Box::new(move |news, out| leased::write_news(news, institution, out)),
    );
    let worker = Worker::new(Parts {
        index: seed.index,
        partitions: settings.partitions,
        inboxes: shared.inboxes.ways(),
        journal: Arc::clone(&shared.journal),
        gate,
        link: Rc::clone(&link),
        forwarder,
        directory: Arc::clone(&shared.directory),
        orders: Arc::clone(&shared.orders),
        checkpointer: shared.checkpointer.clone(),
        metrics,
        answer_within: settings.mall.answer_within,
        transactions_kept: settings.store.transactions_kept.as_millis() as u64,
        rules: rules(settings),
        stand_in: Arc::clone(&shared.stand_in),
        policy: Arc::clone(&shared.policy),
        dead_letters: Arc::clone(&shared.dead_letters),
        totals: Arc::clone(&shared.totals),
        passwords: shared.passwords.clone(),
        vault: Arc::clone(&shared.vault),
    });
    // It was empty: nothing has been delivered yet.
    let _ = later.set(Rc::clone(&worker));

    let context = Rc::new(SessionContext::new(
        shared.party_directory.parties(),
        shared.mall_tls.clone().map(TlsAcceptor::from),
        settings.mall.clone(),
        Rc::clone(&worker),
    ));
    actix::spawn(Rc::clone(&context.turns).keep());
    let line_keeper = Rc::new(LineKeeper {
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
        worker: Rc::clone(&worker),
        connections: Default::default(),
    });

    let keep = Rc::clone(&worker);
    actix::spawn(async move { keep.gate.keep().await });
    actix::spawn(Rc::clone(&worker).hand_out());
    for (at, wallet) in seed.wakes {
        worker.wakes.borrow_mut().at(at, wallet);
    }
    actix::spawn(Rc::clone(&worker).read_inbox(seed.inbox));
    actix::spawn(tick(
        Rc::clone(&worker),
        settings.store.idle_after.as_millis() as u64,
    ));
    actix::spawn(receive_malls(seed.malls, Rc::clone(&context)));
    actix::spawn(receive_sealed_malls(seed.sealed_malls, Rc::clone(&context)));
    actix::spawn(receive_wallet_servers(
        seed.wallet_servers,
        Rc::clone(&line_keeper),
    ));
    actix::spawn(run_worker_tasks(
        seed.worker_tasks,
        worker,
        link,
        context,
        line_keeper,
        shared,
    ));
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

async fn tick(worker: Rc<Worker>, idle_after: u64) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        worker.give_up_parked(Instant::now());
        worker.rest_idle(idle_after).await;
        worker.wake();
        worker.metrics.flush();
        // A worker that always has something to do ends its turns here.
        worker.end_journal_turn();
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

async fn run_worker_tasks(
    mut worker_tasks: UnboundedReceiver<WorkerTask>,
    worker: Rc<Worker>,
    link: Rc<Link>,
    malls: Rc<SessionContext>,
    wallet_servers: Rc<LineKeeper>,
    shared: Shared,
) {
    while let Some(worker_task) = worker_tasks.recv().await {
        let done = match worker_task {
            WorkerTask::Checkpoint(done) => {
                worker.checkpoint().await;
                // The store waits for what was appended, and the worker may be stopped before its turn ends by itself.
                worker.end_journal_turn();
                done
            }
            WorkerTask::Renew(parties, acceptor, done) => {
                malls.renew(parties, acceptor);
                done
            }
            WorkerTask::Drain(done) => {
                malls.connections.drain();
                wallet_servers.connections.drain();
                let patience = shared.settings.mall.answer_within + Duration::from_secs(1);
                let _ = tokio::time::timeout(patience, async {
                    while !malls.connections.is_empty() || !wallet_servers.connections.is_empty() {
                        tokio::time::sleep(DRAIN_TICK).await;
                    }
                })
                .await;
                done
            }
            WorkerTask::Close(done) => {
                link.close().await;
                done
            }
        };
        // Nobody waits for it where the switch is being killed.
        let _ = done.send(());
    }
}
