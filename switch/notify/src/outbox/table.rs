//! A table of the outbox, whose values are encrypted.

use std::ops::RangeBounds;
use std::sync::Arc;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, UserKey};
use tessera_encryption::RowCipher;
use zeroize::Zeroizing;

use super::OutboxError;

/// Of each table, before it goes into a file.
const UNWRITTEN_BYTES_MAX: u64 = 8 << 20;

type Row = (UserKey, Zeroizing<Vec<u8>>);

pub(super) struct Table {
    name: &'static str,
    rows: Keyspace,
    cipher: Arc<RowCipher>,
}

/// A table as the library has it.
pub(super) fn keyspace(database: &Database, name: &str) -> Result<Keyspace, fjall::Error> {
    let options = || KeyspaceCreateOptions::default().max_memtable_size(UNWRITTEN_BYTES_MAX);
    database.keyspace(name, options)
}

impl Table {
    pub fn open(
        database: &Database,
        name: &'static str,
        cipher: &Arc<RowCipher>,
    ) -> Result<Self, OutboxError> {
        Ok(Self {
            name,
            rows: keyspace(database, name)?,
            cipher: Arc::clone(cipher),
        })
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, OutboxError> {
        let row = self.rows.get(key)?;
        row.map(|row| self.decrypt(key, &row)).transpose()
    }

    pub fn iter(&self) -> impl Iterator<Item = Result<Row, OutboxError>> {
        self.range::<&[u8]>(..)
    }

    pub fn range<K: AsRef<[u8]>>(
        &self,
        range: impl RangeBounds<K>,
    ) -> impl Iterator<Item = Result<Row, OutboxError>> {
        self.rows.range(range).map(|row| {
            let (key, value) = row.into_inner()?;
            let value = self.decrypt(&key, &value)?;
            Ok((key, value))
        })
    }

    /// Reads all of them.
    pub fn len(&self) -> Result<usize, OutboxError> {
        Ok(self.rows.len()?)
    }

    pub fn insert(
        &self,
        batch: &mut OwnedWriteBatch,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), OutboxError> {
        let row = self.cipher.encrypt(self.name, key, value)?;
        batch.insert(&self.rows, key, &*row);
        Ok(())
    }

    pub fn remove(&self, batch: &mut OwnedWriteBatch, key: &[u8]) {
        batch.remove(&self.rows, key);
    }

    fn decrypt(&self, key: &[u8], row: &[u8]) -> Result<Zeroizing<Vec<u8>>, OutboxError> {
        let table = self.name;
        self.cipher
            .decrypt(table, key, row)
            .map_err(|error| OutboxError::Row { table, error })
    }
}
