//! Where a backup goes.

use crate::error::BackupError;
use crate::file_name::FileName;
use crate::hex::Hash;
use crate::manifest::Manifest;

/// A folder of backups, on this machine or another one.
pub trait Target {
    /// The manifest of the backup that is there, without the files that are missing or cut off; `None` where there is none.
    /// What a backup left that was not finished is gone afterwards.
    #[doc(hidden)]
    fn manifest(&mut self) -> Result<Option<Manifest>, BackupError>;

    /// Writes bytes into a file, which is made if it is missing. A file that has hashes is written from front to back.
    #[doc(hidden)]
    fn write(&mut self, file: FileName, offset: u64, bytes: &[u8]) -> Result<(), BackupError>;

    /// Makes the first so many bytes of a file durable, reads them back, and says their hash. Of a file that changes in place
    /// there is none.
    #[doc(hidden)]
    fn finish(&mut self, file: FileName, bytes: u64) -> Result<Option<Hash>, BackupError>;

    /// Has this be the backup from now on, and removes what does not belong to it.
    #[doc(hidden)]
    fn commit(&mut self, manifest: &Manifest) -> Result<(), BackupError>;

    /// Whether it can still be written to, where nothing is new.
    #[doc(hidden)]
    fn is_there(&mut self) -> Result<(), BackupError>;
}
