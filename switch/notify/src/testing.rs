//! Shared by the tests of this module: a journal in memory that fails on request, and events for it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tessera_protocol::leased::NotificationPreferences;
use tessera_protocol::{Amount, CardNumber, Currency};

use tessera_journal::{Appended, Journal, JournalError, Mark, Record, RecordRef, Tail, Visit};
use tessera_kit::clock;
use tessera_ledger::{
    Balance, Change, Class, Contact, ContactChannel, DuplicateKey, Entry, Event, Merchant, Opening,
    Payer, ProposedContact, Reference, WalletId,
};

pub(super) const WALLET: WalletId = WalletId(7);

/// Everything in it is durable at once.
#[derive(Default)]
pub(super) struct Records {
    records: Arc<Mutex<Vec<Record>>>,
    /// How many reads succeed before one fails; none fails where it is 0.
    pub(super) fail_read: AtomicUsize,
    /// How long ago the next event happened, in milliseconds.
    pub(super) ago: AtomicU64,
    /// How many looks at what is new fail from now on.
    pub(super) fail_shows: Arc<AtomicUsize>,
}

impl Records {
    /// Appends an event of the wallet that happened now, with this much held before it. Its position.
    pub(super) fn add(&self, event: Event, held: u64) -> u64 {
        let previous = self.mark().map_or(0, |mark| mark.position);
        let entry = Entry {
            wallet: WALLET,
            previous,
            at: clock::milliseconds() - self.ago.load(Ordering::Relaxed),
            available: Balance::ZERO,
            held: Balance(held),
            owed: Balance::ZERO,
            event,
        };
        let mut payload = Vec::new();
        entry.write(&mut payload);
        self.append(0, &payload).position
    }

    pub(super) fn change(&self, change: Change) -> u64 {
        let opening = None;
        self.add(Event::Account { opening, change }, 0)
    }

    pub(super) fn propose(&self, address: &str) -> u64 {
        self.change(Change::ContactProposed {
            proposed: ProposedContact {
                contact: Contact {
                    channel: ContactChannel::Email,
                    sealed: address.as_bytes().into(),
                    shown: "".into(),
                },
                code: [0; 32],
                until: 0,
                tries: 0,
            },
            sealed_code: [0; 4].into(),
        })
    }

    /// The position of the confirmation.
    pub(super) fn confirm(&self, address: &str) -> u64 {
        self.propose(address);
        self.change(Change::ContactConfirmed(NotificationPreferences::DEFAULT))
    }

    /// Pays all out, which ends the wallet. The position of the approval.
    pub(super) fn pay_out(&self) -> u64 {
        let reference = Reference(1);
        let requested = Event::PayoutRequested {
            opening: Opening {
                reference,
                key: DuplicateKey([0; 16]),
                institution: 0,
                class: Class::Administrative,
                processing_code: 0,
                trace: 0,
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
            },
            host_trace: 1,
            card: CardNumber::development(1),
            expiry: 2912,
            source: 1,
        };
        self.add(requested, 0);
        self.add(Event::Approved { reference }, 500)
    }

    /// A restore of an older copy.
    pub(super) fn truncate(&self, records: usize) {
        self.records.lock().unwrap().truncate(records);
    }
}

impl Journal for Records {
    fn append(&self, partition: u16, payload: &[u8]) -> Appended {
        let mut records = self.records.lock().unwrap();
        let sequence = records.len() as u64 + 1;
        let position = sequence * 1_000;
        records.push(Record {
            partition,
            sequence,
            position,
            payload: payload.to_vec(),
        });
        Appended { sequence, position }
    }

    fn end_turn(&self) {}

    fn durable(&self) -> u64 {
        self.last()
    }

    fn durable_end(&self) -> u64 {
        (self.last() + 1) * 1_000
    }

    fn last(&self) -> u64 {
        self.records.lock().unwrap().len() as u64
    }

    fn mark(&self) -> Option<Mark> {
        self.records.lock().unwrap().last().map(|record| Mark {
            sequence: record.sequence,
            position: record.position,
        })
    }

    fn read(&self, position: u64) -> Result<Record, JournalError> {
        if self.fail_read.load(Ordering::Relaxed) > 0
            && self.fail_read.fetch_sub(1, Ordering::Relaxed) == 1
        {
            return Err(JournalError::Stopped);
        }
        let end = self.durable_end();
        let records = self.records.lock().unwrap();
        let found = records.iter().find(|record| record.position == position);
        found
            .cloned()
            .ok_or(JournalError::NotDurable { position, end })
    }

    fn subscribe(&self, _: Box<dyn Fn() + Send + Sync>) {}

    fn tail(&self, from: Option<Mark>) -> Box<dyn Tail> {
        Box::new(RecordsTail {
            records: Arc::clone(&self.records),
            fail_shows: Arc::clone(&self.fail_shows),
            mark: from,
        })
    }

    fn gathered_bytes(&self) -> u64 {
        0
    }

    fn close(&self) -> Result<(), JournalError> {
        Ok(())
    }
}

struct RecordsTail {
    records: Arc<Mutex<Vec<Record>>>,
    fail_shows: Arc<AtomicUsize>,
    mark: Option<Mark>,
}

impl Tail for RecordsTail {
    fn show(&mut self, most: u64, visit: &mut Visit<'_>) -> Result<u64, JournalError> {
        if self.fail_shows.load(Ordering::Relaxed) > 0 {
            self.fail_shows.fetch_sub(1, Ordering::Relaxed);
            return Err(JournalError::Stopped);
        }
        let after = self.mark.map_or(0, |mark| mark.sequence);
        let records = self.records.lock().unwrap().clone();
        let new = records.iter().filter(|record| record.sequence > after);
        let mut shown = 0;
        for record in new.take(most as usize) {
            let (sequence, position) = (record.sequence, record.position);
            visit(RecordRef {
                partition: record.partition,
                sequence,
                position,
                payload: &record.payload,
            })
            .map_err(|source| JournalError::Refused { sequence, source })?;
            self.mark = Some(Mark { sequence, position });
            shown += 1;
        }
        Ok(shown)
    }

    fn mark(&self) -> Option<Mark> {
        self.mark
    }
}

/// Runs a test that waits.
pub(super) fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(test)
}
