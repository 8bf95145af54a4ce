//! Who is certified: what the switch's profile of the party says, as far as its own side needs to know it.

use serde::Deserialize;
use tessera_protocol::{Dialect, MacKey};

use super::controls::Controls;
use super::grant::Grant;
use super::wrapping::Wrapping;
use crate::load::speakers::{Speaker, Way};

/// How a party names who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// By order number.
    Mall,
    /// By card number.
    Acquirer,
}

/// A party, seen from its own side.
#[derive(Debug, Clone)]
pub struct Party {
    /// Field 32.
    pub code: String,
    /// How it names who pays.
    pub kind: Kind,
    /// Field 42, without its padding.
    pub acceptor: String,
    /// Whether field 42 may be nothing else.
    pub acceptor_checked: bool,
    /// Its MAC key, if it has one.
    pub key: Option<MacKey>,
    /// What it needs in order to change that key, if it may.
    pub wrapping: Option<Wrapping>,
    /// How it frames and packs.
    pub dialect: Dialect,
    /// What it may do beyond what every party may.
    pub permissions: Permissions,
    /// Where its payers may spend.
    pub controls: Controls,
    /// What its profile lets a purchase be, in minor units.
    pub amount_max: Option<u64>,
    /// Connections that it may have.
    pub connections_max: u32,
}

/// What a profile allows and forbids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    /// First two digits of field 3; `None` for any.
    pub processing_codes: Option<Vec<String>>,
    /// Message types; `None` for any.
    pub messages: Option<Vec<String>>,
    /// What its profile grants.
    pub grants: Vec<Grant>,
}

/// Default: the same as the switch's.
pub(super) const CONNECTIONS_MAX: u32 = 1024;

impl Party {
    /// A development party of the wire protocol's section 9.
    pub fn development(code: u64) -> Option<Self> {
        let speaker = Speaker::development(code)?;
        let kind = match speaker.way {
            Way::Card => Kind::Acquirer,
            Way::Order => Kind::Mall,
        };
        Some(Self {
            code: code.to_string(),
            kind,
            acceptor: speaker.acceptor,
            acceptor_checked: kind == Kind::Mall,
            key: speaker.key.and_then(|key| MacKey::from_hex(&key).ok()),
            wrapping: None,
            dialect: Dialect::CANONICAL,
            permissions: Permissions::default(),
            controls: Controls::default(),
            amount_max: None,
            connections_max: CONNECTIONS_MAX,
        })
    }

    /// Whether its profile grants this.
    pub fn is_granted(&self, grant: Grant) -> bool {
        self.permissions.grants.contains(&grant)
    }

    /// Whether it may send requests of this message type and, where it has one, processing code.
    pub fn may_send(&self, mti: &str, processing_code: &str) -> bool {
        let listed = |list: &Option<Vec<String>>, wanted: &str| {
            list.as_ref()
                .is_none_or(|list| list.iter().any(|one| one == wanted))
        };
        listed(&self.permissions.messages, mti)
            && (processing_code.is_empty()
                || listed(&self.permissions.processing_codes, processing_code))
    }

    /// Whether it may ask for a balance.
    pub fn may_inquire(&self) -> bool {
        self.kind == Kind::Acquirer && self.may_send("0100", "31")
    }
}
