//! Writing behind: snapshots are handed over by the workers, wait until the journal has what they
//! rest on, and go to the store in large batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dashmap::{DashMap, Entry};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Snapshot, Store, StoreError, unreadable};
use tessera_journal::{Journal, Mark};
use tessera_ledger::{Wallet, WalletId};

/// Snapshots under way at most: enough for large batches, little enough memory.
const UNDER_WAY_MAX: usize = 4096;
/// Snapshots in a batch at most.
const BATCH_MAX: usize = 1024;

/// The writer's pause for each unit of time that it has worked: it must not slow payments, and a checkpoint has until
/// the next one.
const REST: u32 = 3;
const REST_MAX: Duration = Duration::from_millis(200);

/// How often a write that the disk has refused is tried again, and how often the log says why it can't be.
const RETRY_EVERY: Duration = Duration::from_millis(500);
const LOG_EVERY: Duration = Duration::from_secs(60);

/// The workers' side.
#[derive(Debug, Clone)]
pub struct Checkpointer {
    to_writer: UnboundedSender<Work>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<Store>,
    /// The number of checkpoints in progress, and the condition variable of threads that wait for fewer.
    count: AtomicUsize,
    fewer: Notify,
    /// Nobody else has anything to do any more.
    hurries: AtomicBool,
    /// The disk takes nothing: checkpoints wait, and wallets stay in memory.
    paused: AtomicBool,
    /// The newest snapshot of each wallet that is not in the store yet: a wallet that gets a message before it is
    /// written starts from here.
    under_way: DashMap<WalletId, Snapshot>,
}

#[derive(Debug)]
enum Work {
    Snapshot(WalletId),
    Mark(Mark),
    End,
}

impl Checkpointer {
    /// A checkpointer and the writer that has to run on a thread of its own, for a journal with so many partitions.
    pub fn new(store: Arc<Store>, journal: Arc<dyn Journal>, partitions: u16) -> (Self, Writer) {
        let (to_writer, work) = unbounded_channel();
        let shared = Arc::new(Shared {
            store,
            count: AtomicUsize::new(0),
            fewer: Notify::new(),
            hurries: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            under_way: DashMap::new(),
        });
        let writer = Writer {
            work,
            shared: Arc::clone(&shared),
            journal,
            partitions,
        };
        (Self { to_writer, shared }, writer)
    }

    /// Whether the disk takes nothing: then no checkpoint is begun, and no wallet leaves the memory.
    pub fn is_paused(&self) -> bool {
        self.shared.paused.load(Ordering::Acquire)
    }

    /// Waits until the writer has kept up, unless it waits for the disk itself. What is handed over without waiting is
    /// bounded by the wallets in use.
    pub async fn capacity(&self) {
        loop {
            let fewer = self.shared.fewer.notified();
            tokio::pin!(fewer);
            fewer.as_mut().enable();
            if self.shared.count.load(Ordering::Acquire) < UNDER_WAY_MAX || self.is_paused() {
                return;
            }
            fewer.await;
        }
    }

    /// Takes a snapshot over.
    pub fn hand_over(&self, snapshot: Snapshot) {
        let wallet = snapshot.wallet;
        match self.shared.under_way.entry(wallet) {
            Entry::Occupied(mut before) => {
                let snapshot = snapshot.replacing(before.get());
                before.insert(snapshot);
            }
            Entry::Vacant(none) => {
                none.insert(snapshot);
                self.shared.count.fetch_add(1, Ordering::AcqRel);
                // It fails only when the writer has ended with the switch.
                let _ = self.to_writer.send(Work::Snapshot(wallet));
            }
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

    /// From now on as fast as it can: the switch stops.
    pub fn hurry(&self) {
        self.shared.hurries.store(true, Ordering::Release);
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
        let Some(snapshot) = self
            .shared
            .under_way
            .get(&wallet)
            .map(|found| found.clone())
        else {
            return self.shared.store.wallet(wallet);
        };
        let mut found = snapshot.wallet().map_err(unreadable("snapshot"))?;
        self.shared.store.restore_settled(&mut found)?;
        found
            .restore_settled(&snapshot.settled)
            .map_err(unreadable("snapshot"))?;
        Ok(Some(found))
    }
}

/// The store's side: [`Writer::run`] belongs on a thread of its own.
pub struct Writer {
    work: UnboundedReceiver<Work>,
    shared: Arc<Shared>,
    journal: Arc<dyn Journal>,
    partitions: u16,
}

/// One batch written: for the operator's figures.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// How many wallets.
    pub wallets: usize,
    /// How long it took.
    pub took: Duration,
    /// How many records of the journal the store reflects now, where that has moved.
    pub records: Option<u64>,
}

impl Writer {
    /// Writes the snapshots that it gets until [`Checkpointer::end`], and calls `observe` for each batch. Where the
    /// disk refuses a write, nothing more is taken until it does not any more; at the end what it has not taken is left
    /// to the next start.
    ///
    /// # Errors
    /// When the store is damaged. The journal is unharmed; a restart goes on from the last mark.
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
                        self.sync();
                    }
                    Work::End => ended = true,
                }
            }
            self.write(&mut wallets, None, &observe)?;
        }
        self.sync();
        Ok(())
    }

    fn sync(&self) {
        // It says so itself, and where it fails this waits for the disk.
        let _ = self.shared.store.sync();
        self.wait_for_the_disk();
    }

    /// Waits until the disk takes what it has refused, or the switch ends.
    fn wait_for_the_disk(&self) {
        let (shared, store) = (&self.shared, &self.shared.store);
        if !store.is_failing() {
            return;
        }
        shared.paused.store(true, Ordering::Release);
        shared.fewer.notify_waiters();
        let began = Instant::now();
        let mut logged_at = began;
        while let Err(error) = store.retry() {
            if shared.hurries.load(Ordering::Acquire) {
                tracing::warn!(%error, "the store is behind the journal: the next start replays the difference");
                break;
            }
            if logged_at.elapsed() >= LOG_EVERY {
                logged_at = Instant::now();
                tracing::error!(%error, seconds = began.elapsed().as_secs(), "the store still cannot be written");
            }
            std::thread::sleep(RETRY_EVERY);
        }
        if !store.is_failing() {
            tracing::info!(
                seconds = began.elapsed().as_secs(),
                "the store is written again"
            );
        }
        shared.paused.store(false, Ordering::Release);
    }

    fn write(
        &self,
        wallets: &mut Vec<WalletId>,
        mark: Option<Mark>,
        observe: &impl Fn(Written),
    ) -> Result<(), StoreError> {
        let mut mark = mark;
        while !wallets.is_empty() || mark.is_some() {
            let started = Instant::now();
            let snapshots: Vec<Snapshot> = wallets
                .iter()
                .filter_map(|wallet| Some(self.shared.under_way.get(wallet)?.clone()))
                .collect();
            self.wait_until_durable(&snapshots);
            let mark = mark.take();
            self.shared.store.write(&snapshots, mark)?;
            self.wait_for_the_disk();
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
            let took = started.elapsed();
            observe(Written {
                wallets: done,
                took,
                records: mark.map(|mark| self.journal.records_to(mark)),
            });
            if !self.shared.hurries.load(Ordering::Acquire) {
                std::thread::sleep((took * REST).min(REST_MAX));
            }
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
            || self.leave_what_is_new(written)
    }

    /// A newer snapshot has taken its place: what the written one brought is not to be added again.
    fn leave_what_is_new(&self, written: &Snapshot) -> bool {
        if let Some(mut newer) = self.shared.under_way.get_mut(&written.wallet) {
            newer.has_been_added(written.sequence);
        }
        false
    }

    /// The journal is ahead by milliseconds at most; nothing waits for this thread.
    fn wait_until_durable(&self, snapshots: &[Snapshot]) {
        for snapshot in snapshots {
            let partition = snapshot.wallet.partition(self.partitions);
            while self.journal.durable(partition) < snapshot.sequence {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tessera_kit::clock::Timestamp;
    use tessera_protocol::Stan;

    use super::*;
    use tessera_encryption::DataKeys;
    use tessera_journal::Position;
    use tessera_journal::testing::Memory;
    use tessera_ledger::{About, End, Reference, Settled};

    const PARTITIONS: u16 = 64;

    struct Bench {
        store: Arc<Store>,
        journal: Memory,
        _folder: tempfile::TempDir,
    }

    fn bench() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        let store = Store::open(&folder.path().join("store"), 1 << 20, keys);
        let store = Arc::new(store.unwrap());
        Bench {
            store,
            journal: Memory::by_hand(),
            _folder: folder,
        }
    }

    impl Bench {
        fn checkpointer(&self) -> (Checkpointer, Writer) {
            let journal = Arc::new(self.journal.clone());
            Checkpointer::new(Arc::clone(&self.store), journal, PARTITIONS)
        }

        /// Hands these over, and writes them.
        fn write(&self, snapshots: impl IntoIterator<Item = Snapshot>) {
            let (checkpointer, writer) = self.checkpointer();
            checkpointer.hurry();
            for snapshot in snapshots {
                let wallet = snapshot.wallet;
                checkpointer.hand_over(snapshot);
                assert!(!checkpointer.has_stored(wallet));
            }
            checkpointer.end();
            writer.run(|_| {}).unwrap();
        }

        /// Which of these transactions the stored wallet remembers.
        fn remembers(&self, wallet: WalletId, references: &[u64]) -> Vec<u64> {
            let mut stored = self.store.wallet(wallet).unwrap().unwrap();
            let mut knows = |reference: &u64| {
                let about = About::Reference(Reference(*reference));
                !stored.transactions.settled_about(about).is_empty()
            };
            references
                .iter()
                .copied()
                .filter(|one| knows(one))
                .collect()
        }
    }

    fn settling(wallet: &mut Wallet, reference: u64) -> Snapshot {
        let mut snapshot = Snapshot::take(wallet);
        snapshot.at = Timestamp::from_milliseconds(reference);
        let settled = Settled {
            reference: Reference(reference),
            position: Position::from_stored(reference).unwrap(),
            trace: Stan::new(1),
            key: reference as u32,
            retrieval: 0,
            code: *b"00",
            end: End::from_byte(1).unwrap(),
        };
        settled.write(&mut snapshot.settled);
        snapshot
    }

    /// A wallet that left the memory before its snapshot was in the store would leave orders behind that lead
    /// nowhere for a moment: a reversal would find nothing to undo.
    #[test]
    fn a_snapshot_is_stored_when_it_has_been_written_and_not_before() {
        let bench = bench();
        let mut wallet = Wallet::new(WalletId(7));
        assert!(bench.store.wallet(wallet.id).unwrap().is_none());
        bench.write([Snapshot::take(&mut wallet)]);
        assert!(bench.store.wallet(wallet.id).unwrap().is_some());
    }

    /// The store never knows what a crash could take from the journal.
    #[test]
    fn a_snapshot_waits_until_its_own_partition_is_durable() {
        let bench = bench();
        let [one, other] = [7, 8].map(|number| {
            let mut wallet = Wallet::new(WalletId(number));
            let partition = wallet.id.partition(PARTITIONS);
            wallet.last_sequence = Some(bench.journal.append(partition, b"").sequence);
            wallet
        });
        let partitions = [&one, &other].map(|wallet| wallet.id.partition(PARTITIONS));
        assert_ne!(partitions[0], partitions[1]);
        let (checkpointer, writer) = bench.checkpointer();
        checkpointer.hurry();
        for mut wallet in [one, other] {
            checkpointer.hand_over(Snapshot::take(&mut wallet));
        }
        checkpointer.end();
        bench.journal.sync_partition(partitions[1]);
        let store = Arc::clone(&bench.store);
        let stored = move || store.wallet(WalletId(8)).unwrap().is_some();
        let running = std::thread::spawn(move || writer.run(|_| {}).unwrap());
        std::thread::sleep(Duration::from_millis(20));
        assert!(!stored(), "both are in one batch");
        bench.journal.sync_partition(partitions[0]);
        running.join().unwrap();
        assert!(stored());
    }

    #[test]
    fn what_has_settled_is_kept_of_every_snapshot_until_it_is_too_old() {
        let bench = bench();
        let mut wallet = Wallet::new(WalletId(7));
        let other = settling(&mut Wallet::new(WalletId(8)), 9);
        // The second takes the place of the first before it is written.
        let [first, second] = [1, 2].map(|reference| settling(&mut wallet, reference));
        bench.write([first, second, other]);
        bench.write([settling(&mut wallet, 3)]);
        assert_eq!(bench.remembers(wallet.id, &[1, 2, 3, 9]), [1, 2, 3]);
        bench.write([settling(&mut wallet, 4).keeping_from(Timestamp::from_milliseconds(4))]);
        assert_eq!(bench.remembers(wallet.id, &[1, 2, 3, 4]), [4]);
        assert_eq!(bench.remembers(WalletId(8), &[9]), [9]);
    }

    /// Nothing is lost, nobody waits for the disk, and it goes on by itself.
    #[test]
    fn a_full_disk_pauses_checkpoints_until_there_is_space() {
        let bench = bench();
        let (checkpointer, writer) = bench.checkpointer();
        let running = std::thread::spawn(move || writer.run(|_| {}).unwrap());
        let wait_for = |what: &str, condition: &dyn Fn() -> bool| {
            let began = Instant::now();
            while !condition() {
                assert!(began.elapsed() < Duration::from_secs(60), "{what}");
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        bench.store.refuse_writes(true);
        checkpointer.hand_over(Snapshot::take(&mut Wallet::new(WalletId(1))));
        wait_for("a pause", &|| checkpointer.is_paused());
        for wallet in 2..2 + 2 * UNDER_WAY_MAX as u64 {
            checkpointer.hand_over(Snapshot::take(&mut Wallet::new(WalletId(wallet))));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        // It would wait for the disk otherwise, and a SIGTERM behind it.
        runtime.block_on(checkpointer.capacity());
        assert!(checkpointer.wallet(WalletId(9)).unwrap().is_some());
        bench.store.refuse_writes(false);
        wait_for("the end of the pause", &|| !checkpointer.is_paused());
        checkpointer.hurry();
        checkpointer.end();
        running.join().unwrap();
        let last = WalletId(1 + 2 * UNDER_WAY_MAX as u64);
        assert!(!bench.store.is_failing());
        assert!(bench.store.wallet(last).unwrap().is_some());
    }

    #[test]
    fn the_end_does_not_wait_for_a_full_disk() {
        let bench = bench();
        bench.store.refuse_writes(true);
        bench.write([Snapshot::take(&mut Wallet::new(WalletId(1)))]);
        assert!(bench.store.is_failing());
    }
}
