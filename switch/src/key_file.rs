//! Files that hold keys: whoever else can read them has the keys.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

/// Nobody but the owner.
const MODE: u32 = 0o600;
/// What others may not have.
const OF_OTHERS: u32 = 0o077;

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
    pub(crate) fn io(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_path_buf();
        move |why| Self::Io {
            path: path.clone(),
            why,
        }
    }

    /// Whether there is no such file.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { why, .. } if why.kind() == io::ErrorKind::NotFound)
    }
}

/// What stands in a key file.
///
/// # Errors
/// Where it can't be read, or others may read or write it.
pub fn read(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let io = KeyFileError::io(path);
    let mut file = File::open(path).map_err(&io)?;
    // Of the file that is open: another may stand in its place by now.
    let mode = file.metadata().map_err(&io)?.permissions().mode();
    if mode & OF_OTHERS != 0 {
        return Err(KeyFileError::Open {
            path: path.to_path_buf(),
        });
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(&io)?;
    Ok(text)
}

/// Writes a new random key, as hexadecimal digits, where there is no file yet.
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
    write(OpenOptions::new().create_new(true), path, &text).map_err(io)
}

/// Writes a key file in the place of another. A key that was used must not be lost: nothing that it sealed would ever open
/// again. So the file is the old one or the new one whenever the power fails.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), KeyFileError> {
    let io = KeyFileError::io(path);
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let beside = path.with_extension("new");
    write(
        OpenOptions::new().create(true).truncate(true),
        &beside,
        text,
    )
    .map_err(&io)?;
    std::fs::rename(&beside, path).map_err(&io)?;
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(&io)
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
        assert!(
            read(&folder.path().join("none"))
                .unwrap_err()
                .is_not_found()
        );
    }
}
