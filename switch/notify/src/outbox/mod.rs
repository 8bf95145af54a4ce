//! The outbox: notifications that are still to be sent. It is a cursor over the journal and the few messages before it
//! that are not delivered yet; none of it is on the path of a purchase.
//!
//! ```text
//! data/outbox/  keyspace  key                          value
//!               cursor    "format"                     version 2: of all rows; another one is refused
//!                         "cursor"                     sequence 8, position 8: everything up to there was looked at
//!               contacts  wallet 8, 0                  channel 1, preferences 1, sealed address (confirmed)
//!                         wallet 8, 1                  the same of an address that waits for its code
//!               former    position 8                   the same of the contact that this message goes to
//!               waiting   channel 1, position 8, to 1  due 8, since 8, attempts 4
//!               dead      position 8, to 1             channel 1, since 8, attempts 4, why
//! ```
//!
//! A message is known by the position and the time of its event, which never change: whatever comes twice has the same id. What is
//! taken over by a server is forgotten. A kill between the two sends it twice, and loses nothing.

mod rows;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

pub use rows::{Dead, Key, KnownContact, To, Waiting, Which};

use tessera_journal::{JournalError, Mark, Position};
use tessera_ledger::{ContactChannel, WalletId};
use tessera_store::is_of_the_disk;

const CURSOR: &[u8] = b"cursor";
const FORMAT_KEY: &[u8] = b"format";
/// Rises with every change of what rows look like. Builds before 0.2.0 said none: that is 1.
const FORMAT: u8 = 2;
const FORMAT_BEFORE_0_2: u8 = 1;
/// The store behind keeps so many bytes of blocks in memory.
const CACHE_BYTES: u64 = 8 << 20;
/// Of each table, before it goes into a file.
const UNWRITTEN_BYTES_MAX: u64 = 8 << 20;

/// Why the outbox failed.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The library below could not.
    #[error("the outbox: {0}")]
    Engine(#[from] fjall::Error),
    /// It holds what this version did not write.
    #[error(
        "the outbox holds an unreadable {0}: stop the switch, delete the folder `outbox`, start again; what was \
         delivered in the last days may be delivered again"
    )]
    Unreadable(&'static str),
    /// Another build of the switch wrote it, in another format.
    #[error(
        "the outbox has format {found}, this build ({}) reads format {known}: start the build that wrote it, or stop the \
         switch, delete the folder `outbox`, start again; what was delivered in the last days may be delivered again",
        env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// The format that it says.
        found: u8,
        /// The format of this build.
        known: u8,
    },
    /// Journal and outbox do not belong together: one of them was restored.
    #[error(
        "the outbox does not belong to this journal: there is no event with sequence {} at position {}; stop the switch, \
         delete the folder `outbox`, start again; what happened in the last days may be notice again",
        cursor.sequence, cursor.position
    )]
    Foreign {
        /// Up to where the outbox has looked.
        cursor: Mark,
    },
    /// The journal could not be asked.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// See the head of this file.
pub struct Outbox {
    database: Database,
    cursor: Keyspace,
    contacts: Keyspace,
    former: Keyspace,
    waiting: Keyspace,
    dead: Keyspace,
    /// To count them reads them all, so it is done once.
    dead_count: AtomicUsize,
}

/// What is written together.
#[derive(Debug, Default)]
pub struct Changes {
    /// Everything up to here was looked at.
    pub cursor: Option<Mark>,
    /// Contacts that changed; none for those that are no more.
    pub contacts: Vec<(WalletId, Which, Option<KnownContact>)>,
    /// By the position of the event: to whom the message about it goes, where that is no contact any more.
    pub former: Vec<(Position, KnownContact)>,
    /// Messages to be sent.
    pub waiting: Vec<(Key, Waiting)>,
    /// Messages that were taken over, or that nobody is there for.
    pub done: Vec<(Key, ContactChannel)>,
    /// Messages that were given up.
    pub dead: Vec<(Key, Dead)>,
    /// Messages that were given up and are tried again.
    pub revived: Vec<(Key, Waiting)>,
    /// Messages that were given up and are forgotten.
    pub dropped: Vec<Key>,
}

impl OutboxError {
    /// Whether the disk may be at fault, and not what is on it: then it is tried again.
    pub fn is_of_the_disk(&self) -> bool {
        matches!(self, Self::Engine(error) if is_of_the_disk(error))
    }
}

impl Outbox {
    /// Opens or makes the outbox in `directory`.
    ///
    /// # Errors
    /// When the library can't.
    pub fn open(directory: &Path) -> Result<Self, OutboxError> {
        let database = Database::builder(directory)
            .cache_size(CACHE_BYTES)
            .open()?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(UNWRITTEN_BYTES_MAX);
        let keyspace = |name: &str| database.keyspace(name, options);
        let dead = keyspace("dead")?;
        let cursor = keyspace("cursor")?;
        let contacts = keyspace("contacts")?;
        check_format(&cursor, contacts.is_empty()?)?;
        Ok(Self {
            cursor,
            contacts,
            former: keyspace("former")?,
            waiting: keyspace("waiting")?,
            dead_count: AtomicUsize::new(dead.len()?),
            dead,
            database,
        })
    }

    /// Up to where the journal was looked at.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn cursor(&self) -> Result<Option<Mark>, OutboxError> {
        let row = self.cursor.get(CURSOR)?;
        Ok(row.map(|row| rows::read_mark(&row)).transpose()?.flatten())
    }

    /// One of a wallet's contacts.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn contact(
        &self,
        wallet: WalletId,
        which: Which,
    ) -> Result<Option<KnownContact>, OutboxError> {
        let row = self.contacts.get(rows::contact_key(wallet, which))?;
        row.map(|row| KnownContact::read(&row)).transpose()
    }

    /// The contact that was none any more after the event at this position, until the message about it is done.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn former(&self, position: Position) -> Result<Option<KnownContact>, OutboxError> {
        let row = self.former.get(position.to_stored().to_be_bytes())?;
        row.map(|row| KnownContact::read(&row)).transpose()
    }

    /// Wallets that have a contact, or have proposed one.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn wallets(&self) -> Result<Vec<WalletId>, OutboxError> {
        self.contacts
            .iter()
            .map(|row| rows::read_contact_key(&row.key()?))
            .collect()
    }

    /// How many addresses are sealed in this way.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn count_sealed(&self, is: impl Fn(&[u8]) -> bool) -> Result<usize, OutboxError> {
        let mut count = 0;
        for row in self.contacts.iter().chain(self.former.iter()) {
            let contact = KnownContact::read(&row.value()?)?;
            count += usize::from(is(&contact.sealed));
        }
        Ok(count)
    }

    /// What is to be sent by a channel, from the given key on, in the order of the journal.
    pub fn waiting(
        &self,
        channel: ContactChannel,
        from: Key,
    ) -> impl Iterator<Item = Result<(Key, Waiting), OutboxError>> {
        let rows = rows::waiting_key(channel, from)..=rows::waiting_key(channel, Key::LAST);
        self.waiting.range(rows).map(|row| {
            let (key, value) = row.into_inner()?;
            let (channel, key) = rows::read_waiting_key(&key)?;
            Ok((key, Waiting::read(channel, &value)?))
        })
    }

    /// What was given up, oldest first, at most so many.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn dead(&self, most: usize) -> Result<Vec<(Key, Dead)>, OutboxError> {
        let rows = self.dead.iter().take(most).map(|row| {
            let (key, value) = row.into_inner()?;
            Ok((Key::read(&key)?, Dead::read(&value)?))
        });
        rows.collect()
    }

    /// One that was given up.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn dead_letter(&self, key: Key) -> Result<Option<Dead>, OutboxError> {
        let row = self.dead.get(key.to_bytes())?;
        row.map(|row| Dead::read(&row)).transpose()
    }

    /// How many were given up.
    pub fn dead_count(&self) -> usize {
        self.dead_count.load(Ordering::Relaxed)
    }

    /// Writes it all, or nothing.
    ///
    /// # Errors
    /// When the library can't.
    pub fn write(&self, changes: &Changes) -> Result<(), OutboxError> {
        let mut batch = self.database.batch();
        if let Some(mark) = changes.cursor {
            batch.insert(&self.cursor, CURSOR, mark.to_bytes());
        }
        for (wallet, which, contact) in &changes.contacts {
            let key = rows::contact_key(*wallet, *which);
            match contact {
                Some(contact) => batch.insert(&self.contacts, key, contact.to_bytes()),
                None => batch.remove(&self.contacts, key),
            }
        }
        for (position, contact) in &changes.former {
            let key = position.to_stored().to_be_bytes();
            batch.insert(&self.former, key, contact.to_bytes());
        }
        for (key, waiting) in changes.waiting.iter().chain(&changes.revived) {
            let row = rows::waiting_key(waiting.channel, *key);
            batch.insert(&self.waiting, row, waiting.to_bytes());
        }
        for (key, _) in &changes.revived {
            batch.remove(&self.dead, key.to_bytes());
        }
        for (key, channel) in &changes.done {
            batch.remove(&self.waiting, rows::waiting_key(*channel, *key));
        }
        for key in &changes.dropped {
            batch.remove(&self.dead, key.to_bytes());
        }
        let done = changes.done.iter().map(|(key, _)| key);
        for key in done.chain(&changes.dropped) {
            if key.to == To::Former {
                let position = key.position.to_stored().to_be_bytes();
                batch.remove(&self.former, position);
            }
        }
        for (key, dead) in &changes.dead {
            batch.remove(&self.waiting, rows::waiting_key(dead.channel, *key));
            batch.insert(&self.dead, key.to_bytes(), dead.to_bytes());
        }
        batch.commit()?;
        let fewer = changes.revived.len() + changes.dropped.len();
        self.dead_count
            .fetch_add(changes.dead.len(), Ordering::Relaxed);
        self.dead_count.fetch_sub(fewer, Ordering::Relaxed);
        Ok(())
    }

    /// Makes everything written survive a loss of power.
    ///
    /// # Errors
    /// When the library can't.
    pub fn sync(&self) -> Result<(), OutboxError> {
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }
}

/// Nothing is read of rows in another format; an outbox that was just made gets that of this build.
fn check_format(cursor: &Keyspace, has_no_contacts: bool) -> Result<(), OutboxError> {
    let found = match cursor.get(FORMAT_KEY)? {
        Some(row) => row.first().copied().unwrap_or_default(),
        None if has_no_contacts && cursor.is_empty()? => {
            return Ok(cursor.insert(FORMAT_KEY, [FORMAT])?);
        }
        None => FORMAT_BEFORE_0_2,
    };
    match found == FORMAT {
        true => Ok(()),
        false => Err(OutboxError::Version {
            found,
            known: FORMAT,
        }),
    }
}

#[cfg(test)]
mod tests {
    use tessera_kit::clock::Timestamp;

    use super::*;

    #[test]
    fn refuses_the_format_of_another_build() {
        let folder = tempfile::tempdir().unwrap();
        for (row, found) in [(Some(&[FORMAT + 1]), FORMAT + 1), (None, FORMAT_BEFORE_0_2)] {
            let outbox = Outbox::open(folder.path()).unwrap();
            outbox.cursor.insert(CURSOR, [0; 16]).unwrap();
            match row {
                Some(row) => outbox.cursor.insert(FORMAT_KEY, row).unwrap(),
                None => outbox.cursor.remove(FORMAT_KEY).unwrap(),
            }
            drop(outbox);
            let error = Outbox::open(folder.path())
                .map(drop)
                .unwrap_err()
                .to_string();
            let names_both = format!("has format {found}, this build (");
            assert!(error.contains(&names_both), "{error}");
            assert!(
                error.contains(&format!("reads format {FORMAT}: start the build")),
                "{error}"
            );
            let database = Database::builder(folder.path()).open().unwrap();
            let cursor = database
                .keyspace("cursor", KeyspaceCreateOptions::default)
                .unwrap();
            cursor.insert(FORMAT_KEY, [FORMAT]).unwrap();
        }
    }
    use tessera_protocol::leased::NotificationPreferences;

    #[test]
    fn is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        let contact = KnownContact {
            channel: ContactChannel::Mobile,
            preferences: NotificationPreferences::DEFAULT,
            sealed: [1, 2, 3].into(),
        };
        let at = |position| Position::from_stored(position).unwrap();
        let key = |position| Key {
            position: at(position),
            to: To::Contact,
        };
        let waiting = Waiting {
            channel: ContactChannel::Mobile,
            due: Timestamp::from_milliseconds(5),
            since: Timestamp::from_milliseconds(4),
            attempts: 3,
        };
        let cursor = Mark {
            sequence: tessera_journal::Sequence::FIRST.after(8),
            position: at(4711),
        };
        let changes = Changes {
            cursor: Some(cursor),
            contacts: vec![(WalletId(7), Which::Confirmed, Some(contact.clone()))],
            former: vec![(at(4), contact.clone())],
            waiting: vec![(key(1), waiting), (key(2), waiting), (key(3), waiting)],
            ..Changes::default()
        };
        outbox.write(&changes).unwrap();
        let sealed = |with: u8| outbox.count_sealed(|sealed| sealed[0] == with).unwrap();
        assert_eq!((sealed(1), sealed(2)), (2, 0));
        let dead = Dead {
            channel: ContactChannel::Mobile,
            since: Timestamp::from_milliseconds(4),
            attempts: 9,
            why: "no such user".to_owned(),
        };
        let changes = Changes {
            done: vec![(key(1), ContactChannel::Mobile)],
            dead: vec![(key(2), dead.clone())],
            ..Changes::default()
        };
        outbox.write(&changes).unwrap();
        outbox.sync().unwrap();
        drop(outbox);
        let outbox = Outbox::open(folder.path()).unwrap();
        assert_eq!(outbox.cursor().unwrap(), Some(cursor));
        assert_eq!(
            outbox.contact(WalletId(7), Which::Confirmed).unwrap(),
            Some(contact)
        );
        assert_eq!(outbox.contact(WalletId(7), Which::Proposed).unwrap(), None);
        assert_eq!(outbox.wallets().unwrap(), [WalletId(7)]);
        let of = |outbox: &Outbox, channel| -> Vec<_> {
            let rows = outbox.waiting(channel, Key::FIRST);
            rows.map(Result::unwrap).collect()
        };
        assert_eq!(of(&outbox, ContactChannel::Mobile), [(key(3), waiting)]);
        assert_eq!(of(&outbox, ContactChannel::Email), []);
        assert_eq!(outbox.dead_letter(key(2)).unwrap(), Some(dead.clone()));
        assert_eq!(outbox.dead(9).unwrap(), [(key(2), dead.clone())]);
        assert_eq!(outbox.dead_count(), 1);
        let changes = Changes {
            revived: vec![(key(2), waiting)],
            ..Changes::default()
        };
        outbox.write(&changes).unwrap();
        assert_eq!(outbox.dead_count(), 0);
        assert_eq!(of(&outbox, ContactChannel::Mobile).len(), 2);
        let changes = Changes {
            dead: vec![(key(2), dead.clone()), (key(3), dead)],
            ..Changes::default()
        };
        outbox.write(&changes).unwrap();
        assert_eq!(outbox.dead_count(), 2);
        let changes = Changes {
            dropped: vec![key(2)],
            ..Changes::default()
        };
        outbox.write(&changes).unwrap();
        assert_eq!(outbox.dead_count(), 1);
        assert_eq!(outbox.dead_letter(key(2)).unwrap(), None);
    }
}
