//! The contacts and browsers of all wallets, out of the store: where events were deleted before they were looked at, nothing else has them.
//!
//! The events that are kept are looked at after that. A contact that changed in one of them is ahead of the events before it until
//! then: what is sent about those goes to the address that the payer has now, as the former one may be known to nobody.

use super::outbox::{Changes, ChannelKind, KnownContact, Outbox, OutboxError, Which};
use tessera_ledger::{Wallet, WalletId};
use tessera_store::Store;

/// Contacts written at once.
const BATCH: usize = 1024;

/// Has the outbox know the contacts that the store has, and no others. It can be repeated where a kill ended it.
pub(super) fn contacts(store: &Store, outbox: &Outbox) -> Result<(), OutboxError> {
    for wallets in outbox.wallets()?.chunks(BATCH) {
        let none = |wallet| [Which::Confirmed, Which::Proposed].map(|which| (wallet, which, None));
        outbox.write(&Changes {
            contacts: wallets.iter().copied().flat_map(none).collect(),
            ..Changes::default()
        })?;
    }
    for browsers in outbox.all_browsers()?.chunks(BATCH) {
        let none = |(wallet, number): &(WalletId, u32)| (*wallet, *number, None);
        outbox.write(&Changes {
            browsers: browsers.iter().map(none).collect(),
            ..Changes::default()
        })?;
    }
    let mut changes = Changes::default();
    let (mut count, mut written) = (0_u64, Ok(()));
    store.each_wallet(&mut |wallet| {
        if written.is_err() {
            return;
        }
        if let Some(contact) = confirmed(&wallet) {
            count += 1;
            let contact = (wallet.id, Which::Confirmed, Some(contact));
            changes.contacts.push(contact);
        }
        changes.browsers.extend(browsers(&wallet));
        if changes.contacts.len() + changes.browsers.len() >= BATCH {
            written = outbox.write(&std::mem::take(&mut changes));
        }
    })?;
    written?;
    outbox.write(&changes)?;
    tracing::info!(
        contacts = count,
        "the journal no longer has all events that the outbox has not seen: notifications go on with the oldest that is kept, and \
         with the contacts in the store"
    );
    Ok(())
}

fn confirmed(wallet: &Wallet) -> Option<KnownContact> {
    let account = wallet.account.as_ref()?;
    let contact = account.contact.as_ref()?;
    Some(KnownContact {
        channel: contact.channel.into(),
        preferences: account.preferences,
        language: account.language,
        sealed: contact.sealed.clone(),
    })
}

fn browsers(wallet: &Wallet) -> impl Iterator<Item = (WalletId, u32, Option<KnownContact>)> {
    let account = wallet.account.iter();
    account.flat_map(move |account| {
        account.browsers.iter().map(move |browser| {
            let known = KnownContact {
                channel: ChannelKind::Browser,
                preferences: account.preferences,
                language: account.language,
                sealed: browser.sealed.clone(),
            };
            (wallet.id, browser.number, Some(known))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follow::Follower;
    use crate::outbox::{Key, To};
    use crate::testing::{Records, WALLET, open_outbox, open_store};
    use tempfile::TempDir;
    use tessera_journal::{Journal as _, Mark, Position};
    use tessera_kit::clock::Timestamp;
    use tessera_ledger::{Browser, Change, Contact, ContactChannel, PayersAccount};
    use tessera_protocol::leased::LanguageCode;
    use tessera_store::Snapshot;

    struct World {
        journal: Records,
        store: Store,
        outbox: Outbox,
        _folder: TempDir,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self {
                journal: Records::default(),
                store: open_store(folder.path()),
                outbox: open_outbox(folder.path()),
                _folder: folder,
            }
        }

        /// The store has the wallet with this contact.
        fn keep(&self, address: Option<&str>) {
            let mut account = PayersAccount::new("".into());
            account.contact = address.map(|address| Contact {
                channel: ContactChannel::Email,
                sealed: address.as_bytes().into(),
                shown: "".into(),
            });
            self.keep_account(account);
        }

        fn keep_account(&self, account: PayersAccount) {
            let mut wallet = Wallet::new(WALLET);
            wallet.account = Some(Box::new(account));
            let snapshot = Snapshot::take(&mut wallet);
            self.store.write(&[snapshot], None).unwrap();
        }

        /// A start, which looks at all that there is.
        fn follow(&self) -> Follower {
            self.follow_after(None)
        }

        /// The same on a node of a cluster, which knows that payers were notified of everything up to here.
        fn follow_after(&self, notified: Option<Mark>) -> Follower {
            let journal = self.journal.engine();
            let follower = Follower::new(journal, &self.store, &self.outbox, u64::MAX, notified);
            let mut follower = follower.unwrap();
            let look = follower.look(u64::MAX, &self.outbox, Timestamp::EPOCH);
            look.unwrap();
            follower
        }

        fn contact(&self) -> Option<String> {
            let contact = self.outbox.contact(WALLET, Which::Confirmed).unwrap();
            contact.map(|contact| String::from_utf8(contact.sealed.into()).unwrap())
        }

        fn is_notified(&self, position: Position) -> bool {
            let to = To::Contact;
            let mut rows = self.outbox.waiting(ChannelKind::Email, Key::FIRST);
            rows.any(|row| row.unwrap().0 == Key { position, to })
        }
    }

    /// A node that was a standby has no outbox, or an older one.
    #[test]
    fn nothing_is_sent_again_that_another_node_has_sent() {
        let world = World::new();
        world.journal.confirm("a");
        let sent = world.journal.change(Change::Frozen);
        let notified = world.journal.journal.read(sent).unwrap().mark();
        let not_sent = world.journal.change(Change::Unfrozen);
        world.keep(Some("a"));
        world.follow_after(Some(notified));
        assert!(!world.is_notified(sent));
        assert!(world.is_notified(not_sent));
        // What it has looked at itself counts, whatever it was informed of before.
        world.follow_after(Some(notified));
        assert!(!world.is_notified(sent));
        assert_eq!(world.contact().as_deref(), Some("a"));
    }

    /// The outbox was deleted, or a backup was restored, which has none.
    #[test]
    fn a_payer_is_notified_though_the_events_of_the_contact_were_deleted() {
        let world = World::new();
        world.journal.confirm("a");
        let kept = world.journal.change(Change::Frozen);
        world.journal.journal.delete_before(kept);
        world.keep(Some("a"));
        let follower = world.follow();
        assert!(world.is_notified(kept));
        // What retention and shredding ask.
        assert_eq!(follower.oldest_needed(&world.outbox).unwrap(), Some(kept));
        assert!(follower.has_looked_at(kept));
        // Once: from then on the events count.
        world.keep(None);
        let later = world.journal.change(Change::Unfrozen);
        world.follow();
        assert!(world.is_notified(later));
    }

    #[test]
    fn the_language_is_that_of_the_newest_choice_wherever_it_comes_from() {
        let code = |letters: &[u8; 2]| LanguageCode::from_letters(*letters).unwrap();
        let world = World::new();
        let language = || {
            let contact = world.outbox.contact(WALLET, Which::Confirmed).unwrap();
            contact.unwrap().language
        };
        // Said again with each address, and kept when it is confirmed.
        world.journal.propose("a");
        world.journal.change(Change::LanguageSet(code(b"ko")));
        let preferences = tessera_protocol::leased::NotificationPreferences::DEFAULT;
        world.journal.change(Change::ContactConfirmed(preferences));
        world.follow();
        assert_eq!(language(), Some(code(b"ko")));
        world.journal.change(Change::LanguageSet(code(b"de")));
        world.follow();
        assert_eq!(language(), Some(code(b"de")));
        // It is no address: nobody gets one by it.
        world.journal.change(Change::ContactRemoved);
        world.journal.change(Change::LanguageSet(code(b"ja")));
        world.follow();
        assert_eq!(world.contact(), None);
    }

    /// Notifications were switched off while segments were deleted.
    #[test]
    fn an_outbox_that_has_not_seen_deleted_events_goes_on_with_the_contacts_in_the_store() {
        for now in [None, Some("b")] {
            let world = World::new();
            world.journal.confirm("a");
            world.follow();
            assert_eq!(world.contact().as_deref(), Some("a"));
            world.journal.change(Change::ContactRemoved);
            let kept = world.journal.change(Change::Frozen);
            world.journal.journal.delete_before(kept);
            world.keep(now);
            world.follow();
            assert_eq!(world.contact().as_deref(), now);
            assert_eq!(world.is_notified(kept), now.is_some());
        }
    }

    #[test]
    fn browsers_whose_events_were_deleted_are_known_from_the_store() {
        let world = World::new();
        world.journal.add_browser(1);
        world.follow();
        world.journal.add_browser(2);
        let kept = world.journal.change(Change::Frozen);
        world.journal.journal.delete_before(kept);
        // The first one was removed in an event that is no longer kept.
        let mut account = PayersAccount::new("".into());
        account.language = LanguageCode::from_letters(*b"ko");
        account.browsers = vec![Browser {
            number: 2,
            digest: [2; 32],
            sealed: [2; 4].into(),
            name: "Firefox".into(),
            added_at: Timestamp::EPOCH,
        }];
        world.keep_account(account);
        world.follow();
        let browsers = world.outbox.browsers(WALLET).unwrap();
        let [(2, known)] = &browsers[..] else {
            panic!("{browsers:?}");
        };
        assert_eq!(known.language, LanguageCode::from_letters(*b"ko"));
        let rows = world.outbox.waiting(ChannelKind::Browser, Key::FIRST);
        let of_kept = rows
            .map(|row| row.unwrap().0)
            .filter(|key| key.position == kept);
        let receivers: Vec<_> = of_kept.map(|key| key.to).collect();
        assert_eq!(receivers, [To::Browser(2)]);
    }

    #[test]
    fn a_contact_whose_proposal_was_deleted_is_confirmed() {
        let world = World::new();
        let confirmed = world.journal.confirm("a");
        world.journal.journal.delete_before(confirmed);
        world.keep(Some("a"));
        world.follow();
        assert_eq!(world.contact().as_deref(), Some("a"));
    }

    #[test]
    fn a_journal_that_is_whole_says_all_of_it_itself() {
        let world = World::new();
        let before = world.journal.change(Change::Frozen);
        world.journal.confirm("a");
        world.keep(Some("b"));
        world.follow();
        assert_eq!(world.contact().as_deref(), Some("a"));
        assert!(!world.is_notified(before));
    }
}
