//! Start: what the journal knows and the store does not is replayed into the store.
//!
//! In come the store's mark and the journal's records after it; out goes a store that reflects the
//! whole journal, so that the switch starts with no wallet in memory. What never happens here: a decision.

use std::error::Error;
use std::sync::Arc;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry as Slot;

use tessera_config::Settings;
use tessera_journal::{
    Journal, JournalError, Location, Mark, Observer, Opened, Options, Position, Reader, RecordRef,
    Recovered, Sequence, Visit,
};
use tessera_kit::clock;
use tessera_ledger::{Broken, Days, Entry, Unreadable, Wallet, WalletId};
use tessera_store::{ReadBackError, Snapshot, Store, StoreError, Turnover, read_back};

/// Wallets in memory at most while replaying: above it they go to the store.
const WALLETS_MAX: usize = 200_000;
/// Wallets in a batch of the store.
const BATCH: usize = 1024;

/// A record that can't be replayed.
#[derive(Debug, thiserror::Error)]
enum Unreplayable {
    /// It is no event.
    #[error("journal record {sequence}: {error}")]
    Unreadable {
        /// Of the record.
        sequence: Sequence,
        /// Where its bytes go wrong.
        error: Unreadable,
    },
    /// It does not fit the wallet's state.
    #[error("journal record {sequence}: {error}")]
    Broken {
        /// Of the record.
        sequence: Sequence,
        /// In what way.
        error: Broken,
    },
    /// What it is about can't be read.
    #[error("journal record {sequence}: {error}")]
    ReadBackError {
        /// Of the record.
        sequence: Sequence,
        /// Why.
        error: ReadBackError,
    },
    /// It does not follow the wallet's last event.
    #[error(
        "journal record {sequence} follows position {} of its wallet, but the wallet is at {}: \
         the store is not of this journal; delete the folder `store` and start again",
        stored(*previous), stored(*last)
    )]
    OutOfOrder {
        /// Of the record.
        sequence: Sequence,
        /// What the event says came before it; `None` for nothing.
        previous: Option<Position>,
        /// Where the wallet is; `None` before its first event.
        last: Option<Position>,
    },
}

/// A switch's data, ready to go on with.
pub struct Data {
    /// The journal, at its end.
    pub journal: Arc<dyn Journal>,
    /// The store, which reflects all of it.
    pub store: Store,
    /// What opening the journal found.
    pub recovered: Recovered,
}

/// Opens journal and store, and replays what the store does not know. From then on [`clock::milliseconds`] is above the
/// time of every event and every reference in the journal: the store says so of what is not replayed.
///
/// # Errors
/// When one of them can't be opened, is damaged, or they do not belong together.
pub fn open(settings: &Settings, observer: Option<Observer>) -> anyhow::Result<Data> {
    std::fs::create_dir_all(&settings.data).map_err(|source| JournalError::Disk {
        doing: "make the folder",
        path: settings.data.clone(),
        source,
    })?;
    let store = Store::open(&settings.data.join("store"), settings.store.cache_bytes)?;
    if let Some(time) = store.time()? {
        clock::not_before(time + 1);
    }
    let location =
        Location::in_data(&settings.data).with_segment_bytes(settings.journal.segment_bytes);
    let options = Options {
        by_turns: observer.is_some(),
        observer,
    };
    let stop = |error: &JournalError| crate::fault::stop("the journal could not be written", error);
    let reader = tessera_journal::reader(&location);
    let (opened, events) = replay(&store, reader, WALLETS_MAX, |from, visit| {
        tessera_journal::open(&location, options, from, visit, Box::new(stop))
    })?;
    tracing::info!(events, "replayed the journal into the store");
    let Opened { journal, recovered } = opened;
    Ok(Data {
        journal,
        store,
        recovered,
    })
}

/// Has `open` show what comes after the store's mark, and writes it to the store. What was opened, and how many events the
/// store did not have.
fn replay<T>(
    store: &Store,
    reader: Arc<dyn Reader>,
    wallets_max: usize,
    open: impl FnOnce(Option<Mark>, &mut Visit<'_>) -> Result<T, JournalError>,
) -> anyhow::Result<(T, u64)> {
    let mut recovery = Recovery::new(store, reader, wallets_max)?;
    let opened = open(store.mark()?, &mut |record| recovery.replay(record))?;
    recovery.flush()?;
    Ok((opened, recovery.applied))
}

/// Replays records into the store.
struct Recovery<'a> {
    store: &'a Store,
    journal: Arc<dyn Reader>,
    /// In memory at most: above it they go to the store.
    wallets_max: usize,
    wallets: HashMap<WalletId, (Wallet, Vec<Turnover>)>,
    /// When settlement dates begin.
    days: Days,
    mark: Option<Mark>,
    applied: u64,
}

impl<'a> Recovery<'a> {
    fn new(
        store: &'a Store,
        journal: Arc<dyn Reader>,
        wallets_max: usize,
    ) -> Result<Self, StoreError> {
        let operator_policy = store.wallet(WalletId::OPERATOR)?;
        let decided = operator_policy.and_then(|operator_policy| operator_policy.supervision);
        Ok(Self {
            days: decided.map(|decided| decided.days).unwrap_or_default(),
            store,
            journal,
            wallets_max,
            wallets: HashMap::new(),
            mark: None,
            applied: 0,
        })
    }

    fn replay(&mut self, record: RecordRef<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.wallets.len() >= self.wallets_max {
            self.flush()?;
        }
        self.apply(record)?;
        // Not earlier: a mark promises that the store has the record too.
        self.mark = Some(record.mark());
        Ok(())
    }

    fn apply(&mut self, record: RecordRef<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let sequence = record.sequence;
        let entry = Entry::read(record.payload)
            .map_err(|error| Unreplayable::Unreadable { sequence, error })?;
        clock::not_before(entry.highest_time() + 1);
        let (wallet, turnover) = match self.wallets.entry(entry.wallet) {
            Slot::Occupied(known) => known.into_mut(),
            Slot::Vacant(empty) => {
                let stored = self.store.wallet(entry.wallet)?;
                empty.insert((
                    stored.unwrap_or_else(|| Wallet::new(entry.wallet)),
                    Vec::new(),
                ))
            }
        };
        // A checkpoint takes wallets one after another: some are ahead of its mark.
        if Some(sequence) <= wallet.last_sequence {
            return Ok(());
        }
        if entry.previous != wallet.last_position {
            let (previous, last) = (entry.previous, wallet.last_position);
            return Err(Unreplayable::OutOfOrder {
                sequence,
                previous,
                last,
            }
            .into());
        }
        wallet
            .recall(entry.event.about(), entry.event.order(), |position| {
                read_back(self.journal.read(position))
            })
            .map_err(|error| Unreplayable::ReadBackError { sequence, error })?;
        let broken = |error| Unreplayable::Broken { sequence, error };
        let items = wallet.settles(&entry.event).map_err(broken)?;
        wallet
            .apply(&entry, record.position, sequence)
            .map_err(broken)?;
        for item in &items {
            Turnover::add(turnover, item, self.days.of(item.at));
        }
        if entry.wallet == WalletId::OPERATOR
            && let Some(decided) = &wallet.supervision
        {
            self.days = decided.days.clone();
        }
        self.applied += 1;
        Ok(())
    }

    /// Writes what was replayed to the store.
    fn flush(&mut self) -> Result<(), StoreError> {
        let mut batch = Vec::with_capacity(BATCH);
        for (_, (mut wallet, turnover)) in self.wallets.drain() {
            // Whatever was replayed can be read again.
            // Agreements that have ended since then are looked at when the wallet is in use.
            wallet.settle(|_| true, 0);
            batch.push(Snapshot::take(&mut wallet).having(turnover));
            if batch.len() == BATCH {
                self.store.write(&batch, None)?;
                batch.clear();
            }
        }
        self.store.write(&batch, self.mark)?;
        // Where the disk refuses it, the store has said so, and writes it when it can.
        let _ = self.store.sync();
        Ok(())
    }
}

/// As a message shows it: 0 where there is none.
fn stored(position: Option<Position>) -> u64 {
    position.map_or(0, Position::to_stored)
}

#[cfg(test)]
mod tests;
