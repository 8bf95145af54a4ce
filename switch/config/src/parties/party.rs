//! Who may connect, and what they may do.

use serde::Deserialize;
use tessera_protocol::{Amount, Dialect, Institution, KeyEncryptingKey, MacKey};

use super::super::Identity;
use super::super::network::Network;
use super::sets::{CodeSet, Messages};
use super::webhook::Webhook;
use tessera_ledger::controls::Controls;

/// An institution that connects, as its file describes it.
#[derive(Debug, Clone)]
pub struct Party {
    /// The institution code, up to eleven digits: field 32 of all that it sends.
    pub code: Institution,
    /// What people call it: logs and metrics.
    pub name: String,
    /// A mall, or an acquirer.
    pub kind: PartyKind,
    /// The card acceptors that it may speak for.
    pub acceptors: Acceptors,
    /// The messages that it may send besides network management.
    pub messages: Messages,
    /// The first two digits of field 3 that its requests may carry.
    pub processing_codes: CodeSet,
    /// The framing and packing of its connections.
    pub dialect: Dialect,
    /// From where it may connect; anywhere, where there is none.
    pub addresses: Vec<Network>,
    /// Whether it connects with TLS.
    pub transport: Transport,
    /// The certificate that it has to show; `None` for any, or none.
    pub certificate: Option<CertificateOf>,
    /// The key of its messages; `None` if it sends none with a MAC.
    pub mac_key: Option<MacKey>,
    /// What a new key of its messages comes wrapped under; `None` if it does not change it by itself.
    pub key_encrypting_key: Option<KeyEncryptingKey>,
    /// The most that one purchase or authorization may be.
    pub amount_max: Amount,
    /// Its connections at the same time.
    pub connections_max: usize,
    /// Its unanswered requests, over all connections.
    pub in_flight_max: usize,
    /// Its unanswered requests on one connection.
    pub in_flight_per_connection_max: usize,
    /// Where it is notified by HTTP of what has become of its requests; `None` if it is not.
    pub webhook: Option<Webhook>,
    /// Where its payers may spend.
    pub controls: Controls,
    /// In what it differs from the others.
    pub quirks: Quirks,
}

impl Party {
    /// Whether a message sealed for one is sealed for the other: the same key, or none.
    pub fn has_the_key_of(&self, other: &Self) -> bool {
        match (&self.mac_key, &other.mac_key) {
            (Some(one), Some(other)) => one.is(other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

/// How a party may connect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// In the clear or with TLS.
    #[default]
    Any,
    /// In the clear only.
    Plain,
    /// With TLS only.
    Tls,
}

/// What the certificate of a party has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateOf {
    /// This SHA-256.
    Fingerprint([u8; 32]),
    /// This subject.
    Subject(String),
}

impl CertificateOf {
    /// Whether it is this one.
    pub fn is(&self, shown: &Identity) -> bool {
        match self {
            Self::Fingerprint(fingerprint) => *fingerprint == shown.fingerprint,
            Self::Subject(subject) => *subject == shown.subject,
        }
    }
}

/// What a party is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartyKind {
    /// Speaks for itself, and names orders.
    Mall,
    /// Speaks for many merchants, and names cards.
    Acquirer,
}

/// The card acceptors (field 42) that a party may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acceptors {
    /// Whichever it names.
    Any,
    /// These, padded with spaces as on the wire.
    List(Vec<[u8; 15]>),
}

impl Acceptors {
    /// Whether the party may use this card acceptor.
    pub fn allow(&self, acceptor: &[u8; 15]) -> bool {
        match self {
            Self::Any => true,
            Self::List(list) => list.contains(acceptor),
        }
    }
}

/// The habits of a party that the switch goes along with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quirks {
    /// What a 0400 is answered whose original was never seen.
    pub unknown_reversal: UnknownReversal,
    /// The entry modes (first two digits of field 22) that it may send.
    pub entry_modes: CodeSet,
    /// Refunds that name no purchase.
    pub unreferenced_refunds: bool,
    /// The processing codes (first two digits) with which it loads money that was paid to it; none: it loads none.
    pub load_codes: Vec<u8>,
    /// More than one completion of an authorization.
    pub several_completions: bool,
    /// 0120 and 0220 of the acquirer's stand-in decisions.
    pub stand_in_advices: bool,
    /// Approval of a part, where there is less than was asked for.
    pub partial_approval: bool,
}

/// What a 0400 is answered whose original was never seen. It is remembered either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum UnknownReversal {
    /// 25: there is none.
    #[default]
    #[serde(rename = "25")]
    NotFound,
    /// 00, as a 0420 is answered.
    #[serde(rename = "00")]
    Approved,
}
