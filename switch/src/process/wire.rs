//! The neighbours that all workers share.

use std::sync::Arc;

use tessera_admission::Admission;
use tessera_host::{LinkInbox, Links};
use tessera_ledger::{Day, Supervision};
use tokio::sync::mpsc::unbounded_channel;

use super::base::Base;
use super::data::Data;
use crate::assembly::Shared;
use crate::dispatch::{Inbox, Inboxes};
use crate::orders::Orders;
use crate::passkeys::Passkeys;
use crate::passwords::{Passwords, Throttle, ThrottleSettings};
use crate::settlement::Settlement;
use crate::shared::{Directory, OperatorPolicy, PartyTotals, StandInBudget};

/// What each worker receives from the others, in the order of the workers.
pub(super) struct WorkerInboxes {
    pub wallets: Vec<Inbox>,
    pub links: Vec<LinkInbox>,
}

/// Makes them. Nothing runs yet but the threads that hash passwords.
pub(super) fn wire(base: &Base, data: &Data) -> anyhow::Result<(Shared, WorkerInboxes)> {
    let settings = &base.settings;
    let workers = base.link_stats.len();
    let (senders, wallets): (Vec<_>, Vec<_>) = (0..workers).map(|_| unbounded_channel()).unzip();
    let inboxes = Inboxes::new(senders, settings.partitions);
    let decided = data.decided_about_all()?;
    let totals = data.store.totals(known_from(&decided))?;
    let policy = Arc::new(OperatorPolicy::new(decided));
    let (links, link_inboxes) = Links::new(&base.link_stats);
    let origin = settings.leased.origin.as_deref();
    let passkeys = origin.map(Passkeys::new).transpose()?.map(Arc::new);
    let shared = Shared {
        links,
        passwords: start_passwords(base, passkeys.clone(), &inboxes)?,
        passkeys,
        stand_in: Arc::new(StandInBudget::new(settings.host.stand_in.overall)),
        settlement: Settlement {
            inboxes: inboxes.clone(),
            policy: Arc::clone(&policy),
            cutover: settings.mall.settlement_cutover,
            complete: Arc::default(),
        },
        inboxes,
        policy,
        dead_letters: Arc::clone(&data.dead_letters),
        totals: Arc::new(PartyTotals::new(totals, workers)),
        vault: Arc::clone(&data.vault),
        push_key: data.push_key.as_ref().map(|key| key.public()),
        ended_wallets: Arc::default(),
        directory: Arc::new(Directory::new(Arc::clone(&data.store))?),
        orders: Arc::new(Orders::new(
            Arc::clone(&data.store),
            data.checkpointer.clone(),
        )),
        metrics: Arc::clone(&base.metrics),
        journal: Arc::clone(&data.journal),
        checkpointer: data.checkpointer.clone(),
        party_directory: Arc::clone(&base.party_directory),
        host_tls: Arc::clone(&base.host_tls),
        mall_tls: base.mall_tls.clone(),
        leased_tls: Arc::clone(&base.leased_tls),
        wallet_lines: Admission::new(settings.leased.connections_max),
        settings: Arc::clone(settings),
    };
    let inboxes = WorkerInboxes {
        wallets,
        links: link_inboxes,
    };
    Ok((shared, inboxes))
}

fn start_passwords(
    base: &Base,
    passkeys: Option<Arc<Passkeys>>,
    inboxes: &Inboxes,
) -> std::io::Result<Passwords> {
    let settings = &base.settings.leased;
    let throttle = Throttle::new(ThrottleSettings {
        account_tries: settings.tries_per_account,
        address_tries: settings.tries_per_address,
    });
    let give_back = inboxes.clone();
    Passwords::start(
        settings.password_threads,
        settings.passwords_waiting_max,
        throttle,
        passkeys,
        Arc::new(move |wallet, message| give_back.send(wallet, message)),
    )
}

/// The oldest date of which totals can be asked for.
fn known_from(decided: &Supervision) -> Day {
    let oldest = decided.days.iter().next();
    oldest.map_or(Day::default(), |(_, day)| day)
}
