//! Rows that the disk could not take yet. They are read before those on the disk, and are written when it takes them.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::tables::{Row, Table};

/// Bytes that may be kept for a disk that takes nothing.
const BYTES_MAX: usize = 512 << 20;
/// What a row costs beside its bytes.
const ROW_BYTES: usize = 96;

type Rows = BTreeMap<Box<[u8]>, Option<Box<[u8]>>>;

/// See the head of this file.
#[derive(Default)]
pub(super) struct Pending {
    tables: [Rows; Table::ALL.len()],
    bytes: usize,
}

impl Pending {
    /// Takes rows, each in place of an earlier one with its key. Whether they fit into the memory limit.
    pub fn take(&mut self, rows: Vec<Row>) -> bool {
        let size = |row: &Row| row.key.len() + row.value.as_ref().map_or(0, |value| value.len());
        let more: usize = rows.iter().map(|row| size(row) + ROW_BYTES).sum();
        if self.bytes + more > BYTES_MAX {
            return false;
        }
        for row in rows {
            let (key, value) = (
                row.key.len(),
                row.value.as_ref().map_or(0, |value| value.len()),
            );
            let before = self.tables[row.table as usize].insert(row.key, row.value);
            self.bytes += value;
            match before {
                Some(before) => self.bytes -= before.map_or(0, |before| before.len()),
                None => self.bytes += key + ROW_BYTES,
            }
        }
        true
    }

    /// So many bytes, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What stands here for a key: a row, that there is none any more, or nothing.
    pub fn get(&self, table: Table, key: &[u8]) -> Option<Option<&[u8]>> {
        let row = self.tables[table as usize].get(key)?;
        Some(row.as_deref())
    }

    /// A copy of what stands here for keys between these.
    pub fn between(&self, table: Table, from: &[u8], to: Bound<&[u8]>) -> Rows {
        self.tables[table as usize]
            .range::<[u8], _>((Bound::Included(from), to))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// All rows, to be written.
    pub fn rows(&self) -> Vec<Row> {
        Table::ALL
            .into_iter()
            .flat_map(|table| {
                self.tables[table as usize]
                    .iter()
                    .map(move |(key, value)| Row {
                        table,
                        key: key.clone(),
                        value: value.clone(),
                    })
            })
            .collect()
    }
}
