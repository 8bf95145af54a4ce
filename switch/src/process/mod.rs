//! The life of the process: read, bind, open, wire, serve, drain.
//!
//! In come the settings; out goes a switch that serves until SIGTERM or SIGINT. What never happens here: a port for malls
//! or wallet servers accepts before the data is whole, or the lock of the data is given up while something could still write.

mod background;
mod base;
mod cluster;
mod control;
mod data;
mod ending;
mod ports;
mod unfinished;
mod waiting;
mod wire;
mod workers;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::System;
use tessera_config::Settings;
use tessera_console::service;
use tokio::signal::unix::{SignalKind, signal};

use background::{Background, checkpoint};
use base::Base;
use cluster::Joined;
use control::Control;
use data::Data;
use ending::{Asked, Ending};
use ports::Ports;
use unfinished::Unfinished;
use workers::Workers;

use crate::cluster::Member;
use crate::fault::HandedOver;
use crate::ops::Operator;
use crate::reload::Reload;
use crate::renewal;
use crate::reseal;
use crate::shredding;

/// A line that can be up is up by then.
const HOST_LINE_WITHIN: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(5);

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
    // From here on: before, it ends the process, as it always did.
    let mut hangups = signal(SignalKind::hangup())?;
    // A file that may not grow any more (`ulimit -f`) is an error of that write, as a full disk is, and no end.
    let _too_large = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?;

    for outdated in &settings.outdated_keys {
        tracing::warn!("{outdated}");
    }
    let base = Base::read(settings)?;
    // Bound first: an address that is taken is found out before the journal is replayed.
    let ports = Ports::bind(&base)?;
    let (promoted, member, mut asked) = match cluster::join(&base, &mut hangups).await? {
        Joined::Alone => (None, None, None),
        Joined::Active(promoted, member, asked) => (Some(promoted), Some(member), Some(asked)),
        Joined::Stopped(member) => {
            end(member).await;
            ports.operations.stop(false).await;
            return Ok(());
        }
    };
    ports.listen()?;
    let data = Data::open(&base, promoted)?;
    let control = Control::serve(&base.settings)?;

    let (shared, inboxes) = wire::wire(&base, &data)?;
    let workers = Workers::start(
        &shared,
        inboxes,
        &base.link_stats,
        data.store.holding_wallets()?,
    );
    data.resolve_what_is_open(&shared.inboxes)?;
    control.connect(Operator {
        inboxes: shared.inboxes.clone(),
        directory: shared.directory.clone(),
        journal: data.journal.clone(),
        dead_letters: shared.dead_letters.clone(),
        policy: shared.policy.clone(),
        register: Arc::clone(&base.party_directory.register),
    });
    let notify = data.start_notifications(&base, &shared.inboxes)?;
    let outbox = notify.as_ref().map(|notify| &notify.dead_letter_client);
    control.connect_outbox(outbox);
    let webhooks = data.start_webhooks(&base)?;
    control.connect_webhooks(webhooks.as_ref().map(|webhooks| &webhooks.client));
    if shared.vault.has_ring() {
        reseal::start(data.store.clone(), &shared, outbox.cloned())?;
    }
    let shredding = shredding::start(data.store.clone(), &shared, outbox.cloned())?;
    let caught_up = shared.settlement.catch_up();
    match &mut asked {
        // It waits for the log, which may take nothing.
        Some((ending, ..)) => tokio::select! {
            caught_up = caught_up => caught_up?,
            () = ending.asked() => crate::fault::unfinished(),
        },
        None => caught_up.await?,
    }

    let places = ports.places(&base);
    let (addresses, operations) = (ports.addresses, ports.operations.clone());
    if member.is_some() {
        wait_for_a_host_line(&base).await;
    }
    let ports = ports.accept(&workers, &places, &base)?;
    base.health.set_serving(true);
    let standing = member.as_ref().map(|member| member.standing().clone());
    if let Some(standing) = &standing {
        standing.set_serves();
    }
    let (mut ending, waiting, has_changed) = match asked {
        Some((ending, waiting, has_changed)) => (ending, Some(waiting), has_changed),
        None => (Ending::listen()?, None, false),
    };
    ready(addresses);
    service::ready();
    let upkeep = data.start_upkeep(&base, outbox.cloned(), member.as_ref())?;
    renewal::start(
        data.store.clone(),
        shared.inboxes.clone(),
        base.link_stats.clone(),
        base.settings.host.renew_cards_before,
    )?;
    let background = Background::start(&base, &data, &shared, &workers);
    // From here on the workers give the signs of life.
    drop(waiting);
    let reload = Reload {
        settings: base.settings.clone(),
        party_directory: base.party_directory.clone(),
        places,
        metrics: base.metrics.clone(),
        worker_tasks: workers.tasks.clone(),
        standing: standing.clone(),
    };
    if has_changed {
        reload.run().await;
    }
    let asked = ending
        .wait(&mut hangups, &reload, standing.as_deref())
        .await;
    service::stopping();

    let standing = member.as_ref().map(|member| Arc::clone(member.standing()));
    let in_order = standing.map(Unfinished::watch).transpose()?;
    tracing::info!("stopping: answering requests in progress");
    base.health.set_stopping();
    ports.iter().for_each(|port| port.abort());
    data.checkpointer.hurry();
    workers.drain().await;
    background.stop();
    checkpoint(&workers.tasks, &shared).await;
    workers.stop();
    // It asks the notifications.
    shredding.stop();
    if let Some(notify) = notify {
        notify.stop();
    }
    if let Some(webhooks) = webhooks {
        webhooks.stop();
    }
    upkeep.stop();
    let (journal, lock) = data.finish_store().await?;
    // While the folder is ours.
    control.stop().await;
    journal.close()?;
    drop((lock, in_order));
    if let Some(member) = member {
        end(member).await;
    }
    operations.stop(false).await;
    match asked {
        Asked::Stop => Ok(()),
        Asked::HandOver => Err(HandedOver.into()),
    }
}

/// After a take-over clients connect at once: what they ask before a line to the financial system is up would be declined.
async fn wait_for_a_host_line(base: &Base) {
    let until = Instant::now() + HOST_LINE_WITHIN;
    while Instant::now() < until && !base.link_stats.iter().any(|stats| stats.is_up()) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn end(member: Member) {
    // A panic there has been printed.
    let _ = tokio::task::spawn_blocking(move || member.end()).await;
}
