//! Outsiders to the switch.

pub mod certs;
