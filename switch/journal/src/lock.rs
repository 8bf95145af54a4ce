//! The lock on a journal's directory, so that two switches never write the same journal. The
//! operating system releases it when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::JournalError;

/// `process` and a number, with some space.
const HOLDER_BYTES_MAX: u64 = 64;

/// Held for as long as the journal is open.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub fn take(directory: &Path) -> Result<Self, JournalError> {
        let path = directory.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(JournalError::disk("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only for the message; a lock that names nobody is still a lock.
                let _ = (&mut file)
                    .take(HOLDER_BYTES_MAX)
                    .read_to_string(&mut holder);
                let holder = if holder.is_empty() {
                    "an unnamed process".to_owned()
                } else {
                    holder.trim().to_owned()
                };
                return Err(JournalError::Locked {
                    directory: directory.to_owned(),
                    holder,
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(JournalError::disk("lock", &path)(source));
            }
        }
        let name = format!("process {}\n", std::process::id());
        // Only for the message above; a full disk is no reason not to start.
        let _ = file
            .set_len(0)
            .and_then(|()| file.write_all(name.as_bytes()));
        Ok(Self { _file: file })
    }
}
