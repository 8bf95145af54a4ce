//! Re-encrypts under the keys of wallets what a build before has encrypted under the vault's ring, one wallet after another,
//! while the switch serves.

use std::io;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use crate::assembly::Shared;
use crate::message::WalletMessage;
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{Command, Wallet};
use tessera_notify::DeadLetterClient;
use tessera_store::Store;
use tessera_vault::Vault;

/// After so many wallets that were looked at a rest, so that nobody else notices.
const AT_ONCE: u64 = 500;
/// And after this many commands, because each reads the store, encrypts and writes events on a worker.
const COMMANDS_AT_ONCE: u64 = 20;
const REST: Duration = Duration::from_millis(20);

/// Looks through the store on a thread of its own. Every wallet is in it: the journal has been replayed.
pub(crate) fn start(
    store: Arc<Store>,
    shared: &Shared,
    outbox: Option<DeadLetterClient>,
) -> io::Result<()> {
    let (vault, inboxes) = (Arc::clone(&shared.vault), shared.inboxes.clone());
    let reseal = move || {
        let (mut seen, mut outdated) = (0u64, 0u64);
        let looked = store.each_wallet(&mut |wallet| {
            seen += 1;
            if is_outdated(&vault, &wallet, clock::now()) {
                outdated += 1;
                inboxes.send(wallet.id, WalletMessage::unasked(Command::Reseal));
                if outdated % COMMANDS_AT_ONCE == 0 {
                    sleep(REST);
                }
            }
            if seen % AT_ONCE == 0 {
                sleep(REST);
            }
        });
        if let Err(error) = looked {
            tracing::error!(%error, "re-encryption has stopped");
            return;
        }
        if outdated > 0 {
            tracing::info!(
                wallets = outdated,
                "re-encrypting funding sources and contacts with the keys of their wallets"
            );
            return;
        }
        // Addresses of messages are not sealed anew: they go when the message is gone.
        match outbox.map_or(Ok(0), |outbox| outbox.outdated(&vault)) {
            Err(error) => tracing::error!(%error, "the outbox could not be read"),
            Ok(0) => tracing::info!("the vault's key file is no longer needed: it can be removed"),
            Ok(addresses) => tracing::info!(
                addresses,
                "messages to payers still need the vault's key file: leave it there"
            ),
        }
    };
    std::thread::Builder::new()
        .name("reseal".into())
        .spawn(reseal)
        .map(drop)
}

fn is_outdated(vault: &Vault, wallet: &Wallet, now: Timestamp) -> bool {
    let Some(account) = &wallet.account else {
        return false;
    };
    let sources = account.sources.iter().map(|source| &source.sealed);
    let contact = account.contact.iter().map(|contact| &contact.sealed);
    // One that waits for its code is sealed anew once it is confirmed, at the next start: until then its key is needed.
    let proposed = account.proposed.iter();
    let proposed = proposed.filter(|proposed| proposed.until >= now);
    sources
        .chain(contact)
        .chain(proposed.map(|proposed| &proposed.contact.sealed))
        .any(|sealed| vault.is_outdated(sealed))
}
