//! How each component of a worker is made, the last stage first: what a stage needs is made above it.

use std::rc::Rc;
use std::sync::Arc;
use tessera_protocol::Institution;

use tessera_protocol::leased::Limits;
use tokio_rustls::TlsAcceptor;

use super::Shared;
use crate::dispatch::{Outgoing, Wakes};
use crate::gate::{Gate, HostLines, TlsLines};
use crate::leased::{self, LineKeeper, Reading};
use crate::mall::{Neighbours, Sandbox, SessionContext};
use crate::orders::WaitingPurchases;
use crate::shared::PolicyReader;
use crate::wallet::{ActiveList, EventLog, Numbers, Services, Snapshots};
use tessera_config::{ClusterSettings, Settings};
use tessera_host::{Forwarder, Link, LinkInbox, TraceShare};
use tessera_ledger::{Channels, ContactChannel, Rules};
use tessera_metrics::{LinkStats, WorkerMetrics};

/// No two workers of any two nodes have the same: an answer to a node that was active before is never taken for one of ours.
fn trace_share(index: usize, shared: &Shared) -> TraceShare {
    let workers = shared.inboxes.workers() as u32;
    let cluster = shared.settings.cluster.as_ref();
    let (node, nodes) = cluster.map_or((0, 1), ClusterSettings::place);
    TraceShare {
        index: node * workers + index as u32,
        count: nodes * workers,
    }
}

/// The lines to the host, whose answers go to the wallets, and whose settlement dates go to the operator wallet.
pub(super) fn open_lines(
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
        trace_share(index, shared),
        stats,
        (shared.links.clone(), inbox),
        Rc::new(move |answer| answers.deliver(answer)),
    )
    .unwrap_or_else(|error| crate::fault::stop("the line to the financial system", &error));
    let (settlement, lines) = (shared.settlement.clone(), Rc::clone(&link));
    link.deliver_dates(Rc::new(move |message, unanswered| {
        let (settlement, lines) = (settlement.clone(), Rc::clone(&lines));
        actix::spawn(async move {
            let verdict = settlement.obey(message).await;
            lines.answer(&unanswered, verdict);
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
pub(super) fn services(
    index: usize,
    institution: Institution,
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
        settings.partitions,
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
        ended_wallets: Arc::clone(&shared.ended_wallets),
        vault: Arc::clone(&shared.vault),
        metrics,
        rules: rules(settings),
        answer_within: settings.mall.answer_within,
        transactions_kept: settings.store.transactions_kept.as_millis() as u64,
    })
}

/// What the sessions of malls and acquirers share.
pub(super) fn malls(services: &Services, shared: &Shared) -> Rc<SessionContext> {
    Rc::new(SessionContext::new(
        shared.party_directory.parties(),
        shared.mall_tls.clone().map(TlsAcceptor::from),
        shared.settings.mall.clone(),
        Sandbox::of(&shared.settings),
        Neighbours {
            outgoing: Rc::clone(&services.outgoing),
            directory: Arc::clone(&services.directory),
            orders: Arc::clone(&services.orders),
            purchases: Rc::clone(&services.purchases),
            policy: Rc::clone(&services.policy),
            metrics: Rc::clone(&services.metrics),
            register: Arc::clone(&shared.party_directory.register),
        },
    ))
}

/// What the sessions of the wallet server share.
pub(super) fn wallet_servers(
    services: &Services,
    shared: &Shared,
    institution: Institution,
) -> Rc<LineKeeper> {
    let settings = &shared.settings;
    Rc::new(LineKeeper {
        acceptor: TlsAcceptor::from(Arc::clone(&shared.leased_tls)),
        reading: Reading {
            institution,
            currency: settings.currency,
            order_valid_for: settings.mall.order_valid_for.as_millis() as u64,
            vault: Arc::clone(&shared.vault),
            channels: channels(settings),
            passkeys: shared.passkeys.clone(),
            web_push: settings
                .notify
                .web_push
                .clone()
                .zip(shared.push_key.clone()),
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
        session_max_age: settings.leased.session_max_age.as_millis() as u64,
        renew_before: settings.host.renew_cards_before.as_millis() as u64,
        confirmed_for: settings.leased.confirmed_for.as_millis() as u64,
        passkeys: settings.leased.origin.is_some(),
        channels: Channels {
            email: settings.notify.email.is_some(),
            mobile: settings.notify.sms.is_some(),
            push: settings.notify.web_push.is_some(),
        },
        hold_valid_for: settings.mall.hold_valid_for.as_millis() as u64,
        stand_in: settings.host.stand_in.limits(),
        sandbox: settings.sandbox.play,
    }
}
