//! Records, applied to their wallets one after another.

use std::error::Error;
use std::sync::Arc;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry as Slot;

use tessera_journal::{Mark, Position, Reader, RecordRef, Sequence};
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{Broken, Days, Entry, Unreadable, Wallet, WalletId};
use tessera_store::{Known, ReadBackError, Snapshot, Store, StoreError, Turnover, read_back_kept};

/// Wallets in a batch of the store.
const BATCH: usize = 1024;

/// Replays records into the store.
pub(super) struct Replay<'a> {
    store: &'a Store,
    journal: Arc<dyn Reader>,
    /// In memory at most: above it they go to the store.
    wallets_max: usize,
    wallets: HashMap<WalletId, Replayed>,
    /// When settlement dates begin.
    days: Days,
    mark: Option<Mark>,
    /// Events that the store did not have.
    pub applied: u64,
}

/// A wallet with what was replayed of it.
struct Replayed {
    wallet: Wallet,
    /// What the store has of it.
    known: Known,
    turnover: Vec<Turnover>,
    /// The store does not have all of it.
    is_new: bool,
}

impl<'a> Replay<'a> {
    pub fn new(
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

    /// Applies a record to its wallet, unless the wallet has it.
    pub fn replay(&mut self, record: RecordRef<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.wallets.len() >= self.wallets_max {
            self.flush_and_forget()?;
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
        clock::not_before(entry.highest_time().plus(1));
        let Replayed {
            wallet,
            turnover,
            is_new,
            ..
        } = match self.wallets.entry(entry.wallet) {
            Slot::Occupied(replayed) => replayed.into_mut(),
            Slot::Vacant(empty) => {
                let stored = self.store.wallet(entry.wallet)?;
                let wallet = stored.unwrap_or_else(|| Wallet::new(entry.wallet));
                empty.insert(Replayed {
                    known: Known::of(&wallet),
                    wallet,
                    turnover: Vec::new(),
                    is_new: false,
                })
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
                read_back_kept(self.journal.read(position))
            })
            .map_err(|error| Unreplayable::ReadBackError { sequence, error })?;
        let broken = |error| Unreplayable::Broken { sequence, error };
        *is_new = true;
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

    /// Whether so many more records could make it write to the store.
    pub fn is_full_with(&self, records: usize) -> bool {
        self.wallets.len() + records >= self.wallets_max
    }

    /// Writes what was replayed to the store, and keeps nothing in memory.
    pub fn flush_and_forget(&mut self) -> Result<(), StoreError> {
        self.flush()?;
        self.wallets.clear();
        Ok(())
    }

    /// Writes what was replayed to the store. The wallets stay in memory: a standby goes on with them.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        let mut batch = Vec::with_capacity(BATCH);
        for replayed in self.wallets.values_mut().filter(|replayed| replayed.is_new) {
            let Replayed {
                wallet,
                known,
                turnover,
                is_new,
            } = replayed;
            *is_new = false;
            // Whatever was replayed can be read again.
            // Agreements that have ended since then are looked at when the wallet is in use.
            wallet.settle(|_| true, Timestamp::EPOCH);
            let snapshot = Snapshot::take(wallet).beside(known);
            batch.push(snapshot.having(std::mem::take(turnover)));
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
