//! After a rotation of the vault's keys: whatever an older key has sealed is sealed anew, one wallet after another,
//! while the switch serves.

use std::io;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use crate::assembly::Shared;
use crate::store::Store;
use crate::vault::Vault;
use crate::wallet::{Command, Tell, Wallet};

/// After so many wallets a rest, so that nobody else notices.
const AT_ONCE: u64 = 500;
const REST: Duration = Duration::from_millis(20);

/// Looks through the store on a thread of its own. Every wallet is in it: the journal has been replayed.
pub(crate) fn start(store: Arc<Store>, shared: &Shared) -> io::Result<()> {
    let (vault, inboxes) = (Arc::clone(&shared.vault), shared.inboxes.clone());
    let reseal = move || {
        let (mut seen, mut outdated) = (0, 0);
        let looked = store.each_wallet(&mut |wallet| {
            seen += 1;
            if is_outdated(&vault, &wallet) {
                outdated += 1;
                let tell = Tell {
                    command: Command::Reseal,
                    asker: None,
                };
                inboxes.tell(wallet.id, tell);
            }
            if seen % AT_ONCE == 0 {
                sleep(REST);
            }
        });
        match (looked, outdated) {
            (Err(error), _) => tracing::error!(%error, "sealing anew has stopped"),
            (Ok(()), 0) => tracing::info!(
                "nothing is sealed with the vault's older keys: they can be taken out of the key file"
            ),
            (Ok(()), wallets) => {
                tracing::info!(wallets, "sealing anew with the vault's newest key")
            }
        }
    };
    std::thread::Builder::new()
        .name("reseal".into())
        .spawn(reseal)
        .map(drop)
}

fn is_outdated(vault: &Vault, wallet: &Wallet) -> bool {
    let Some(account) = &wallet.account else {
        return false;
    };
    let sources = account.sources.iter().map(|source| &source.sealed);
    let contact = account.contact.iter().map(|contact| &contact.sealed);
    sources
        .chain(contact)
        .any(|sealed| vault.is_outdated(sealed))
}
