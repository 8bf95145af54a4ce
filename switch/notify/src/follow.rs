//! The cursor over the journal: every event is looked at once, and the notifications that a payer wants go into the outbox.
//!
//! Of nearly all events only the head is read: which wallet, and what kind. The wallets with a contact are in memory, eight
//! bytes each.

use std::error::Error;
use std::sync::Arc;

use hashbrown::HashSet;
use tessera_kit::clock::Timestamp;

use super::learn;
use super::occasion;
use super::outbox::{Changes, Key, KnownContact, Outbox, OutboxError, To, Waiting, Which};
use super::texts::Occasion;
use tessera_journal::{Journal, JournalError, Mark, Position, RecordRef, Tail};
use tessera_ledger::{Change, Entry, Event, WalletId};
use tessera_store::{ReadBackError, Store};

/// Follows the journal.
pub(super) struct Follower {
    tail: Box<dyn Tail>,
    journal: Arc<dyn Journal>,
    /// Wallets that have, had or have proposed a contact.
    wallets: HashSet<WalletId>,
    /// Events older than this cause no notification, in milliseconds.
    sent_within: u64,
}

impl Follower {
    pub(super) fn new(
        journal: Arc<dyn Journal>,
        store: &Store,
        outbox: &Outbox,
        sent_within: u64,
        begin_after: Option<Mark>,
    ) -> Result<Self, OutboxError> {
        let mut cursor = outbox.cursor()?;
        if let Some(mark) =
            begin_after.filter(|mark| cursor.is_none_or(|cursor| cursor.position < mark.position))
            && journal.has(mark)?
        {
            // What was looked at on another node since.
            learn::contacts(store, outbox)?;
            outbox.write(&Changes {
                cursor: Some(mark),
                ..Changes::default()
            })?;
            cursor = Some(mark);
        }
        let begins = journal.begins()?;
        if begins.is_some_and(|begins| cursor.is_none_or(|cursor| cursor.position < begins)) {
            // Events that were not looked at have been deleted.
            learn::contacts(store, outbox)?;
            cursor = None;
        }
        // Only what is durable was looked at: the journal has it, unless it is another one, or an older copy.
        if let Some(cursor) = cursor
            && !journal.has(cursor)?
        {
            return Err(OutboxError::Foreign { cursor });
        }
        Ok(Self {
            tail: journal.tail(cursor),
            wallets: outbox.wallets()?.into_iter().collect(),
            journal,
            sent_within,
        })
    }

    /// Looks at up to about so many new events, and writes what has come of them. How many there were, and what is to
    /// be sent.
    pub(super) fn look(
        &mut self,
        most: u64,
        outbox: &Outbox,
        now: Timestamp,
    ) -> Result<(u64, Vec<(Key, Waiting)>), OutboxError> {
        let mut reading = Reading {
            journal: self.journal.as_ref(),
            outbox,
            wallets: &mut self.wallets,
            notify_from: now.saturating_sub(self.sent_within),
            changes: Changes::default(),
            waiting: Vec::new(),
        };
        let looked_at = self
            .tail
            .show(most, &mut |record| reading.look_at(record))?;
        if looked_at > 0 {
            reading.write()?;
        }
        Ok((looked_at, reading.waiting))
    }

    /// Whose event is at a position.
    pub(super) fn wallet_at(&self, position: Position) -> Result<Option<WalletId>, OutboxError> {
        let record = match self.journal.read(position) {
            // A message that was given up and tried again, about an event that is no longer kept.
            Err(JournalError::Beginning { .. }) => return Ok(None),
            record => record?,
        };
        Ok(Entry::peek(&record.payload).map(|head| head.wallet))
    }

    /// The oldest event that is still read: the last one that was looked at, or that of a message which waits. `None` where
    /// nothing was looked at.
    pub(super) fn oldest_needed(&self, outbox: &Outbox) -> Result<Option<Position>, OutboxError> {
        let waiting = outbox.oldest_waiting()?;
        let looked_at = self.tail.mark().map(|mark| mark.position);
        Ok(looked_at.map(|at| waiting.map_or(at, |waiting| at.min(waiting))))
    }

    /// Whether the event at a position was looked at, and what came of it is written.
    pub(super) fn has_looked_at(&self, position: Position) -> bool {
        self.tail
            .mark()
            .is_some_and(|mark| mark.position >= position)
    }

    /// Events that are durable and were not looked at.
    pub(super) fn behind(&self) -> u64 {
        let looked_at = self
            .tail
            .mark()
            .map_or(0, |mark| self.journal.records_to(mark));
        self.journal.progress().durable.saturating_sub(looked_at)
    }
}

struct Reading<'a> {
    journal: &'a dyn Journal,
    outbox: &'a Outbox,
    wallets: &'a mut HashSet<WalletId>,
    notify_from: Timestamp,
    changes: Changes,
    waiting: Vec<(Key, Waiting)>,
}

impl Reading<'_> {
    fn look_at(&mut self, record: RecordRef<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.changes.cursor = Some(record.mark());
        let Some(head) = Entry::peek(record.payload) else {
            return Ok(());
        };
        if !head.of_account && !self.wallets.contains(&head.wallet) {
            return Ok(());
        }
        let entry = Entry::read(record.payload)?;
        let receiver = self.keep_contacts(&entry)?;
        if let Some((to, contact)) = receiver.filter(|_| entry.at >= self.notify_from) {
            self.enqueue(&entry, record.position, to, contact)?;
        }
        if !self.changes.contacts.is_empty() {
            // The next event is looked at with these. The message about this one is in the same batch.
            self.write()?;
        }
        Ok(())
    }

    /// Follows the changes of contacts, and returns the contact that gets the notification, if any.
    fn keep_contacts(
        &mut self,
        entry: &Entry,
    ) -> Result<Option<(To, KnownContact)>, Box<dyn Error + Send + Sync>> {
        let wallet = entry.wallet;
        let confirmed = self.outbox.contact(wallet, Which::Confirmed)?;
        let as_before = |confirmed: Option<KnownContact>| {
            (Vec::new(), confirmed.map(|contact| (To::Contact, contact)))
        };
        let (changes, receiver) = if let Event::Account { change, .. } = &entry.event {
            match change {
                Change::ContactProposed { proposed, .. } => {
                    self.wallets.insert(wallet);
                    let contact = KnownContact {
                        channel: proposed.contact.channel,
                        // Said when it is confirmed.
                        preferences: tessera_protocol::leased::NotificationPreferences::DEFAULT,
                        // Said by the event behind this one.
                        language: None,
                        sealed: proposed.contact.sealed.clone(),
                    };
                    let changes = vec![(Which::Proposed, Some(contact.clone()))];
                    (changes, Some((To::Proposed, contact)))
                }
                Change::ContactConfirmed(preferences) => {
                    let proposed = self.outbox.contact(wallet, Which::Proposed)?;
                    // Its proposal may have been deleted with the oldest segments: then the store's contact is known.
                    let contact = proposed.or(confirmed.clone()).map(|contact| KnownContact {
                        preferences: *preferences,
                        ..contact
                    });
                    let changes = vec![(Which::Confirmed, contact), (Which::Proposed, None)];
                    (changes, confirmed.map(|contact| (To::Former, contact)))
                }
                Change::ContactRemoved => (gone(), confirmed.map(|contact| (To::Former, contact))),
                Change::ContactResealed(sealed) => {
                    let contact = confirmed.map(|contact| KnownContact {
                        sealed: sealed.clone(),
                        ..contact
                    });
                    (vec![(Which::Confirmed, contact)], None)
                }
                Change::PreferencesSet(preferences) => {
                    let contact = confirmed.map(|contact| KnownContact {
                        preferences: *preferences,
                        ..contact
                    });
                    (vec![(Which::Confirmed, contact)], None)
                }
                Change::LanguageSet(language) => {
                    let proposed = self.outbox.contact(wallet, Which::Proposed)?;
                    let known = [(Which::Confirmed, confirmed), (Which::Proposed, proposed)];
                    let changes = known.map(|(which, contact)| {
                        let contact = contact.map(|contact| KnownContact {
                            language: Some(*language),
                            ..contact
                        });
                        (which, contact)
                    });
                    let changes = changes.into_iter().filter(|(_, contact)| contact.is_some());
                    (changes.collect(), None)
                }
                Change::Registered(_)
                | Change::SignedIn(_)
                | Change::SignedOut(_)
                | Change::SessionUsed(_)
                | Change::PasswordChanged { .. }
                | Change::RecoverySet(_)
                | Change::Recovered(_)
                | Change::SourceAdded(_)
                | Change::SourceRemoved(_)
                | Change::SourceResealed(..)
                | Change::ReloadSet(_)
                | Change::Frozen
                | Change::Unfrozen
                | Change::Disputed(_)
                | Change::LimitsSet(_)
                | Change::PasskeyAdded { .. }
                | Change::PasskeyUsed(_)
                | Change::PasskeyRenamed(..)
                | Change::PasskeyRemoved(_)
                | Change::CodeMissed => as_before(confirmed),
            }
        } else if ends(entry, self.journal)? {
            (gone(), confirmed.map(|contact| (To::Former, contact)))
        } else {
            as_before(confirmed)
        };
        let changes = changes
            .into_iter()
            .map(|(which, contact)| (wallet, which, contact));
        self.changes.contacts.extend(changes);
        Ok(receiver)
    }

    fn enqueue(
        &mut self,
        entry: &Entry,
        position: Position,
        to: To,
        contact: KnownContact,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Some(notice) = occasion::of(entry, self.journal)? else {
            return Ok(());
        };
        if !occasion::is_wanted(notice.occasion, contact.preferences) {
            return Ok(());
        }
        let waiting = Waiting {
            channel: contact.channel,
            due: Timestamp::EPOCH,
            since: entry.at,
            attempts: 0,
        };
        let key = Key { position, to };
        self.changes.waiting.push((key, waiting));
        self.waiting.push((key, waiting));
        if to == To::Former {
            // It may change again before this message leaves.
            self.changes.former.push((position, contact));
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), OutboxError> {
        let changes = std::mem::take(&mut self.changes);
        self.outbox.write(&changes)
    }
}

fn gone() -> Vec<(Which, Option<KnownContact>)> {
    vec![(Which::Confirmed, None), (Which::Proposed, None)]
}

/// Whether the wallet ends with this event: it is closed, or all its money is paid out.
fn ends(entry: &Entry, journal: &dyn Journal) -> Result<bool, ReadBackError> {
    if matches!(entry.event, Event::Closed { .. }) {
        return Ok(true);
    }
    let approved = matches!(entry.event, Event::Approved { .. });
    if !approved || !entry.available.is_zero() || !entry.owed.is_zero() {
        return Ok(false);
    }
    let notice = occasion::of(entry, journal)?;
    let paid_out = notice.filter(|notice| notice.occasion == Occasion::PayoutSent);
    let amount = paid_out.and_then(|notice| notice.amount);
    Ok(amount.is_some_and(|(amount, _)| entry.held == amount.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Records, WALLET, open_outbox, open_store};
    use tessera_ledger::ContactChannel;

    fn start(journal: &Records, outbox: &Outbox) -> Result<Follower, OutboxError> {
        let folder = tempfile::tempdir().unwrap();
        let store = open_store(folder.path());
        Follower::new(journal.engine(), &store, outbox, u64::MAX, None)
    }

    /// Starts, and looks at everything, event by event. After so many reads of the journal one fails.
    fn look(
        journal: &Records,
        outbox: &Outbox,
        failing_read: Option<usize>,
    ) -> Result<(), OutboxError> {
        let mut follower = start(journal, outbox).unwrap();
        if let Some(reads) = failing_read {
            journal.journal.fail_read_after(reads);
        }
        while follower.look(1, outbox, Timestamp::EPOCH)?.0 > 0 {}
        Ok(())
    }

    fn waiting(outbox: &Outbox) -> Vec<Key> {
        let rows = outbox.waiting(ContactChannel::Email, Key::FIRST);
        rows.map(|row| row.unwrap().0).collect()
    }

    /// To whom the message about the end of a contact goes.
    fn former(outbox: &Outbox, position: Position) -> Option<String> {
        let to = To::Former;
        assert!(waiting(outbox).contains(&Key { position, to }));
        let contact = outbox.former(position).unwrap()?;
        Some(String::from_utf8(contact.sealed.into()).unwrap())
    }

    #[test]
    fn each_former_contact_is_notified_of_its_removal() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = open_outbox(folder.path());
        let journal = Records::default();
        journal.confirm("a");
        let second = journal.confirm("b");
        let removed = journal.change(Change::ContactRemoved);
        let third = journal.confirm("c");
        let ended = journal.pay_out();
        look(&journal, &outbox, None).unwrap();
        // Nothing has left, and each message still knows its own receiver.
        assert_eq!(former(&outbox, second).as_deref(), Some("a"));
        assert_eq!(former(&outbox, removed).as_deref(), Some("b"));
        assert_eq!(outbox.former(third).unwrap(), None);
        assert_eq!(former(&outbox, ended).as_deref(), Some("c"));
        let key = Key {
            position: second,
            to: To::Former,
        };
        outbox
            .write(&Changes {
                done: vec![(key, ContactChannel::Email)],
                ..Changes::default()
            })
            .unwrap();
        assert_eq!(outbox.former(second).unwrap(), None);
        assert_eq!(former(&outbox, removed).as_deref(), Some("b"));
    }

    #[test]
    fn the_cursor_does_not_pass_an_event_without_its_message() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = open_outbox(folder.path());
        let journal = Records::default();
        journal.confirm("a");
        look(&journal, &outbox, None).unwrap();
        let ended = journal.pay_out();
        // The event is read back to see that it ends the wallet, and to put it into words: whichever fails, nothing of
        // it was written.
        for reads in 0..2 {
            assert!(look(&journal, &outbox, Some(reads)).is_err());
            assert!(outbox.cursor().unwrap().unwrap().position < ended);
            let contact = outbox.contact(WALLET, Which::Confirmed).unwrap();
            assert!(contact.is_some());
        }
        look(&journal, &outbox, None).unwrap();
        assert_eq!(former(&outbox, ended).as_deref(), Some("a"));
    }

    #[test]
    fn an_outbox_that_is_ahead_of_a_restored_journal_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = open_outbox(folder.path());
        let journal = Records::default();
        assert!(start(&journal, &outbox).is_ok(), "both are new");
        journal.confirm("a");
        journal.change(Change::Frozen);
        look(&journal, &outbox, None).unwrap();
        journal.journal.restore_older(2);
        let Err(refused) = start(&journal, &outbox) else {
            panic!("later events would never be notified");
        };
        assert!(matches!(refused, OutboxError::Foreign { .. }));
        assert!(refused.to_string().contains("delete the folder `outbox`"));
        journal.change(Change::Frozen);
        assert!(start(&journal, &outbox).is_ok(), "the same again");
    }
}
