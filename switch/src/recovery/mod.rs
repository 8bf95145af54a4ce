//! Start: what the journal knows and the store does not is replayed into the store.
//!
//! In come the store's mark and the journal's records after it; out goes a store that reflects the
//! whole journal, so that the switch starts with no wallet in memory. What never happens here: a decision.

mod lock;
mod replay;
mod standby;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tessera_cluster::Membership;
use tessera_config::Settings;
use tessera_encryption::DataKeys;
use tessera_journal::{
    Journal, JournalError, Location, Mark, Opened, Options, Reader, Recovered, Visit,
};
use tessera_kit::clock;
use tessera_store::Store;

use crate::upgrade::upgrade;

pub use lock::DataLock;
pub(crate) use standby::{Keeps, Promoted, place_of, stand_by};

use replay::Replay;
use store::{open_store, remove_replaced};

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

/// The journal of a switch, for a command that only reads; without keys where no switch has opened it since it encrypts.
///
/// # Errors
/// Where the keys of the data can't be read.
pub fn journal_to_read(settings: &Settings) -> anyhow::Result<Location> {
    let keys = match DataKeys::are_in(&settings.data) {
        true => Some(settings.data_keys_to_read()?),
        false => None,
    };
    Ok(journal_location(settings, keys.as_ref()))
}

/// Locks the folder, upgrades the data of an older release, opens journal and store, and replays what the store does not know. From
/// then on [`clock::now`] is above the time of every event and every reference in the journal: the store says so of what is not
/// replayed.
///
/// # Errors
/// When another process writes there, one of them can't be opened or is damaged, or they do not belong together.
pub fn open(settings: &Settings, options: Options) -> anyhow::Result<Data> {
    let leaves = options.replication.is_none() && was_active(settings)?;
    let data = open_in(Folder::open(settings)?, settings, options)?;
    if leaves {
        // From here on the journal goes on without the log.
        Membership::remove(&settings.data)?;
    }
    Ok(data)
}

/// The same in a folder that this process has open already: a store takes seconds to open where much was written.
pub(crate) fn open_in(
    folder: Folder,
    settings: &Settings,
    options: Options,
) -> anyhow::Result<Data> {
    folder.set_clock()?;
    let Folder {
        lock,
        keys,
        location,
        reader,
        store,
    } = folder;
    let stop = |error: &JournalError| {
        if let JournalError::Superseded { why } = error {
            crate::fault::superseded(why)
        }
        crate::fault::stop("the journal could not be written", error)
    };
    let (opened, events) = replay(&store, reader, WALLETS_MAX, |from, visit| {
        tessera_journal::open(&location, options, from, visit, Box::new(stop))
    })?;
    tracing::info!(events, "replayed the journal into the store");
    remove_replaced(&settings.data);
    let Opened { journal, recovered } = opened;
    Ok(Data {
        lock,
        keys,
        journal,
        store,
        recovered,
    })
}

/// Whether the folder was in a cluster: it goes on alone only where it has all that was ever released.
fn was_active(settings: &Settings) -> anyhow::Result<bool> {
    let Some(membership) = Membership::read(&settings.data)? else {
        return Ok(false);
    };
    anyhow::ensure!(
        membership.active,
        "the data in {} is a standby's copy of the cluster's log {}: it lacks what the active node confirmed later. Configure \
         [cluster] again, or use the folder of the node that was active last; if that is lost, `tessera cluster leave \
         --accept-standby-copy` makes this copy count",
        settings.data.display(),
        membership.log
    );
    tracing::warn!(
        log = membership.log,
        epoch = membership.epoch,
        "this data was in a cluster, and as far as this node knows it was active last: it goes on alone, and can't return to that log. \
         If another node's cluster.json says that it is active since a higher epoch, stop this one and start that one"
    );
    Ok(true)
}

/// A folder of data, locked and upgraded, before its journal is opened.
pub(crate) struct Folder {
    lock: DataLock,
    keys: DataKeys,
    location: Location,
    reader: Arc<dyn Reader>,
    store: Store,
}

impl Folder {
    fn open(settings: &Settings) -> anyhow::Result<Self> {
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
        let folder = Self {
            lock,
            keys,
            location,
            reader,
            store,
        };
        folder.set_clock()?;
        Ok(folder)
    }

    /// Nothing that happens from now on is before what the store knows.
    fn set_clock(&self) -> anyhow::Result<()> {
        if let Some(time) = self.store.time()? {
            clock::not_before(time.plus(1));
        }
        Ok(())
    }
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
