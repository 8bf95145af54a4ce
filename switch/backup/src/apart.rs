//! Backups and data are in different folders.

use std::fs;
use std::path::Path;

use crate::error::{BackupError, disk};

/// That neither a folder of backups, which may be missing, nor the data is in the other.
///
/// # Errors
/// Where one is, or the disk refuses.
pub fn expect_apart(data: &Path, backup: &Path) -> Result<(), BackupError> {
    let data = fs::canonicalize(data).map_err(disk("find", data))?;
    let absolute = std::path::absolute(backup).map_err(disk("find", backup))?;
    let mut ancestors = absolute.ancestors();
    let existing = ancestors.find_map(|path| fs::canonicalize(path).ok().map(|real| (path, real)));
    let real = match existing {
        Some((path, real)) => match absolute.strip_prefix(path) {
            Ok(rest) => real.join(rest),
            Err(_) => real,
        },
        None => absolute,
    };
    match real.starts_with(&data) || data.starts_with(&real) {
        true => Err(BackupError::Inside {
            path: backup.to_owned(),
        }),
        false => Ok(()),
    }
}
