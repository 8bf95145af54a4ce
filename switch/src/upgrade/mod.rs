//! Data of an older release, made into what this build writes: once, at the start, before anything is opened.
//!
//! Version 0.2 wrote card numbers into the journal, and nothing was encrypted. Its journal is written anew, record for
//! record, with names of cards instead of numbers; positions change by that, so the outbox, which names events by them, is
//! written anew too. The store is deleted: it is rebuilt from the journal.
//!
//! ```text
//! data/journal            of the older release, until the step that replaces it
//! data/upgrade/journal    the new one while it is written, and the old one until it is deleted
//! data/upgrade/outbox     the new one until it is in its place
//! ```
//!
//! A kill at any time loses nothing: before the journals have been exchanged the next start begins anew, and after that it
//! does what is left to do. What never happens here: an event gets another meaning, sequence or partition.

mod conversion;
mod exchange;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tessera_encryption::DataKeys;
use tessera_journal::{JournalError, JournalLock, Location};
use tessera_notify::outbox;
use tessera_store::recorded_mark;

use conversion::Conversion;

/// Why the data could not be upgraded.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// Of the journal.
    #[error("the journal could not be upgraded: {0}")]
    Journal(#[from] JournalError),
    /// Of the outbox.
    #[error("the outbox could not be upgraded: {0}")]
    Outbox(#[from] outbox::OutboxError),
    /// Old and new journal can't change places.
    #[error(transparent)]
    Exchange(#[from] exchange::ExchangeError),
    /// The operating system refused.
    #[error("the data could not be upgraded: {}: {source}", path.display())]
    Disk {
        /// Which file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Upgrades what an older release left in this folder, where it is one's. The caller holds the lock of the folder. The new
/// journal has segments of so many bytes.
///
/// # Errors
/// When it can't be read or written. What was there is there still, or the next start goes on.
pub fn upgrade(data: &Path, keys: &DataKeys, segment_bytes: u64) -> Result<(), UpgradeError> {
    let folders = Folders::new(data);
    let old = Location::in_data(data, keys);
    if !tessera_journal::is_outdated(&old)? {
        return folders.finish();
    }
    // A switch of 0.2 knows no other lock. It stays ours until its journal is deleted.
    let lock = tessera_journal::take_lock(&old)?;
    let begun = Instant::now();
    tracing::info!(
        "upgrading the data of an older release: the journal is written anew, without card numbers"
    );
    remove(&folders.work)?;
    fs::create_dir_all(&folders.work).map_err(disk(&folders.work))?;
    exchange::check(&data.join("journal"), &folders.work)?;
    let events = folders.rewrite(&lock, keys, segment_bytes)?;
    folders.exchange()?;
    folders.finish()?;
    let seconds = begun.elapsed().as_secs();
    tracing::info!(events, seconds, "upgraded the data");
    Ok(())
}

struct Folders {
    data: PathBuf,
    work: PathBuf,
}

impl Folders {
    fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            work: data.join("upgrade"),
        }
    }

    /// Writes journal and outbox anew beside the old ones. How many events there are.
    fn rewrite(
        &self,
        lock: &JournalLock,
        keys: &DataKeys,
        segment_bytes: u64,
    ) -> Result<u64, UpgradeError> {
        let old_outbox = self.data.join("outbox");
        let mut conversion = Conversion::default();
        let has_outbox = outbox::needs_upgrade(&old_outbox)?;
        if has_outbox {
            let named = outbox::positions(&old_outbox)?;
            conversion.positions = named.into_iter().map(|position| (position, None)).collect();
        }
        let old = Location::in_data(&self.data, keys);
        let new = Location::in_data(&self.work, keys).with_segment_bytes(segment_bytes);
        let known = recorded_mark(&self.data.join("store"));
        let events = tessera_journal::rewrite(&old, lock, &new, known, &mut conversion)?;
        if has_outbox {
            let translate = |position| conversion.positions.get(&position).copied().flatten();
            outbox::upgrade(
                &old_outbox,
                &self.work.join("outbox"),
                keys.clone(),
                &translate,
            )?;
        }
        Ok(events)
    }

    /// The step after which the new journal counts.
    fn exchange(&self) -> Result<(), UpgradeError> {
        let (old, new) = (self.data.join("journal"), self.work.join("journal"));
        sync(&self.work)?;
        exchange::exchange(&new, &old).map_err(disk(&new))?;
        sync(&self.data)?;
        sync(&self.work)
    }

    /// What is left to do once the new journal counts.
    fn finish(&self) -> Result<(), UpgradeError> {
        if !self.work.exists() {
            return Ok(());
        }
        let (outbox, new) = (self.data.join("outbox"), self.work.join("outbox"));
        if new.exists() {
            remove(&outbox)?;
            fs::rename(&new, &outbox).map_err(disk(&new))?;
            sync(&self.data)?;
        }
        // Before the work folder, without which nothing would say that this is to be done.
        remove(&self.data.join("store"))?;
        sync(&self.data)?;
        remove(&self.work)?;
        sync(&self.data)
    }
}

fn remove(folder: &Path) -> Result<(), UpgradeError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk(folder)(error)),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> Result<(), UpgradeError> {
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(disk(folder))
}

fn disk(path: &Path) -> impl FnOnce(io::Error) -> UpgradeError {
    let path = path.to_owned();
    move |source| UpgradeError::Disk { path, source }
}
