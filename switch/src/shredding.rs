//! Destroys the keys of wallets that have ended, so that the funding sources and contacts in old segments and in backups of
//! the journal can no longer be decrypted.
//!
//! A key goes once the event with which its wallet ended is durable, and the payer has the message about it. What a kill left
//! undone is found at the next start, in the file of the keys.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use tessera_journal::Journal;
use tessera_ledger::{Wallet, WalletId};
use tessera_notify::DeadLetterClient;
use tessera_store::Store;
use tessera_vault::Vault;

use crate::assembly::Shared;
use crate::shared::{EndedWallet, EndedWallets};

const EVERY: Duration = Duration::from_secs(1);
/// After so many pages of the file a rest, so that nobody else notices.
const PAGES_AT_ONCE: u64 = 16;
const REST: Duration = Duration::from_millis(20);
/// Wallets that the notifications are asked about at a time.
const ASKED_MAX: usize = 1_000;

/// Works on a thread of its own, for as long as the process lives.
pub(crate) fn start(
    store: Arc<Store>,
    shared: &Shared,
    outbox: Option<DeadLetterClient>,
) -> io::Result<()> {
    let shredder = Shredder {
        vault: Arc::clone(&shared.vault),
        journal: Arc::clone(&shared.journal),
        ended: Arc::clone(&shared.ended_wallets),
        outbox,
    };
    let run = move || {
        let found = shredder.left_undone(&store);
        shredder.run(found);
    };
    std::thread::Builder::new()
        .name("shredding".into())
        .spawn(run)
        .map(drop)
}

struct Shredder {
    vault: Arc<Vault>,
    journal: Arc<dyn Journal>,
    ended: Arc<EndedWallets>,
    outbox: Option<DeadLetterClient>,
}

impl Shredder {
    /// Wallets that have ended and still have keys. Every wallet is in the store: the journal has been replayed.
    fn left_undone(&self, store: &Store) -> Vec<EndedWallet> {
        let mut found = Vec::new();
        for page in 0.. {
            let wallets = match self.vault.wallet_keys().wallets_in(page) {
                Ok(Some(wallets)) => wallets,
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "keys of ended wallets could not be looked for");
                    break;
                }
            };
            for wallet in wallets {
                let ended = |state: Wallet| state.last_position.filter(|_| state.has_ended());
                match store.wallet(wallet).map(|state| state.and_then(ended)) {
                    Ok(Some(position)) => found.push(EndedWallet { wallet, position }),
                    Ok(None) => {}
                    Err(error) => tracing::error!(%error, "an ended wallet could not be looked up"),
                }
            }
            if page % PAGES_AT_ONCE == PAGES_AT_ONCE - 1 {
                sleep(REST);
            }
        }
        found
    }

    fn run(&self, mut pending: Vec<EndedWallet>) {
        let mut failed = false;
        loop {
            pending.extend(self.ended.take());
            let needed = self.needed(&pending);
            let before = pending.len();
            pending.retain(|ended| {
                if needed.contains(&ended.wallet) {
                    return true;
                }
                match self.vault.wallet_keys().destroy(ended.wallet) {
                    Ok(_) => false,
                    Err(error) => {
                        if !failed {
                            tracing::error!(%error, "the key of an ended wallet could not be destroyed; it is tried again");
                        }
                        failed = true;
                        true
                    }
                }
            });
            let destroyed = before - pending.len();
            if destroyed > 0 {
                failed = false;
                tracing::info!(wallets = destroyed, "destroyed the keys of ended wallets");
            }
            sleep(EVERY);
        }
    }

    /// Those whose end is not durable, and those whose payers are still to be notified.
    fn needed(&self, pending: &[EndedWallet]) -> HashSet<WalletId> {
        let is_durable = |ended: &&EndedWallet| self.journal.is_durable(ended.position);
        let (durable, mut needed): (Vec<_>, HashSet<_>) = (
            pending.iter().filter(is_durable).collect(),
            pending
                .iter()
                .filter(|ended| !is_durable(ended))
                .map(|ended| ended.wallet)
                .collect(),
        );
        let Some(outbox) = self.outbox.as_ref().filter(|_| !durable.is_empty()) else {
            return needed;
        };
        for some in durable.chunks(ASKED_MAX) {
            let asked = some.iter().map(|ended| (ended.wallet, ended.position));
            match outbox.to_be_notified(asked.collect()) {
                Ok(waiting) => needed.extend(waiting),
                // Where notifications are stopped, they are sent after the next start.
                Err(_) => needed.extend(some.iter().map(|ended| ended.wallet)),
            }
        }
        needed
    }
}
