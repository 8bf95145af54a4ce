//! Telling payers: what was sent, what waits, what was given up.

use prometheus::{IntCounterVec, IntGauge};

use super::register::Register;

/// See the head of this file.
pub struct NotifyMetrics {
    messages: IntCounterVec,
    waiting: IntGauge,
    dead: IntGauge,
    oldest: IntGauge,
    behind: IntGauge,
}

impl NotifyMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        let messages = register.counter_family(
            "notifications_total",
            "Messages to payers, by channel and what became of them.",
            &["channel", "result"],
        );
        for channel in ["email", "sms", "none"] {
            for result in ["sent", "retried", "dead", "dropped"] {
                messages.with_label_values(&[channel, result]);
            }
        }
        Self {
            messages,
            waiting: register.gauge(
                "notifications_waiting",
                "Messages to payers that no server has taken over yet.",
            ),
            dead: register.gauge(
                "notifications_dead",
                "Messages to payers that were given up: see `tessera outbox`.",
            ),
            oldest: register.gauge(
                "notifications_oldest_seconds",
                "Age of the oldest event of which a message waits.",
            ),
            behind: register.gauge(
                "notifications_behind_events",
                "Durable events of the journal that the outbox has not looked at.",
            ),
        }
    }

    /// One message has come this far.
    pub fn told(&self, channel: &str, result: &str) {
        self.messages.with_label_values(&[channel, result]).inc();
    }

    /// How things stand.
    pub fn set(&self, waiting: usize, dead: usize, oldest_seconds: u64, behind: u64) {
        let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.waiting.set(signed(waiting as u64));
        self.dead.set(signed(dead as u64));
        self.oldest.set(signed(oldest_seconds));
        self.behind.set(signed(behind));
    }
}
