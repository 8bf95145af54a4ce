//! A journal in memory, a store, and what the wallets should come to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hashbrown::HashMap;
use tessera_encryption::DataKeys;
use tessera_journal::testing::Memory;
use tessera_journal::{Journal, Mark, Visit};
use tessera_kit::clock::Timestamp;
use tessera_ledger::{
    CardName, Directed, Directive, Entry, Event, Opening, Reference, Subject, Wallet, WalletId,
};
use tessera_protocol::leased::Operation;
use tessera_protocol::{Amount, CardNumber, Currency, Stan};
use tessera_store::{FullSnapshots, Store};

use super::{MANY, NOW};
use crate::recovery::store::open_store;
use crate::recovery::{Replay, replay};

/// A journal, and the wallets that its events come to.
pub(super) struct Bench {
    pub(super) journal: Memory,
    pub(super) wallets: HashMap<WalletId, Wallet>,
    pub(super) store: Store,
    folder: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = DataKeys::for_tests(folder.path());
        Self {
            journal: Memory::default(),
            wallets: HashMap::new(),
            store: Store::open(&folder.path().join("store"), 1 << 20, keys).unwrap(),
            folder,
        }
    }

    /// Journals an event of a wallet.
    pub(super) fn add(&mut self, id: WalletId, event: Event) -> Mark {
        let wallet = self.wallets.entry(id).or_insert_with(|| Wallet::new(id));
        let entry = Entry {
            wallet: id,
            previous: wallet.last_position,
            at: NOW,
            available: wallet.available,
            held: wallet.held,
            owed: wallet.owed,
            event,
        };
        let appended = append(&self.journal, &entry);
        let Mark { sequence, position } = appended;
        wallet.apply(&entry, position, sequence).unwrap();
        appended
    }

    /// A wallet with a card and money.
    pub(super) fn provision(&mut self, id: WalletId) -> Mark {
        let provisioned = Event::Provisioned {
            currency: Currency::USD,
            card: CardNumber::development(id.0),
            expiry: 3112,
            balance: Amount::new(1_000).unwrap(),
        };
        self.add(id, provisioned)
    }

    pub(super) fn block(&mut self, id: WalletId) -> Mark {
        self.add(id, decided(Directive::Block(Subject::Wallet)))
    }

    /// A load that the financial system has approved.
    pub(super) fn load(&mut self, id: WalletId, at: Timestamp) -> Reference {
        let reference = Reference::first(at, 0);
        let (operation, currency) = (Operation::Load, Currency::USD);
        let opening =
            Opening::by_itself(reference, reference, b"        ", operation, currency, at);
        let requested = Event::LoadRequested {
            opening: Opening {
                amount: Amount::new(7).unwrap(),
                ..opening
            },
            host_trace: Stan::MIN,
            card: CardName::new(1, &CardNumber::development(id.0)),
            expiry: 3112,
            source: 0,
            by_itself: false,
        };
        self.add(id, requested);
        self.add(id, Event::Approved { reference });
        reference
    }

    pub(super) fn snapshots(&self) -> FullSnapshots {
        FullSnapshots::in_data(self.folder.path(), DataKeys::for_tests(self.folder.path()))
    }

    /// Writes a full snapshot. Its file.
    pub(super) fn snapshot(&self) -> PathBuf {
        let snapshots = self.snapshots();
        let written = snapshots.write(&self.store, &self.journal, &|| true);
        assert!(written.unwrap().is_some());
        snapshots.files().unwrap().remove(0)
    }

    /// With the store that a start finds after this was done to the folder of the one before.
    pub(super) fn after(self, change: impl FnOnce(&Path)) -> anyhow::Result<Self> {
        let data = self.folder.path();
        drop(self.store);
        change(&data.join("store"));
        let keys = DataKeys::for_tests(data);
        let store = open_store(data, 1 << 20, &keys, &self.journal)?;
        Ok(Self { store, ..self })
    }

    /// The folder of data, with the store closed, and the journal.
    pub(super) fn close(self) -> (tempfile::TempDir, Memory) {
        (self.folder, self.journal)
    }

    /// Starts on what journal and store have; how many events the store lacked.
    pub(super) fn start(&self, wallets_max: usize) -> anyhow::Result<u64> {
        let reader = Arc::new(self.journal.clone());
        let open = |from, visit: &mut Visit<'_>| self.journal.reopen(from, visit);
        replay(&self.store, reader, wallets_max, open).map(|(_, applied)| applied)
    }

    /// Starts, and is killed when so many records have been replayed.
    pub(super) fn start_killed_after(&self, records: usize, wallets_max: usize) {
        let mut recovery =
            Replay::new(&self.store, Arc::new(self.journal.clone()), wallets_max).unwrap();
        let mut left = records;
        let killed = self
            .journal
            .reopen(self.store.mark().unwrap(), &mut |record| {
                left = left.checked_sub(1).ok_or("killed")?;
                recovery.replay(record)
            });
        assert!(killed.is_err());
    }

    /// Follows as a standby does: writes to the store after every so many records, and goes on with the wallets in memory.
    pub(super) fn follow(&self, flush_every: usize) {
        let mut standby = Replay::new(&self.store, Arc::new(self.journal.clone()), MANY).unwrap();
        let mut records = 0;
        let followed = self
            .journal
            .reopen(self.store.mark().unwrap(), &mut |record| {
                standby.replay(record)?;
                records += 1;
                if records % flush_every == 0 {
                    standby.flush()?;
                }
                Ok(())
            });
        followed.unwrap();
        standby.flush().unwrap();
    }

    pub(super) fn refusal(&self) -> String {
        self.start(MANY).unwrap_err().to_string()
    }

    /// The store reflects the whole journal.
    #[track_caller]
    pub(super) fn assert_stored(&self) {
        assert_eq!(self.store.mark().unwrap(), self.journal.mark());
        for (id, wallet) in &self.wallets {
            assert_eq!(self.store.wallet(*id).unwrap().as_ref(), Some(wallet));
        }
    }
}

pub(super) fn append(journal: &Memory, entry: &Entry) -> Mark {
    let mut payload = Vec::new();
    entry.write(&mut payload);
    journal.append(entry.wallet.partition(64), &payload).into()
}

pub(super) fn decided(directive: Directive) -> Event {
    Event::Directed(Box::new(Directed {
        directive,
        by: "Ada".into(),
        reason: "a test".into(),
    }))
}
