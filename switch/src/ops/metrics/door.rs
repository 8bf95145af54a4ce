//! Connections of malls and acquirers, and what came over them that was not served.

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use super::families::Counters;
use super::labels::{ConnectionClosed, ConnectionRefused, FrameRefused};
use super::register::Register;

/// The door's figures. A party is named by its place in the configuration.
pub struct DoorMetrics {
    /// Connections accepted.
    pub accepted: IntCounter,
    /// Connections turned away.
    pub refused: Counters<ConnectionRefused>,
    /// Connections ended.
    pub closed: Counters<ConnectionClosed>,
    /// Frames not served.
    pub frames_refused: Counters<FrameRefused>,
    /// Connections that have not signed on.
    pub not_signed_on: IntGauge,
    /// Unanswered requests of all parties.
    pub in_flight: IntGauge,
    /// Connections signed on, by party.
    pub connections: Box<[IntGauge]>,
    /// Unanswered requests, by party.
    pub party_in_flight: Box<[IntGauge]>,
    /// Messages whose MAC was missing or wrong, by party.
    pub mac_failures: Box<[IntCounter]>,
}

impl DoorMetrics {
    pub(super) fn new(register: &Register<'_>, parties: &[&str]) -> Self {
        let gauges = |name, help| by_party(&register.gauge_family(name, help, &["party"]), parties);
        let counters = |name, help| {
            let family: IntCounterVec = register.counter_family(name, help, &["party"]);
            parties
                .iter()
                .map(|party| family.with_label_values(&[party]))
                .collect()
        };
        Self {
            accepted: register.counter("connections_accepted_total", "Connections accepted."),
            refused: register.counters(
                "connections_refused_total",
                "Connections turned away, by reason.",
            ),
            closed: register.counters("connections_closed_total", "Connections ended, by reason."),
            frames_refused: register.counters(
                "frames_refused_total",
                "Frames that were not served, by reason.",
            ),
            not_signed_on: register.gauge(
                "connections_not_signed_on",
                "Connections that have not signed on.",
            ),
            in_flight: register.gauge("requests_in_flight", "Unanswered requests of all parties."),
            connections: gauges(
                "party_connections",
                "Connections that a party has signed on.",
            ),
            party_in_flight: gauges(
                "party_requests_in_flight",
                "Unanswered requests of a party.",
            ),
            mac_failures: counters(
                "party_mac_failures_total",
                "Messages of a party whose MAC was missing or wrong.",
            ),
        }
    }
}

fn by_party(family: &IntGaugeVec, parties: &[&str]) -> Box<[IntGauge]> {
    parties
        .iter()
        .map(|party| family.with_label_values(&[party]))
        .collect()
}
