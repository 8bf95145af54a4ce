//! Webhooks of parties: what was sent, what waits, what was given up.

use prometheus::{IntCounterVec, IntGauge, IntGaugeVec};

use super::register::Register;

/// See the head of this file.
pub struct WebhookMetrics {
    events: IntCounterVec,
    waiting: IntGaugeVec,
    oldest: IntGaugeVec,
    dead: IntGauge,
    behind: IntGauge,
    stopped: IntGauge,
}

impl WebhookMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        let events = register.counter_family(
            "webhooks_total",
            "Tries to send an event to a party's server, by outcome.",
            &["result"],
        );
        for result in ["sent", "retried", "dead", "dropped"] {
            events.with_label_values(&[result]);
        }
        Self {
            events,
            waiting: register.gauge_family(
                "webhooks_waiting",
                "Events that a party's server has not accepted yet.",
                &["party"],
            ),
            oldest: register.gauge_family(
                "webhooks_oldest_seconds",
                "Age of the oldest event that a party's server has not accepted yet.",
                &["party"],
            ),
            dead: register.gauge(
                "webhooks_dead",
                "Events for parties that were given up: see `tessera outbox --webhooks`.",
            ),
            behind: register.gauge(
                "webhooks_behind_events",
                "Durable events of the journal that webhooks have not read yet.",
            ),
            stopped: register.gauge(
                "webhooks_stopped",
                "1 while no webhooks are sent because the journal or their folder cannot be read or written.",
            ),
        }
    }

    /// One try has come to this.
    pub fn tried(&self, result: &str) {
        self.events.with_label_values(&[result]).inc();
    }

    /// What waits for a party.
    pub fn waiting(&self, party: &str, waiting: usize, oldest_seconds: u64) {
        let set = |gauge: &IntGaugeVec, value| gauge.with_label_values(&[party]).set(value);
        set(&self.waiting, signed(waiting as u64));
        set(&self.oldest, signed(oldest_seconds));
    }

    /// How things stand.
    pub fn set(&self, dead: usize, behind: u64) {
        self.dead.set(signed(dead as u64));
        self.behind.set(signed(behind));
    }

    /// Whether webhooks have stopped, for a reason outside the parties' servers.
    pub fn stopped(&self, stopped: bool) {
        self.stopped.set(stopped.into());
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
