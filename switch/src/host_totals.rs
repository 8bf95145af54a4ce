//! Sends the totals of each past settlement date to the financial system until both have the same.
//!
//! Input: past dates, and its message that a date is complete. Output: commands to the operator wallet, which journals
//! each answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use crate::message::WalletMessage;
use crate::settlement::Settlement;
use tessera_kit::clock::{self, Timestamp};
use tessera_ledger::{Command, Day, Details, WalletId};
use tessera_metrics::Metrics;
use tessera_metrics::TotalsOutcome;

/// How often it is looked whether something is due.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The longest pause between two questions about a date.
const PAUSE_MAX: Duration = Duration::from_secs(3_600);

/// What is needed to ask.
pub(crate) struct HostTotals {
    pub(crate) settlement: Settlement,
    pub(crate) metrics: Arc<Metrics>,
    /// So long after a date is over the first time, and twice as long after each time that it was not agreed upon.
    pub(crate) after: Duration,
}

/// When a date is asked about next.
#[derive(Clone, Copy)]
struct Next {
    at: Instant,
    pause: Duration,
}

impl HostTotals {
    /// As long as the switch runs.
    pub(crate) async fn keep(self) {
        let after = self.after;
        if after.is_zero() {
            return;
        }
        let mut next: HashMap<Day, Next> = HashMap::new();
        let mut complete = false;
        loop {
            let (now, instant) = (clock::now(), Instant::now());
            let days = self.settlement.policy.read();
            let unsettled: Vec<(Day, Timestamp)> = days.days.unsettled(now).collect();
            self.metrics.host.days_open.set(unsettled.len() as i64);
            next.retain(|day, _| unsettled.iter().any(|(open, _)| open == day));
            for (day, over) in unsettled {
                let since = Duration::from_millis(now.since(over));
                let first = Next {
                    at: instant + after.saturating_sub(since),
                    pause: after,
                };
                let due = next.entry(day).or_insert(first);
                if (complete || due.at <= instant) && !self.ask(day).await {
                    due.at = Instant::now() + due.pause;
                    due.pause = (due.pause * 2).min(PAUSE_MAX.max(after));
                }
            }
            complete = tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => false,
                () = self.settlement.complete.notified() => true,
            };
        }
    }

    /// Whether the financial system has the same of this date.
    async fn ask(&self, day: Day) -> bool {
        let (message, answered) = WalletMessage::directed(Command::AskForTotals(day));
        self.settlement.inboxes.send(WalletId::OPERATOR, message);
        let outcome = answered.await.map(|directions| directions.outcome);
        let counted = &self.metrics.host.totals;
        match outcome.as_ref().map(|outcome| &outcome.details) {
            Ok(Details::Totals { agreed: true, .. }) => {
                counted.of(TotalsOutcome::Agreed).inc();
                tracing::info!(%day, "the financial system has the same totals");
                true
            }
            Ok(Details::Totals { ours, .. }) => {
                counted.of(TotalsOutcome::Differs).inc();
                tracing::warn!(%day, net = ours.net, "the financial system has different totals: `tessera recon` lists the switch's items");
                false
            }
            _ => {
                counted.of(TotalsOutcome::Unanswered).inc();
                let reason = outcome.map_or(Some("it was not asked"), |outcome| {
                    outcome.verdict().reason()
                });
                tracing::warn!(%day, reason, "the financial system did not compare its totals");
                false
            }
        }
    }
}
