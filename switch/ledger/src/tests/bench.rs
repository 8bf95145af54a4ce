//! A wallet on a workbench: decides, applies and keeps the journal, as the actor does.

use tessera_kit::clock::Timestamp;
use tessera_protocol::{
    Amount, CardNumber, Currency, Institution, Mti, OrderKey, OriginalData, ResponseCode, Stan,
    Totals,
};

use tessera_kit::record::{Position, Sequence};
use tessera_ledger::{
    About, Account, Action, Advice, AdviceSubject, Ask, CardName, Class, Command, Context,
    Decision, DuplicateKey, Effect, Entry, Event, KeyFields, KeyPayer, Kind, Merchant, Opening,
    Outcome, Owed, Payer, Reference, Rules, Strange, Supervision, Wallet, WalletId, decide,
};

pub(super) const NOW: Timestamp = Timestamp::from_milliseconds(1_790_000_000_000);
pub(super) const INSTITUTION: u64 = 20_000_000_001;
pub(super) const TIME: u32 = 11_22_09_45_00;
pub(super) const EXPIRY: u16 = 3112;

pub(super) struct Bench {
    pub(super) wallet: Wallet,
    pub(super) entries: Vec<Entry>,
    pub(super) host_up: bool,
    pub(super) rules: Rules,
    pub(super) operator_policy: Supervision,
    pub(super) now: Timestamp,
    pub(super) stand_in_left: u64,
    given: u64,
    /// So many entries can be read back.
    durable: u64,
    /// What the store would have: a snapshot, and what has settled.
    stored: Vec<u8>,
    settled: Vec<u8>,
    /// The advices that the host has not acknowledged.
    under_way: Vec<(Reference, AdviceSubject)>,
    /// What the parties' totals come to, and what the double entry says the switch owes them.
    totals: Totals,
    payable: i64,
}

impl Bench {
    pub(super) fn with(balance: u64) -> Self {
        let mut bench = Self::empty();
        bench.journal(Event::Provisioned {
            currency: Currency::USD,
            card: card(),
            expiry: EXPIRY,
            balance: amount(balance),
        });
        bench
    }

    /// A wallet to which nothing has happened.
    pub(super) fn empty() -> Self {
        Self {
            wallet: Wallet::new(WalletId(1)),
            entries: Vec::new(),
            host_up: true,
            rules: Rules {
                session_idle: 900_000,
                session_max_age: 43_200_000,
                hold_valid_for: 604_800_000,
                ..Rules::default()
            },
            operator_policy: Supervision::default(),
            now: NOW,
            stand_in_left: 0,
            given: 0,
            durable: 0,
            stored: Vec::new(),
            settled: Vec::new(),
            under_way: Vec::new(),
            totals: Totals::default(),
            payable: 0,
        }
    }

    pub(super) fn send(&mut self, mut command: Command) -> Vec<Effect> {
        if let Command::Ask(ask) = &mut command {
            self.given += 1;
            ask.opening.reference = Reference(Reference::first(self.now, 0).0 + self.given);
        }
        let context = Context {
            now: self.now,
            host_trace: Stan::new(1),
            host_up: self.host_up,
            rules: &self.rules,
            operator_policy: &self.operator_policy,
            stand_in_left: self.stand_in_left,
            next_reference: Reference(Reference::first(self.now, 0).0 + self.given + 1),
        };
        recall(
            &mut self.wallet,
            command.about(),
            command.order(),
            &self.entries,
        );
        if let Command::AskStatus(query) = &command {
            let read = |position| Ok::<_, Strange>(Some(entry_at(&self.entries, position).clone()));
            let recalled = self.wallet.recall_payment(query, read);
            recalled.expect("its own entries");
        }
        match command {
            Command::AdviceAnswered(reference, subject)
            | Command::AdviceRefused(reference, subject, _) => {
                self.under_way.retain(|one| *one != (reference, subject));
            }
            Command::Recover => self.under_way.clear(),
            _ => {}
        }
        let Decision { events, effects } = decide(&self.wallet, &command, &context);
        events.into_iter().for_each(|event| self.journal(event));
        effects.iter().for_each(|effect| self.send_to_host(effect));
        for (reference, owed) in self.owed_to_host() {
            let about = |(of, subject): &(Reference, AdviceSubject)| {
                *of == reference && subject.owed() == owed
            };
            let subject = self.under_way.iter().any(about);
            assert!(
                subject,
                "the host never gets {owed:?} of {reference:?}: {command:?}"
            );
        }
        let durable = Position::from_stored(self.durable);
        let is_durable = |position| Some(position) <= durable;
        self.wallet.settle(is_durable, self.now);
        effects.into_vec()
    }

    pub(super) fn ask(&mut self, opening: Opening, action: Action) -> Vec<Effect> {
        self.send(Command::Ask(Box::new(Ask {
            opening,
            action,
            claims: None,
        })))
    }

    /// The answer that the asker gets at once, if any.
    pub(super) fn answer(&mut self, opening: Opening, action: Action) -> Option<Outcome> {
        self.ask(opening, action)
            .into_iter()
            .find_map(|effect| match effect {
                Effect::Answer(outcome) => Some(outcome),
                _ => None,
            })
    }

    /// The host acknowledges all advices about a transaction.
    pub(super) fn acknowledge(&mut self, reference: Reference) {
        let under_way = self.under_way.clone();
        for (_, subject) in under_way.iter().filter(|(of, _)| *of == reference) {
            self.send(Command::AdviceAnswered(reference, *subject));
        }
    }

    /// The advices that the host has not acknowledged.
    pub(super) fn under_way(&self) -> Vec<(Reference, AdviceSubject)> {
        self.under_way.clone()
    }

    /// The time by its clock.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// The parties' totals of all that was journaled.
    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// What the host was asked for, or notified of, under this reference.
    pub(super) fn booked(&self, reference: Reference) -> Amount {
        let mut to_host = self
            .entries
            .iter()
            .filter_map(|entry| entry.event.to_host());
        let found = to_host.find(|asked| asked.opening.reference == reference);
        found.map_or(Amount::ZERO, |asked| asked.amount)
    }

    /// Takes a settled transaction to hand.
    pub(super) fn recall(&mut self, reference: Reference) {
        let about = About::Reference(reference);
        recall(&mut self.wallet, about, None, &self.entries);
    }

    /// How many events were journaled.
    pub(super) fn events(&self) -> usize {
        self.entries.len()
    }

    /// Whether this advice is being sent to the host.
    pub(super) fn is_advising(&self, reference: Reference, subject: AdviceSubject) -> bool {
        self.under_way.contains(&(reference, subject))
    }

    /// Gives references from this time on, as a build did that went by the system's clock alone: the same ones again, if it has
    /// been this time before.
    pub(super) fn restart_at(&mut self, now: Timestamp) {
        self.now = now;
        self.given = 0;
    }

    /// The same with a clock that never goes back: no reference is given twice.
    pub(super) fn advance_to(&mut self, now: Timestamp) {
        if now > self.now {
            self.restart_at(now);
        }
    }

    /// The newest event, as what it did.
    pub(super) fn last_event(&self) -> &Event {
        &self.entries.last().expect("an event").event
    }

    /// All that was journaled can be read back from now on.
    pub(super) fn sync(&mut self) {
        self.durable = self.entries.len() as u64;
    }

    /// The store keeps the wallet as it is now.
    pub(super) fn checkpoint(&mut self) {
        self.sync();
        let durable = Position::from_stored(self.durable);
        let is_durable = |position| Some(position) <= durable;
        self.wallet.settle(is_durable, self.now);
        for settled in self.wallet.transactions.take_unsaved() {
            settled.write(&mut self.settled);
        }
        for settled in self.wallet.orders.take_unsaved() {
            settled.write(&mut self.settled);
        }
        self.stored.clear();
        self.wallet.write_snapshot(&mut self.stored);
    }

    /// A crash: what the journal says is all that is left, and what the store has of it already.
    pub(super) fn replayed(&self) -> Wallet {
        let empty = Wallet::new(self.wallet.id);
        let from_journal = self.replay(empty);
        if !self.stored.is_empty() {
            assert_eq!(self.replay(self.read_stored()), from_journal);
        }
        from_journal
    }

    /// The wallet as the store has it.
    pub(super) fn read_stored(&self) -> Wallet {
        let mut stored = Wallet::read_snapshot(self.wallet.id, &self.stored).expect("a snapshot");
        stored.restore_settled(&self.settled).expect("a list");
        stored
    }

    /// Applies what comes after the wallet's last event.
    fn replay(&self, mut wallet: Wallet) -> Wallet {
        for (index, entry) in self.entries.iter().enumerate() {
            let (position, sequence) = place(index);
            if Some(sequence) <= wallet.last_sequence {
                continue;
            }
            let mut payload = Vec::new();
            entry.write(&mut payload);
            let read = Entry::read(&payload).expect("what was written");
            assert_eq!(&read, entry);
            recall(
                &mut wallet,
                read.event.about(),
                read.event.order(),
                &self.entries,
            );
            wallet
                .apply(&read, position, sequence)
                .expect("what was applied before");
        }
        wallet
    }

    /// The reversals to the host. Store and forward takes nothing twice.
    fn send_to_host(&mut self, effect: &Effect) {
        let subject = match effect {
            Effect::Advise(reference) => self
                .undoing(*reference)
                .map(|subject| (*reference, subject)),
            Effect::Post(reference) => Some((*reference, AdviceSubject::Posting)),
            Effect::AskForCardAgain(reference) => Some((*reference, AdviceSubject::Card)),
            _ => None,
        };
        let anew = subject.filter(|subject| !self.under_way.contains(subject));
        self.under_way.extend(anew);
    }

    fn undoing(&self, reference: Reference) -> Option<AdviceSubject> {
        let found = self.wallet.transactions.by_reference(reference)?;
        Some(match found.kind {
            Kind::Retirement => AdviceSubject::Card,
            _ => AdviceSubject::Undo(found.left_at_host()),
        })
    }

    fn owed_to_host(&self) -> Vec<(Reference, Owed)> {
        let mut owed = Vec::new();
        for found in self.wallet.transactions.iter() {
            let reference = found.reference;
            let undoing = match found.kind {
                Kind::Retirement => Owed::Card,
                _ => Owed::Undo,
            };
            let both = [
                (found.more().posting, Owed::Posting),
                (found.advice, undoing),
            ];
            let open = both.iter().filter(|(advice, owed)| {
                *advice == Advice::Open && found.given_up(*owed).is_none()
            });
            owed.extend(open.map(|(_, owed)| (reference, *owed)));
        }
        owed
    }

    /// Debits less credits, each less what was taken back, are what the switch owes.
    fn settle(&mut self, entry: &Entry) {
        let fits = "a rule made an event that does not fit";
        let items = self.wallet.settles(&entry.event).expect(fits);
        let of_parties = items.iter().filter(|item| item.institution.is_some());
        of_parties.for_each(|item| item.add_to(&mut self.totals));
        for posting in self.wallet.postings(&entry.event).expect(fits) {
            let amount = posting.amount.value() as i64;
            let of = |account| {
                if matches!(account, Account::Payable(_)) {
                    amount
                } else {
                    0
                }
            };
            self.payable += of(posting.to) - of(posting.from);
        }
        assert_eq!(-self.totals.net_of_amounts(), self.payable, "{entry:?}");
    }

    pub(super) fn journal(&mut self, event: Event) {
        if let Some(opening) = event.opening() {
            let given = opening.reference.0 - Reference::first(self.now, 0).0;
            self.given = self.given.max(given);
        }
        let previous = self.wallet.last_position;
        let entry = Entry {
            wallet: self.wallet.id,
            previous,
            at: self.now,
            available: self.wallet.available,
            held: self.wallet.held,
            owed: self.wallet.owed,
            event,
        };
        self.settle(&entry);
        let (position, sequence) = place(self.entries.len());
        self.wallet
            .apply(&entry, position, sequence)
            .expect("a rule made an event that does not fit");
        self.entries.push(entry);
    }
}

/// Where the entry with this index stands in the journal.
fn place(index: usize) -> (Position, Sequence) {
    let sequence = Sequence::FIRST.after(index as u64);
    let position = Position::from_stored(sequence.to_stored());
    (position.expect("a number above 0"), sequence)
}

/// The entry that stands at a position.
pub(super) fn entry_at(entries: &[Entry], position: Position) -> &Entry {
    &entries[position.to_stored() as usize - 1]
}

fn recall(wallet: &mut Wallet, about: About<'_>, order: Option<OrderKey>, entries: &[Entry]) {
    let read = |position| Ok::<_, Strange>(Some(entry_at(entries, position).clone()));
    wallet.recall(about, order, read).expect("its own entries");
}

pub(super) fn card() -> CardNumber {
    CardNumber::development(1)
}

/// The name of a wallet's card, of which the number has the same serial number.
pub(super) fn name(serial: u32) -> CardName {
    CardName::new(serial, &CardNumber::development(u64::from(serial)))
}

pub(super) fn amount(minor: u64) -> Amount {
    Amount::new(minor).expect("twelve digits")
}

/// A request of the acquirer by card; `trace` distinguishes requests.
pub(super) fn by_card(class: u8, trace: u32, minor: u64) -> Opening {
    opening(class, trace, minor, Payer::Card(name(1), Some(EXPIRY)))
}

/// A request of the mall for an order.
pub(super) fn by_order(class: u8, trace: u32, minor: u64, order: OrderKey) -> Opening {
    opening(class, trace, minor, Payer::Order(order))
}

pub(super) fn opening(class: u8, trace: u32, minor: u64, payer: Payer) -> Opening {
    let (terminal, acceptor) = (*b"TERM0001", *b"SHOP-77        ");
    let number;
    Opening {
        reference: Reference(0),
        key: DuplicateKey::of(KeyFields {
            institution: Institution::new(INSTITUTION),
            terminal: &terminal,
            acceptor: &acceptor,
            trace: Stan::new(trace),
            local_time: 94_500,
            local_date: 1122,
            class,
            processing_code: 0,
            payer: match &payer {
                Payer::Card(card, _) => {
                    number = CardNumber::development(u64::from(card.serial));
                    KeyPayer::Card(&number)
                }
                Payer::Order(order) => KeyPayer::Order(order),
                Payer::Wallet => KeyPayer::Wallet,
            },
        }),
        institution: Institution::new(INSTITUTION),
        class: Class::numbered(class).expect("a class"),
        processing_code: 0,
        trace: Stan::new(trace),
        transmission: TIME,
        local_time: 94_500,
        local_date: 1122,
        terminal,
        acceptor,
        repeat: false,
        retrieval: retrieval(class, trace),
        amount: amount(minor),
        currency: Currency::USD,
        payer,
        merchant: Merchant::default(),
        place: None,
    }
}

/// Field 37 of the request with this trace number: each has its own.
pub(super) fn retrieval(class: u8, trace: u32) -> [u8; 12] {
    let text = format!("{class}{trace:011}");
    text.as_bytes().try_into().expect("twelve digits")
}

/// A refund by the acquirer of what was bought with the card.
pub(super) fn refund(trace: u32, minor: u64) -> Opening {
    let mut opening = by_card(2, trace, minor);
    opening.processing_code = 200_000;
    opening
}

/// Field 90 naming the purchase with this trace number.
pub(super) fn original(trace: u32) -> OriginalData {
    OriginalData {
        mti: Mti::PURCHASE,
        trace: Stan::new(trace),
        transmission: TIME,
        institution: Institution::new(INSTITUTION),
        forwarding: None,
    }
}

pub(super) const PURCHASE: Action = Action::Purchase { barred: None };

pub(super) fn reversal(trace: u32, to: Option<u64>, advice: bool) -> Action {
    Action::Reverse {
        original: original(trace),
        replacement: to.map(amount),
        advice,
        was_waiting: false,
    }
}

/// 0400 of what field 90 names.
pub(super) fn reversal_of(original: OriginalData) -> Action {
    Action::Reverse {
        original,
        replacement: None,
        advice: false,
        was_waiting: false,
    }
}

pub(super) fn forwarded(effects: &[Effect]) -> Reference {
    let reference = effects.iter().find_map(|effect| match effect {
        Effect::Forward(reference) => Some(*reference),
        _ => None,
    });
    reference.expect("a forwarded request")
}

pub(super) fn settled(effects: &[Effect]) -> &Outcome {
    let outcome = effects.iter().find_map(|effect| match effect {
        Effect::Settle(_, outcome) => Some(outcome),
        _ => None,
    });
    outcome.expect("an answer to the waiting requester")
}

pub(super) fn balances(bench: &Bench) -> (u64, u64) {
    (bench.wallet.available.value(), bench.wallet.held.value())
}

pub(super) fn approved(bench: &mut Bench, trace: u32, minor: u64) -> Reference {
    let reference = forwarded(&bench.ask(by_card(2, trace, minor), PURCHASE));
    bench.send(Command::HostAnswered(reference, ResponseCode::APPROVED));
    reference
}
