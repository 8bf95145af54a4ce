//! What is on the disk of webhooks.
//!
//! ```text
//! data/webhooks/  keyspace  key                                      value
//!                 cursor    "format"                                 version 1: of all rows; another one is refused
//!                           "cursor"                                 sequence 8, position 8: everything up to there was looked at
//!                           "began"                                  8: events before this time are not sent
//!                 open      reference 8                              party 8, order's key 16 or zeros: a request under way
//!                 orders    order's key 16                           party 8, position 8, ends 8, state 1, paid by 8
//!                 waiting   party 8, due 8, position 8, kind 1       since 8, attempts 4
//!                 dead      party 8, position 8, kind 1              since 8, attempts 4, why
//! ```
//!
//! The names of keyspaces begin with `webhook_`, which is a part of what a row is bound to. Numbers in keys are big-endian, so that what is due first stands first; in values they are little-endian. Each value but
//! "format" is encrypted, and bound to its table and key.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use tessera_encryption::{DataKeys, KeysError, Purpose, RowCipher, RowError};
use tessera_journal::{Mark, Position};
use tessera_kit::clock::Timestamp;
use tessera_ledger::Reference;
use tessera_protocol::{Institution, OrderKey};

const FORMAT: &[u8] = b"format";
const CURSOR: &[u8] = b"cursor";
const BEGAN: &[u8] = b"began";
const VERSION: u8 = 1;
const CACHE_BYTES: u64 = 4 << 20;
const UNWRITTEN_BYTES_MAX: u64 = 4 << 20;

/// Why the disk of webhooks failed.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The library below could not.
    #[error("the folder of webhooks: {0}")]
    Engine(#[from] fjall::Error),
    /// A row is not what was written.
    #[error(
        "the folder of webhooks holds an unreadable row of `{0}`: stop the switch, delete the folder `webhooks`, start again; \
         events that wait there are not sent"
    )]
    Unreadable(&'static str),
    /// There is no key to encrypt with.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// What kind of event a row stands for: an event of the journal may lead to one at once, and to one when its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The event itself.
    Happened,
    /// The agreement that it announced has ended unpaid.
    Expired,
}

/// Which event, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub party: Institution,
    pub position: Position,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub due: Timestamp,
    /// When it happened.
    pub since: Timestamp,
    pub attempts: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dead {
    pub since: Timestamp,
    pub attempts: u32,
    pub why: String,
}

/// A request of a party with a webhook that is not decided yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    pub party: Institution,
    pub order: Option<OrderKey>,
}

/// An agreement of a payer at a mall with a webhook, until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agreement {
    pub party: Institution,
    pub position: Position,
    pub ends: Timestamp,
    pub state: AgreementState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AgreementState {
    Unpaid,
    Paying(Reference),
    Paid(Reference),
}

/// What is written together.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub cursor: Option<Mark>,
    pub open: Vec<(Reference, Option<Open>)>,
    pub agreements: Vec<(OrderKey, Option<Agreement>)>,
    pub waiting: Vec<(Key, Waiting)>,
    pub done: Vec<(Key, Waiting)>,
    pub dead: Vec<(Key, Dead)>,
    /// Of those given up: no longer.
    pub raised: Vec<Key>,
}

struct Table {
    name: &'static str,
    rows: Keyspace,
    cipher: Arc<RowCipher>,
}

/// See the head of this file.
pub(super) struct Outbox {
    database: Database,
    cursor: Table,
    open: Table,
    agreements: Table,
    waiting: Table,
    dead: Table,
}

impl Kind {
    fn digit(self) -> u8 {
        match self {
            Self::Happened => 0,
            Self::Expired => 1,
        }
    }

    fn of(digit: u8) -> Option<Self> {
        match digit {
            0 => Some(Self::Happened),
            1 => Some(Self::Expired),
            _ => None,
        }
    }
}

impl Key {
    /// As it is shown to operators, and read again.
    pub fn to_text(self) -> String {
        let (party, position) = (self.party.number(), self.position.to_stored());
        format!("{party}.{position:x}.{}", self.kind.digit())
    }

    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let key = Self {
            party: Institution::from_text(parts.next()?)?,
            position: Position::from_stored(u64::from_str_radix(parts.next()?, 16).ok()?)?,
            kind: Kind::of(parts.next()?.parse().ok()?)?,
        };
        parts.next().is_none().then_some(key)
    }

    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = self.party.number().to_be_bytes().to_vec();
        bytes.extend(self.position.to_stored().to_be_bytes());
        bytes.push(self.kind.digit());
        bytes
    }

    fn waiting(self, due: Timestamp) -> Vec<u8> {
        let mut bytes = self.party.number().to_be_bytes().to_vec();
        bytes.extend(due.milliseconds().to_be_bytes());
        bytes.extend(self.position.to_stored().to_be_bytes());
        bytes.push(self.kind.digit());
        bytes
    }
}

/// Cuts numbers off the front of a row.
struct Cut<'a>(&'a [u8], &'static str);

impl Cut<'_> {
    fn bytes<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], RowsError> {
        let (head, rest) = self
            .0
            .split_first_chunk()
            .ok_or(RowsError::Unreadable(self.1))?;
        self.0 = rest;
        Ok(*head)
    }

    fn big(&mut self) -> Result<u64, RowsError> {
        self.bytes().map(u64::from_be_bytes)
    }

    fn little(&mut self) -> Result<u64, RowsError> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn some<T>(&self, value: Option<T>) -> Result<T, RowsError> {
        value.ok_or(RowsError::Unreadable(self.1))
    }

    fn key(&mut self, party: u64) -> Result<Key, RowsError> {
        let (position, [kind]) = (self.big()?, self.bytes()?);
        Ok(Key {
            party: self.some(Institution::new(party))?,
            position: self.some(Position::from_stored(position))?,
            kind: self.some(Kind::of(kind))?,
        })
    }

    fn moment(&mut self) -> Result<Timestamp, RowsError> {
        self.little().map(Timestamp::from_milliseconds)
    }
}

impl Open {
    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = self.party.number().to_le_bytes().to_vec();
        bytes.extend(self.order.map_or([0; 16], |order| order.0));
        bytes
    }

    fn read(row: &[u8]) -> Result<Self, RowsError> {
        let mut cut = Cut(row, "open");
        let (party, order) = (cut.little()?, cut.bytes()?);
        Ok(Self {
            party: cut.some(Institution::new(party))?,
            order: (order != [0; 16]).then_some(OrderKey(order)),
        })
    }
}

impl Agreement {
    fn to_bytes(self) -> Vec<u8> {
        let (state, by) = match self.state {
            AgreementState::Unpaid => (0, 0),
            AgreementState::Paying(by) => (1, by.0),
            AgreementState::Paid(by) => (2, by.0),
        };
        let mut bytes = self.party.number().to_le_bytes().to_vec();
        bytes.extend(self.position.to_stored().to_le_bytes());
        bytes.extend(self.ends.milliseconds().to_le_bytes());
        bytes.push(state);
        bytes.extend(by.to_le_bytes());
        bytes
    }

    fn read(row: &[u8]) -> Result<Self, RowsError> {
        let mut cut = Cut(row, "orders");
        let (party, position, ends) = (cut.little()?, cut.little()?, cut.moment()?);
        let ([state], by) = (cut.bytes()?, Reference(cut.little()?));
        Ok(Self {
            party: cut.some(Institution::new(party))?,
            position: cut.some(Position::from_stored(position))?,
            ends,
            state: match state {
                0 => AgreementState::Unpaid,
                1 => AgreementState::Paying(by),
                2 => AgreementState::Paid(by),
                _ => return Err(RowsError::Unreadable("orders")),
            },
        })
    }
}

impl Outbox {
    /// Opens or makes it in `folder`; events before `now` are not sent where it is new.
    pub fn open(folder: &Path, keys: DataKeys, now: Timestamp) -> Result<Self, RowsError> {
        let database = Database::builder(folder).cache_size(CACHE_BYTES).open()?;
        let cipher = Arc::new(RowCipher::new(keys, Purpose::Outbox)?);
        let table = |name| {
            let options =
                || KeyspaceCreateOptions::default().max_memtable_size(UNWRITTEN_BYTES_MAX);
            Ok::<_, RowsError>(Table {
                name,
                rows: database.keyspace(name, options)?,
                cipher: Arc::clone(&cipher),
            })
        };
        let outbox = Self {
            cursor: table("webhook_cursor")?,
            open: table("webhook_open")?,
            agreements: table("webhook_orders")?,
            waiting: table("webhook_waiting")?,
            dead: table("webhook_dead")?,
            database,
        };
        let format = outbox.cursor.rows.get(FORMAT)?;
        match format.as_deref() {
            Some([VERSION]) => {}
            Some(_) => return Err(RowsError::Unreadable("format")),
            None => outbox.begin(now)?,
        }
        Ok(outbox)
    }

    /// Forgets everything, and begins with what happens after `now`.
    pub fn begin(&self, now: Timestamp) -> Result<(), RowsError> {
        for table in [
            &self.cursor,
            &self.open,
            &self.agreements,
            &self.waiting,
            &self.dead,
        ] {
            table.rows.clear()?;
        }
        let mut batch = self.database.batch();
        batch.insert(&self.cursor.rows, FORMAT, [VERSION]);
        let began = now.milliseconds().to_le_bytes();
        self.cursor.insert(&mut batch, BEGAN, &began)?;
        batch.commit()?;
        Ok(())
    }

    pub fn cursor(&self) -> Result<Option<Mark>, RowsError> {
        let row = self.cursor.get(CURSOR)?;
        row.map(|row| {
            let bytes = row.as_slice().try_into();
            let mark = bytes.ok().and_then(Mark::from_bytes);
            mark.ok_or(RowsError::Unreadable("cursor"))
        })
        .transpose()
    }

    pub fn began(&self) -> Result<Timestamp, RowsError> {
        let row = self.cursor.get(BEGAN)?.unwrap_or_default();
        Cut(&row, "began").moment()
    }

    pub fn all_open(&self) -> Result<HashMap<Reference, Open>, RowsError> {
        self.open
            .iter(..)
            .map(|row| {
                let (key, value) = row?;
                Ok((Reference(Cut(&key, "open").big()?), Open::read(&value)?))
            })
            .collect()
    }

    pub fn all_agreements(&self) -> Result<HashMap<OrderKey, Agreement>, RowsError> {
        self.agreements
            .iter(..)
            .map(|row| {
                let (key, value) = row?;
                Ok((
                    OrderKey(Cut(&key, "orders").bytes()?),
                    Agreement::read(&value)?,
                ))
            })
            .collect()
    }

    /// What waits for a party, that which is due first in front.
    pub fn waiting(
        &self,
        party: Institution,
    ) -> impl Iterator<Item = Result<(Key, Waiting), RowsError>> {
        let first = party.number().to_be_bytes().to_vec();
        let end = (party.number() + 1).to_be_bytes().to_vec();
        self.waiting.iter(first..end).map(read_waiting)
    }

    /// What waits for all parties.
    pub fn all_waiting(&self) -> impl Iterator<Item = Result<(Key, Waiting), RowsError>> {
        self.waiting.iter(..).map(read_waiting)
    }

    /// What was given up, the oldest of each party in front, at most so many.
    pub fn dead(&self, most: usize) -> Result<Vec<(Key, Dead)>, RowsError> {
        let rows = self.dead.iter(..).take(most).map(|row| {
            let (key, value) = row?;
            let mut cut = Cut(&key, "dead");
            let party = cut.big()?;
            let key = cut.key(party)?;
            Ok((key, read_dead(&value)?))
        });
        rows.collect()
    }

    pub fn dead_letter(&self, key: Key) -> Result<Option<Dead>, RowsError> {
        let row = self.dead.get(&key.to_bytes())?;
        row.map(|row| read_dead(&row)).transpose()
    }

    pub fn dead_count(&self) -> Result<usize, RowsError> {
        Ok(self.dead.rows.len()?)
    }

    /// Writes it all, or nothing.
    pub fn write(&self, changes: &Changes) -> Result<(), RowsError> {
        let mut batch = self.database.batch();
        if let Some(mark) = changes.cursor {
            self.cursor.insert(&mut batch, CURSOR, &mark.to_bytes())?;
        }
        for (reference, open) in &changes.open {
            let key = reference.0.to_be_bytes();
            self.open
                .put(&mut batch, &key, open.map(Open::to_bytes).as_deref())?;
        }
        for (order, agreement) in &changes.agreements {
            let row = agreement.map(Agreement::to_bytes);
            self.agreements.put(&mut batch, &order.0, row.as_deref())?;
        }
        for (key, waiting) in &changes.done {
            batch.remove(&self.waiting.rows, key.waiting(waiting.due));
        }
        for (key, waiting) in &changes.waiting {
            let mut row = waiting.since.milliseconds().to_le_bytes().to_vec();
            row.extend(waiting.attempts.to_le_bytes());
            self.waiting
                .insert(&mut batch, &key.waiting(waiting.due), &row)?;
        }
        for (key, dead) in &changes.dead {
            let mut row = dead.since.milliseconds().to_le_bytes().to_vec();
            row.extend(dead.attempts.to_le_bytes());
            row.extend(dead.why.as_bytes());
            self.dead.insert(&mut batch, &key.to_bytes(), &row)?;
        }
        for key in &changes.raised {
            batch.remove(&self.dead.rows, key.to_bytes());
        }
        batch.commit()?;
        Ok(())
    }

    /// Makes everything written survive a loss of power.
    pub fn sync(&self) -> Result<(), RowsError> {
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }
}

type Row = (Vec<u8>, Vec<u8>);

fn read_waiting(row: Result<Row, RowsError>) -> Result<(Key, Waiting), RowsError> {
    let (key, value) = row?;
    let mut cut = Cut(&key, "waiting");
    let (party, due) = (cut.big()?, Timestamp::from_milliseconds(cut.big()?));
    let key = cut.key(party)?;
    let mut cut = Cut(&value, "waiting");
    let waiting = Waiting {
        due,
        since: cut.moment()?,
        attempts: u32::from_le_bytes(cut.bytes()?),
    };
    Ok((key, waiting))
}

fn read_dead(value: &[u8]) -> Result<Dead, RowsError> {
    let mut cut = Cut(value, "dead");
    Ok(Dead {
        since: cut.moment()?,
        attempts: u32::from_le_bytes(cut.bytes()?),
        why: String::from_utf8_lossy(cut.0).into_owned(),
    })
}

impl Table {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        let row = self.rows.get(key)?;
        row.map(|row| self.decrypt(key, &row)).transpose()
    }

    fn iter(
        &self,
        range: impl std::ops::RangeBounds<Vec<u8>>,
    ) -> impl Iterator<Item = Result<Row, RowsError>> {
        self.rows.range(range).map(|row| {
            let (key, value) = row.into_inner()?;
            let value = self.decrypt(&key, &value)?;
            Ok((key.to_vec(), value))
        })
    }

    fn insert(
        &self,
        batch: &mut OwnedWriteBatch,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), RowsError> {
        let row = self.cipher.encrypt(self.name, key, value)?;
        batch.insert(&self.rows, key, &*row);
        Ok(())
    }

    fn put(
        &self,
        batch: &mut OwnedWriteBatch,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), RowsError> {
        match value {
            Some(value) => self.insert(batch, key, value)?,
            None => batch.remove(&self.rows, key),
        }
        Ok(())
    }

    fn decrypt(&self, key: &[u8], row: &[u8]) -> Result<Vec<u8>, RowsError> {
        let decrypted = self.cipher.decrypt(self.name, key, row);
        let plain = decrypted.map_err(|_: RowError| RowsError::Unreadable(self.name))?;
        Ok(plain.to_vec())
    }
}
