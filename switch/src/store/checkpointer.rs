//! Writing behind: snapshots are handed over by the workers, wait until the journal has what they
//! rest on, and go to the store in large batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Snapshot, Store, StoreError};
use crate::journal::{Journal, Mark};
use crate::wallet::{Wallet, WalletId};

/// Snapshots under way at most: enough for large batches, little enough memory.
const UNDER_WAY_MAX: usize = 4096;
/// Snapshots in a batch at most.
const BATCH_MAX: usize = 1024;

/// The workers' side.
#[derive(Debug, Clone)]
pub struct Checkpointer {
    to_writer: UnboundedSender<Work>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<Store>,
    /// How many are under way, and the bell for whoever waits until fewer are.
    count: AtomicUsize,
    fewer: Notify,
    /// The newest snapshot of each wallet that is not in the store yet: a wallet that is told
    /// something again before it is written starts from here.
    under_way: DashMap<WalletId, Snapshot>,
}

#[derive(Debug)]
enum Work {
    Snapshot(WalletId),
    Mark(Mark),
    End,
}

impl Checkpointer {
    /// A checkpointer and the writer that has to run on a thread of its own.
    pub fn new(store: Arc<Store>, journal: Arc<dyn Journal>) -> (Self, Writer) {
        let (to_writer, work) = unbounded_channel();
        let shared = Arc::new(Shared {
            store,
            count: AtomicUsize::new(0),
            fewer: Notify::new(),
            under_way: DashMap::new(),
        });
        let writer = Writer {
            work,
            shared: Arc::clone(&shared),
            journal,
        };
        (Self { to_writer, shared }, writer)
    }

    /// Waits until the writer has kept up. What is handed over without waiting is bounded by the
    /// wallets in use.
    pub async fn room(&self) {
        loop {
            let fewer = self.shared.fewer.notified();
            tokio::pin!(fewer);
            fewer.as_mut().enable();
            if self.shared.count.load(Ordering::Acquire) < UNDER_WAY_MAX {
                return;
            }
            fewer.await;
        }
    }

    /// Takes a snapshot over.
    pub fn hand_over(&self, snapshot: Snapshot) {
        let wallet = snapshot.wallet;
        if self.shared.under_way.insert(wallet, snapshot).is_none() {
            self.shared.count.fetch_add(1, Ordering::AcqRel);
            // It fails only when the writer has ended with the switch.
            let _ = self.to_writer.send(Work::Snapshot(wallet));
        }
    }

    /// Whether what was handed over of this wallet is in the store.
    pub fn has_stored(&self, wallet: WalletId) -> bool {
        !self.shared.under_way.contains_key(&wallet)
    }

    /// Everything handed over so far reflects the journal up to `mark`.
    pub fn mark(&self, mark: Mark) {
        let _ = self.to_writer.send(Work::Mark(mark));
    }

    /// Nothing more is handed over: the writer ends when it has written what was.
    pub fn end(&self) {
        let _ = self.to_writer.send(Work::End);
    }

    /// The wallet as it was last handed over.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn wallet(&self, wallet: WalletId) -> Result<Option<Wallet>, StoreError> {
        match self.shared.under_way.get(&wallet) {
            Some(snapshot) => Wallet::read_snapshot(wallet, &snapshot.bytes)
                .map(Some)
                .map_err(|_| StoreError::Unreadable { what: "snapshot" }),
            None => self.shared.store.wallet(wallet),
        }
    }
}

/// The store's side: [`Writer::run`] belongs on a thread of its own.
pub struct Writer {
    work: UnboundedReceiver<Work>,
    shared: Arc<Shared>,
    journal: Arc<dyn Journal>,
}

/// One batch written: for the operator's figures.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// How many wallets.
    pub wallets: usize,
    /// How long it took.
    pub took: Duration,
    /// Up to where the store now reflects the journal, where that has moved.
    pub mark: Option<Mark>,
}

impl Writer {
    /// Writes what is handed over until [`Checkpointer::end`], and tells `observe` of each batch.
    ///
    /// # Errors
    /// When the store can't be written. The journal is unharmed; a restart goes on from the last mark.
    pub fn run(mut self, observe: impl Fn(Written)) -> Result<(), StoreError> {
        let mut taken = Vec::new();
        let mut ended = false;
        while !ended && self.work.blocking_recv_many(&mut taken, BATCH_MAX) > 0 {
            let mut wallets = Vec::new();
            for work in taken.drain(..) {
                match work {
                    Work::Snapshot(wallet) => wallets.push(wallet),
                    Work::Mark(mark) => {
                        self.write(&mut wallets, Some(mark), &observe)?;
                        self.shared.store.sync()?;
                    }
                    Work::End => ended = true,
                }
            }
            self.write(&mut wallets, None, &observe)?;
        }
        self.shared.store.sync()
    }

    fn write(
        &self,
        wallets: &mut Vec<WalletId>,
        mark: Option<Mark>,
        observe: &impl Fn(Written),
    ) -> Result<(), StoreError> {
        let started = Instant::now();
        let mut mark = mark;
        while !wallets.is_empty() || mark.is_some() {
            let snapshots: Vec<Snapshot> = wallets
                .iter()
                .filter_map(|wallet| Some(self.shared.under_way.get(wallet)?.clone()))
                .collect();
            self.wait_until_durable(&snapshots);
            let mark = mark.take();
            self.shared.store.write(&snapshots, mark)?;
            // What was replaced by something newer while it was written is written again.
            wallets.clear();
            wallets.extend(
                snapshots
                    .iter()
                    .filter(|written| !self.take_out(written))
                    .map(|written| written.wallet),
            );
            let done = snapshots.len() - wallets.len();
            self.shared.count.fetch_sub(done, Ordering::AcqRel);
            self.shared.fewer.notify_waiters();
            observe(Written {
                wallets: done,
                took: started.elapsed(),
                mark,
            });
        }
        Ok(())
    }

    /// Takes the written snapshot out, unless a newer one has taken its place.
    fn take_out(&self, written: &Snapshot) -> bool {
        let same = |_: &WalletId, snapshot: &Snapshot| snapshot.sequence == written.sequence;
        self.shared
            .under_way
            .remove_if(&written.wallet, same)
            .is_some()
    }

    /// The journal is ahead by milliseconds at most; nothing waits for this thread.
    fn wait_until_durable(&self, snapshots: &[Snapshot]) {
        let newest = snapshots
            .iter()
            .map(|snapshot| snapshot.sequence)
            .max()
            .unwrap_or(0);
        while self.journal.durable() < newest {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Options, Segments};

    /// A wallet that left the memory before its snapshot was in the store would leave orders behind that lead
    /// nowhere for a moment: a reversal would find nothing to undo.
    #[test]
    fn a_snapshot_is_stored_when_it_has_been_written_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("store"), 1 << 20).unwrap());
        let options = Options {
            segment_bytes: 1 << 16,
            ..Options::default()
        };
        let path = folder.path().join("journal");
        let journal =
            Segments::open(&path, options, None, &mut |_| Ok(()), Box::new(|_| {})).unwrap();
        let (checkpointer, writer) = Checkpointer::new(Arc::clone(&store), Arc::new(journal));
        let wallet = Wallet::new(WalletId(7));
        assert!(checkpointer.has_stored(wallet.id));
        checkpointer.hand_over(Snapshot::of(&wallet));
        assert!(!checkpointer.has_stored(wallet.id));
        checkpointer.end();
        writer.run(|_| {}).unwrap();
        assert!(checkpointer.has_stored(wallet.id));
        assert!(store.wallet(wallet.id).unwrap().is_some());
    }
}
