//! Shared by the tests of this module: a journal in memory, and events for it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::outbox::Outbox;
use tessera_protocol::leased::NotificationPreferences;
use tessera_protocol::{Amount, CardNumber, Currency, Stan};

use tessera_encryption::DataKeys;
use tessera_journal::testing::Memory;
use tessera_journal::{Journal, Position};
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{
    Balance, Browser, CardName, Change, Class, Contact, ContactChannel, DuplicateKey, Entry, Event,
    Merchant, Opening, Payer, ProposedContact, Reference, WalletId,
};
use tessera_store::Store;

pub(super) const WALLET: WalletId = WalletId(7);

/// The outbox in a folder, which has the keys too.
pub(super) fn open_outbox(folder: &Path) -> Outbox {
    let keys = DataKeys::for_tests(folder);
    Outbox::open(&folder.join("outbox"), keys).unwrap()
}

/// The store in a folder, which has the keys too.
pub(super) fn open_store(folder: &Path) -> Store {
    let keys = DataKeys::for_tests(folder);
    Store::open(&folder.join("store"), 1 << 20, keys).unwrap()
}

/// A journal with events of one wallet.
#[derive(Default)]
pub(super) struct Records {
    pub(super) journal: Memory,
    /// How long ago the next event happened, in milliseconds.
    pub(super) ago: AtomicU64,
}

impl Records {
    /// The engine, for what is tested.
    pub(super) fn engine(&self) -> Arc<dyn Journal> {
        Arc::new(self.journal.clone())
    }

    /// Appends an event of the wallet that happened now, with this much held before it. Its position.
    pub(super) fn add(&self, event: Event, held: u64) -> Position {
        let previous = self.journal.mark().map(|mark| mark.position);
        let entry = Entry {
            wallet: WALLET,
            previous,
            at: clock::now().saturating_sub(self.ago.load(Ordering::Relaxed)),
            available: Balance::ZERO,
            held: Balance(held),
            owed: Balance::ZERO,
            event,
        };
        let mut payload = Vec::new();
        entry.write(&mut payload);
        self.journal.append(0, &payload).position
    }

    pub(super) fn change(&self, change: Change) -> Position {
        let opening = None;
        self.add(Event::Account { opening, change }, 0)
    }

    pub(super) fn propose(&self, address: &str) -> Position {
        self.change(Change::ContactProposed {
            proposed: ProposedContact {
                contact: Contact {
                    channel: ContactChannel::Email,
                    sealed: address.as_bytes().into(),
                    shown: "".into(),
                },
                code: [0; 32],
                until: Timestamp::EPOCH,
                tries: 0,
            },
            sealed_code: [0; 4].into(),
        })
    }

    /// Adds a browser with this number; the position of the event.
    pub(super) fn add_browser(&self, number: u32) -> Position {
        let browser = Browser {
            number,
            digest: [number as u8; 32],
            sealed: [number as u8; 4].into(),
            name: "Firefox on Linux".into(),
            added_at: Timestamp::EPOCH,
        };
        self.change(Change::BrowserAdded(
            browser,
            NotificationPreferences::DEFAULT,
        ))
    }

    /// The position of the confirmation.
    pub(super) fn confirm(&self, address: &str) -> Position {
        self.propose(address);
        self.change(Change::ContactConfirmed(NotificationPreferences::DEFAULT))
    }

    /// Pays all out, which ends the wallet. The position of the approval.
    pub(super) fn pay_out(&self) -> Position {
        let reference = Reference(1);
        let requested = Event::PayoutRequested {
            opening: Opening {
                reference,
                key: DuplicateKey([0; 16]),
                institution: None,
                class: Class::Administrative,
                processing_code: 0,
                trace: None,
                transmission: 0,
                local_time: 0,
                local_date: 0,
                terminal: [b' '; 8],
                acceptor: [b' '; 15],
                repeat: false,
                retrieval: [b' '; 12],
                amount: Amount::new(500).unwrap(),
                currency: Currency::USD,
                payer: Payer::Wallet,
                merchant: Merchant::default(),
                place: None,
            },
            host_trace: Stan::MIN,
            card: CardName::new(1, &CardNumber::development(1)),
            expiry: 2912,
            source: 1,
        };
        self.add(requested, 0);
        self.add(Event::Approved { reference }, 500)
    }
}

/// Runs a test that waits.
pub(super) fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(test)
}
