//! Settlement dates begin by the clock, or when an operator says so.
//!
//! In comes the time of the cutover; out go the operator's decisions that begin dates, each before its moment, so that
//! every worker and every restart dates a request alike.

use std::sync::Arc;
use std::time::Duration;

use crate::clock;
use crate::router::{Bulletin, Inboxes};
use crate::wallet::{Command, Day, Directed, Directive, Reply, Tell, WalletId};

/// A date that begins at once begins so many milliseconds from now: by then every worker knows.
pub(crate) const NOTICE: u64 = 1_000;
/// Longest sleep: the clock may be set meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What is needed to begin dates.
pub(crate) struct Settlement {
    pub(crate) inboxes: Inboxes,
    pub(crate) bulletin: Arc<Bulletin>,
    /// Since midnight (UTC).
    pub(crate) cutover: Duration,
}

impl Settlement {
    /// Begins today's date, where that was not announced before the switch was stopped, and announces the next.
    /// To be called before the first request is let in.
    pub(crate) async fn catch_up(&self) -> anyhow::Result<()> {
        let now = clock::milliseconds();
        let today = Day::at(now, self.cutover());
        match self.bulletin.read().days.newest() {
            None => self.begin(0, today).await?,
            Some((begun, last)) if begun <= now && last < today => {
                self.begin(now + 1, today).await?
            }
            Some(_) => {}
        }
        self.announce().await
    }

    /// Announces one date after the other, as long as the switch runs.
    pub(crate) async fn keep(self) {
        loop {
            let now = clock::milliseconds();
            let newest = self.bulletin.read().days.newest();
            let wait = newest.map_or(0, |(begins, _)| begins.saturating_sub(now));
            let wait = Duration::from_millis(wait).clamp(Duration::from_millis(1), LOOK_AGAIN);
            tokio::time::sleep(wait).await;
            if let Err(error) = self.announce().await {
                tracing::error!(%error, "the next settlement date could not be announced");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }

    /// The date after the newest, once that has begun.
    async fn announce(&self) -> anyhow::Result<()> {
        let now = clock::milliseconds();
        match self.bulletin.read().days.newest() {
            Some((begun, last)) if begun <= now => {
                let next = Day(last.0 + 1);
                // The cutover may have been moved to a time that is over.
                let begins = next.begins(self.cutover()).max(now + NOTICE);
                self.begin(begins, next).await
            }
            _ => Ok(()),
        }
    }

    async fn begin(&self, milliseconds: u64, day: Day) -> anyhow::Result<()> {
        let directed = Directed {
            directive: Directive::BeginDay(milliseconds, day),
            by: "the switch".into(),
            reason: "by the clock".into(),
        };
        let (reply, answered) = Reply::new();
        let command = Command::Direct(Box::new(directed), reply);
        let asker = None;
        self.inboxes.tell(WalletId::HOUSE, Tell { command, asker });
        let outcome = answered.await?.outcome;
        anyhow::ensure!(outcome.code.is_approved(), "{}", outcome.reason);
        Ok(())
    }

    fn cutover(&self) -> u64 {
        self.cutover.as_millis() as u64
    }
}
