//! Metrics that are read from the components at each scrape: they cost nothing in between.

use std::path::Path;
use std::sync::Arc;

use crate::gate::DeadLetters;
use tessera_admission::{ListedParty, PartyDirectory};
use tessera_cluster::{Role, Standing};
use tessera_config::Settings;
use tessera_journal::Journal;
use tessera_kit::{clock, fence};
use tessera_metrics::{Folder, Metrics, Space};

/// Brings these figures up to date before each reading of the metrics.
pub(crate) fn refresh_before_reading(
    metrics: &Metrics,
    journal: &Arc<dyn Journal>,
    party_directory: &Arc<PartyDirectory>,
    dead_letters: &Arc<DeadLetters>,
) {
    let (journal, party_directory) = (Arc::clone(journal), Arc::clone(party_directory));
    let dead_letters = Arc::clone(dead_letters);
    metrics.before_reading(move |metrics| {
        let progress = journal.progress();
        metrics.journal.appended.set(signed(progress.appended));
        metrics.journal.durable.set(signed(progress.durable));
        metrics
            .journal
            .gathered
            .set(signed(journal.gathered_bytes()));
        metrics.host.dead.set(signed(dead_letters.len() as u64));
        let since = dead_letters.oldest();
        let age = since.map_or(0, |since| clock::now().since(since));
        metrics.host.oldest_dead.set(signed(age / 1000));
        let parties = party_directory.parties();
        metrics
            .admission
            .in_flight
            .set(signed(parties.in_flight.taken() as u64));
        for listed in parties.all() {
            let ListedParty {
                figures,
                in_flight,
                connections,
                ..
            } = &**listed;
            figures.in_flight.set(signed(in_flight.taken() as u64));
            figures.connections.set(signed(connections.taken() as u64));
        }
    });
}

/// The same for the disks of the data, which a standby fills too.
pub(crate) fn refresh_disks_before_reading(metrics: &Metrics, settings: &Settings) {
    let mut folders = vec![(Folder::Data, settings.data.clone())];
    if settings.journal.archive {
        let archive = settings.data.join(&settings.journal.archive_folder);
        folders.push((Folder::Archive, archive));
    }
    metrics.before_reading(move |metrics| {
        for (folder, path) in &folders {
            metrics.disk.has(*folder, space(path));
        }
    });
}

/// Of the file system that has the folder, or will have it once it is made.
fn space(folder: &Path) -> Option<Space> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let system = rustix::fs::statvfs(there).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(system.f_frsize);
    Some(Space {
        free: bytes(system.f_bavail),
        size: bytes(system.f_blocks),
    })
}

/// The same for the figures of a node of a cluster.
pub(crate) fn refresh_cluster_before_reading(metrics: &Metrics, standing: &Arc<Standing>) {
    // From now on they are counted.
    metrics.cluster();
    let standing = Arc::clone(standing);
    metrics.before_reading(move |metrics| {
        let (figures, overview) = (metrics.cluster(), standing.overview());
        // One whose lease is not renewed approves nothing.
        let is_active = overview.role == Role::Active && fence::is_open();
        figures.active.set(is_active.into());
        figures.epoch.set(signed(overview.epoch));
        let behind = overview.seen.saturating_sub(overview.synced);
        figures.entries_behind.set(signed(behind));
        let lag = standing.lag().unwrap_or_default();
        figures.lag_seconds.set(lag.milliseconds as f64 / 1000.0);
        figures.lag_bytes.set(signed(lag.bytes));
        figures.can_take_over.set(standing.can_take_over().into());
        figures.nodes_differing.set(signed(standing.differing()));
        figures.standbys.set(signed(standing.others()));
        figures.window_bytes.set(signed(standing.window_bytes()));
        let engine = standing.engine();
        figures
            .etcd_leader_changes
            .set(signed(engine.leader_changes));
        let status = engine.status.unwrap_or_default();
        figures.etcd_members_up.set(status.members_up.into());
        figures.etcd_members.set(status.members.into());
        figures
            .etcd_database_bytes
            .set(signed(status.database_bytes));
        figures.etcd_alarms.set(signed(status.alarms.len() as u64));
    });
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
