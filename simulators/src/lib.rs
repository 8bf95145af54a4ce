//! Outsiders to the switch.

pub mod certify;
pub mod certs;
pub mod demo;
pub mod host;
pub mod load;
pub mod mail;
pub mod shop;
mod signals;
