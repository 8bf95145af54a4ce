//! Connections of malls and acquirers, and what came over them that was not served.

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use super::families::Counters;
use super::labels::{ConnectionClosed, ConnectionRefused, FrameRefused, Reloaded};
use super::register::Register;

/// Figures of the ports for malls and acquirers: connections, frames, reloads of the parties.
pub struct AdmissionMetrics {
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
    /// How often the parties were read again.
    pub reloads: Counters<Reloaded>,
    connections: IntGaugeVec,
    party_in_flight: IntGaugeVec,
    mac_failures: IntCounterVec,
    sign_ons_refused: IntCounterVec,
    key_changes: IntCounterVec,
}

/// What became of a change of a key.
const CHANGED: &str = "changed";
const REFUSED: &str = "refused";

/// One party's figures.
#[derive(Debug, Clone)]
pub struct PartyMetrics {
    /// Connections signed on.
    pub connections: IntGauge,
    /// Unanswered requests.
    pub in_flight: IntGauge,
    /// Messages whose MAC was missing or wrong.
    pub mac_failures: IntCounter,
    /// Sign-ons that were refused: too many, or otherwise than its profile says.
    pub sign_ons_refused: IntCounter,
    /// Changes of its key that were taken.
    pub key_changes: IntCounter,
    /// Changes of its key that were not.
    pub key_changes_refused: IntCounter,
}

impl AdmissionMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        Self {
            accepted: register.counter("connections_accepted_total", "Connections accepted."),
            refused: register.counters(
                "connections_refused_total",
                "Connections refused, by reason.",
            ),
            closed: register.counters("connections_closed_total", "Connections closed, by reason."),
            frames_refused: register.counters(
                "frames_refused_total",
                "Frames that were not processed, by reason.",
            ),
            not_signed_on: register.gauge(
                "connections_not_signed_on",
                "Connections that have not signed on.",
            ),
            in_flight: register.gauge("requests_in_flight", "Unanswered requests of all parties."),
            reloads: register.counters(
                "reloads_total",
                "Reloads of the parties (SIGHUP), by outcome.",
            ),
            connections: register.gauge_family(
                "party_connections",
                "Connections over which a party is signed on.",
                &["party"],
            ),
            party_in_flight: register.gauge_family(
                "party_requests_in_flight",
                "Unanswered requests of a party.",
                &["party"],
            ),
            mac_failures: register.counter_family(
                "party_mac_failures_total",
                "Messages of a party whose MAC was missing or wrong.",
                &["party"],
            ),
            sign_ons_refused: register.counter_family(
                "party_sign_ons_refused_total",
                "Refused sign-ons of a party: too many connections, or against its profile.",
                &["party"],
            ),
            key_changes: register.counter_family(
                "party_key_changes_total",
                "Changes of the MAC key that a party has requested, repeats included, by outcome.",
                &["party", "outcome"],
            ),
        }
    }

    /// The figures of a party with this name.
    pub fn party(&self, name: &str) -> PartyMetrics {
        PartyMetrics {
            connections: self.connections.with_label_values(&[name]),
            in_flight: self.party_in_flight.with_label_values(&[name]),
            mac_failures: self.mac_failures.with_label_values(&[name]),
            sign_ons_refused: self.sign_ons_refused.with_label_values(&[name]),
            key_changes: self.key_changes.with_label_values(&[name, CHANGED]),
            key_changes_refused: self.key_changes.with_label_values(&[name, REFUSED]),
        }
    }

    /// There is no party with this name any more.
    pub fn forget(&self, name: &str) {
        // Each was made with the others.
        let _ = self.connections.remove_label_values(&[name]);
        let _ = self.party_in_flight.remove_label_values(&[name]);
        let _ = self.mac_failures.remove_label_values(&[name]);
        let _ = self.sign_ons_refused.remove_label_values(&[name]);
        let _ = self.key_changes.remove_label_values(&[name, CHANGED]);
        let _ = self.key_changes.remove_label_values(&[name, REFUSED]);
    }
}
