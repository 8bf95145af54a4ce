//! Outsiders to the switch.

pub mod certs;
pub mod host;
pub mod load;
