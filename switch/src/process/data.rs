//! The data while the switch runs: journal, store, and the thread that writes the store.

use std::sync::Arc;
use std::thread::JoinHandle;

use tessera_cluster::changes::Change;
use tessera_encryption::DataKeys;
use tessera_journal::{Journal, Options};
use tessera_ledger::{Command, Supervision, WalletId};
use tessera_notify::{DeadLetterClient, Notify, VapidKey, Webhooks};
use tessera_store::{Checkpointer, Store};
use tessera_vault::{Fit, SlotChanges, Vault, WalletKeys};

use super::base::Base;
use crate::cluster::{Member, replication};
use crate::dispatch::Inboxes;
use crate::gate::DeadLetters;
use crate::gauges;
use crate::message::WalletMessage;
use crate::recovery::{self, DataLock, Promoted, journal_location};
use crate::upkeep::{Kept, Messages, Others, Upkeep};

pub(super) struct Data {
    lock: DataLock,
    pub keys: DataKeys,
    pub journal: Arc<dyn Journal>,
    pub store: Arc<Store>,
    pub checkpointer: Checkpointer,
    pub dead_letters: Arc<DeadLetters>,
    pub vault: Arc<Vault>,
    /// What push services know the switch by, where notifications in browsers are configured.
    pub push_key: Option<Arc<VapidKey>>,
    writer: JoinHandle<()>,
}

impl Data {
    /// Opens journal and store, replays what the store does not have, and has the metrics show both.
    /// In a cluster this node is active, and its folder is open already; every batch of the journal goes through the log.
    pub fn open(base: &Base, promoted: Option<Box<Promoted>>) -> anyhow::Result<Self> {
        let metrics = &base.metrics;
        let (owner, folder) = promoted
            .map(|promoted| {
                let Promoted { owner, folder } = *promoted;
                (owner, folder)
            })
            .unzip();
        let options = Options {
            observer: Some(metrics.journal_observer()),
            by_turns: true,
            replication: owner.map(replication),
        };
        let data = match folder {
            Some(folder) => recovery::open_in(folder, &base.settings, options)?,
            None => recovery::open(&base.settings, options)?,
        };
        let (journal, store) = (data.journal, Arc::new(data.store));
        base.health.set_journal_open(true);
        let wallet_keys = WalletKeys::open(&base.settings.data, data.keys.clone())?;
        match wallet_keys.fit() {
            Fit::Good => {}
            Fit::OlderFile => tracing::warn!(
                "wallet.keys is an older copy: the funding sources and contacts of wallets whose keys it lacks can't be decrypted; \
                 stop the switch and restore the newest one. If there is none, `tessera keys accept-lost-wallet-keys` ends this warning"
            ),
            Fit::OlderTable => tracing::warn!(
                "keys.table is older than wallet.keys: keys of wallets can't be decrypted; stop the switch and restore the newest \
                 keys.table"
            ),
        }
        let wallet_keys = match base.settings.cluster {
            Some(_) => wallet_keys.showing(sends_slots(&journal, &data.keys)),
            None => wallet_keys,
        };
        let vault = Vault::new(wallet_keys, base.settings.vault_ring()?)?;
        let dead_letters = Arc::new(DeadLetters::default());
        gauges::refresh_before_reading(metrics, &journal, &base.party_directory, &dead_letters);
        let watched = Arc::clone(&store);
        metrics
            .before_reading(move |metrics| metrics.store.paused.set(watched.is_failing().into()));
        for (worker, stats) in base.link_stats.iter().enumerate() {
            metrics.watch_link(worker, Arc::clone(stats));
            base.health.watch_link(worker, Arc::clone(stats));
        }
        let partitions = base.settings.partitions;
        let (checkpointer, writer) =
            Checkpointer::new(Arc::clone(&store), Arc::clone(&journal), partitions);
        let observe = Arc::clone(metrics);
        let writer = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || {
                if let Err(error) = writer.run(|written| observe.store.written(&written)) {
                    crate::fault::stop("the store could not be written", &error);
                }
            })?;
        Ok(Self {
            lock: data.lock,
            keys: data.keys,
            journal,
            store,
            checkpointer,
            dead_letters,
            vault: Arc::new(vault),
            push_key: VapidKey::open(&base.settings)?,
            writer,
        })
    }

    /// The service that notifies payers, where a channel is configured.
    pub fn start_notifications(
        &self,
        base: &Base,
        inboxes: &Inboxes,
    ) -> anyhow::Result<Option<Notify>> {
        let inboxes = inboxes.clone();
        let gone = move |wallet, number| {
            let command = Command::BrowserGone(number);
            inboxes.send(wallet, WalletMessage::unasked(command));
        };
        Ok(Notify::start(
            &base.settings,
            self.keys.clone(),
            base.mall_names(),
            (self.push_key.clone(), Arc::new(gone)),
            Arc::clone(&self.journal),
            Arc::clone(&self.store),
            Arc::clone(&self.vault),
            Arc::clone(&base.metrics),
        )?)
    }

    /// The service that notifies parties by HTTP, where one has a webhook.
    pub fn start_webhooks(&self, base: &Base) -> anyhow::Result<Option<Webhooks>> {
        Ok(Webhooks::start(
            &base.settings,
            self.keys.clone(),
            base.hooks(),
            Arc::clone(&self.journal),
            Arc::clone(&base.metrics),
        )?)
    }

    /// Has full snapshots written, closed segments indexed and archived, and the oldest deleted.
    pub fn start_upkeep(
        &self,
        base: &Base,
        outbox: Option<DeadLetterClient>,
        member: Option<&Member>,
    ) -> std::io::Result<Upkeep> {
        let kept = Kept {
            journal: journal_location(&base.settings, Some(&self.keys)),
            keys: self.keys.clone(),
            store: Arc::clone(&self.store),
            messages: outbox.map_or(Messages::None, Messages::Outbox),
            others: member.and_then(|member| Others::of(&base.settings, member.standing())),
        };
        Upkeep::start(&base.settings, kept, &base.metrics)
    }

    /// What operators have decided about all wallets.
    pub fn decided_about_all(&self) -> anyhow::Result<Supervision> {
        let operator_wallet = self.store.wallet(WalletId::OPERATOR)?;
        let decided = operator_wallet.and_then(|wallet| wallet.supervision);
        Ok(decided.map(|decided| *decided).unwrap_or_default())
    }

    /// Has each wallet resolve the transactions that a crash left open.
    pub fn resolve_what_is_open(&self, inboxes: &Inboxes) -> anyhow::Result<()> {
        let open = self.store.open_wallets()?;
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

    /// Ends the thread that writes the store once it has all that was handed over. What is left is the journal, to be closed,
    /// and the lock of the folder, to be dropped after that.
    pub async fn finish_store(self) -> anyhow::Result<(Arc<dyn Journal>, DataLock)> {
        self.checkpointer.end();
        let written = tokio::task::spawn_blocking(move || self.writer.join());
        if written.await?.is_err() {
            anyhow::bail!("the thread that writes the store has panicked");
        }
        Ok((self.journal, self.lock))
    }
}

/// Other nodes get the key of a wallet before the events that need it.
fn sends_slots(journal: &Arc<dyn Journal>, keys: &DataKeys) -> SlotChanges {
    let (journal, keys) = (Arc::clone(journal), keys.clone());
    Box::new(move |offset, slot| {
        let mut changes = Vec::new();
        // The data key of the slot is the newest, or an older one that they have.
        match keys.wrapped(keys.newest()) {
            Ok(line) => Change::DataKey { line: &line }.append_to(&mut changes),
            Err(error) => crate::fault::stop("the key table could not be read", &error),
        }
        Change::WalletKey { offset, slot }.append_to(&mut changes);
        journal.append_beside(&changes);
    })
}
