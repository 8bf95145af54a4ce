//! Files that contain keys: every user who can read them has the keys.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::{bounded, private};

/// Nobody but the owner.
const MODE: u32 = 0o600;
/// The longest file of keys: a vault's ring of a few hundred keys.
const BYTES_MAX: usize = 64 * 1024;

/// Why a key file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It can't be read or written.
    #[error("{}: {why}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// Others may read it.
    #[error("{path} can be read by others: `chmod 600 {path}`", path = path.display())]
    Open {
        /// Which.
        path: PathBuf,
    },
}

impl KeyFileError {
    /// Of this file.
    pub fn io(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_path_buf();
        move |why| Self::Io {
            path: path.clone(),
            why,
        }
    }

    /// Whether there is no such file.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { why, .. } if why.kind() == io::ErrorKind::NotFound)
    }
}

/// What stands in a key file.
///
/// # Errors
/// Where it can't be read, is longer than any key file, or others may read or write it.
pub fn read(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    read_up_to(path, BYTES_MAX)
}

/// [`read`], of a file with other bounds.
///
/// # Errors
/// As [`read`].
pub fn read_up_to(path: &Path, bytes_max: usize) -> Result<Zeroizing<String>, KeyFileError> {
    let io = KeyFileError::io(path);
    let file = bounded::open(path).map_err(&io)?;
    // Of the file that is open: another may stand in its place by now.
    if private::is_open_to_others(&file.metadata().map_err(&io)?) {
        return Err(KeyFileError::Open {
            path: path.to_path_buf(),
        });
    }
    bounded::all_text(file, bytes_max)
        .map(Zeroizing::new)
        .map_err(io)
}

/// Writes a new random key, as hexadecimal digits, where there is no file yet. The file is there as a whole or not at all: half a key
/// would keep a process that was killed meanwhile from ever starting again.
///
/// # Errors
/// Where there is one, it can't be written, or the system has no random numbers.
pub fn make(path: &Path, bytes: usize) -> Result<(), KeyFileError> {
    let io = KeyFileError::io(path);
    let mut key = Zeroizing::new(vec![0; bytes]);
    SysRng
        .try_fill_bytes(&mut key)
        .map_err(|why| io(io::Error::other(why)))?;
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes + 1));
    for byte in key.iter() {
        let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
        text.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    text.push('\n');
    let beside = path.with_extension("new");
    write(
        OpenOptions::new().create(true).truncate(true),
        &beside,
        &text,
    )
    .map_err(&io)?;
    // Fails where there is a file; a rename would take its place.
    let linked = std::fs::hard_link(&beside, path);
    std::fs::remove_file(&beside).map_err(&io)?;
    linked.map_err(&io)?;
    sync_folder(path).map_err(io)
}

/// Writes a key file in the place of another. A key that was used must not be lost: nothing that it sealed would ever open
/// again. So the file is the old one or the new one whenever the power fails. It keeps its owner, also where root replaces it.
///
/// # Errors
/// Where it can't be written.
pub fn replace(path: &Path, text: &str) -> Result<(), KeyFileError> {
    let io = KeyFileError::io(path);
    let beside = path.with_extension("new");
    write(
        OpenOptions::new().create(true).truncate(true),
        &beside,
        text,
    )
    .map_err(&io)?;
    if let Ok(before) = std::fs::metadata(path) {
        keep_owner(&before, &beside).map_err(&io)?;
    }
    std::fs::rename(&beside, path).map_err(&io)?;
    sync_folder(path).map_err(io)
}

fn keep_owner(before: &Metadata, beside: &Path) -> io::Result<()> {
    let file = File::open(beside)?;
    let made = file.metadata()?;
    if (made.uid(), made.gid()) == (before.uid(), before.gid()) {
        return Ok(());
    }
    fchown(&file, Some(before.uid()), Some(before.gid()))
}

/// Makes the name of a file durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

fn write(options: &mut OpenOptions, path: &Path, text: &str) -> io::Result<()> {
    let mut file = options.write(true).mode(MODE).open(path)?;
    // It may have been there with another.
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_once_and_read_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        make(&path, 16).unwrap();
        let first = read(&path).unwrap();
        assert_eq!(first.trim().len(), 32);
        assert!(make(&path, 16).is_err());
        assert_eq!(read(&path).unwrap(), first);
        // What a killed process has left is in nobody's way.
        let other = folder.path().join("b.key");
        std::fs::write(folder.path().join("b.new"), "5f").unwrap();
        make(&other, 16).unwrap();
        assert_eq!(read(&other).unwrap().trim().len(), 32);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        replace(&path, "three\n").unwrap();
        assert_eq!(*read(&path).unwrap(), "three\n");
        for mode in [0o604, 0o640, 0o620, 0o602] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(
                error.contains("can be read by others: `chmod 600 "),
                "{error}"
            );
        }
        std::fs::write(&path, "7".repeat(BYTES_MAX + 1)).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(MODE)).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("more than 64 KiB"), "{error}");
        assert!(
            read(&folder.path().join("none"))
                .unwrap_err()
                .is_not_found()
        );
    }
}
