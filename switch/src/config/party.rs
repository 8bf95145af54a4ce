//! Who may connect, and what they may do.

use serde::Deserialize;
use tessera_protocol::MacKey;

/// An institution that connects.
#[derive(Debug, Clone)]
pub struct Party {
    /// The institution code, up to eleven digits: field 32 of all that it sends.
    pub code: u64,
    /// What people call it: logs and metrics.
    pub name: String,
    /// A mall, or an acquirer.
    pub kind: PartyKind,
    /// The card acceptors that it may speak for.
    pub acceptors: Acceptors,
    /// The key of its messages; `None` if it sends none with a MAC.
    pub mac_key: Option<MacKey>,
    /// Its connections at the same time.
    pub connections_max: usize,
    /// Its unanswered requests, over all connections.
    pub in_flight_max: usize,
    /// Its unanswered requests on one connection.
    pub in_flight_per_connection_max: usize,
    /// It may refund without naming a purchase.
    pub unreferenced_refunds: bool,
    /// It may complete one authorization in several parts.
    pub several_completions: bool,
    /// It may tell of what it has decided in the switch's stead (0120, and 0220 without an authorization).
    pub stand_in_advices: bool,
    /// It may be told that less than it asked for is approved.
    pub partial_approval: bool,
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
