//! The outbox: notifications that are still to be sent. It is a cursor over the journal and the few messages before it
//! that are not delivered yet; none of it is on the path of a purchase.
//!
//! ```text
//! data/outbox/  keyspace  key                          value
//!               cursor    "format"                     version 3: of all rows; another one is refused
//!                         "cursor"                     sequence 8, position 8: everything up to there was looked at
//!               contacts  wallet 8, 0                  channel 1, language 2, preferences, sealed address (confirmed)
//!                         wallet 8, 1                  the same of an address that waits for its code
//!               browsers  wallet 8, number 4           the same of a browser: its address and keys in the place of an address
//!               former    position 8                   the same of the contact that this message goes to
//!               waiting   channel 1, position 8, to    due 8, since 8, attempts 4
//!               dead      position 8, to               channel 1, since 8, attempts 4, why
//! ```
//!
//! `to` is one byte, or 3 and the number (4) of a browser.
//!
//! Each value but "format" is encrypted, and bound to its table and key (see `encryption/src/row_cipher.rs`). Keys are in clear: a
//! wallet's number is a hash of random digits, and leads to nobody. The format of 0.2.0 had the same rows unencrypted.
//!
//! A message is known by the position and the time of its event, which never change: whatever comes twice has the same id. What is
//! taken over by a server is forgotten. A kill between the two sends it twice, and loses nothing.

mod rows;
mod table;
mod upgrade;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fjall::{Database, Keyspace, PersistMode};

pub use rows::{ChannelKind, Dead, Key, KnownContact, To, Waiting, Which};
pub use upgrade::{needs_upgrade, positions, upgrade};

use table::{Table, keyspace};
use tessera_encryption::{DataKeys, KeysError, Purpose, RowCipher, RowError};
use tessera_journal::{JournalError, Mark, Position};
use tessera_ledger::WalletId;
use tessera_store::{StoreError, is_of_the_disk};

const CURSOR_TABLE: &str = "cursor";
const CONTACTS_TABLE: &str = "contacts";
const CURSOR: &[u8] = b"cursor";
const FORMAT_KEY: &[u8] = b"format";
/// Rises with every change of what rows look like. Builds before 0.2.0 said none: that is 1.
const FORMAT: u8 = 3;
/// Of 0.2.0.
const FORMAT_OF_0_2: u8 = 2;
const FORMAT_BEFORE_0_2: u8 = 1;
/// The store behind keeps so many bytes of blocks in memory.
const CACHE_BYTES: u64 = 8 << 20;

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
    /// A row is not what was written at its place.
    #[error(
        "the outbox holds a changed row of `{table}` ({error}): stop the switch, delete the folder `outbox`, start again; \
         what was delivered in the last days may be delivered again"
    )]
    Row {
        /// Of which table.
        table: &'static str,
        /// What is wrong with it.
        error: RowError,
    },
    /// There is no key to encrypt with.
    #[error(transparent)]
    Keys(#[from] KeysError),
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
         delete the folder `outbox`, start again; notifications of the last days may be sent again",
        cursor.sequence, cursor.position
    )]
    Foreign {
        /// Up to where the outbox has looked.
        cursor: Mark,
    },
    /// The journal could not be asked.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Contacts could not be read in the store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// See the head of this file.
pub struct Outbox {
    database: Database,
    cursor: Table,
    contacts: Table,
    browsers: Table,
    former: Table,
    waiting: Table,
    dead: Table,
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
    /// Browsers that changed, by their numbers; none for those that are no more.
    pub browsers: Vec<(WalletId, u32, Option<KnownContact>)>,
    /// By the position of the event: to whom the message about it goes, where that is no contact any more.
    pub former: Vec<(Position, KnownContact)>,
    /// Messages to be sent.
    pub waiting: Vec<(Key, Waiting)>,
    /// Messages that were taken over, or that nobody is there for.
    pub done: Vec<(Key, ChannelKind)>,
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
            || matches!(self, Self::Store(StoreError::Disk(_) | StoreError::Closed))
    }
}

impl Outbox {
    /// Opens or makes the outbox in `directory`.
    ///
    /// # Errors
    /// When the library can't, or another build wrote it.
    pub fn open(directory: &Path, keys: DataKeys) -> Result<Self, OutboxError> {
        let database = open_database(directory)?;
        let format = keyspace(&database, CURSOR_TABLE)?;
        let is_new = keyspace(&database, CONTACTS_TABLE)?.is_empty()? && format.is_empty()?;
        if is_new {
            format.insert(FORMAT_KEY, [FORMAT])?;
        }
        check_format(&format, FORMAT)?;
        Self::with_tables(database, keys)
    }

    fn with_tables(database: Database, keys: DataKeys) -> Result<Self, OutboxError> {
        let cipher = Arc::new(RowCipher::new(keys, Purpose::Outbox)?);
        let table = |name| Table::open(&database, name, &cipher);
        let dead = table("dead")?;
        Ok(Self {
            cursor: table(CURSOR_TABLE)?,
            contacts: table(CONTACTS_TABLE)?,
            browsers: table("browsers")?,
            former: table("former")?,
            waiting: table("waiting")?,
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
        let row = self.contacts.get(&rows::contact_key(wallet, which))?;
        row.map(|row| KnownContact::read(&row)).transpose()
    }

    /// The wallet's browser of this number.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn browser(
        &self,
        wallet: WalletId,
        number: u32,
    ) -> Result<Option<KnownContact>, OutboxError> {
        let row = self.browsers.get(&rows::browser_key(wallet, number))?;
        row.map(|row| KnownContact::read(&row)).transpose()
    }

    /// All browsers of a wallet, by their numbers.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn browsers(&self, wallet: WalletId) -> Result<Vec<(u32, KnownContact)>, OutboxError> {
        let rows = rows::browser_key(wallet, 0)..=rows::browser_key(wallet, u32::MAX);
        let rows = self.browsers.range(rows).map(|row| {
            let (key, value) = row?;
            let (_, number) = rows::read_browser_key(&key)?;
            Ok((number, KnownContact::read(&value)?))
        });
        rows.collect()
    }

    /// Every browser: its wallet and its number.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn all_browsers(&self) -> Result<Vec<(WalletId, u32)>, OutboxError> {
        let rows = self.browsers.iter();
        rows.map(|row| rows::read_browser_key(&row?.0)).collect()
    }

    /// The contact that was none any more after the event at this position, until the message about it is done.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn former(&self, position: Position) -> Result<Option<KnownContact>, OutboxError> {
        let row = self.former.get(&position.to_stored().to_be_bytes())?;
        row.map(|row| KnownContact::read(&row)).transpose()
    }

    /// Wallets that have a contact, or have proposed one.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn wallets(&self) -> Result<Vec<WalletId>, OutboxError> {
        self.contacts
            .iter()
            .map(|row| Ok(rows::read_contact_key(&row?.0)?.0))
            .collect()
    }

    /// How many addresses are sealed in this way.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn count_sealed(&self, is: impl Fn(&[u8]) -> bool) -> Result<usize, OutboxError> {
        let mut count = 0;
        for row in self.contacts.iter().chain(self.former.iter()) {
            let contact = KnownContact::read(&row?.1)?;
            count += usize::from(is(&contact.sealed));
        }
        Ok(count)
    }

    /// What is to be sent by a channel, from the given key on, in the order of the journal.
    pub fn waiting(
        &self,
        channel: ChannelKind,
        from: Key,
    ) -> impl Iterator<Item = Result<(Key, Waiting), OutboxError>> {
        let rows = rows::waiting_key(channel, from)..=rows::waiting_key(channel, Key::LAST);
        self.waiting.range(rows).map(|row| {
            let (key, value) = row?;
            let (channel, key) = rows::read_waiting_key(&key)?;
            Ok((key, Waiting::read(channel, &value)?))
        })
    }

    /// The wallets whose former contacts have messages that wait. `wallet_of` finds the wallet of an event.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn receivers(
        &self,
        wallet_of: impl Fn(Position) -> Result<Option<WalletId>, OutboxError>,
    ) -> Result<HashSet<WalletId>, OutboxError> {
        let mut receivers = HashSet::new();
        for row in self.waiting.iter() {
            let (_, key) = rows::read_waiting_key(&row?.0)?;
            if key.to == To::Former {
                receivers.extend(wallet_of(key.position)?);
            }
        }
        Ok(receivers)
    }

    /// The oldest event that a message is about which waits.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn oldest_waiting(&self) -> Result<Option<Position>, OutboxError> {
        let mut oldest = None;
        for row in self.waiting.iter() {
            let (_, key) = rows::read_waiting_key(&row?.0)?;
            oldest = Some(oldest.map_or(key.position, |oldest: Position| oldest.min(key.position)));
        }
        Ok(oldest)
    }

    /// What was given up, oldest first, at most so many.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn dead(&self, most: usize) -> Result<Vec<(Key, Dead)>, OutboxError> {
        let rows = self.dead.iter().take(most).map(|row| {
            let (key, value) = row?;
            Ok((Key::read(&key)?, Dead::read(&value)?))
        });
        rows.collect()
    }

    /// One that was given up.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn dead_letter(&self, key: Key) -> Result<Option<Dead>, OutboxError> {
        let row = self.dead.get(&key.to_bytes())?;
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
            self.cursor.insert(&mut batch, CURSOR, &mark.to_bytes())?;
        }
        for (wallet, which, contact) in &changes.contacts {
            let key = rows::contact_key(*wallet, *which);
            match contact {
                Some(contact) => self
                    .contacts
                    .insert(&mut batch, &key, &contact.to_bytes())?,
                None => self.contacts.remove(&mut batch, &key),
            }
        }
        for (wallet, number, browser) in &changes.browsers {
            let key = rows::browser_key(*wallet, *number);
            match browser {
                Some(browser) => self
                    .browsers
                    .insert(&mut batch, &key, &browser.to_bytes())?,
                None => self.browsers.remove(&mut batch, &key),
            }
        }
        for (position, contact) in &changes.former {
            let key = position.to_stored().to_be_bytes();
            self.former.insert(&mut batch, &key, &contact.to_bytes())?;
        }
        for (key, waiting) in changes.waiting.iter().chain(&changes.revived) {
            let row = rows::waiting_key(waiting.channel, *key);
            self.waiting.insert(&mut batch, &row, &waiting.to_bytes())?;
        }
        for (key, _) in &changes.revived {
            self.dead.remove(&mut batch, &key.to_bytes());
        }
        for (key, channel) in &changes.done {
            self.waiting
                .remove(&mut batch, &rows::waiting_key(*channel, *key));
        }
        for key in &changes.dropped {
            self.dead.remove(&mut batch, &key.to_bytes());
        }
        let done = changes.done.iter().map(|(key, _)| key);
        for key in done.chain(&changes.dropped) {
            if key.to == To::Former {
                let position = key.position.to_stored().to_be_bytes();
                self.former.remove(&mut batch, &position);
            }
        }
        for (key, dead) in &changes.dead {
            self.waiting
                .remove(&mut batch, &rows::waiting_key(dead.channel, *key));
            self.dead
                .insert(&mut batch, &key.to_bytes(), &dead.to_bytes())?;
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

fn open_database(directory: &Path) -> Result<Database, fjall::Error> {
    Database::builder(directory).cache_size(CACHE_BYTES).open()
}

/// Nothing is read of rows in another format.
fn check_format(cursor: &Keyspace, known: u8) -> Result<(), OutboxError> {
    let found = match cursor.get(FORMAT_KEY)? {
        Some(row) => row.first().copied().unwrap_or_default(),
        None => FORMAT_BEFORE_0_2,
    };
    match found == known {
        true => Ok(()),
        false => Err(OutboxError::Version { found, known }),
    }
}

#[cfg(test)]
mod tests;
