//! Destroys the keys of wallets that have ended, so that the funding sources and contacts in old segments and in backups of
//! the journal can no longer be decrypted.
//!
//! A key goes once the event with which its wallet ended is durable, and the payer has the message about it: first on the other
//! nodes of a cluster, then here. What a kill left undone is found when the node is next active, in the file of the keys.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tessera_journal::Journal;
use tessera_ledger::{Wallet, WalletId};
use tessera_notify::DeadLetterClient;
use tessera_store::Store;
use tessera_vault::{Vault, WalletKeysError};

use crate::assembly::Shared;
use crate::shared::{EndedWallet, EndedWallets};

const EVERY: Duration = Duration::from_secs(1);
/// After so many pages of the file a rest, so that nobody else notices.
const PAGES_AT_ONCE: u64 = 16;
const REST: Duration = Duration::from_millis(20);
/// Wallets that the notifications are asked about at a time.
const ASKED_MAX: usize = 1_000;

/// The thread while it runs.
pub(crate) struct RunningShredding {
    thread: JoinHandle<()>,
    stopped: Arc<AtomicBool>,
}

/// Works on a thread of its own, until it is stopped.
///
/// # Errors
/// When the system has none.
pub(crate) fn start(
    store: Arc<Store>,
    shared: &Shared,
    outbox: Option<DeadLetterClient>,
) -> io::Result<RunningShredding> {
    let shredder = Shredder {
        vault: Arc::clone(&shared.vault),
        journal: Arc::clone(&shared.journal),
        ended: Arc::clone(&shared.ended_wallets),
        outbox,
        stopped: Arc::default(),
    };
    shredder.start(store)
}

impl RunningShredding {
    /// Ends it: no key is destroyed after this. What is left to be destroyed, the next start finds.
    pub fn stop(self) {
        self.stopped.store(true, Ordering::Release);
        self.thread.thread().unpark();
        if self.thread.join().is_err() {
            tracing::error!("the thread that destroys keys has panicked");
        }
    }
}

struct Shredder {
    vault: Arc<Vault>,
    journal: Arc<dyn Journal>,
    ended: Arc<EndedWallets>,
    outbox: Option<DeadLetterClient>,
    stopped: Arc<AtomicBool>,
}

impl Shredder {
    fn start(self, store: Arc<Store>) -> io::Result<RunningShredding> {
        let stopped = Arc::clone(&self.stopped);
        let run = move || {
            let found = self.left_undone(&store);
            drop(store);
            self.run(found);
        };
        let thread = thread::Builder::new().name("shredding".into()).spawn(run)?;
        Ok(RunningShredding { thread, stopped })
    }

    fn goes_on(&self) -> bool {
        !self.stopped.load(Ordering::Acquire)
    }

    /// Wallets that have ended and still have keys. Every wallet is in the store: the journal has been replayed.
    fn left_undone(&self, store: &Store) -> Vec<EndedWallet> {
        let mut found = Vec::new();
        for page in 0.. {
            if !self.goes_on() {
                break;
            }
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
                thread::park_timeout(REST);
            }
        }
        found
    }

    fn run(&self, mut pending: Vec<EndedWallet>) {
        let mut failed = false;
        while self.goes_on() {
            pending.extend(self.ended.take());
            let needed = self.needed(&pending);
            let is_needed = |ended: &EndedWallet| needed.contains(&ended.wallet);
            let (waiting, mut due): (Vec<_>, Vec<_>) = pending.into_iter().partition(is_needed);
            pending = waiting;
            let keys = self.vault.wallet_keys();
            let goes_on = || self.goes_on();
            let mut kept = failing(&mut due, &mut failed, &goes_on, |wallet| {
                keys.show_destroyed(wallet)
            });
            if self.others_have_destroyed() {
                let before = due.len();
                kept.extend(failing(&mut due, &mut failed, &goes_on, |wallet| {
                    keys.destroy(wallet).map(|_| ())
                }));
                let destroyed = due.len();
                if destroyed > 0 {
                    failed &= destroyed < before;
                    tracing::info!(wallets = destroyed, "destroyed the keys of ended wallets");
                }
            } else {
                kept.extend(due);
            }
            pending.extend(kept);
            thread::park_timeout(EVERY);
        }
    }

    /// Waits until the replicated log has what the others have to destroy. Not so where it does not take it before this ends.
    fn others_have_destroyed(&self) -> bool {
        let shown = self.journal.changes_beside().appended;
        while self.goes_on() {
            if self.journal.changes_beside().committed >= shown {
                return true;
            }
            thread::park_timeout(REST);
        }
        false
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

/// Takes out those for which it fails, or is not done because the thread ends.
fn failing(
    wallets: &mut Vec<EndedWallet>,
    failed: &mut bool,
    goes_on: &dyn Fn() -> bool,
    mut step: impl FnMut(WalletId) -> Result<(), WalletKeysError>,
) -> Vec<EndedWallet> {
    let fails = |ended: &mut EndedWallet| {
        if !goes_on() {
            return true;
        }
        let Err(error) = step(ended.wallet) else {
            return false;
        };
        if !std::mem::replace(failed, true) {
            tracing::error!(%error, "the key of an ended wallet could not be destroyed; it is tried again");
        }
        true
    };
    wallets.extract_if(.., fails).collect()
}

#[cfg(test)]
mod tests {
    use tessera_encryption::DataKeys;
    use tessera_journal::testing::Memory;
    use tessera_vault::Purpose;

    use super::*;

    /// The lock of the data is given up then: another process may write in the file of the keys.
    #[test]
    fn no_key_is_destroyed_once_it_is_stopped() {
        let data = tempfile::tempdir().unwrap();
        let vault = Arc::new(Vault::for_tests(data.path()));
        let sealed = vault.seal(WalletId(7), Purpose::Contact, b"ada@example.com");
        sealed.unwrap();
        let has_key = || {
            let keys = vault.wallet_keys();
            (0..)
                .map_while(|page| keys.wallets_in(page).unwrap())
                .any(|wallets| wallets.contains(&WalletId(7)))
        };
        let keys = DataKeys::for_tests(data.path());
        let store = Store::open(&data.path().join("store"), 1 << 20, keys).unwrap();
        let journal = Memory::by_hand();
        let position = journal.append(0, b"the end").position;
        let ended = Arc::new(EndedWallets::default());
        let shredder = Shredder {
            vault: Arc::clone(&vault),
            journal: Arc::new(journal.clone()),
            ended: Arc::clone(&ended),
            outbox: None,
            stopped: Arc::default(),
        };
        let running = shredder.start(Arc::new(store)).unwrap();
        ended.add(EndedWallet {
            wallet: WalletId(7),
            position,
        });
        running.stop();
        assert_eq!(Arc::strong_count(&vault), 1, "the thread has ended");
        journal.sync().unwrap();
        assert!(has_key());
    }
}
