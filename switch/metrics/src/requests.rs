//! Requests and their answers.

use prometheus::{Histogram, IntCounterVec};

use super::durations::Durations;
use super::families::Counters;
use super::labels::{Kind, Stage};
use super::register::{Register, SECONDS};

/// What was asked, what was answered, and how long it took.
pub struct RequestMetrics {
    /// Requests by kind.
    pub received: Counters<Kind>,
    /// Answers by kind and code; the children are looked up as codes occur.
    pub(super) answered: IntCounterVec,
    /// Declines by the rule that gave them, which is also in tag 09.
    pub(super) declined: IntCounterVec,
    /// Reversals, completions and refunds whose original was not found, or of which several fit.
    pub unmatched: Counters<Kind>,
    /// From the frame to its answer.
    pub duration: Durations<Kind>,
    /// The parts of it.
    pub stages: Durations<Stage>,
    /// How long purchases waited for their order.
    pub order_wait: Histogram,
}

impl RequestMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        Self {
            received: register.counters("requests_total", "Requests received, by kind."),
            answered: register.counter_family(
                "answers_total",
                "Answers sent, by kind of request and response code (field 39).",
                &["kind", "code"],
            ),
            declined: register.counter_family(
                "declines_total",
                "Requests declined, by response code (field 39) and the rule that gave it (field 48 tag 09).",
                &["code", "reason"],
            ),
            unmatched: register.counters(
                "originals_not_found_total",
                "Reversals, completions and refunds that match no original, or more than one, by kind: nothing was reversed, debited or refunded.",
            ),
            duration: register.durations(
                "request_duration_seconds",
                "Time from a request's frame to its answer, by kind.",
            ),
            stages: register.durations(
                "stage_duration_seconds",
                "Time that the stages of a request take.",
            ),
            order_wait: register.histogram(
                "order_wait_seconds",
                "Time that purchases of malls waited for the payer's agreement.",
                SECONDS,
            ),
        }
    }
}
