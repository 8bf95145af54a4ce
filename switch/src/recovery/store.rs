//! Which store a start goes on with: the one that is there, one restored from a full snapshot, or an empty one.
//!
//! | the store | a full snapshot is good | none is good | none is good, and the journal's oldest segments are deleted |
//! | --- | --- | --- | --- |
//! | reflects the journal | goes on with it | goes on with it | goes on with it |
//! | is missing or empty | restores it | rebuilds it from the journal | refuses |
//! | is damaged, or of an older build | restores it | rebuilds it from the journal | refuses |
//! | can't be opened: the disk refuses | keeps it in memory | keeps it in memory | refuses (also with a good one) |
//!
//! A store that is restored or rebuilt takes the place of another one, which is kept aside until the journal is replayed. Where the
//! start refuses, nothing is changed.

use std::path::Path;

use tessera_encryption::DataKeys;
use tessera_journal::{JournalError, Mark, Reader};
use tessera_store::{FullSnapshots, Store, StoreError, set_aside};

/// Why a start does not go on without the store: its journal alone is not enough.
#[derive(Debug, thiserror::Error)]
enum Irreplaceable {
    /// The operating system refuses to open it.
    #[error(
        "{error}; the journal's oldest segments are deleted, so that the switch can't start without the store: free space on the \
         disk, or repair it, and start again; nothing was changed"
    )]
    Disk { error: StoreError },
    /// An older build wrote it.
    #[error(
        "the store has format {found}, this build ({}) reads format {known} and can't rebuild it: the journal's oldest segments are \
         deleted, and no full snapshot in `snapshots` is one that this build can begin with. Nothing was changed: start the build \
         that wrote the store, or restore the data from a backup (`tessera restore`) that has a newer full snapshot",
        env!("CARGO_PKG_VERSION")
    )]
    Outdated { found: u8, known: u8 },
    /// It is not what was written.
    #[error(
        "the store is damaged and can't be rebuilt: the journal's oldest segments are deleted, and no full snapshot in `snapshots` \
         can be used (the log says why). Nothing was changed: restore a full snapshot, or the data, from a backup (`tessera restore`)"
    )]
    Damaged,
    /// There is none, or an empty one.
    #[error(
        "there is no store and it can't be rebuilt: the journal's oldest segments are deleted, and no full snapshot in `snapshots` \
         can be used (the log says why; also where the disk is full): restore a full snapshot, or the data, from a backup \
         (`tessera restore`)"
    )]
    Missing,
}

/// See the head of this file.
pub(super) fn open_store(
    data: &Path,
    cache_bytes: u64,
    keys: &DataKeys,
    journal: &dyn Reader,
) -> anyhow::Result<Store> {
    let directory = directory(data);
    let open = || match Store::open(&directory, cache_bytes, keys.clone()) {
        Err(error @ StoreError::Disk(_)) => match is_whole(journal) {
            Ok(true) => {
                tracing::error!(%error, "the store could not be opened: it is kept in memory until it can be");
                Ok(Store::without_disk(&directory, cache_bytes, keys.clone())?)
            }
            Ok(false) => Err(Irreplaceable::Disk { error }.into()),
            Err(of_the_journal) => Err(anyhow::Error::from(of_the_journal)),
        },
        opened => Ok(opened?),
    };
    let opened = open().and_then(|store| Ok((store.mark()?, store)));
    let unusable = match opened {
        Ok((mark, store)) => {
            check_reach(&store, mark, journal)?;
            if mark.is_some() || store.is_failing() {
                return Ok(store);
            }
            Irreplaceable::Missing
        }
        Err(error) => why_unusable(error)?,
    };
    let snapshots = FullSnapshots::in_data(data, keys.clone());
    if let Some(restored) = snapshots.restore(&directory, cache_bytes, journal)? {
        tracing::info!(
            sequence = restored.mark.sequence.to_stored(),
            rows = restored.rows,
            "restored the store from a full snapshot"
        );
    } else if is_whole(journal)? {
        set_aside(&directory)?;
    } else {
        return Err(unusable.into());
    }
    open()
}

/// Deletes the store that was set aside, now that another one reflects the journal.
pub(super) fn remove_replaced(data: &Path) {
    if let Err(error) = tessera_store::remove_replaced(&directory(data)) {
        // It only takes space.
        tracing::warn!(%error, "the store that was replaced could not be deleted");
    }
}

fn directory(data: &Path) -> std::path::PathBuf {
    data.join("store")
}

/// Whether the journal reaches back to its beginning: no segment was deleted.
fn is_whole(journal: &dyn Reader) -> Result<bool, JournalError> {
    let parts = journal.parts()?;
    Ok(parts.first().is_none_or(|oldest| oldest.span().0 == 0))
}

/// Why another store has to take the place of the one that is there.
///
/// # Errors
/// When none may.
fn why_unusable(error: anyhow::Error) -> anyhow::Result<Irreplaceable> {
    match error.downcast_ref() {
        Some(StoreError::Version { found, known }) if found < known => {
            tracing::info!(
                found,
                known,
                "the store has an older format: it is rebuilt from a full snapshot and the journal"
            );
            Ok(Irreplaceable::Outdated {
                found: *found,
                known: *known,
            })
        }
        Some(damage) if damage.is_damage() => {
            tracing::warn!(error = %damage, "the store is damaged: this start rebuilds it from a full snapshot and the journal");
            Ok(Irreplaceable::Damaged)
        }
        _ => Err(error),
    }
}

/// That the journal has all that the store reflects. Wallets can be ahead of the mark: a journal that was restored from an
/// older copy may have the mark and not what they know.
fn check_reach(store: &Store, mark: Option<Mark>, journal: &dyn Reader) -> anyhow::Result<()> {
    let Some(reach) = store.reach()? else {
        return Ok(());
    };
    if journal.has(reach)? {
        return Ok(());
    }
    let last = match mark {
        Some(mark) => journal.scan_after(mark, &mut |_| Ok(()))?.last,
        None => journal.scan(None, &mut |_| Ok(()))?.last,
    };
    let ends_before = last.map(|last| last.position) < Some(reach.position);
    Err(match ends_before {
        true => JournalError::StoreAhead {
            store: reach.sequence,
            journal: last.map(|last| last.sequence),
        },
        false => JournalError::StoreForeign { mark: reach },
    }
    .into())
}
