//! What a folder of backups does not give up, whatever it is sent.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use tessera_vault::{WALLET_KEYS_PAGE, changes_of_wallet_keys};

use crate::error::{BackupError, disk};
use crate::file_name::WALLET_KEYS;

/// That these bytes, which come at this offset of the file of wallet keys, are not of an older file than the one that is there.
/// They change in place, so that there is no other copy.
pub(crate) fn expect_no_older_keys(
    there: &File,
    offset: u64,
    bytes: &[u8],
) -> Result<(), BackupError> {
    if offset >= WALLET_KEYS_PAGE as u64 {
        return Ok(());
    }
    let known = changes(there).map_err(disk("read", WALLET_KEYS.as_ref()))?;
    let page = bytes.first_chunk().filter(|_| offset == 0);
    match page.is_some_and(|page| changes_of_wallet_keys(page) >= known) {
        true => Ok(()),
        false => Err(older_keys()),
    }
}

fn changes(there: &File) -> io::Result<u64> {
    let mut first = [0; WALLET_KEYS_PAGE];
    // A shorter one was cut off while it was made.
    if there.metadata()?.len() < first.len() as u64 {
        return Ok(0);
    }
    there.read_exact_at(&mut first, 0)?;
    Ok(changes_of_wallet_keys(&first))
}

/// The error for who would take keys from a backup.
pub(crate) fn older_keys() -> BackupError {
    BackupError::OlderWalletKeys {
        path: WALLET_KEYS.into(),
    }
}
