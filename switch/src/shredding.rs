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
    use tessera_vault::{Purpose, WalletKeys};

    use super::*;

    const ENDED: WalletId = WalletId(7);

    /// One wallet that has ended, on a node whose changes of keys go into the journal.
    struct Bed {
        data: tempfile::TempDir,
        vault: Arc<Vault>,
        journal: Memory,
    }

    impl Bed {
        fn new() -> Self {
            let data = tempfile::tempdir().unwrap();
            let journal = Memory::by_hand();
            let keys = WalletKeys::open(data.path(), DataKeys::for_tests(data.path())).unwrap();
            let shown = journal.clone();
            let keys = keys.showing(Box::new(move |_, slot| shown.append_beside(slot)));
            let vault = Arc::new(Vault::new(keys, None).unwrap());
            let sealed = vault.seal(ENDED, Purpose::Contact, b"ada@example.com");
            sealed.unwrap();
            Self {
                data,
                vault,
                journal,
            }
        }

        /// With the end of the wallet, which is not durable yet.
        fn start(&self) -> RunningShredding {
            let keys = DataKeys::for_tests(self.data.path());
            let store = Store::open(&self.data.path().join("store"), 1 << 20, keys).unwrap();
            let ended = EndedWallets::default();
            ended.add(EndedWallet {
                wallet: ENDED,
                position: self.journal.append(0, b"the end").position,
            });
            let shredder = Shredder {
                vault: Arc::clone(&self.vault),
                journal: Arc::new(self.journal.clone()),
                ended: Arc::new(ended),
                outbox: None,
                stopped: Arc::default(),
            };
            shredder.start(Arc::new(store)).unwrap()
        }

        fn has_key(&self) -> bool {
            let keys = self.vault.wallet_keys();
            (0..)
                .map_while(|page| keys.wallets_in(page).unwrap())
                .any(|wallets| wallets.contains(&ENDED))
        }
    }

    fn wait_until(mut so: impl FnMut() -> bool) {
        let since = std::time::Instant::now();
        while !so() {
            assert!(since.elapsed() < Duration::from_secs(30));
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The lock of the data is given up then: another process may write in the file of the keys.
    #[test]
    fn no_key_is_destroyed_once_it_is_stopped() {
        let bed = Bed::new();
        let running = bed.start();
        running.stop();
        assert_eq!(Arc::strong_count(&bed.vault), 1, "the thread has ended");
        bed.journal.sync().unwrap();
        bed.journal.commit_beside();
        assert!(bed.has_key());
    }

    /// Were it the other way round, a kill in between would leave the key on the other nodes: none of them would look for it.
    #[test]
    fn the_other_nodes_destroy_a_key_first() {
        let bed = Bed::new();
        bed.journal.commit_beside();
        let made = bed.journal.changes_beside().appended;
        let running = bed.start();
        bed.journal.sync().unwrap();
        wait_until(|| bed.journal.changes_beside().appended > made);
        thread::sleep(3 * REST);
        assert!(bed.has_key(), "the other nodes have it still");
        bed.journal.commit_beside();
        wait_until(|| !bed.has_key());
        running.stop();
    }
}
