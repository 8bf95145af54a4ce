//! Brings a link to life: a task for each of its lines, one for deadlines, and what other workers pass.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::task::spawn_local;
use tokio::time::{MissedTickBehavior, interval};

use super::link::{Deliver, Link, LinkError};
use super::links::{LinkInbox, Links};
use super::traces::TraceShare;
use super::wheel::TICK_MILLISECONDS;
use super::{life, sharing};
use tessera_config::HostLinkSettings;
use tessera_metrics::LinkStats;

impl Link {
    /// Opens the lines in the background; must be called on the worker, inside its `LocalSet`.
    /// `stats` must be for as many lines as `settings.lines_per_worker`, and stand at the worker's place among `links`,
    /// as `inbox` does.
    pub fn start(
        settings: &HostLinkSettings,
        tls: Arc<ClientConfig>,
        share: TraceShare,
        stats: Arc<LinkStats>,
        (links, inbox): (Links, LinkInbox),
        deliver: Deliver,
    ) -> Result<Rc<Self>, LinkError> {
        let link = Rc::new(Self::new(settings, tls, share, stats, links, deliver)?);
        let live = |number| spawn_local(life::live(link.clone(), number, link.closing.subscribe()));
        let lives = (0..link.lines.len()).map(live);
        link.tasks.borrow_mut().extend(lives);
        spawn_local(keep_deadlines(link.clone()));
        spawn_local(send_what_is_unsent(link.clone()));
        spawn_local(sharing::share(link.clone(), inbox));
        Ok(link)
    }
}

/// Gives up on what is due, every tick, for as long as there is a worker.
async fn keep_deadlines(link: Rc<Link>) {
    let mut ticks = interval(Duration::from_millis(TICK_MILLISECONDS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = Vec::new();
    loop {
        let now = ticks.tick().await;
        let now = link.tick(now.into_std());
        link.in_flight.borrow_mut().expire(now, &mut silent);
        if !silent.is_empty() {
            link.report_silent(&mut silent);
            link.count_in_flight();
        }
    }
}

async fn send_what_is_unsent(link: Rc<Link>) {
    loop {
        link.something_unsent.notified().await;
        link.send_unsent();
    }
}
