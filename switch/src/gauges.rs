//! Figures that are read off the rooms whenever somebody looks: they cost nothing in between.

use std::sync::Arc;

use crate::door::Guests;
use crate::journal::Journal;
use crate::ops::Metrics;

/// Brings these figures up to date before each reading of the metrics.
pub(crate) fn refresh_before_reading(
    metrics: &Metrics,
    journal: &Arc<dyn Journal>,
    guests: &Arc<Guests>,
) {
    let (journal, guests) = (Arc::clone(journal), Arc::clone(guests));
    metrics.before_reading(move |metrics| {
        metrics.journal.appended.set(signed(journal.last()));
        metrics.journal.durable.set(signed(journal.durable()));
        metrics
            .journal
            .gathered
            .set(signed(journal.gathered_bytes()));
        metrics
            .door
            .in_flight
            .set(signed(guests.in_flight.taken() as u64));
        for guest in guests.all() {
            metrics.door.party_in_flight[guest.index].set(signed(guest.in_flight.taken() as u64));
        }
    });
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
