//! SIGHUP: the parties' files are read again, and whoever did not change notices nothing.
//!
//! In come the files as they are now; out goes one message to each worker, between two requests. What never happens
//! here: half of it counts.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::config::{Party, Settings};
use crate::door::{GuestBook, Guests};
use crate::ops::Metrics;
use crate::ops::metrics::Reloaded;
use crate::router::Errand;

/// What is needed to read the parties again.
pub(crate) struct Reload {
    pub(crate) settings: Arc<Settings>,
    pub(crate) book: Arc<GuestBook>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) errands: Vec<UnboundedSender<Errand>>,
}

impl Reload {
    /// Reads the files and tells the workers; where one is wrong, says why and changes nothing.
    pub(crate) async fn run(&self) {
        let settings = Arc::clone(&self.settings);
        let read = tokio::task::spawn_blocking(move || settings.read_parties()).await;
        let parties = match read {
            Ok(Ok(parties)) => parties,
            Ok(Err(error)) => return self.refuse(&error),
            Err(error) => return self.refuse(&error),
        };
        let before = self.book.guests();
        let figures = &self.metrics.door;
        let after = Arc::new(before.renewed(parties, figures));
        let [added, removed] = difference(&before, &after);
        self.book.turn(Arc::clone(&after));
        crate::switch::ask_all(&self.errands, |done| {
            Errand::Renew(Arc::clone(&after), done)
        })
        .await;
        let names: HashSet<&str> = after.all().map(|guest| &*guest.party.name).collect();
        let gone = before.all().map(|guest| &*guest.party.name);
        gone.filter(|name| !names.contains(name))
            .for_each(|name| figures.forget(name));
        figures.reloads.of(Reloaded::Done).inc();
        tracing::info!(
            parties = names.len(),
            added,
            removed,
            "the parties were read again"
        );
    }

    fn refuse(&self, error: &dyn std::fmt::Display) {
        self.metrics.door.reloads.of(Reloaded::Refused).inc();
        tracing::error!(%error, "the parties were not read again: nothing has changed");
    }
}

/// How many parties are new, and how many are gone.
fn difference(before: &Guests, after: &Guests) -> [usize; 2] {
    let missing = |from: &Guests, of: &Guests| {
        let absent = |party: &Party| from.find(party.code).is_none();
        of.all().filter(|guest| absent(&guest.party)).count()
    };
    [missing(before, after), missing(after, before)]
}
