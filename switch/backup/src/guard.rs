//! What a folder of backups does not give up, whatever it is sent.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use tessera_journal::{Cut, Sequence};
use tessera_vault::{WALLET_KEYS_PAGE, changes_of_wallet_keys};

use crate::error::{BackupError, disk};
use crate::file_name::WALLET_KEYS;
use crate::manifest::{Manifest, can_begin_at};

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

/// That a manifest names all that the one before does, or what stands for it.
pub(crate) fn expect_goes_on(before: &Manifest, now: &Manifest) -> Result<(), BackupError> {
    let last = |manifest: &Manifest| manifest.end().and_then(Cut::last);
    let other = |what: String| Err(BackupError::OtherJournal { what });
    if last(now) < last(before) {
        let [now, before] = [now, before].map(|it| last(it).map_or(0, Sequence::to_stored));
        return other(format!("it ends at record {now}, before record {before}"));
    }
    let begins = now.begins().unwrap_or(0);
    let rests = can_begin_at(begins, now.files.keys());
    for (name, _, segment) in before.segments() {
        let (end, ..) = segment.end.to_stored();
        let there = name.start().and_then(|start| now.segment(start));
        let stays = there.is_some_and(|(.., now)| now.end.last() >= segment.end.last());
        let stands_for_it = rests && end <= begins;
        if !(stays || stands_for_it) {
            return other(format!("it lacks {name}"));
        }
    }
    Ok(())
}

/// The error for who would take keys from a backup.
pub(crate) fn older_keys() -> BackupError {
    BackupError::OlderWalletKeys {
        path: WALLET_KEYS.into(),
    }
}
