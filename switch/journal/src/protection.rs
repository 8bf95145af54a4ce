//! The keys of a segment whose header was read.

use std::path::Path;
use std::sync::Arc;

use super::JournalError;
use super::folder::Folder;
use super::format::{Encryption, Kind, Protection, SegmentHeader};

/// How the records of a segment with this header are protected.
pub(super) fn protection(
    folder: &Folder,
    path: &Path,
    header: &SegmentHeader,
    authenticated: &[u8],
) -> Result<Protection, JournalError> {
    match &header.kind {
        Kind::Plain { salt } => Ok(Protection::Checksums(*salt)),
        Kind::Encrypted { key, salt, tag } => {
            let encryption =
                Encryption::new(folder.keys(path)?, *key, salt).map_err(JournalError::key(path))?;
            if !encryption.has_tagged(authenticated, tag) {
                return Err(JournalError::OtherKey {
                    file: path.to_owned(),
                    key: key.0,
                });
            }
            Ok(Protection::Encryption(Arc::new(encryption)))
        }
    }
}
