//! Data keys on their way from one node of a cluster to the others, which have the same master key.

use std::path::Path;
use std::sync::PoisonError;

use tessera_common::key_file::KeyFileError;

use super::{DataKeyId, DataKeys, TABLE, unwrap};
use crate::table::{self, KeyKind, Row, Table};
use crate::{KeysError, MasterKey};

impl DataKeys {
    /// The first data key of the table, which all nodes of a cluster have.
    pub fn oldest(&self) -> DataKeyId {
        let keys = self
            .inner
            .keys
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        keys.first().expect("there is a key").id
    }

    /// A data key as its line of the table, which only the master key opens: for other nodes, which have the same one.
    ///
    /// # Errors
    /// Where the table can't be read, or has no such key.
    pub fn wrapped(&self, id: DataKeyId) -> Result<String, KeysError> {
        let rows = table::read(&self.inner.table)?.rows;
        let row = rows.iter().find(|row| row.number == id.0);
        Ok(table::line(row.ok_or(KeysError::Unknown(id.0))?))
    }

    /// Makes the key table of a new node from the [lines](Self::wrapped) of another node's.
    ///
    /// # Errors
    /// Where there is a table already, the lines are none, or the table can't be written.
    pub fn make_from(data: &Path, lines: &[String]) -> Result<(), KeysError> {
        let path = data.join(TABLE);
        std::fs::create_dir_all(data).map_err(KeyFileError::io(data))?;
        let _lock = table::lock(&path)?;
        let not_adopted = || KeysError::NotAdopted {
            path: path.clone(),
            number: 0,
        };
        let rows: Option<Vec<Row>> = lines.iter().map(|line| table::parse(line)).collect();
        let rows = rows
            .filter(|rows| !rows.is_empty())
            .ok_or_else(not_adopted)?;
        if !table::read(&path)?.rows.is_empty() {
            return Err(not_adopted());
        }
        let table = Table {
            rows,
            wallet_keys: None,
        };
        table::write(&path, &table)
    }

    /// Opens the [lines](Self::wrapped) of another node's table with this node's master key. Nothing is written; errors name the table that
    /// this folder would get.
    ///
    /// # Errors
    /// Where the lines are none, or the master key is another one.
    pub fn open_lines(
        data: &Path,
        lines: &[String],
        master: Box<dyn MasterKey>,
    ) -> Result<(), KeysError> {
        let path = data.join(TABLE);
        let rows: Option<Vec<Row>> = lines.iter().map(|line| table::parse(line)).collect();
        let rows = rows.ok_or_else(|| KeysError::NotAdopted {
            path: path.clone(),
            number: 0,
        })?;
        Self::unwrapped(path, &rows, master).map(drop)
    }

    /// Takes over a data key from the [line](Self::wrapped) of another node. One that is there already is left as it is.
    ///
    /// # Errors
    /// Where it does not fit what is there, the table can't be read or written, or the master key is another one.
    pub fn adopt(&self, line: &str) -> Result<(), KeysError> {
        let path = &self.inner.table;
        let not_adopted = |number| KeysError::NotAdopted {
            path: path.clone(),
            number,
        };
        let row = table::parse(line).ok_or(not_adopted(0))?;
        let _lock = table::lock(path)?;
        let mut table = table::read(path)?;
        let number = row.number;
        match table.rows.iter().find(|there| there.number == number) {
            Some(there) if table::line(there) == table::line(&row) => return Ok(()),
            Some(there) => {
                // Wrapped again, or another key?
                let same = unwrap(there, path, self.inner.master.as_ref())?
                    == unwrap(&row, path, self.inner.master.as_ref())?;
                return if same {
                    Ok(())
                } else {
                    Err(not_adopted(number))
                };
            }
            None => {}
        }
        if row.kind != KeyKind::Data || table.rows.is_empty() {
            return Err(not_adopted(number));
        }
        unwrap(&row, path, self.inner.master.as_ref())?;
        // A later one may have come before it.
        let place = table.rows.partition_point(|there| there.number < number);
        table.rows.insert(place, row);
        table::write(path, &table)?;
        self.add(&table.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Purpose;

    #[test]
    fn a_key_of_another_node_is_adopted_once() {
        let [here, there, else_where] = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let active = DataKeys::for_tests(here.path());
        std::fs::copy(here.path().join(TABLE), there.path().join(TABLE)).unwrap();
        let standby = DataKeys::for_tests(there.path());
        let made = active.rotate().unwrap();
        let line = active.wrapped(made).unwrap();
        for _ in 0..2 {
            standby.adopt(&line).unwrap();
        }
        assert_eq!(standby.newest(), made);
        let cipher = |keys: &DataKeys| keys.cipher(made, Purpose::Journal, b"salt").unwrap();
        let mut data = *b"data";
        let tag = cipher(&active).encrypt(&[1; 12], b"", &mut data);
        let again = DataKeys::for_tests(there.path());
        cipher(&again)
            .decrypt(&[1; 12], b"", &mut data, &tag)
            .unwrap();
        // A new node takes all.
        let new = tempfile::tempdir().unwrap();
        let lines: Vec<String> = active
            .entries()
            .unwrap()
            .iter()
            .map(|entry| active.wrapped(DataKeyId(entry.number)).unwrap())
            .collect();
        DataKeys::make_from(new.path(), &lines).unwrap();
        assert_eq!(DataKeys::for_tests(new.path()).newest(), made);
        assert!(DataKeys::make_from(new.path(), &lines).is_err());
        // Looked at before it is made.
        let opened = |digits: &str, lines: &[String]| {
            let master = crate::MemoryKey::from_hex(&digits.repeat(32)).unwrap();
            DataKeys::open_lines(new.path(), lines, Box::new(master))
        };
        opened("5e", &lines).unwrap();
        assert!(opened("5f", &lines).is_err() && opened("5e", &[]).is_err());
        // Its own key of the same number is another one.
        let other = DataKeys::for_tests(else_where.path());
        other.rotate().unwrap();
        let error = other.adopt(&line).unwrap_err().to_string();
        assert!(
            error.contains("data key 3 of the active node does not fit"),
            "{error}"
        );
        for wrong in ["", "3", "3 data 1 00", "x data 1 00"] {
            assert!(standby.adopt(wrong).is_err(), "{wrong}");
        }
        assert!(active.wrapped(DataKeyId(77)).is_err());
    }
}
