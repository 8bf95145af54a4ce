//! The switch's life: assemble, announce, serve, drain.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use actix::{Arbiter, ArbiterHandle, System};
use anyhow::Context;
use tessera_console::service;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::assembly::{self, Seed, Shared};
use crate::dispatch::{Inbox, Inboxes};
use crate::gate::DeadLetters;
use crate::gauges;
use crate::host_totals::HostTotals;
use crate::message::WalletMessage;
use crate::ops::{self, Health, Operator};
use crate::orders::Orders;
use crate::passwords::{Passwords, Throttle, ThrottleSettings};
use crate::reload::{Certified, Reload};
use crate::renewal;
use crate::reseal;
use crate::router::{WorkerTask, ask_all};
use crate::settlement::Settlement;
use crate::shared::{Directory, OperatorPolicy, PartyTotals, StandInBudget};
use tessera_admission::{Admission, Parties, PartyDirectory, PlaceLimits, Places};
use tessera_config::{
    Environment, PartyKind, Settings, SettingsError, check_authorities, ends_at, host_client,
    leased_server,
};
use tessera_host::{LinkInbox, Links};
use tessera_journal::Journal;
use tessera_ledger::{Command, Day, Supervision, WalletId};
use tessera_metrics::Certificate;
use tessera_metrics::LinkStats;
use tessera_metrics::Metrics;
use tessera_notify::{MallNames, Notify};
use tessera_store::{Checkpointer, Store};
use tessera_vault::{KeyRing, Vault};

/// The addresses that a switch serves.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Malls and acquirers.
    pub malls: SocketAddr,
    /// Malls and acquirers that connect with TLS.
    pub sealed_malls: Option<SocketAddr>,
    /// The wallet server's leased line.
    pub wallet_server: SocketAddr,
    /// Metrics and health.
    pub operations: SocketAddr,
}

/// Runs a switch until SIGTERM or SIGINT. `ready` is called once it serves.
///
/// # Errors
/// When something that it needs can't be had: certificates, addresses, the data.
pub fn run(settings: Settings, ready: impl FnOnce(Addresses)) -> anyhow::Result<()> {
    crate::fault::end_on_broken_invariants();
    System::new().block_on(serve(settings, ready))
}

async fn serve(settings: Settings, ready: impl FnOnce(Addresses)) -> anyhow::Result<()> {
    let settings = Arc::new(settings);
    let workers = settings.worker_count();
    let stats: Vec<_> = (0..workers)
        .map(|_| Arc::new(LinkStats::new(settings.host.lines_per_worker)))
        .collect();
    // From here on: before, it ends the process, as it always did.
    let hangups = signal(SignalKind::hangup())?;
    // A file that may not grow any more (`ulimit -f`) is an error of that write, as a full disk is, and no end.
    let _too_large = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?;
    let vault = Arc::new(open_vault(&settings)?);
    let health = Arc::new(Health::new(workers));
    let metrics = Arc::new(Metrics::new());
    let party_directory = Arc::new(PartyDirectory::new(Parties::new(
        settings.parties.clone(),
        settings.mall.in_flight_max,
        &metrics.door,
    )));
    let host_tls = host_client(&settings.host)?;
    let leased_tls = leased_server(&settings.leased)?;
    check_authorities(&settings)?;
    let tls = settings.mall.tls.as_ref();
    let certified = tls.map(Certified::read).transpose()?;
    for (certificate, path) in [
        (Certificate::Host, &settings.host.certificate),
        (Certificate::WalletServer, &settings.leased.certificate),
    ] {
        metrics.certificate_ends(certificate, ends_at(path)?);
    }
    if let Some(certified) = &certified {
        metrics.certificate_ends(Certificate::Malls, certified.ends_at);
    }

    // Bound first: an address that is taken is found out before the journal is replayed.
    let malls = tessera_admission::listen(settings.mall.listen)
        .with_context(|| at("malls", settings.mall.listen))?;
    let sealed_malls = tls
        .map(|tls| {
            tessera_admission::listen(tls.listen).with_context(|| at("malls with TLS", tls.listen))
        })
        .transpose()?;
    let wallet_servers = tessera_admission::listen(settings.leased.listen)
        .with_context(|| at("wallet servers", settings.leased.listen))?;
    let operations = ops::serve(&settings.ops, Arc::clone(&metrics), Arc::clone(&health))
        .with_context(|| at("operations", settings.ops.listen))?;
    let operations_server = operations.server.handle();
    actix::spawn(operations.server);
    let addresses = Addresses {
        malls: malls.local_addr()?,
        sealed_malls: match &sealed_malls {
            Some(listener) => Some(listener.local_addr()?),
            None => None,
        },
        wallet_server: wallet_servers.local_addr()?,
        operations: operations.address,
    };

    let data = crate::recovery::open(&settings, Some(metrics.journal_observer()))?;
    let (journal, store): (Arc<dyn Journal>, _) = (Arc::new(data.journal), Arc::new(data.store));
    health.set_journal_open(true);
    // The journal's lock is ours: a socket that lies there is nobody's.
    let outbox = Arc::new(OnceLock::new());
    let operator = Arc::new(OnceLock::new());
    let control = ops::control::serve(
        &settings.operations_socket(),
        &settings.ops.operators,
        Arc::clone(&outbox),
        Arc::clone(&operator),
    )?;
    let control_server = control.handle();
    actix::spawn(control);
    let dead_letters = Arc::new(DeadLetters::default());
    gauges::refresh_before_reading(&metrics, &journal, &party_directory, &dead_letters);
    let watched = Arc::clone(&store);
    metrics.before_reading(move |metrics| metrics.store.paused.set(watched.is_failing().into()));
    for (worker, stats) in stats.iter().enumerate() {
        metrics.watch_link(worker, Arc::clone(stats));
        health.watch_link(worker, Arc::clone(stats));
    }
    let (checkpointer, writer) = Checkpointer::new(Arc::clone(&store), Arc::clone(&journal));
    let observe = Arc::clone(&metrics);
    let writer = std::thread::Builder::new()
        .name("store".into())
        .spawn(move || {
            if let Err(error) = writer.run(|written| observe.store.written(&written)) {
                crate::fault::stop("the store could not be written", &error);
            }
        })?;
    let (senders, inbox_ends): (Vec<_>, Vec<_>) = (0..workers).map(|_| unbounded_channel()).unzip();
    let inboxes = Inboxes::new(senders, settings.partitions);
    let throttle = Throttle::new(ThrottleSettings {
        account_tries: settings.leased.tries_per_account,
        address_tries: settings.leased.tries_per_address,
    });
    let give_back = inboxes.clone();
    let passwords = Passwords::start(
        settings.leased.password_threads,
        settings.leased.passwords_waiting_max,
        throttle,
        Arc::new(move |wallet, message| give_back.send(wallet, message)),
    )?;
    let decided = decided_about_all(&store)?;
    let policy = Arc::new(OperatorPolicy::new(decided.clone()));
    let settlement = Settlement {
        inboxes: inboxes.clone(),
        policy: Arc::clone(&policy),
        cutover: settings.mall.settlement_cutover,
        complete: Arc::default(),
    };
    let (links, link_inboxes) = Links::new(&stats);
    let shared = Shared {
        inboxes,
        links,
        passwords,
        stand_in: Arc::new(StandInBudget::new(settings.host.stand_in.overall)),
        policy,
        settlement: settlement.clone(),
        dead_letters,
        totals: Arc::new(PartyTotals::new(
            store.totals(known_from(&decided))?,
            workers,
        )),
        vault,
        directory: Arc::new(Directory::new(Arc::clone(&store))),
        orders: Arc::new(Orders::new(Arc::clone(&store), checkpointer.clone())),
        metrics: Arc::clone(&metrics),
        journal: Arc::clone(&journal),
        checkpointer,
        party_directory: Arc::clone(&party_directory),
        host_tls,
        mall_tls: certified.map(|certified| certified.server),
        leased_tls,
        wallet_lines: Admission::new(settings.leased.connections_max),
        settings: Arc::clone(&settings),
    };
    let lines = stats.clone();
    let of_links = stats.into_iter().zip(link_inboxes).collect();
    let crew = Crew::hire(&shared, inbox_ends, of_links, store.holding_wallets()?);
    settle_what_is_open(&store, &shared.inboxes)?;
    // It was empty: this is said once.
    let _ = operator.set(Operator {
        inboxes: shared.inboxes.clone(),
        directory: Arc::clone(&shared.directory),
        journal: Arc::clone(&journal),
        dead_letters: Arc::clone(&shared.dead_letters),
        policy: Arc::clone(&shared.policy),
    });
    let notify = Notify::start(
        &settings,
        mall_names(&party_directory),
        Arc::clone(&journal),
        Arc::clone(&shared.vault),
        Arc::clone(&metrics),
    )?;
    if let Some(notify) = &notify {
        // It was empty: this is said once.
        let _ = outbox.set(notify.dead_letter_client.clone());
    }
    if shared.vault.has_old_keys() {
        let dead_letter_client = notify
            .as_ref()
            .map(|notify| notify.dead_letter_client.clone());
        reseal::start(Arc::clone(&store), &shared, dead_letter_client)?;
    }

    settlement.catch_up().await?;
    let totals = HostTotals {
        settlement: settlement.clone(),
        metrics: Arc::clone(&metrics),
        after: settings.host.reconcile_after,
    };
    let settlement = actix::spawn(settlement.keep());
    let totals = actix::spawn(totals.keep());
    let renewals = actix::spawn(renewal::keep(
        Arc::clone(&store),
        shared.inboxes.clone(),
        lines,
        settings.host.renew_cards_before,
    ));
    let of_tls = settings.mall.tls.as_ref();
    let balancers = of_tls
        .map_or(&[][..], |tls| &tls.proxy_protocol_from)
        .iter()
        .chain(&settings.mall.proxy_protocol_from);
    let places = Places::new(
        PlaceLimits::of_malls(&settings.mall),
        balancers.cloned().collect(),
    );
    places.know(&party_directory.parties());
    let doors = crew.open_doors(
        malls,
        sealed_malls,
        wallet_servers,
        Arc::clone(&places),
        &shared,
    )?;
    health.set_serving(true);
    let mut ending = Ending::listen(hangups)?;
    ready(addresses);
    service::ready();
    let alive = actix::spawn(say_alive(
        crew.arbiters.iter().map(Arbiter::handle).collect(),
    ));
    let checkpoints = actix::spawn(checkpoint_regularly(
        crew.worker_tasks.clone(),
        shared.clone(),
    ));
    let reload = Reload {
        settings: Arc::clone(&settings),
        party_directory,
        places,
        metrics: Arc::clone(&metrics),
        worker_tasks: crew.worker_tasks.clone(),
    };
    ending.wait(&reload).await;
    service::stopping();

    tracing::info!("stopping: answering requests in progress");
    health.set_stopping();
    doors.iter().for_each(JoinHandle::abort);
    shared.checkpointer.hurry();
    ask_all(&crew.worker_tasks, WorkerTask::Drain).await;
    ask_all(&crew.worker_tasks, WorkerTask::Close).await;
    alive.abort();
    checkpoints.abort();
    settlement.abort();
    totals.abort();
    renewals.abort();
    checkpoint(&crew.worker_tasks, &shared).await;
    crew.leave();
    if let Some(notify) = notify {
        notify.stop();
    }
    shared.checkpointer.end();
    if tokio::task::spawn_blocking(move || writer.join())
        .await?
        .is_err()
    {
        anyhow::bail!("the thread that writes the store has panicked");
    }
    control_server.stop(false).await;
    // While the journal's lock is ours. One that stays is removed by the next start.
    let _ = std::fs::remove_file(settings.operations_socket());
    journal.close()?;
    operations_server.stop(false).await;
    Ok(())
}

/// The workers, from outside.
struct Crew {
    arbiters: Vec<Arbiter>,
    worker_tasks: Vec<UnboundedSender<WorkerTask>>,
    malls: Vec<tessera_admission::Way>,
    sealed_malls: Vec<tessera_admission::Way>,
    wallet_servers: Vec<tessera_admission::Way>,
}

impl Crew {
    fn hire(
        shared: &Shared,
        inbox_ends: Vec<Inbox>,
        of_links: Vec<(Arc<LinkStats>, LinkInbox)>,
        holding: Vec<(u64, WalletId)>,
    ) -> Self {
        let workers = inbox_ends.len();
        let mut wakes: Vec<Vec<_>> = vec![Vec::new(); workers];
        for (at, wallet) in holding {
            let partition = wallet.partition(shared.settings.partitions);
            wakes[usize::from(partition) % workers].push((at, wallet));
        }
        let (worker_tasks, worker_task_ends): (Vec<_>, Vec<_>) =
            (0..workers).map(|_| unbounded_channel()).unzip();
        let (malls, mall_ends) = tessera_admission::ways(workers);
        let (sealed_malls, sealed_mall_ends) = tessera_admission::ways(workers);
        let (wallet_servers, wallet_server_ends) = tessera_admission::ways(workers);
        let ends = inbox_ends
            .into_iter()
            .zip(worker_task_ends)
            .zip(mall_ends)
            .zip(sealed_mall_ends)
            .zip(wallet_server_ends);
        let arbiters = ends
            .zip(of_links)
            .zip(wakes)
            .enumerate()
            .map(
                |(
                    index,
                    (
                        (((((inbox, worker_tasks), malls), sealed_malls), wallet_servers), of_link),
                        wakes,
                    ),
                )| {
                    let (stats, link_inbox) = of_link;
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
                },
            )
            .collect();
        Self {
            arbiters,
            worker_tasks,
            malls,
            sealed_malls,
            wallet_servers,
        }
    }

    fn open_doors(
        &self,
        malls: std::net::TcpListener,
        sealed_malls: Option<std::net::TcpListener>,
        wallet_servers: std::net::TcpListener,
        of_malls: Arc<Places>,
        shared: &Shared,
    ) -> anyhow::Result<Vec<JoinHandle<()>>> {
        let accept = |listener, ways: &Vec<tessera_admission::Way>, places| -> anyhow::Result<_> {
            let listener = TcpListener::from_std(listener)?;
            let metrics = Arc::clone(&shared.metrics);
            Ok(actix::spawn(tessera_admission::accept(
                listener,
                ways.clone(),
                places,
                metrics,
            )))
        };
        let of_wallet_servers = PlaceLimits::of_wallet_servers(&shared.settings.leased);
        let of_wallet_servers = Places::new(of_wallet_servers, Vec::new());
        // With TLS or without: a connection of a mall.
        let mut doors = vec![
            accept(malls, &self.malls, Arc::clone(&of_malls))?,
            accept(wallet_servers, &self.wallet_servers, of_wallet_servers)?,
        ];
        if let Some(listener) = sealed_malls {
            doors.push(accept(listener, &self.sealed_malls, of_malls)?);
        }
        Ok(doors)
    }

    fn leave(self) {
        for arbiter in self.arbiters {
            arbiter.stop();
            // A worker that panicked has said so itself.
            let _ = arbiter.join();
        }
    }
}

/// Everything that a crash left open is settled.
fn settle_what_is_open(store: &Store, inboxes: &Inboxes) -> anyhow::Result<()> {
    let open = store.open_wallets()?;
    if !open.is_empty() {
        tracing::info!(
            wallets = open.len(),
            "resolving transactions that a crash left open"
        );
    }
    for wallet in open {
        inboxes.send(wallet, WalletMessage::unasked(Command::Recover));
    }
    Ok(())
}

/// What the operator has decided about all wallets.
fn decided_about_all(store: &Store) -> anyhow::Result<Supervision> {
    let operator_policy = store.wallet(WalletId::OPERATOR)?;
    let decided = operator_policy.and_then(|operator_policy| operator_policy.supervision);
    Ok(decided.map(|decided| *decided).unwrap_or_default())
}

/// The oldest date of which totals can be asked for.
fn known_from(decided: &Supervision) -> Day {
    let oldest = decided.days.iter().next();
    oldest.map_or(Day::default(), |(_, day)| day)
}

/// The vault's keys. For development they are made where there are none.
fn open_vault(settings: &Settings) -> anyhow::Result<Vault> {
    let path = &settings.vault.keys;
    if settings.environment == Environment::Development && !path.exists() {
        KeyRing::rotate(path)?;
        tracing::info!(file = %path.display(), "created a key for the vault");
    }
    let ring = KeyRing::read(path).map_err(SettingsError::from)?;
    Ok(Vault::new(ring))
}

async fn checkpoint_regularly(worker_tasks: Vec<UnboundedSender<WorkerTask>>, shared: Shared) {
    loop {
        tokio::time::sleep(shared.settings.store.checkpoint_every).await;
        checkpoint(&worker_tasks, &shared).await;
    }
}

/// One round: what has happened up to the mark is in wallets that changed, and those are handed over
/// before the mark is.
async fn checkpoint(worker_tasks: &[UnboundedSender<WorkerTask>], shared: &Shared) {
    if shared.checkpointer.is_paused() {
        return;
    }
    let Some(mark) = shared.journal.mark() else {
        return;
    };
    ask_all(worker_tasks, WorkerTask::Checkpoint).await;
    shared.checkpointer.mark(mark);
}

/// Who a mall is, for payers.
fn mall_names(party_directory: &Arc<PartyDirectory>) -> MallNames {
    let party_directory = Arc::clone(party_directory);
    Arc::new(move |institution| {
        let parties = party_directory.parties();
        let party = &parties.find(institution)?.party;
        (party.kind == PartyKind::Mall).then(|| party.name.clone())
    })
}

/// SIGTERM and SIGINT end the switch in order, from here on. At SIGHUP the parties are read again.
struct Ending {
    terminate: Signal,
    interrupt: Signal,
    hangups: Signal,
}

impl Ending {
    fn listen(hangups: Signal) -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangups,
        })
    }

    async fn wait(&mut self, reload: &Reload) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangups.recv() => {
                    service::reloading();
                    reload.run().await;
                    service::ready();
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

fn at(who: &str, address: SocketAddr) -> String {
    format!("can't listen for {who} at {address}")
}
