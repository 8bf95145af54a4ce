//! Writes opening balances, on which audits rest once older segments are deleted.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use tessera_journal::{Location, Mark};

use crate::audit::{Audit, ResultError, Totals, Violation, opening_file, openings};

#[cfg(test)]
mod tests;

/// What it may take for wallets, in the background.
const WALLET_BYTES_MAX: usize = 128 << 20;

/// Audits the journal up to this record, from the opening before on where there is one, and writes what that comes to as the
/// new opening, durably; then removes the ones before. On one thread, with little memory.
///
/// # Errors
/// With a violation, or [`tessera_journal::JournalError::Stopped`] where `goes_on` has said no. The opening before is there then.
pub fn write(
    location: &Location,
    until: Mark,
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<Totals, Violation> {
    let path = opening_file(location.data(), until.position);
    let folder = path.parent().unwrap_or(location.data());
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| Violation::from(ResultError::File { path, error })
    };
    match fs::create_dir(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made.map_err(failed(folder))?,
    }
    let before = openings(location.data())?;
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        // What a process that was killed has not finished.
        if path.extension().is_some_and(|is| is == "partial") {
            fs::remove_file(&path).map_err(failed(&path))?;
        }
    }
    let totals = Audit::of(location)
        .since(before.last().cloned())
        .until(until)
        .with_result(Some(path.clone()))
        .with_wallet_bytes_max(WALLET_BYTES_MAX)
        .with_workers(1)
        .with_pauses(goes_on)
        .run()?;
    for folder in [folder, location.data()] {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(failed(folder))?;
    }
    for path in before.iter().filter(|before| **before != path) {
        fs::remove_file(path).map_err(failed(path))?;
    }
    Ok(totals)
}
