//! What is in a folder of backups.

use std::fs;
use std::io;
use std::path::Path;

use crate::error::{BackupError, disk};
use crate::file_name::{FOLDERS, FileName, KEY_TABLE};

/// The files that can be of a backup, whether they are or not.
pub(crate) fn files_in(folder: &Path) -> Result<Vec<FileName>, BackupError> {
    let mut names = names_in(folder, "")?;
    for inner in FOLDERS {
        names.extend(names_in(folder, &format!("{inner}/"))?);
    }
    let tables = names.iter().filter(|name| name.starts_with("keys/"));
    let tables: Vec<String> = tables.map(|name| format!("{name}/{KEY_TABLE}")).collect();
    names.extend(tables);
    let found = names.iter().filter_map(|name| FileName::parse(name));
    Ok(found
        .filter(|name| folder.join(name.to_string()).is_file())
        .collect())
}

fn names_in(folder: &Path, inner: &str) -> Result<Vec<String>, BackupError> {
    let path = folder.join(inner);
    let entries = fs::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(disk("list", &path))?;
    let name = |entry: &fs::DirEntry| format!("{inner}{}", entry.file_name().to_string_lossy());
    Ok(entries.iter().map(name).collect())
}
