//! Rotation of the master key: the table's keys are wrapped anew, and no data changes.

use std::path::Path;

use crate::data_keys::{TABLE, unwrap};
use crate::table;
use crate::{KeysError, MasterKey};

/// What there was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewrapped {
    /// So many keys were wrapped anew.
    Now(usize),
    /// The new master key wraps the table already.
    Before,
}

/// Wraps the keys of a folder of data under another master key. The table is replaced as a whole: wherever this is killed, it is
/// wrapped by the one or by the other.
///
/// # Errors
/// Where there is no table, neither key unwraps it, or it can't be written.
pub fn rewrap(
    data: &Path,
    old: &dyn MasterKey,
    new: &dyn MasterKey,
) -> Result<Rewrapped, KeysError> {
    let path = data.join(TABLE);
    let _lock = table::lock(&path)?;
    let mut table = table::read(&path)?;
    if table.rows.is_empty() {
        return Err(KeysError::NoTable { path });
    }
    if table
        .rows
        .iter()
        .all(|row| new.unwrap(&row.wrapped).is_ok())
    {
        return Ok(Rewrapped::Before);
    }
    for row in &mut table.rows {
        let key = unwrap(row, &path, old)?;
        let failed = |error| KeysError::Master {
            path: path.clone(),
            number: row.number,
            error,
        };
        row.wrapped = new.wrap(&key).map_err(failed)?;
        // The old one is lost with the old table.
        if unwrap(row, &path, new)? != key {
            return Err(failed(crate::MasterKeyError::Other));
        }
    }
    table::write(&path, &table)?;
    Ok(Rewrapped::Now(table.rows.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DataKeys, MemoryKey};

    fn master(digits: &str) -> MemoryKey {
        MemoryKey::from_hex(&digits.repeat(32)).unwrap()
    }

    #[test]
    fn the_new_master_key_opens_what_the_old_one_did() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let running = DataKeys::open(data, Box::new(master("11"))).unwrap();
        running.rotate().unwrap();
        running.record_wallet_key_changes(Some(4711)).unwrap();
        let rewrap = |old, new| rewrap(data, &master(old), &master(new));
        assert!(rewrap("33", "44").is_err());
        assert_eq!(rewrap("11", "22").unwrap(), Rewrapped::Now(3));
        assert_eq!(rewrap("11", "22").unwrap(), Rewrapped::Before);
        assert!(DataKeys::open(data, Box::new(master("11"))).is_err());
        let keys = DataKeys::open(data, Box::new(master("22"))).unwrap();
        assert_eq!(keys.newest(), running.newest());
        assert_eq!(keys.wallet_key_changes().unwrap(), Some(4711));
        let card = |keys: &DataKeys| keys.card_index().of(4_970_100_000_000_006, 16);
        assert_eq!(card(&keys), card(&running));
        // A process that has the old master key puts no key of it beside those of the new one.
        let error = running.rotate().unwrap_err();
        assert!(matches!(error, KeysError::Master { .. }), "{error}");
        assert!(DataKeys::open(data, Box::new(master("22"))).is_ok());
    }
}
