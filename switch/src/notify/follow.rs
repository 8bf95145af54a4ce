//! The cursor over the journal: every event is looked at once, and what a payer wishes to be told goes into the outbox.
//!
//! Of nearly all events only the head is read: which wallet, and what kind. The wallets with a contact are in memory, eight
//! bytes each.

use std::error::Error;
use std::sync::Arc;

use hashbrown::HashSet;

use super::occasion;
use super::outbox::{Changes, Key, KnownContact, Outbox, OutboxError, To, Waiting, Which};
use super::texts::Occasion;
use crate::journal::{Journal, JournalError, Mark, RecordRef, Tail};
use crate::wallet::{Change, Entry, Event, WalletId};

/// Follows the journal.
pub(super) struct Follower {
    tail: Box<dyn Tail>,
    journal: Arc<dyn Journal>,
    /// Wallets that have, had or have proposed a contact.
    wallets: HashSet<WalletId>,
    /// What happened longer ago is not told any more, in milliseconds.
    told_within: u64,
}

impl Follower {
    pub(super) fn new(
        journal: Arc<dyn Journal>,
        outbox: &Outbox,
        told_within: u64,
    ) -> Result<Self, OutboxError> {
        Ok(Self {
            tail: journal.tail(outbox.cursor()?),
            wallets: outbox.wallets()?.into_iter().collect(),
            journal,
            told_within,
        })
    }

    /// Looks at up to about so many new events, and writes what has come of them. How many there were, and what is to
    /// be sent.
    pub(super) fn look(
        &mut self,
        most: u64,
        outbox: &Outbox,
        now: u64,
    ) -> Result<(u64, Vec<(Key, Waiting)>), JournalError> {
        let mut reading = Reading {
            journal: self.journal.as_ref(),
            outbox,
            wallets: &mut self.wallets,
            told_from: now.saturating_sub(self.told_within),
            changes: Changes::default(),
            waiting: Vec::new(),
        };
        let looked_at = self
            .tail
            .show(most, &mut |record| reading.look_at(record))?;
        if looked_at > 0 {
            reading.write().map_err(|source| JournalError::Refused {
                sequence: 0,
                source: source.into(),
            })?;
        }
        Ok((looked_at, reading.waiting))
    }

    /// Sequence of the last event that was looked at.
    pub(super) fn sequence(&self) -> u64 {
        self.tail.mark().map_or(0, |mark| mark.sequence)
    }
}

struct Reading<'a> {
    journal: &'a dyn Journal,
    outbox: &'a Outbox,
    wallets: &'a mut HashSet<WalletId>,
    told_from: u64,
    changes: Changes,
    waiting: Vec<(Key, Waiting)>,
}

impl Reading<'_> {
    fn look_at(&mut self, record: RecordRef<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.changes.cursor = Some(Mark {
            sequence: record.sequence,
            position: record.position,
        });
        let Some(head) = Entry::peek(record.payload) else {
            return Ok(());
        };
        if !head.of_account && !self.wallets.contains(&head.wallet) {
            return Ok(());
        }
        let entry = Entry::read(record.payload)?;
        let to = self.keep_contacts(&entry)?;
        if let Some(to) = to.filter(|_| entry.at >= self.told_from) {
            self.enqueue(&entry, record.position, to)?;
        }
        Ok(())
    }

    /// Follows what happens to contacts, and says to which of them the event is told, if to any.
    fn keep_contacts(&mut self, entry: &Entry) -> Result<Option<To>, OutboxError> {
        let wallet = entry.wallet;
        let confirmed = self.outbox.contact(wallet, Which::Confirmed)?;
        let (changes, to) = match &entry.event {
            Event::Account { change, .. } => match change {
                Change::ContactProposed { proposed, .. } => {
                    self.wallets.insert(wallet);
                    let contact = KnownContact {
                        channel: proposed.contact.channel,
                        // Said when it is confirmed.
                        wishes: tessera_protocol::leased::Wishes::DEFAULT,
                        sealed: proposed.contact.sealed.clone(),
                    };
                    (vec![(Which::Proposed, Some(contact))], Some(To::Proposed))
                }
                Change::ContactConfirmed(wishes) => {
                    let proposed = self.outbox.contact(wallet, Which::Proposed)?;
                    let contact = proposed.map(|proposed| KnownContact {
                        wishes: *wishes,
                        ..proposed
                    });
                    let former = confirmed.is_some().then_some(To::Former);
                    let changes = vec![
                        (Which::Former, confirmed),
                        (Which::Confirmed, contact),
                        (Which::Proposed, None),
                    ];
                    (changes, former)
                }
                Change::ContactRemoved => {
                    let former = confirmed.is_some().then_some(To::Former);
                    (self.gone(confirmed), former)
                }
                Change::ContactResealed(sealed) => {
                    let contact = confirmed.map(|contact| KnownContact {
                        sealed: sealed.clone(),
                        ..contact
                    });
                    (vec![(Which::Confirmed, contact)], None)
                }
                Change::WishesSet(wishes) => {
                    let contact = confirmed.map(|contact| KnownContact {
                        wishes: *wishes,
                        ..contact
                    });
                    (vec![(Which::Confirmed, contact)], None)
                }
                _ => (Vec::new(), confirmed.map(|_| To::Contact)),
            },
            event if ends(event, entry, self.journal) => {
                let former = confirmed.is_some().then_some(To::Former);
                (self.gone(confirmed), former)
            }
            _ => (Vec::new(), confirmed.map(|_| To::Contact)),
        };
        if !changes.is_empty() {
            let changes = changes
                .into_iter()
                .map(|(which, contact)| (wallet, which, contact));
            self.changes.contacts.extend(changes);
            // The next event is looked at with these.
            self.write()?;
        }
        Ok(to)
    }

    fn gone(&self, confirmed: Option<KnownContact>) -> Vec<(Which, Option<KnownContact>)> {
        vec![
            (Which::Former, confirmed),
            (Which::Confirmed, None),
            (Which::Proposed, None),
        ]
    }

    fn enqueue(
        &mut self,
        entry: &Entry,
        position: u64,
        to: To,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Some(told) = occasion::of(entry, self.journal)? else {
            return Ok(());
        };
        let which = match to {
            To::Contact => Which::Confirmed,
            To::Former => Which::Former,
            To::Proposed => Which::Proposed,
        };
        let Some(contact) = self.outbox.contact(entry.wallet, which)? else {
            return Ok(());
        };
        if !occasion::is_wished(told.occasion, contact.wishes) {
            return Ok(());
        }
        let waiting = Waiting {
            channel: contact.channel,
            due: 0,
            since: entry.at,
            attempts: 0,
        };
        let key = Key { position, to };
        self.changes.waiting.push((key, waiting));
        self.waiting.push((key, waiting));
        Ok(())
    }

    fn write(&mut self) -> Result<(), OutboxError> {
        let changes = std::mem::take(&mut self.changes);
        self.outbox.write(&changes)
    }
}

/// Whether the wallet ends with this event.
fn ends(event: &Event, entry: &Entry, journal: &dyn Journal) -> bool {
    match event {
        Event::Closed { .. } => true,
        Event::Approved { .. } => {
            let nothing_else = entry.available.is_zero() && entry.owed.is_zero();
            nothing_else
                && occasion::of(entry, journal)
                    .ok()
                    .flatten()
                    .is_some_and(|told| {
                        told.occasion == Occasion::PayoutSent
                            && told.amount.is_some_and(|(amount, _)| amount == entry.held)
                    })
        }
        _ => false,
    }
}
