//! Notifications to payers: what was sent, what waits, what was given up.

use prometheus::{IntCounterVec, IntGauge, IntGaugeVec};

use super::register::Register;

/// See the head of this file.
pub struct NotifyMetrics {
    messages: IntCounterVec,
    waiting: IntGaugeVec,
    dead: IntGauge,
    oldest: IntGaugeVec,
    behind: IntGauge,
    stopped: IntGauge,
}

impl NotifyMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        let messages = register.counter_family(
            "notifications_total",
            "Messages to payers, by channel and outcome.",
            &["channel", "result"],
        );
        for channel in ["email", "sms", "push", "none"] {
            for result in ["sent", "retried", "dead", "dropped"] {
                messages.with_label_values(&[channel, result]);
            }
        }
        let metrics = Self {
            messages,
            waiting: register.gauge_family(
                "notifications_waiting",
                "Messages to payers that no server has accepted yet.",
                &["channel"],
            ),
            dead: register.gauge(
                "notifications_dead",
                "Messages to payers that were given up: see `tessera outbox`.",
            ),
            oldest: register.gauge_family(
                "notifications_oldest_seconds",
                "Age of the oldest event whose message still waits.",
                &["channel"],
            ),
            behind: register.gauge(
                "notifications_behind_events",
                "Durable events of the journal that the outbox has not read yet.",
            ),
            stopped: register.gauge(
                "notifications_stopped",
                "1 while no notifications are sent because the journal or outbox cannot be read or written.",
            ),
        };
        for channel in ["email", "sms", "push"] {
            metrics.waiting(channel, 0, 0);
        }
        metrics
    }

    /// One message has come this far.
    pub fn sent(&self, channel: &str, result: &str) {
        self.messages.with_label_values(&[channel, result]).inc();
    }

    /// What waits for a channel.
    pub fn waiting(&self, channel: &str, waiting: usize, oldest_seconds: u64) {
        let set = |gauge: &IntGaugeVec, value| gauge.with_label_values(&[channel]).set(value);
        set(&self.waiting, signed(waiting as u64));
        set(&self.oldest, signed(oldest_seconds));
    }

    /// Whether notifications have stopped, for a reason outside the channels.
    pub fn stopped(&self, stopped: bool) {
        self.stopped.set(stopped.into());
    }

    /// How things stand.
    pub fn set(&self, dead: usize, behind: u64) {
        self.dead.set(signed(dead as u64));
        self.behind.set(signed(behind));
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
