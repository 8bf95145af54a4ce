//! Reports from the journal alone, also while the switch runs.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`audit`] | proves the replay |
//! | [`export`] | writes events as rows |
//! | [`opening`] | writes what is proven of segments that are deleted then |
//! | [`index`] | finds records by name, wallet and time |
//! | [`recon`] | lists the items of a settlement date |

// So that a new event is decided upon in every place, by name.
#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

pub mod audit;
pub mod export;
pub mod index;
pub mod opening;
pub mod recon;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
