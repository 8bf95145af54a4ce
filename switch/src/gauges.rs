//! Figures that are read off the rooms whenever somebody looks: they cost nothing in between.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::door::Guests;
use crate::host::LinkStats;
use crate::journal::Journal;
use crate::ops::{Health, Metrics};

const LINES_SHOWN_EVERY: Duration = Duration::from_millis(100);

/// Brings these figures up to date before each reading of the metrics.
pub(crate) fn refresh_before_reading(
    metrics: &Metrics,
    journal: &Arc<dyn Journal>,
    guests: &Arc<Guests>,
    stats: &[Arc<LinkStats>],
) {
    let (journal, guests, stats) = (Arc::clone(journal), Arc::clone(guests), stats.to_vec());
    metrics.before_reading(move |metrics| {
        metrics.journal.appended.set(signed(journal.last()));
        metrics.journal.durable.set(signed(journal.durable()));
        metrics.journal.gathered.set(signed(journal.gathered_bytes()));
        metrics.door.in_flight.set(signed(guests.in_flight.taken() as u64));
        for guest in guests.all() {
            metrics.door.party_in_flight[guest.index].set(signed(guest.in_flight.taken() as u64));
        }
        for (worker, stats) in stats.iter().enumerate() {
            metrics.host.show_worker(worker, stats, SystemTime::now());
        }
        metrics.host.show_all(&stats);
    });
}

/// Keeps telling how many lines of each worker are up, for whoever asks whether the switch is ready.
pub(crate) async fn show_lines(health: Arc<Health>, stats: Vec<Arc<LinkStats>>) {
    loop {
        for (worker, stats) in stats.iter().enumerate() {
            let up = stats.lines_up.iter().filter(|line| line.read() == 1).count();
            health.set_host_lines_up(worker, up);
        }
        tokio::time::sleep(LINES_SHOWN_EVERY).await;
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
