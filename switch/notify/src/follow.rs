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
use super::outbox::{
    Changes, ChannelKind, Key, KnownContact, Outbox, OutboxError, To, Waiting, Which,
};
use super::texts::Occasion;
use tessera_journal::{Journal, JournalError, Mark, Position, RecordRef, Tail};
use tessera_ledger::{Change, Entry, Event, WalletId};
use tessera_store::{ReadBackError, Store};

/// Follows the journal.
pub(super) struct Follower {
    tail: Box<dyn Tail>,
    journal: Arc<dyn Journal>,
    /// Wallets that have, had or have proposed a contact, or have a browser.
    wallets: HashSet<WalletId>,
    /// Those that have or had a browser.
    with_browsers: HashSet<WalletId>,
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
        let browsers = outbox.all_browsers()?;
        let with_browsers: HashSet<_> = browsers.into_iter().map(|(wallet, _)| wallet).collect();
        let wallets = outbox.wallets()?.into_iter();
        Ok(Self {
            tail: journal.tail(cursor),
            wallets: wallets.chain(with_browsers.iter().copied()).collect(),
            with_browsers,
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
            with_browsers: &mut self.with_browsers,
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
    with_browsers: &'a mut HashSet<WalletId>,
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
        let ends = ends(&entry, self.journal)?;
        let contact = self.keep_contacts(&entry, ends)?;
        let browsers = self.keep_browsers(&entry, ends)?;
        let receivers: Vec<_> = contact.into_iter().chain(browsers).collect();
        if entry.at >= self.notify_from && !receivers.is_empty() {
            self.enqueue(&entry, record.position, receivers)?;
        }
        if !self.changes.contacts.is_empty() || !self.changes.browsers.is_empty() {
            // The next event is looked at with these. The message about this one is in the same batch.
            self.write()?;
        }
        Ok(())
    }

    /// Follows the changes of contacts, and returns the contact that gets the notification, if any.
    fn keep_contacts(
        &mut self,
        entry: &Entry,
        ends: bool,
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
                        channel: proposed.contact.channel.into(),
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
                | Change::BrowserAdded(..)
                | Change::BrowserRemoved(_)
                | Change::CodeMissed => as_before(confirmed),
            }
        } else if ends {
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

    /// Follows the changes of browsers, and returns those that show the notification. A wallet that ends has none any more: its
    /// contact is notified. A code goes to the address that it confirms.
    fn keep_browsers(
        &mut self,
        entry: &Entry,
        ends: bool,
    ) -> Result<Vec<(To, KnownContact)>, OutboxError> {
        let wallet = entry.wallet;
        let change = if let Event::Account { change, .. } = &entry.event {
            Some(change)
        } else {
            None
        };
        if let Some(Change::BrowserAdded(..)) = change {
            self.wallets.insert(wallet);
            self.with_browsers.insert(wallet);
        }
        if !self.with_browsers.contains(&wallet) {
            return Ok(Vec::new());
        }
        let mut browsers = self.outbox.browsers(wallet)?;
        let before = browsers.clone();
        if ends {
            browsers.clear();
        } else if let Some(Change::BrowserAdded(browser, preferences)) = change {
            let known = KnownContact {
                channel: ChannelKind::Browser,
                preferences: *preferences,
                // Said by the event behind this one.
                language: None,
                sealed: browser.sealed.clone(),
            };
            // It may be known from the store.
            browsers.retain(|(number, _)| *number != browser.number);
            browsers.push((browser.number, known));
        } else if let Some(Change::BrowserRemoved(removed)) = change {
            browsers.retain(|(number, _)| number != removed);
        } else if let Some(Change::PreferencesSet(preferences)) = change {
            for (_, browser) in &mut browsers {
                browser.preferences = *preferences;
            }
        } else if let Some(Change::LanguageSet(language)) = change {
            for (_, browser) in &mut browsers {
                browser.language = Some(*language);
            }
        }
        let is_left = |number| browsers.iter().any(|(left, _)| *left == number);
        let gone = before.iter().filter(|(number, _)| !is_left(*number));
        let gone = gone.map(|(number, _)| (wallet, *number, None));
        let changed = browsers.iter().filter(|browser| !before.contains(browser));
        let changed = changed.map(|(number, known)| (wallet, *number, Some(known.clone())));
        self.changes.browsers.extend(gone.chain(changed));
        if matches!(change, Some(Change::ContactProposed { .. })) {
            return Ok(Vec::new());
        }
        let receivers = browsers.into_iter();
        Ok(receivers
            .map(|(number, known)| (To::Browser(number), known))
            .collect())
    }

    fn enqueue(
        &mut self,
        entry: &Entry,
        position: Position,
        receivers: Vec<(To, KnownContact)>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Some(notice) = occasion::of(entry, self.journal)? else {
            return Ok(());
        };
        for (to, contact) in receivers {
            if occasion::is_wanted(notice.occasion, contact.preferences) {
                self.put(entry, position, to, contact);
            }
        }
        Ok(())
    }

    fn put(&mut self, entry: &Entry, position: Position, to: To, contact: KnownContact) {
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
        let rows = outbox.waiting(ChannelKind::Email, Key::FIRST);
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
                done: vec![(key, ChannelKind::Email)],
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

    /// The browsers that show the message about this event, by their numbers.
    fn shown_in(outbox: &Outbox, position: Position) -> Vec<u32> {
        let rows = outbox.waiting(ChannelKind::Browser, Key::FIRST);
        let of_event = rows.map(Result::unwrap);
        let of_event = of_event.filter(|(key, _)| key.position == position);
        let numbers = of_event.map(|(key, waiting)| {
            assert_eq!(waiting.channel, ChannelKind::Browser);
            match key.to {
                To::Browser(number) => number,
                other => panic!("{other:?}"),
            }
        });
        numbers.collect()
    }

    #[test]
    fn each_browser_shows_what_happens_from_its_first_event_to_its_last() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = open_outbox(folder.path());
        let journal = Records::default();
        let before = journal.change(Change::Frozen);
        let first = journal.add_browser(1);
        let second = journal.add_browser(2);
        let proposed = journal.propose("a");
        let confirmed = journal.change(Change::ContactConfirmed(
            tessera_protocol::leased::NotificationPreferences::DEFAULT,
        ));
        let both = journal.change(Change::Unfrozen);
        let gone = journal.change(Change::BrowserRemoved(1));
        let after = journal.change(Change::Frozen);
        let ended = journal.pay_out();
        look(&journal, &outbox, None).unwrap();
        assert!(shown_in(&outbox, before).is_empty());
        assert_eq!(shown_in(&outbox, first), [1]);
        assert_eq!(shown_in(&outbox, second), [1, 2]);
        // A code goes to the address that it confirms.
        assert!(shown_in(&outbox, proposed).is_empty());
        assert_eq!(shown_in(&outbox, confirmed), [1, 2]);
        assert_eq!(shown_in(&outbox, both), [1, 2]);
        // Its push service no longer knew it: that is no news.
        assert!(shown_in(&outbox, gone).is_empty());
        assert_eq!(shown_in(&outbox, after), [2]);
        // The contact is notified of the end, and no key of the wallet is kept for browsers.
        assert!(shown_in(&outbox, ended).is_empty());
        assert_eq!(former(&outbox, ended).as_deref(), Some("a"));
        assert_eq!(outbox.browsers(WALLET).unwrap(), []);
        // Messages that wait find no browser there, and are dropped.
        assert_eq!(outbox.browser(WALLET, 2).unwrap(), None);
    }

    #[test]
    fn browsers_have_the_newest_language_and_preferences() {
        use tessera_protocol::leased::{LanguageCode, NotificationPreferences};
        let folder = tempfile::tempdir().unwrap();
        let outbox = open_outbox(folder.path());
        let journal = Records::default();
        journal.add_browser(1);
        let language = LanguageCode::from_letters(*b"ko").unwrap();
        journal.change(Change::LanguageSet(language));
        let nothing = NotificationPreferences {
            purchases: false,
            declines: false,
            loads: false,
            refunds: false,
            security: false,
        };
        journal.change(Change::PreferencesSet(nothing));
        let unwanted = journal.change(Change::Frozen);
        look(&journal, &outbox, None).unwrap();
        let known = outbox.browser(WALLET, 1).unwrap().unwrap();
        assert_eq!(
            (known.language, known.preferences),
            (Some(language), nothing)
        );
        assert!(shown_in(&outbox, unwanted).is_empty());
        // Also where the outbox is read from the disk anew.
        journal.change(Change::PreferencesSet(NotificationPreferences::DEFAULT));
        let wanted = journal.change(Change::Unfrozen);
        look(&journal, &outbox, None).unwrap();
        assert_eq!(shown_in(&outbox, wanted), [1]);
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
