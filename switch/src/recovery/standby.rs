//! What a standby does with what it takes from the replicated log: it writes the journal's files, and replays the records into the
//! store, as a start does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tessera_cluster::changes::{self, Change};
use tessera_cluster::peer::{PeerServer, Served, key_lines};
use tessera_cluster::{AnyError, Ended, Node, Owner, Replica};
use tessera_config::{ClusterSettings, Settings};
use tessera_encryption::{DataKeyId, DataKeys};
use tessera_journal::{BatchHead, Cut, Follower};
use tessera_metrics::Metrics;
use tessera_vault::WalletKeys;

use super::replay::Replay;
use super::store::remove_replaced;
use super::{Folder, WALLETS_MAX};
use crate::upkeep::{Kept, Messages, Others, Upkeep};

/// The store is this much behind the journal at most: what is in between is replayed when this node takes over.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// Wallets leave the memory after this: those in use remember more and more transactions.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// What a standby keeps of its data.
pub(crate) enum Keeps<'a> {
    /// All: it is one for a moment only.
    All,
    /// As an active node does: it archives, and deletes what is old. The metrics show that.
    Needed(&'a Arc<Metrics>),
}

struct Files<'a> {
    data: PathBuf,
    keys: DataKeys,
    wallet_keys: WalletKeys,
    journal: Follower,
    replay: Replay<'a>,
    flushed: Instant,
    forgot: Instant,
}

/// This node owns the log, and its data has all that the log has.
pub(crate) struct Promoted {
    pub owner: Box<Owner>,
    pub folder: Folder,
}

/// Opens the data as a start does, and follows the log with it until this node owns the log; `None` where it is asked to stop. The
/// journal is closed when this returns.
pub(crate) fn stand_by(
    settings: &Settings,
    node: &Node,
    peers: PeerServer,
    keeps: Keeps<'_>,
) -> anyhow::Result<Option<Promoted>> {
    let config = node.wait_for_log()?;
    if !DataKeys::are_in(&settings.data) {
        make_keys(settings, node, &config.log)?;
    }
    let Folder {
        lock,
        keys,
        location,
        reader,
        store,
    } = Folder::open(settings)?;
    let store = Arc::new(store);
    let mut replay = Replay::new(&store, Arc::clone(&reader), WALLETS_MAX)?;
    let (journal, recovered) = Follower::open(&location, store.mark()?, &mut |record| {
        replay.replay(record)
    })?;
    replay.flush()?;
    remove_replaced(&settings.data);
    tracing::info!(
        events = recovered.replayed,
        "replayed the journal into the store: following the replicated log"
    );
    peers.serve(Served {
        data: settings.data.clone(),
        journal: location.clone(),
        keys: keys.clone(),
        standing: node.standing().clone(),
        log: config.log,
        nodes: settings
            .cluster
            .iter()
            .flat_map(ClusterSettings::hosts)
            .collect(),
    })?;
    let mut files = Files {
        data: settings.data.clone(),
        keys: keys.clone(),
        wallet_keys: WalletKeys::open(&settings.data, keys.clone())?,
        journal,
        replay,
        flushed: Instant::now(),
        forgot: Instant::now(),
    };
    let upkeep = match keeps {
        Keeps::All => None,
        Keeps::Needed(metrics) => {
            let messages = match settings.notify.has_channel() {
                true => Messages::Elsewhere(settings.data.clone()),
                false => Messages::None,
            };
            let kept = Kept {
                journal: location.clone(),
                keys: keys.clone(),
                store: Arc::clone(&store),
                messages,
                others: Others::of(settings, node.standing()),
            };
            Some(Upkeep::start(settings, kept, metrics)?)
        }
    };
    let mut follow = || -> anyhow::Result<Ended> {
        let ended = node.stand_by(&keys, &mut files)?;
        files.journal.sync()?;
        files.replay.flush()?;
        Ok(ended)
    };
    let ended = follow();
    // They hold the store, and work on files that are locked until this returns.
    if let Some(upkeep) = upkeep {
        upkeep.stop();
    }
    drop(files);
    let Ended::Promoted(owner) = ended? else {
        return Ok(None);
    };
    let folder = Folder {
        lock,
        keys,
        location,
        reader,
        store: Arc::into_inner(store).context("the store is still in use")?,
    };
    Ok(Some(Promoted { owner, folder }))
}

/// A new node has the keys of the others, or none: those of its own would open nothing.
fn make_keys(settings: &Settings, node: &Node, log: &str) -> anyhow::Result<()> {
    let mut warned = false;
    while !node.standing().is_stopping() {
        match key_lines(node.peers(), log) {
            Ok(lines) => {
                DataKeys::make_from(&settings.data, &lines)?;
                tracing::info!(keys = lines.len(), "copied the data keys of another node");
                return Ok(());
            }
            Err(error) if !std::mem::replace(&mut warned, true) => {
                tracing::warn!(%error, "this node is new, and waits for the data keys of another node");
            }
            Err(_) => {}
        }
        std::thread::sleep(FLUSH_EVERY);
    }
    anyhow::bail!("stopped before it had the data keys of another node")
}

/// Where the journal ends, for a folder that no process has open.
pub(crate) fn place_of(settings: &Settings) -> anyhow::Result<Cut> {
    let folder = Folder::open(settings)?;
    let mut replay = Replay::new(&folder.store, folder.reader.clone(), WALLETS_MAX)?;
    let (journal, _) = Follower::open(&folder.location, folder.store.mark()?, &mut |record| {
        replay.replay(record)
    })?;
    replay.flush()?;
    remove_replaced(&settings.data);
    Ok(journal.place())
}

impl Replica for Files<'_> {
    fn place(&self) -> Cut {
        self.journal.place()
    }

    fn key(&self) -> Option<DataKeyId> {
        self.journal.key()
    }

    fn append(&mut self, batch: &BatchHead, plaintext: &[u8]) -> Result<(), AnyError> {
        // The store never reflects what is not on the disk.
        if self.replay.is_full_with(batch.records as usize) || self.forgot.elapsed() >= FORGET_EVERY
        {
            self.journal.sync()?;
            self.replay.flush_and_forget()?;
            (self.flushed, self.forgot) = (Instant::now(), Instant::now());
        }
        let replay = &mut self.replay;
        self.journal
            .append(batch, plaintext, &mut |record| replay.replay(record))?;
        Ok(())
    }

    fn change_beside(&mut self, changes: &[u8]) -> Result<(), AnyError> {
        for change in changes::read(changes) {
            match change? {
                Change::WalletKey { offset, slot } => self.wallet_keys.adopt(offset, slot)?,
                Change::DataKey { line } => self.keys.adopt(line)?,
                Change::Notified { mark } => tessera_notify::remember(&self.data, mark)?,
            }
        }
        Ok(())
    }

    fn adopt_wallet_keys(&mut self, offset: u64, page: &[u8; 4096]) -> Result<(), AnyError> {
        Ok(self.wallet_keys.adopt_page(offset, page)?)
    }

    fn sync(&mut self) -> Result<(), AnyError> {
        self.journal.sync()?;
        if self.flushed.elapsed() >= FLUSH_EVERY {
            self.flush()?;
        }
        Ok(())
    }
}

impl Files<'_> {
    fn flush(&mut self) -> Result<(), AnyError> {
        self.replay.flush()?;
        self.flushed = Instant::now();
        Ok(())
    }
}
