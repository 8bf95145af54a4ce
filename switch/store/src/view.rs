//! All rows of the store as they were at one moment, while it goes on.

use std::sync::Arc;

use fjall::Readable as _;
use tessera_journal::Mark;

use super::tables::{FORMAT_KEY, Table, Tables};
use super::{MARK, REACH, Store, StoreError, rows};

/// Is shown rows: table, key and value.
pub(super) type VisitRows<'a> = dyn FnMut(Table, &[u8], &[u8]) -> Result<(), StoreError> + 'a;

/// See the head of this file.
pub(super) struct View<'a> {
    store: &'a Store,
    tables: Arc<Tables>,
    moment: fjall::Snapshot,
    /// Up to where it reflects the journal.
    pub mark: Mark,
    /// The last record that any row reflects.
    pub reach: Mark,
}

impl Store {
    /// The store as it is now; `None` where it reflects nothing, or the disk refuses what it should.
    pub(super) fn view(&self) -> Result<Option<View<'_>>, StoreError> {
        let Some(tables) = self.tables()?.filter(|_| !self.is_failing()) else {
            return Ok(None);
        };
        let moment = tables.moment();
        let Some(row) = moment.get(tables.of(Table::Meta), MARK)? else {
            return Ok(None);
        };
        let (mark, _) = rows::read_mark(&self.decrypt(Table::Meta, MARK, &row)?)?;
        let Some(mark) = mark else {
            return Ok(None);
        };
        let reach = match moment.get(tables.of(Table::Meta), REACH)? {
            Some(row) => rows::read_reach(&self.decrypt(Table::Meta, REACH, &row)?)?,
            None => mark,
        };
        Ok(Some(View {
            store: self,
            tables,
            moment,
            mark,
            reach,
        }))
    }
}

impl View<'_> {
    /// Shows every row but the format, decrypted.
    pub fn each_row(&self, visit: &mut VisitRows<'_>) -> Result<(), StoreError> {
        for table in Table::ALL {
            for row in self.moment.iter(self.tables.of(table)) {
                let (key, value) = row.into_inner()?;
                if *key != *FORMAT_KEY {
                    visit(table, &key, &self.store.decrypt(table, &key, &value)?)?;
                }
            }
        }
        Ok(())
    }
}
