//! What keeps the data of a node small and quick to start from: full snapshots, indexes of closed segments, the archive, and the
//! deletion of what is old. At low priority, on threads of their own; on the active node and on standbys, each for its own files.
//!
//! ```text
//! journal ─▶ indexing ─┐
//! store ──▶ snapshots ─┴─▶ archiving ─▶ retention
//! ```

mod archiving;
mod indexing;
mod older_snapshot;
mod pace;
mod retention;
mod snapshots;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tessera_cluster::Standing;
use tessera_config::Settings;
use tessera_encryption::DataKeys;
use tessera_journal::{Location, Position};
use tessera_metrics::Metrics;
use tessera_notify::DeadLetterClient;
use tessera_store::{FullSnapshots, Store};

use archiving::{Archiving, RunningArchiving};
use indexing::Indexing;
use older_snapshot::OlderSnapshot;
use retention::Retention;
use snapshots::{RunningSnapshots, SnapshotWriter};

/// The other nodes that have to have what is deleted here: with this one, as many as have to have it before the replicated log may
/// delete it, and one more.
const OTHERS_MIN: usize = 2;

/// The data of a node, and what decides what of it may be deleted.
pub(crate) struct Kept {
    pub journal: Location,
    pub keys: DataKeys,
    pub store: Arc<Store>,
    pub messages: Messages,
    pub others: Option<Others>,
}

/// Where it is known which messages to payers still wait.
pub(crate) enum Messages {
    /// Nobody is notified: an outbox from before keeps nothing, and goes on later with what is kept then.
    None,
    /// They wait in the outbox of this process.
    Outbox(DeadLetterClient),
    /// They wait on another node, which says here up to where payers were notified.
    Elsewhere(PathBuf),
}

/// The other nodes of a cluster.
pub(crate) struct Others {
    standing: Arc<Standing>,
    /// That are configured.
    count: usize,
}

/// The threads while they run.
pub(crate) struct Upkeep {
    snapshots: RunningSnapshots,
    indexing: Indexing,
    archiving: RunningArchiving,
}

impl Upkeep {
    /// Starts them.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub fn start(settings: &Settings, kept: Kept, metrics: &Arc<Metrics>) -> io::Result<Self> {
        let Kept {
            journal,
            keys,
            store,
            messages,
            others,
        } = kept;
        let snapshots = FullSnapshots::in_data(&settings.data, keys);
        let writer = SnapshotWriter {
            store: Arc::clone(&store),
            journal: tessera_journal::reader(&journal),
            snapshots: snapshots.clone(),
            settings: settings.store.clone(),
            metrics: Arc::clone(metrics),
        };
        let retention = Retention {
            journal: journal.clone(),
            store: Arc::clone(&store),
            older_snapshot: OlderSnapshot::new(snapshots.clone()),
            messages,
            others,
            keep: settings.journal.keep,
            transactions_kept: settings.store.transactions_kept,
            opened: None,
            step: None,
            look_again: None,
            waited: None,
        };
        let archiving = Archiving {
            journal: journal.clone(),
            store,
            snapshots,
            metrics: Arc::clone(metrics),
            archives: settings.journal.archive,
            retention,
        };
        Ok(Self {
            snapshots: writer.start()?,
            indexing: Indexing::start(journal)?,
            archiving: archiving.start()?,
        })
    }

    /// Ends them, and what they have not finished.
    pub fn stop(self) {
        self.indexing.stop();
        self.archiving.ask_to_stop();
        self.snapshots.ask_to_stop();
        self.archiving.stop();
        self.snapshots.stop();
    }
}

impl Messages {
    /// The oldest event that a message is about which waits, or may: [`Position::MAX`] where none does, `None` where that is not
    /// known.
    fn oldest_needed(&self) -> anyhow::Result<Option<Position>> {
        match self {
            Self::None => Ok(Some(Position::MAX)),
            Self::Outbox(outbox) => outbox.oldest_needed().map_err(anyhow::Error::msg),
            Self::Elsewhere(data) => {
                let mark = tessera_notify::remembered(data)?;
                Ok(mark.map(|mark| mark.position))
            }
        }
    }
}

impl Others {
    /// As far as this node sees them; `None` without a cluster.
    pub fn of(settings: &Settings, standing: &Arc<Standing>) -> Option<Self> {
        let cluster = settings.cluster.as_ref()?;
        Some(Self {
            standing: Arc::clone(standing),
            count: cluster.others().count(),
        })
    }

    /// Whether enough of them have the whole journal. A node that copies has not.
    fn have_all(&self) -> bool {
        self.standing.whole_others() >= self.count.min(OTHERS_MIN)
    }
}

#[cfg(test)]
mod tests {
    use tessera_journal::{Mark, Sequence};

    use super::*;

    #[test]
    fn a_standby_keeps_what_payers_may_not_have_been_notified_of() {
        let folder = tempfile::tempdir().unwrap();
        let messages = Messages::Elsewhere(folder.path().to_owned());
        assert_eq!(messages.oldest_needed().unwrap(), None);
        let position = Position::from_stored(4711).unwrap();
        let mark = Mark {
            sequence: Sequence::FIRST,
            position,
        };
        tessera_notify::remember(folder.path(), mark).unwrap();
        assert_eq!(messages.oldest_needed().unwrap(), Some(position));
    }
}
