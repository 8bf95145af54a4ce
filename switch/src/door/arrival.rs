//! How a connection has come, and whether its party's profile says the same.

use std::net::IpAddr;

use tessera_protocol::Dialect;

use crate::config::Party;

/// What is known of a connection before anyone has signed on over it.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The framing and packing of its messages, once that has turned out.
    pub dialect: Dialect,
    /// From where it comes; `None` where the system does not say.
    pub address: Option<IpAddr>,
}

/// In what a connection differs from its party's profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// In its framing or packing.
    Dialect,
    /// In where it comes from.
    Address,
}

impl Arrival {
    /// From an address; the dialect is still to be found out.
    pub fn from(address: Option<IpAddr>) -> Self {
        Self {
            dialect: Dialect::CANONICAL,
            address,
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
        match self.dialect == party.dialect {
            true => Ok(()),
            false => Err(Misfit::Dialect),
        }
    }
}
