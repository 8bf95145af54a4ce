//! How a connection has come, and whether its party's profile says the same.

use std::net::IpAddr;
use std::sync::Arc;

use tessera_protocol::Dialect;

use tessera_config::{Identity, Party, Transport};

/// What is known of a connection before anyone has signed on over it.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The framing and packing of its messages, once that has turned out.
    pub dialect: Dialect,
    /// From where it comes; `None` where the system does not say.
    pub address: Option<IpAddr>,
    /// Over what it comes.
    pub carrier: Carrier,
}

/// What carries a connection's messages.
#[derive(Debug, Clone)]
pub enum Carrier {
    /// TCP in the clear.
    Plain,
    /// TLS, with the certificate that the client has shown, if it has.
    Tls(Option<Arc<Identity>>),
}

impl Carrier {
    /// Whether it is encrypted.
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// The certificate that the client has shown.
    pub fn certificate(&self) -> Option<&Identity> {
        match self {
            Self::Plain => None,
            Self::Tls(shown) => shown.as_deref(),
        }
    }
}

/// In what a connection differs from its party's profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// In its framing or packing.
    Dialect,
    /// In where it comes from.
    Address,
    /// In coming with TLS, or without.
    Transport,
    /// In its certificate.
    Certificate,
}

impl Arrival {
    /// From an address; the dialect is still to be found out.
    pub fn from(address: Option<IpAddr>, carrier: Carrier) -> Self {
        Self {
            dialect: Dialect::CANONICAL,
            address,
            carrier,
        }
    }

    /// Whether it is as the profile says.
    ///
    /// # Errors
    /// With the first difference.
    pub fn check(&self, party: &Party) -> Result<(), Misfit> {
        if !party.addresses.is_empty() {
            let from = |address| party.addresses.iter().any(|block| block.contains(address));
            if !self.address.is_some_and(from) {
                return Err(Misfit::Address);
            }
        }
        match (&self.carrier, party.transport) {
            (_, Transport::Any)
            | (Carrier::Plain, Transport::Plain)
            | (Carrier::Tls(_), Transport::Tls) => {}
            _ => return Err(Misfit::Transport),
        }
        if let Some(certificate) = &party.certificate {
            let shown = match &self.carrier {
                Carrier::Plain => None,
                Carrier::Tls(shown) => shown.as_ref(),
            };
            if !shown.is_some_and(|shown| certificate.is(shown)) {
                return Err(Misfit::Certificate);
            }
        }
        match self.dialect == party.dialect {
            true => Ok(()),
            false => Err(Misfit::Dialect),
        }
    }
}
