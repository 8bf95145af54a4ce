//! A file that one process at a time holds, for as long as it uses what is beside it. The operating system releases it when the
//! process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// `process` and a number, with some space.
const HOLDER_BYTES_MAX: u64 = 64;

/// Held until it is dropped.
#[derive(Debug)]
pub struct LockFile(#[expect(dead_code, reason = "closed on drop")] File);

/// Why a lock is not held.
#[derive(Debug, thiserror::Error)]
pub enum LockFileError {
    /// By another process.
    #[error("{} is held by {holder}", path.display())]
    Held {
        /// The file.
        path: PathBuf,
        /// Who holds it, as far as it said.
        holder: String,
    },
    /// It can't be opened or locked.
    #[error("{}: {why}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
}

impl LockFile {
    /// Takes the lock, in a file that is made if missing. Does not wait.
    ///
    /// # Errors
    /// When another process holds it, or it can't be opened or locked.
    pub fn take(path: &Path) -> Result<Self, LockFileError> {
        let failed = |why| LockFileError::Io {
            path: path.to_owned(),
            why,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options.mode(0o600);
        let mut file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockFileError::Held {
                    path: path.to_owned(),
                    holder: holder(&file),
                });
            }
            Err(TryLockError::Error(why)) => return Err(failed(why)),
        }
        let name = format!("process {}\n", std::process::id());
        // Only for the message above; a full disk is no reason not to start.
        let _ = file
            .set_len(0)
            .and_then(|()| file.write_all(name.as_bytes()));
        Ok(Self(file))
    }
}

/// Only for a message: a lock that names nobody is still a lock.
fn holder(file: &File) -> String {
    let mut holder = String::new();
    let _ = file.take(HOLDER_BYTES_MAX).read_to_string(&mut holder);
    match holder.trim() {
        "" => "an unnamed process".to_owned(),
        named => named.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_holds_it_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = LockFile::take(&path).unwrap();
        let refused = LockFile::take(&path).unwrap_err().to_string();
        let name = format!("lock is held by process {}", std::process::id());
        assert!(refused.ends_with(&name), "{refused}");
        drop(held);
        LockFile::take(&path).unwrap();
        let nowhere = LockFile::take(&folder.path().join("missing/lock"));
        assert!(matches!(nowhere, Err(LockFileError::Io { .. })));
    }
}
