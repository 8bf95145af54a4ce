//! Begins settlement dates: by the clock, or on a message of the financial system or an operator.
//!
//! In come the time of the cutover and the financial system's word; out go the operator's decisions that begin dates, each
//! before its moment, so that every worker and every restart dates a request alike.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::dispatch::Inboxes;
use crate::message::WalletMessage;
use crate::shared::OperatorPolicy;
use tessera_config::Cutover;
use tessera_host::DateMessage;
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{Command, Day, Directed, Directive, Rule, Verdict, WalletId};

/// A date that begins at once begins so many milliseconds from now: by then every worker knows, also on a machine that is short of
/// CPU. A worker that learned of it later would date a request differently from the journal.
pub(crate) const NOTICE: u64 = 3_000;
/// Longest sleep: the clock may be set meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What is needed to begin dates.
#[derive(Debug, Clone)]
pub(crate) struct Settlement {
    pub(crate) inboxes: Inboxes,
    pub(crate) policy: Arc<OperatorPolicy>,
    pub(crate) cutover: Cutover,
    /// Rung when the financial system has all of a date.
    pub(crate) complete: Arc<Notify>,
}

impl Settlement {
    /// Begins today's date, where that was not announced before the switch was stopped, and announces the next.
    /// To be called before the first request is let in.
    pub(crate) async fn catch_up(&self) -> anyhow::Result<()> {
        let now = clock::now();
        let newest = self.policy.read().days.newest();
        match (newest, self.cutover) {
            (None, Cutover::Host) => {
                self.begin(Timestamp::EPOCH, Day::at(now, 0), BY_CLOCK)
                    .await?
            }
            (None, Cutover::Clock(cutover)) => {
                self.begin(
                    Timestamp::EPOCH,
                    Day::at(now, since_midnight(cutover)),
                    BY_CLOCK,
                )
                .await?;
            }
            (Some((begun, last)), Cutover::Clock(cutover)) => {
                let today = Day::at(now, since_midnight(cutover));
                if begun <= now && last < today {
                    self.begin(now.plus(1), today, BY_CLOCK).await?;
                }
            }
            (Some(_), Cutover::Host) => {}
        }
        self.announce().await
    }

    /// Announces one date after the other, as long as the switch runs.
    pub(crate) async fn keep(self) {
        loop {
            let now = clock::now();
            let newest = self.policy.read().days.newest();
            let wait = newest.map_or(0, |(begins, _)| begins.since(now));
            let wait = match self.cutover {
                Cutover::Clock(_) => Duration::from_millis(wait),
                Cutover::Host => LOOK_AGAIN,
            };
            tokio::time::sleep(wait.clamp(Duration::from_millis(1), LOOK_AGAIN)).await;
            if let Err(error) = self.announce().await {
                tracing::error!(%error, "the next settlement date could not be announced");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }

    /// The financial system says that a date begins, or that it has all of the one before: what it is answered.
    pub(crate) async fn obey(&self, message: DateMessage) -> Verdict {
        let DateMessage::Begin(month_and_day) = message else {
            self.complete.notify_one();
            return Verdict::APPROVED;
        };
        let now = clock::now();
        let today = self.policy.read().days.of(now);
        match today.named(month_and_day) {
            None => Rule::NotADate.into(),
            // It says so again.
            Some(day) if day <= today => Verdict::APPROVED,
            Some(day) if day.0 > today.0 + 1 => Rule::NotTheNextDay.into(),
            Some(day) => match self.begin_later(now.plus(NOTICE), day, BY_HOST).await {
                Ok(()) => Verdict::APPROVED,
                Err(error) => {
                    tracing::error!(%error, "a settlement date could not begin");
                    Rule::DayCouldNotBegin.into()
                }
            },
        }
    }

    /// The date after the newest, once that has begun.
    async fn announce(&self) -> anyhow::Result<()> {
        let Cutover::Clock(cutover) = self.cutover else {
            return Ok(());
        };
        let now = clock::now();
        match self.policy.read().days.newest() {
            Some((begun, last)) if begun <= now => {
                let next = Day(last.0 + 1);
                // The cutover may have been moved to a time that is over.
                let begins = next.begins(since_midnight(cutover)).max(now.plus(NOTICE));
                self.begin_later(begins, next, BY_CLOCK).await
            }
            _ => Ok(()),
        }
    }

    /// Begins a date at a moment that is yet to come.
    async fn begin_later(&self, moment: Timestamp, day: Day, why: &str) -> anyhow::Result<()> {
        self.begin(moment, day, why).await?;
        let late = clock::now().since(moment);
        if late > 0 {
            tracing::warn!(
                %day,
                late_ms = late,
                "the journal took so long that a settlement date began unnoticed: what was sent to the financial system meanwhile \
                 carries the former date (field 15), and the totals of both may differ there: `tessera recon` lists ours"
            );
        }
        Ok(())
    }

    async fn begin(&self, moment: Timestamp, day: Day, why: &str) -> anyhow::Result<()> {
        let directed = Directed {
            directive: Directive::BeginDay(moment, day),
            by: "the switch".into(),
            reason: why.into(),
        };
        let (message, answered) = WalletMessage::directed(Command::Direct(Box::new(directed)));
        self.inboxes.send(WalletId::OPERATOR, message);
        let outcome = answered.await?.outcome;
        let reason = outcome.verdict().reason();
        anyhow::ensure!(outcome.code.is_approved(), "{}", reason.unwrap_or_default());
        Ok(())
    }
}

const BY_CLOCK: &str = "by the clock";
const BY_HOST: &str = "by the financial system (0800/201)";

pub(crate) fn since_midnight(cutover: Duration) -> u64 {
    cutover.as_millis() as u64
}
