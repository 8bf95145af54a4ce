//! Admission: a connection's outbox, the limits of what is under way, and the requests that wait for an answer.
//!
//! In come answers to be written; out go bytes, as many frames per write as are there. What never
//! happens here: a frame is understood, or a writer is waited for.

mod activity;
mod admission;
mod admitted;
mod arrival;
mod connection;
mod connections;
mod directory;
mod listener;
mod party;
mod places;
mod register;
mod requester;
mod sealed;

pub use activity::Activity;
pub use admission::{Admission, Permit};
pub use admitted::{Admitted, NotAdmitted};
pub use arrival::{Arrival, Carrier, Misfit};
pub use connection::{Bound, Connection, OUTBOX_BYTES_MAX};
pub use connections::Connections;
pub use directory::PartyDirectory;
pub use listener::{Arrivals, Way, accept, bind, listen, ways};
pub use party::{ListedParty, Parties};
pub use places::{Place, PlaceLimits, Places};
pub use register::{Entry, Listed, Register};
pub use requester::{Reply, Requester, log_decline};
pub use sealed::write_sealed;
