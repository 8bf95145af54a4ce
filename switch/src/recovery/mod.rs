//! Start: what the journal knows and the store does not is replayed into the store.
//!
//! In come the store's mark and the journal's records after it; out goes a store that reflects the
//! whole journal, so that the switch starts with no wallet in memory. What never happens here: a decision.

mod lock;
mod replay;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use tessera_config::Settings;
use tessera_encryption::DataKeys;
use tessera_journal::{
    Journal, JournalError, Location, Mark, Observer, Opened, Options, Reader, Recovered, Visit,
};
use tessera_kit::clock;
use tessera_store::{FullSnapshots, Store};

use crate::upgrade::upgrade;

pub use lock::DataLock;

use replay::Replay;

/// Wallets in memory at most while replaying: above it they go to the store.
const WALLETS_MAX: usize = 200_000;

/// A switch's data, ready to go on with.
pub struct Data {
    /// Of the folder: to be held until the journal is closed.
    pub lock: DataLock,
    /// The keys of both.
    pub keys: DataKeys,
    /// The journal, at its end.
    pub journal: Arc<dyn Journal>,
    /// The store, which reflects all of it.
    pub store: Store,
    /// What opening the journal found.
    pub recovered: Recovered,
}

/// Where the journal is that these settings name.
pub fn journal_location(settings: &Settings, keys: Option<&DataKeys>) -> Location {
    Location::in_data(&settings.data, keys)
        .with_segment_bytes(settings.journal.segment_bytes)
        .with_archive(&settings.journal.archive_folder)
}

/// Locks the folder, upgrades the data of an older release, opens journal and store, and replays what the store does not know. From then on [`clock::now`] is above the
/// time of every event and every reference in the journal: the store says so of what is not replayed.
///
/// # Errors
/// When another process writes there, one of them can't be opened or is damaged, or they do not belong together.
pub fn open(settings: &Settings, observer: Option<Observer>) -> anyhow::Result<Data> {
    let journal = settings.data.join("journal");
    std::fs::create_dir_all(&journal).map_err(|source| JournalError::Disk {
        doing: "make the folder",
        path: journal.clone(),
        source,
    })?;
    let lock = DataLock::take(&settings.data)?;
    let keys = settings.data_keys()?;
    tracing::info!(
        master_key = %settings.encryption.master_key,
        data_key = keys.newest().0,
        "opened the keys of the data"
    );
    upgrade(&settings.data, &keys, settings.journal.segment_bytes)?;
    let location = journal_location(settings, Some(&keys));
    let reader = tessera_journal::reader(&location);
    let store = open_store(
        &settings.data,
        settings.store.cache_bytes,
        &keys,
        reader.as_ref(),
    )?;
    if let Some(time) = store.time()? {
        clock::not_before(time.plus(1));
    }
    let options = Options {
        by_turns: observer.is_some(),
        observer,
    };
    let stop = |error: &JournalError| crate::fault::stop("the journal could not be written", error);
    let (opened, events) = replay(&store, reader, WALLETS_MAX, |from, visit| {
        tessera_journal::open(&location, options, from, visit, Box::new(stop))
    })?;
    tracing::info!(events, "replayed the journal into the store");
    let Opened { journal, recovered } = opened;
    Ok(Data {
        lock,
        keys,
        journal,
        store,
        recovered,
    })
}

/// The store. Where there is none that can be read, it has what the newest good full snapshot has, or begins empty.
fn open_store(
    data: &Path,
    cache_bytes: u64,
    keys: &DataKeys,
    journal: &dyn Reader,
) -> anyhow::Result<Store> {
    let directory = data.join("store");
    let open = || Store::open(&directory, cache_bytes, keys.clone());
    match open().and_then(|store| Ok((store.mark()?, store))) {
        Ok((mark, store)) => {
            check_reach(&store, mark, journal)?;
            // Where the disk refuses it, it is opened later.
            if mark.is_some() || store.is_failing() {
                return Ok(store);
            }
        }
        Err(error) if error.is_damage() => {
            tracing::warn!(%error, "the store is damaged: this start deletes it and rebuilds it from a full snapshot and the journal");
            std::fs::remove_dir_all(&directory)?;
        }
        Err(error) => return Err(error.into()),
    }
    let snapshots = FullSnapshots::in_data(data, keys.clone());
    if let Some(restored) = snapshots.restore(&directory, cache_bytes, journal)? {
        tracing::info!(
            sequence = restored.mark.sequence.to_stored(),
            rows = restored.rows,
            "restored the store from a full snapshot"
        );
    }
    Ok(open()?)
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

/// Has `open` show what comes after the store's mark, and writes it to the store. What was opened, and how many events the
/// store did not have.
fn replay<T>(
    store: &Store,
    reader: Arc<dyn Reader>,
    wallets_max: usize,
    open: impl FnOnce(Option<Mark>, &mut Visit<'_>) -> Result<T, JournalError>,
) -> anyhow::Result<(T, u64)> {
    let mut replay = Replay::new(store, reader, wallets_max)?;
    let opened = open(store.mark()?, &mut |record| replay.replay(record))?;
    replay.flush()?;
    Ok((opened, replay.applied))
}
