//! An outbox that 0.2.0 wrote, as one of this build: its rows encrypted, and the journal positions in them
//! translated, since the journal of 0.2.0 is written anew too.
//!
//! The new outbox is made in another folder. The upgrade of the whole data puts it in the place of the old one.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use fjall::{Database, Keyspace};
use tessera_encryption::DataKeys;
use tessera_journal::{Mark, Position};
use tessera_ledger::WalletId;

use super::rows::{self, Key};
use super::table::keyspace;
use super::{
    CONTACTS_TABLE, CURSOR, CURSOR_TABLE, Changes, Dead, FORMAT, FORMAT_KEY, FORMAT_OF_0_2,
    KnownContact, Outbox, OutboxError, Waiting, Which, check_format, open_database,
};

/// Rows written at once.
const BATCH: usize = 1024;

/// Whether the outbox in this folder is one of 0.2.0.
///
/// # Errors
/// When it can't be read.
pub fn needs_upgrade(folder: &Path) -> Result<bool, OutboxError> {
    if !folder.exists() {
        return Ok(false);
    }
    let database = open_database(folder)?;
    let format = keyspace(&database, CURSOR_TABLE)?.get(FORMAT_KEY)?;
    Ok(format.is_some_and(|format| format.first() == Some(&FORMAT_OF_0_2)))
}

fn remove(folder: &Path) -> Result<(), OutboxError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(fjall::Error::Io(error).into())
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// All positions that an outbox of 0.2.0 names, each once, in their order.
///
/// # Errors
/// When it can't be read, or has another format.
pub fn positions(folder: &Path) -> Result<BTreeSet<Position>, OutboxError> {
    let old = Old::open(folder)?;
    let mut found = BTreeSet::new();
    old.each(&mut |row| {
        match row {
            OldRow::Cursor(mark) => _ = found.insert(mark.position),
            OldRow::Contact(..) => {}
            OldRow::Former(position, _) => _ = found.insert(position),
            OldRow::Waiting(key, _) | OldRow::Dead(key, _) => _ = found.insert(key.position),
        }
        Ok(())
    })?;
    Ok(found)
}

/// Makes an outbox of this build in the folder `new`, durably, with what the one of 0.2.0 in `old` has. `translate` says where
/// an event of the old journal is in the new one. What a killed upgrade left in `new` is deleted first.
///
/// # Errors
/// When one of them can't be read or written, `old` has another format, or it names an event that the journal does not have.
pub fn upgrade(
    old: &Path,
    new: &Path,
    keys: DataKeys,
    translate: &dyn Fn(Position) -> Option<Position>,
) -> Result<(), OutboxError> {
    remove(new)?;
    let old = Old::open(old)?;
    let database = open_database(new)?;
    let new = Outbox::with_tables(database.clone(), keys)?;
    let mut changes = Changes::default();
    let mut count = 0;
    old.each(&mut |row| {
        let at = |position| translate(position).ok_or(OutboxError::Unreadable("journal position"));
        let moved = |key: Key| {
            Ok::<_, OutboxError>(Key {
                position: at(key.position)?,
                ..key
            })
        };
        match row {
            OldRow::Cursor(cursor) => {
                let position = translate(cursor.position);
                let position = position.ok_or(OutboxError::Foreign { cursor })?;
                changes.cursor = Some(Mark { position, ..cursor });
            }
            OldRow::Contact((wallet, which), contact) => {
                changes.contacts.push((wallet, which, Some(contact)));
            }
            OldRow::Former(position, contact) => changes.former.push((at(position)?, contact)),
            OldRow::Waiting(key, waiting) => changes.waiting.push((moved(key)?, waiting)),
            OldRow::Dead(key, dead) => changes.dead.push((moved(key)?, dead)),
        }
        count += 1;
        if count % BATCH == 0 {
            new.write(&std::mem::take(&mut changes))?;
        }
        Ok(())
    })?;
    new.write(&changes)?;
    // The last of all: without it, it is no outbox of this build.
    keyspace(&database, CURSOR_TABLE)?.insert(FORMAT_KEY, [FORMAT])?;
    new.sync()
}

/// An outbox of 0.2.0.
struct Old {
    cursor: Keyspace,
    contacts: Keyspace,
    former: Keyspace,
    waiting: Keyspace,
    dead: Keyspace,
    /// Closes them when it is dropped.
    _database: Database,
}

enum OldRow {
    Cursor(Mark),
    Contact((WalletId, Which), KnownContact),
    Former(Position, KnownContact),
    Waiting(Key, Waiting),
    Dead(Key, Dead),
}

impl Old {
    fn open(folder: &Path) -> Result<Self, OutboxError> {
        let database = open_database(folder)?;
        let table = |name| keyspace(&database, name);
        let cursor = table(CURSOR_TABLE)?;
        check_format(&cursor, FORMAT_OF_0_2)?;
        Ok(Self {
            cursor,
            contacts: table(CONTACTS_TABLE)?,
            former: table("former")?,
            waiting: table("waiting")?,
            dead: table("dead")?,
            _database: database,
        })
    }

    fn each(
        &self,
        visit: &mut dyn FnMut(OldRow) -> Result<(), OutboxError>,
    ) -> Result<(), OutboxError> {
        let cursor = self.cursor.get(CURSOR)?;
        if let Some(mark) = cursor
            .map(|row| rows::read_mark(&row))
            .transpose()?
            .flatten()
        {
            visit(OldRow::Cursor(mark))?;
        }
        for row in self.contacts.iter() {
            let (key, value) = row.into_inner()?;
            let key = rows::read_contact_key(&key)?;
            visit(OldRow::Contact(key, KnownContact::read(&value)?))?;
        }
        for row in self.former.iter() {
            let (key, value) = row.into_inner()?;
            let position = rows::read_former_key(&key)?;
            visit(OldRow::Former(position, KnownContact::read(&value)?))?;
        }
        for row in self.waiting.iter() {
            let (key, value) = row.into_inner()?;
            let (channel, key) = rows::read_waiting_key(&key)?;
            visit(OldRow::Waiting(key, Waiting::read(channel, &value)?))?;
        }
        for row in self.dead.iter() {
            let (key, value) = row.into_inner()?;
            visit(OldRow::Dead(Key::read(&key)?, Dead::read(&value)?))?;
        }
        Ok(())
    }
}
