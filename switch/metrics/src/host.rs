//! The lines to the financial system, and what is stored for it until it acknowledges.

use prometheus::{GaugeVec, IntCounter, IntGauge, IntGaugeVec};

use super::families::Counters;
use super::labels::{LinkOutcome, TotalsOutcome, UnmatchedAnswer};
use super::register::Register;

/// Metrics of the lines to the financial system.
pub struct HostMetrics {
    /// 1 where a line is signed on, by worker and line.
    pub line_up: IntGaugeVec,
    /// Requests without an answer, by worker.
    pub in_flight: IntGaugeVec,
    /// Requests put on a line.
    pub sent: IntCounter,
    /// Of those, for a line of another worker.
    pub borrowed: IntCounter,
    /// What became of them.
    pub outcomes: Counters<LinkOutcome>,
    /// Lost lines, and failed attempts to open a line.
    pub reconnects: IntCounter,
    /// Sign-ons that were refused or not answered.
    pub sign_on_failures: IntCounter,
    /// Answers with another card, type, amount, currency or date than was asked.
    pub contradicting: IntCounter,
    /// Answers that nobody waited for.
    pub unmatched: Counters<UnmatchedAnswer>,
    /// Frames that could not be read.
    pub unreadable: IntCounter,
    /// Requests of the financial system that nobody serves.
    pub refused: IntCounter,
    /// Advices not yet acknowledged, by worker.
    pub stored: IntGaugeVec,
    /// Of those, on a line at this moment, by worker.
    pub stored_in_flight: IntGaugeVec,
    /// Advices that wait for an operator.
    pub dead: IntGauge,
    /// How long the oldest of them has done so, in seconds.
    pub oldest_dead: IntGauge,
    /// Age of the oldest of them, by worker.
    pub oldest: GaugeVec,
    /// Advices sent again.
    pub repeats: IntCounter,
    /// Advices answered with a code that acknowledges nothing.
    pub not_now: IntCounter,
    /// Outcomes of sending it the totals of a settlement date.
    pub totals: Counters<TotalsOutcome>,
    /// Settlement dates that are over and not agreed upon.
    pub days_open: IntGauge,
}

impl HostMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        Self {
            line_up: register.gauge_family(
                "host_line_up",
                "1 while a line to the financial system is signed on.",
                &["worker", "line"],
            ),
            in_flight: register.gauge_family(
                "host_requests_in_flight",
                "Requests that the financial system has not answered.",
                &["worker"],
            ),
            sent: register.counter(
                "host_requests_total",
                "Requests sent to the financial system.",
            ),
            borrowed: register.counter(
                "host_requests_borrowed_total",
                "Requests sent to the financial system over a line of another worker, because no line of their own worker was available.",
            ),
            outcomes: register.counters(
                "host_outcomes_total",
                "Outcomes of requests to the financial system.",
            ),
            totals: register.counters(
                "host_totals_total",
                "Outcomes of sending the totals of a settlement date to the financial system.",
            ),
            days_open: register.gauge(
                "host_settlement_dates_open",
                "Past settlement dates for which the financial system does not have the same totals.",
            ),
            reconnects: register.counter(
                "host_reconnects_total",
                "Lost lines, and failed attempts to open a line.",
            ),
            sign_on_failures: register.counter(
                "host_sign_on_failures_total",
                "Sign-ons that the financial system refused or did not answer.",
            ),
            contradicting: register.counter(
                "host_answers_contradicting_total",
                "Answers of the financial system whose card, type, amount, currency or date differs from the request's.",
            ),
            unmatched: register.counters(
                "host_answers_unmatched_total",
                "Answers of the financial system without an open request, by reason.",
            ),
            unreadable: register.counter(
                "host_frames_unreadable_total",
                "Frames of the financial system that could not be read.",
            ),
            refused: register.counter(
                "host_requests_refused_total",
                "Requests of the financial system that the switch does not support.",
            ),
            stored: register.gauge_family(
                "store_and_forward_depth",
                "Advices that the financial system has not acknowledged.",
                &["worker"],
            ),
            stored_in_flight: register.gauge_family(
                "store_and_forward_in_flight",
                "Unacknowledged advices that were sent and wait for an answer.",
                &["worker"],
            ),
            oldest: register.fraction_family(
                "store_and_forward_oldest_seconds",
                "Age of the oldest unacknowledged advice.",
                &["worker"],
            ),
            dead: register.gauge(
                "store_and_forward_dead",
                "Dead letters: advices that the financial system has refused too often, and that wait for an operator.",
            ),
            oldest_dead: register.gauge(
                "store_and_forward_dead_oldest_seconds",
                "Time since the oldest dead letter was given up.",
            ),
            repeats: register.counter("store_and_forward_repeats_total", "Advices sent again."),
            not_now: register.counter(
                "store_and_forward_refused_total",
                "Advices answered with a code that does not acknowledge them.",
            ),
        }
    }
}
