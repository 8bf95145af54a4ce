//! Copies files that are never changed once they have their name.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::error::{BackupError, disk};
use crate::file_name::FileName;
use crate::hex::Hash;
use crate::manifest::Copy;
use crate::target::Target;

/// Copied at a time.
const PIECE_BYTES: usize = 1 << 20;

/// A file that is being copied, a piece at a time.
pub(crate) struct Whole {
    file: File,
    offset: u64,
    hash: Sha256,
}

impl Whole {
    /// Opens the file.
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        Ok(Self {
            file: File::open(path).map_err(disk("open", path))?,
            offset: 0,
            hash: Sha256::new(),
        })
    }

    /// Copies the next piece. The copy, once it is complete.
    pub fn copy_piece(
        &mut self,
        name: FileName,
        path: &Path,
        target: &mut dyn Target,
    ) -> Result<Option<Copy>, BackupError> {
        let mut bytes = vec![0; PIECE_BYTES];
        let read = self.file.read_at(&mut bytes, self.offset);
        let read = read.map_err(disk("read", path))?;
        if read > 0 {
            self.hash.update(&bytes[..read]);
            target.write(name, self.offset, &bytes[..read])?;
            self.offset += read as u64;
            return Ok(None);
        }
        let sha256: Hash = self.hash.clone().finalize().into();
        if target.finish(name, self.offset)? != Some(sha256) {
            return Err(BackupError::ReadBack {
                path: name.to_string().into(),
            });
        }
        Ok(Some(Copy {
            bytes: self.offset,
            sha256: Some(sha256),
            segment: None,
            needs: None,
        }))
    }
}

/// Copies a whole file.
pub(crate) fn copy_whole(
    name: FileName,
    path: &Path,
    target: &mut dyn Target,
) -> Result<Copy, BackupError> {
    let mut whole = Whole::open(path)?;
    loop {
        if let Some(copy) = whole.copy_piece(name, path, target)? {
            return Ok(copy);
        }
    }
}
