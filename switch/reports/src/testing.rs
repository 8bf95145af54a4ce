//! A journal for tests: payers who buy, and all that comes of it, as the switch would have written it.

use std::path::Path;
use std::sync::Arc;

use hashbrown::HashMap;
use tessera_encryption::DataKeys;
use tessera_journal::{Journal, Location, Options};
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{
    Balance, CardName, Class, Day, Directed, Directive, DuplicateKey, Entry, Event, KeyFields,
    KeyPayer, Merchant, Opening, Payer, Reference, Wallet, WalletId,
};
use tessera_protocol::{Amount, CardNumber, Currency, Institution, OrderKey, ResponseCode, Stan};

/// Where the time of a journal begins.
pub const BEGIN: Timestamp = Timestamp::from_milliseconds(1_790_000_000_000);
const EXPIRY: u16 = 3112;
/// What each wallet starts with, minor units.
const BALANCE: u64 = 1_000_000;

/// Writes a journal.
pub struct Traffic {
    journal: Arc<dyn Journal>,
    wallets: HashMap<WalletId, Wallet>,
    /// What it is now.
    pub now: Timestamp,
    last: Reference,
    trace: u32,
    appended: u64,
    /// After so many events they are made durable, as batches of their own.
    pub sync_every: u64,
}

impl Traffic {
    /// Begins a journal in `data`, or goes on with the one that is there.
    pub fn new(data: &Path, segment_bytes: u64) -> Self {
        let location = Location::in_data(data, &Self::keys(data)).with_segment_bytes(segment_bytes);
        let (options, stop) = (Options::default(), Box::new(|_: &_| {}));
        let mut wallets: HashMap<WalletId, Wallet> = HashMap::new();
        let mut now = BEGIN;
        let opened = tessera_journal::open(
            &location,
            options,
            None,
            &mut |record| {
                let entry = Entry::read(record.payload)?;
                let wallet = wallets.entry(entry.wallet);
                let wallet = wallet.or_insert_with(|| Wallet::new(entry.wallet));
                wallet.apply(&entry, record.position, record.sequence)?;
                now = now.max(entry.highest_time().plus(1));
                Ok(())
            },
            stop,
        );
        Self {
            journal: opened.expect("a journal").journal,
            wallets,
            now,
            last: Reference(0),
            trace: 0,
            appended: 0,
            sync_every: 4096,
        }
    }

    /// The keys of the data of tests.
    pub fn keys(data: &Path) -> DataKeys {
        DataKeys::for_tests(data)
    }

    /// Ends the journal.
    pub fn close(self) {
        self.journal.close().expect("a journal");
    }

    /// Makes what was appended durable.
    pub fn sync(&self) {
        self.journal.sync().expect("a disk");
    }

    /// Wallets from 1 on, each with a card and money.
    pub fn provision(&mut self, wallets: u64) {
        for serial in 1..=wallets {
            self.append(
                WalletId(serial),
                Event::Provisioned {
                    currency: Currency::USD,
                    card: CardNumber::development(serial),
                    expiry: EXPIRY,
                    balance: amount(BALANCE),
                },
            );
        }
    }

    /// From now on it is this date.
    pub fn begin_day(&mut self, day: Day) {
        let directive = Directive::BeginDay(self.now, day);
        let directed = Directed {
            directive,
            by: "test".into(),
            reason: "".into(),
        };
        self.append(WalletId::OPERATOR, Event::Directed(Box::new(directed)));
    }

    /// A purchase that goes to the host.
    pub fn buys(&mut self, wallet: u64, minor: u64) -> Reference {
        let payer = Payer::Card(card(wallet), Some(EXPIRY));
        self.buys_as(wallet, minor, payer)
    }

    /// A purchase of an order that goes to the host.
    pub fn orders(&mut self, wallet: u64, minor: u64, number: &[u8]) -> Reference {
        let payer = Payer::Order(OrderKey::of(b"MALL-0001      ", number));
        self.buys_as(wallet, minor, payer)
    }

    fn buys_as(&mut self, wallet: u64, minor: u64, payer: Payer) -> Reference {
        let opening = self.opening(Class::Financial, 0, minor, payer);
        let reference = opening.reference;
        let event = Event::Held {
            opening,
            host_trace: self.stan(),
            card: card(wallet),
            expiry: EXPIRY,
            granted: None,
            expires_at: None,
        };
        self.append(WalletId(wallet), event);
        reference
    }

    /// The host approves.
    pub fn approves(&mut self, wallet: u64, reference: Reference) {
        self.append(WalletId(wallet), Event::Approved { reference });
    }

    /// The host declines.
    pub fn declines(&mut self, wallet: u64, reference: Reference) {
        let event = Event::Released {
            reference,
            code: ResponseCode::DECLINED,
            advise: false,
        };
        self.append(WalletId(wallet), event);
    }

    /// A reversal undoes a purchase of which so much was refunded.
    pub fn reverses(&mut self, wallet: u64, original: Reference, refunded: u64) {
        let opening = self.opening(Class::Reversal, 0, 0, Payer::Wallet);
        let event = Event::Reversed {
            opening,
            original,
            asked: Amount::ZERO,
            standing: amount(refunded),
        };
        self.append(WalletId(wallet), event);
    }

    /// A mall gives money of a purchase back, and the host approves.
    pub fn refunds(&mut self, wallet: u64, original: Reference, minor: u64) -> Reference {
        let opening = self.opening(Class::Financial, 200_000, minor, Payer::Wallet);
        let reference = opening.reference;
        let event = Event::RefundRequested {
            opening,
            original: Some(original),
            early: false,
            host_trace: self.stan(),
            card: card(wallet),
            expiry: EXPIRY,
        };
        self.append(WalletId(wallet), event);
        self.approves(wallet, reference);
        reference
    }

    /// One purchase of each of these wallets: some are declined, reversed or refunded later. One per second passes.
    pub fn round(&mut self, wallets: u64) {
        let mut bought = Vec::new();
        for wallet in 1..=wallets {
            self.now = self.now.plus(1_000 / wallets.max(1) + 1);
            let minor = 100 + wallet % 900;
            bought.push((wallet, minor, self.buys(wallet, minor)));
        }
        for (wallet, minor, reference) in bought {
            match wallet % 20 {
                0 => self.declines(wallet, reference),
                1 => {
                    self.approves(wallet, reference);
                    self.refunds(wallet, reference, minor / 2);
                    self.reverses(wallet, reference, minor / 2);
                }
                2 => {
                    self.approves(wallet, reference);
                    self.reverses(wallet, reference, 0);
                }
                // The host has not answered yet.
                3 if wallet % 100 == 3 => {}
                _ => self.approves(wallet, reference),
            }
        }
    }

    /// Any event of any wallet, which must follow from those before.
    pub fn append(&mut self, id: WalletId, event: Event) {
        let entry = self.entry(id, event);
        let mut payload = Vec::with_capacity(256);
        entry.write(&mut payload);
        let appended = self.journal.append(id.partition(64), &payload);
        let wallet = self.wallets.get_mut(&id).expect("it was made");
        let applied = wallet.apply(&entry, appended.position, appended.sequence);
        applied.expect("an event that follows");
        self.appended += 1;
        if self.appended.is_multiple_of(self.sync_every) {
            self.sync();
        }
    }

    /// The entry of an event, as it would be appended.
    pub fn entry(&mut self, id: WalletId, event: Event) -> Entry {
        let wallet = self.wallets.entry(id).or_insert_with(|| Wallet::new(id));
        Entry {
            wallet: id,
            previous: wallet.last_position,
            at: self.now,
            available: wallet.available,
            held: wallet.held,
            owed: wallet.owed,
            event,
        }
    }

    /// Appends an entry that says that the wallet had more than it has.
    pub fn append_wrong(&mut self, id: WalletId, event: Event) {
        let mut entry = self.entry(id, event);
        entry.available = Balance(entry.available.value() + 1);
        let mut payload = Vec::with_capacity(256);
        entry.write(&mut payload);
        self.journal.append(id.partition(64), &payload);
    }

    fn stan(&mut self) -> Stan {
        self.trace = self.trace % Stan::MAX + 1;
        Stan::new(self.trace).expect("not 0")
    }

    fn opening(&mut self, class: Class, code: u32, minor: u64, payer: Payer) -> Opening {
        let reference = Reference::first(self.now, 1).max(self.last.next());
        self.last = reference;
        let trace = Some(self.stan());
        let (transmission, institution) = (
            clock::transmission(self.now),
            Institution::new(20_000_000_001),
        );
        let (terminal, acceptor) = (*b"TERM0001", *b"MALL-0001      ");
        let (local_time, local_date) = (transmission % 1_000_000, transmission / 1_000_000);
        let key = DuplicateKey::of(KeyFields {
            institution,
            terminal: &terminal,
            acceptor: &acceptor,
            trace,
            local_time,
            local_date,
            class: class.number(),
            processing_code: code,
            // The trace number distinguishes them.
            payer: KeyPayer::Wallet,
        });
        let mut retrieval = *b"R00000000000";
        retrieval[1..].copy_from_slice(format!("{:011}", reference.0 % 100_000_000_000).as_bytes());
        Opening {
            reference,
            key,
            institution,
            class,
            processing_code: code,
            trace,
            transmission,
            local_time,
            local_date,
            terminal,
            acceptor,
            repeat: false,
            retrieval,
            amount: amount(minor),
            currency: Currency::USD,
            payer,
            merchant: Merchant::default(),
            place: None,
        }
    }
}

fn amount(minor: u64) -> Amount {
    Amount::new(minor).expect("at most twelve digits")
}

/// The first card of a wallet.
fn card(wallet: u64) -> CardName {
    CardName::new(1, &CardNumber::development(wallet))
}
